//! Why there is no connection, in the words that the host reads.

use inkroom::store::{Outage, PgStore, Store, StoreError};
use inkroom_testbed::{Postgres, Proxy};
use sqlx::Connection;

use super::{connect, run};
use crate::fixture::*;

/// What the store says as soon as it says something with `words` in it, on the health page too.
async fn says(store: &PgStore, words: &str) {
    let mut pen = Pen::of_owner();
    soon(async {
        loop {
            let failed = store.commit(&[batch(board(1), pen.draws(1))]).await;
            let Err(StoreError::Unavailable(why)) = failed else {
                panic!("{failed:?}")
            };
            if let Outage::Shut(why) = why {
                assert!(why.contains(words), "{why}");
                break;
            }
        }
    })
    .await;
    let fault = store.health().await.fault.unwrap();
    assert!(fault.contains(words), "{fault}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_to_refuse_connections() {
    let server = Postgres::start().await;
    let url = server.database().await;
    let store = PgStore::open(&url).await.unwrap();
    server.stop().await;
    let refuses = format!("{} refuses connections", server.address());
    says(&store, &refuses).await;
    let opened = PgStore::open(&url).await.unwrap_err().to_string();
    assert!(opened.contains(&refuses), "{opened}");
}

#[tokio::test]
async fn a_server_that_lets_somebody_in_no_more_is_quoted() {
    let server = Postgres::start().await;
    let url = server.database().await;
    let store = PgStore::open(&url).await.unwrap();
    run(
        &mut connect(&url).await,
        "CREATE ROLE other SUPERUSER; ALTER ROLE ink NOLOGIN",
    )
    .await;
    says(&store, "role \"ink\" is not permitted to log in").await;
}

#[tokio::test]
async fn a_server_that_has_no_place_left_is_quoted() {
    let places = ["max_connections=4", "superuser_reserved_connections=0"];
    let server = Postgres::with(&places).await;
    let url = server.database().await;
    let store = PgStore::open(&url).await.unwrap();
    let mut others = Vec::new();
    while let Ok(other) = sqlx::PgConnection::connect(&url).await {
        others.push(other);
    }
    says(&store, "too many clients").await;
}

#[tokio::test]
async fn a_server_that_says_nothing_is_said_not_to_answer() {
    let server = Postgres::shared().await;
    let proxy = Proxy::to(server.address()).await;
    let url = server.database().await;
    let name = url.rsplit('/').next().unwrap();
    let url = format!("postgres://ink@{}/{name}", proxy.addr());
    let store = PgStore::open(&url).await.unwrap();
    proxy.freeze();
    says(&store, &format!("{} does not answer", proxy.addr())).await;
}
