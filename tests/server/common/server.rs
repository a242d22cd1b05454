//! A real server in this process.

use std::net::SocketAddr;
use std::path::PathBuf;

use inkroom::{Config, Server};
use inkroom_board::{BoardId, PersonId};
use serde_json::Value;
use tempfile::TempDir;

use super::{Ask, soon};

/// A server on a port of its own, with data of its own.
pub struct TestServer {
    pub address: SocketAddr,
    pub server: Option<Server>,
    data: TempDir,
}

/// Somebody who may talk to it.
#[derive(Debug, Clone)]
pub struct Guest {
    pub person: PersonId,
    pub token: String,
}

impl TestServer {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config::local(data.path().into());
        change(&mut config);
        let mut server = Server::new(config).await.unwrap();
        let address = server.listen().await.unwrap();
        Self {
            address,
            server: Some(server),
            data,
        }
    }

    /// Any other server, on data that somebody else holds.
    pub async fn of(mut server: Server) -> Self {
        let address = server.listen().await.unwrap();
        Self {
            address,
            server: Some(server),
            data: tempfile::tempdir().unwrap(),
        }
    }

    pub fn data(&self) -> PathBuf {
        self.data.path().into()
    }

    pub fn members(&self) -> usize {
        self.server.as_ref().unwrap().members()
    }

    pub async fn stop(&mut self) {
        let server = self.server.take().unwrap();
        soon("the end of the server", server.shutdown()).await;
    }

    pub async fn guest(&self) -> Guest {
        Guest::of(self.address).await
    }

    /// A new board of this guest.
    pub async fn board(&self, owner: &Guest, mode: &str) -> BoardId {
        owner.board(self.address, mode).await
    }
}

impl Guest {
    pub async fn of(server: SocketAddr) -> Self {
        let answer = Ask::post("/api/guests", "").of(server).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let guest: Value = serde_json::from_slice(&answer.body).unwrap();
        let person = guest["person"].as_str().unwrap().parse().unwrap();
        Self {
            person,
            token: guest["token"].as_str().unwrap().into(),
        }
    }

    pub async fn board(&self, server: SocketAddr, mode: &str) -> BoardId {
        let form = format!("title=A+board&mode={mode}");
        let answer = Ask::post("/boards", &form)
            .with("cookie", format!("guest={}", self.token))
            .of(server)
            .await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        answer
            .header("location")
            .strip_prefix("/b/")
            .unwrap()
            .parse()
            .unwrap()
    }
}
