//! Guests: a signed cookie says who somebody is; without it, or with one that is not good, they are somebody new.

use inkroom::Config;
use inkroom_board::PersonId;
use serde_json::Value;

use crate::common::{Ask, Client, Guest, TestServer};

fn person_on(page: &str) -> PersonId {
    let after = page
        .split("data-person=\"")
        .nth(1)
        .expect("the page says who one is");
    after.split('"').next().unwrap().parse().unwrap()
}

async fn person_with(server: &TestServer, board: &str, cookie: &str) -> (PersonId, Option<String>) {
    let page = Ask::get(format!("/b/{board}"))
        .with("cookie", cookie)
        .of(server.address)
        .await;
    assert_eq!(page.status, 200);
    (person_on(&page.text()), page.cookie("guest"))
}

#[tokio::test]
async fn a_person_who_returns_is_the_same_and_owns_their_boards() {
    let server = TestServer::start().await;
    let made = Ask::post("/boards", "title=Mine&mode=presenters")
        .of(server.address)
        .await;
    let pass = made.cookie("guest").expect("a new guest gets a pass");
    let board = made
        .header("location")
        .strip_prefix("/b/")
        .unwrap()
        .to_owned();
    let page = Ask::get(format!("/b/{board}"))
        .with("cookie", format!("guest={pass}"))
        .of(server.address)
        .await;
    assert!(page.text().contains("data-role=\"owner\""));
    assert_eq!(page.cookie("guest"), None, "a good pass is not given again");
    let stranger = Ask::get(format!("/b/{board}")).of(server.address).await;
    assert!(stranger.text().contains("data-role=\"viewer\""));
    assert_ne!(person_on(&page.text()), person_on(&stranger.text()));
}

#[tokio::test]
async fn a_forged_or_expired_pass_makes_somebody_new() {
    let server = TestServer::start().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await.to_string();
    let good = person_with(&server, &board, &format!("guest={}", ada.token)).await;
    assert_eq!(good, (ada.person, None));
    let other = Guest::of(TestServer::start().await.address).await;
    let (claim, mac) = ada.token.rsplit_once('.').unwrap();
    let forged = [
        format!("guest={}", other.token),
        format!("guest={claim}.{}", mac.replace(|digit| digit != '0', "0")),
        format!("guest={}.0.{mac}", ada.person),
        format!("guest={}", ada.person),
        "guest=".into(),
        "guest".into(),
    ];
    for cookie in forged {
        let (person, pass) = person_with(&server, &board, &cookie).await;
        assert_ne!(person, ada.person, "{cookie}");
        assert!(pass.is_some(), "{cookie}");
    }
}

#[tokio::test]
async fn a_pass_outlives_the_server_and_may_be_signed_with_a_given_secret() {
    let mut server = TestServer::start().await;
    let ada = server.guest().await;
    server.stop().await;
    let config = Config {
        data: server.data(),
        ..Config::local(server.data())
    };
    let again = TestServer::of(inkroom::Server::new(config).await.unwrap()).await;
    let board = again.board(&ada, "everyone").await;
    let a = Client::join(again.address, board, &ada).await;
    assert_eq!(a.replica.me(), ada.person);
    let secret =
        |config: &mut Config| config.secret = Some("one secret for all servers".parse().unwrap());
    let (one, two) = (
        TestServer::with(secret).await,
        TestServer::with(secret).await,
    );
    let bo = one.guest().await;
    let board = two.board(&bo, "presenters").await.to_string();
    assert_eq!(
        person_with(&two, &board, &format!("guest={}", bo.token))
            .await
            .0,
        bo.person
    );
    assert!(!one.data().join("secret.key").exists());
}

#[tokio::test]
async fn cookies_are_for_this_site_alone_and_secure_behind_a_trusted_proxy_only() {
    let plain = TestServer::start().await;
    let proxied = TestServer::with(|config| config.trust_proxy = true).await;
    for (server, secure) in [(&plain, false), (&proxied, true)] {
        let home = Ask::get("/")
            .with("x-forwarded-proto", "https")
            .of(server.address)
            .await;
        let set = home.header("set-cookie");
        assert!(
            set.contains("HttpOnly") && set.contains("SameSite=Lax"),
            "{set}"
        );
        assert_eq!(set.contains("Secure"), secure);
    }
}

#[tokio::test]
async fn a_guest_for_a_program_has_a_token_and_a_person() {
    let server = TestServer::start().await;
    let answer = Ask::post("/api/guests", "").of(server.address).await;
    assert_eq!(
        (answer.status, answer.header("cache-control")),
        (201, "no-store")
    );
    let guest: Value = serde_json::from_slice(&answer.body).unwrap();
    assert!(
        guest["token"]
            .as_str()
            .unwrap()
            .starts_with(guest["person"].as_str().unwrap())
    );
    assert_eq!(Ask::get("/api/guests").of(server.address).await.status, 405);
}
