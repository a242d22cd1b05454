//! Just enough HTTP to ask a server anything, also what no browser would.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::soon;

/// A request.
pub struct Ask {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Ask {
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            method: "GET",
            path: path.into(),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    pub fn post(path: impl Into<String>, form: &str) -> Self {
        let kind = (
            "content-type".into(),
            "application/x-www-form-urlencoded".into(),
        );
        Self {
            method: "POST",
            path: path.into(),
            headers: vec![kind],
            body: form.into(),
        }
    }

    pub fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub async fn of(self, server: SocketAddr) -> Answer {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n",
            self.method,
            self.path,
            self.body.len()
        );
        if !self.headers.iter().any(|(name, _)| name == "host") {
            head += &format!("host: {server}\r\n");
        }
        for (name, value) in self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        Answer::to(server, format!("{head}\r\n{}", self.body).as_bytes()).await
    }
}

impl Answer {
    /// Whatever comes back to these very bytes; status 0 if nothing does.
    pub async fn to(server: SocketAddr, request: &[u8]) -> Self {
        let Ok(mut stream) = TcpStream::connect(server).await else {
            return Self::read(&[]);
        };
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(request).await;
        let mut bytes = Vec::new();
        soon("an answer", async {
            let mut some = vec![0; 16 * 1024];
            while let Ok(n @ 1..) = stream.read(&mut some).await {
                bytes.extend_from_slice(&some[..n]);
            }
        })
        .await;
        Self::read(&bytes)
    }

    fn read(bytes: &[u8]) -> Self {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Self {
                status: 0,
                headers: Vec::new(),
                body: bytes.to_vec(),
            };
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let header = |line: &str| {
            line.split_once(':')
                .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        };
        Self {
            status,
            headers: lines.filter_map(header).collect(),
            body: bytes[end + 4..].to_vec(),
        }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The value of a cookie that is set.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let set = self
            .headers
            .iter()
            .filter(|(known, _)| known == "set-cookie");
        let mut pairs = set.filter_map(|(_, value)| value.split(';').next()?.split_once('='));
        pairs
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.to_owned())
    }
}
