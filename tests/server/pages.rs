//! Pages as a browser without scripts sees them.

use inkroom_board::{Document, Op, digest};

use crate::common::{Answer, Ask, Client, TestServer, big_stroke, stroke};

fn no_inline_script(page: &str) {
    for script in page.split("<script").skip(1) {
        let tag = script.split('>').next().unwrap();
        assert!(tag.contains("src=\"/pkg/"), "{tag}");
    }
    assert!(
        !page.contains(" onclick=") && !page.contains(" style=") && !page.contains("javascript:")
    );
}

fn strict(answer: &Answer) {
    let policy = answer.header("content-security-policy");
    for rule in [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval';",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "object-src 'none'",
        "style-src 'self';",
    ] {
        assert!(policy.contains(rule), "{rule} in {policy}");
    }
    assert!(!policy.contains("'unsafe-inline'") && !policy.contains("'unsafe-eval'"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("x-frame-options"), "DENY");
    assert_eq!(answer.header("referrer-policy"), "same-origin");
    assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
    assert_ne!(answer.header("permissions-policy"), "");
}

#[tokio::test]
async fn home_greets_a_stranger_and_makes_a_board_by_a_plain_form() {
    let server = TestServer::start().await;
    let home = Ask::get("/").of(server.address).await;
    assert_eq!(home.status, 200);
    strict(&home);
    no_inline_script(&home.text());
    assert!(home.text().contains("action=\"/boards\""));
    let pass = home.cookie("guest").unwrap();
    let made = Ask::post("/boards", "title=Plan+%26+b%C3%A9ton&mode=everyone")
        .with("cookie", format!("guest={pass}"))
        .with("origin", format!("http://{}", server.address))
        .with("sec-fetch-site", "same-origin")
        .of(server.address)
        .await;
    assert_eq!(made.status, 303, "{}", made.text());
    let page = Ask::get(made.header("location"))
        .with("cookie", format!("guest={pass}"))
        .of(server.address)
        .await;
    assert_eq!(page.status, 200);
    strict(&page);
    no_inline_script(&page.text());
    assert!(page.text().contains("Plan &amp; béton"), "{}", page.text());
    assert!(page.text().contains("data-role=\"owner\""));
}

#[tokio::test]
async fn home_shows_the_boards_that_this_browser_knows_with_who_is_there() {
    let server = TestServer::start().await;
    let ada = server.guest().await;
    let (one, two) = (
        server.board(&ada, "everyone").await,
        server.board(&ada, "everyone").await,
    );
    let mut jar = String::new();
    for board in [one, two] {
        let page = Ask::get(format!("/b/{board}"))
            .with("cookie", format!("guest={}; boards={jar}", ada.token));
        jar = page.of(server.address).await.cookie("boards").unwrap();
    }
    let _here = Client::join(server.address, one, &ada).await;
    let home = Ask::get("/")
        .with("cookie", format!("guest={}; boards={jar}", ada.token))
        .of(server.address)
        .await;
    let html = home.text();
    let place = |board: inkroom_board::BoardId| html.find(&format!("href=\"/b/{board}\"")).unwrap();
    assert!(place(two) < place(one), "the latest first");
    assert!(html.contains(&format!("/b/{one}.svg")));
    assert!(html.contains("here now"));
    assert!(
        !Ask::get("/")
            .of(server.address)
            .await
            .text()
            .contains(&one.to_string())
    );
}

#[tokio::test]
async fn the_board_is_there_before_the_program_is() {
    let server = TestServer::start().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let blank = Ask::get(format!("/b/{board}")).of(server.address).await;
    assert!(!blank.text().contains("class=\"paint\""));
    let mut a = Client::join(server.address, board, &ada).await;
    a.draw(stroke()).await;
    a.all_saved().await;
    let page = Ask::get(format!("/b/{board}")).of(server.address).await;
    let html = page.text();
    let svg = html
        .split("class=\"paint\"")
        .nth(1)
        .expect("an inline drawing")
        .split("</svg>")
        .next()
        .unwrap();
    assert!(svg.contains("<path") && svg.contains("c-blue"), "{svg}");
    assert!(html.contains("data-seq=\"1\""));
    strict(&page);
}

#[tokio::test]
async fn a_large_drawing_is_a_picture_beside_the_page() {
    let server = TestServer::with(|config| {
        config.limits.ops_per_second = 10_000;
        config.limits.ops_burst = 10_000;
    })
    .await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    for _ in 0..40 {
        a.draw(big_stroke()).await;
    }
    a.all_saved().await;
    let page = Ask::get(format!("/b/{board}"))
        .of(server.address)
        .await
        .text();
    let at = a.replica.position();
    let address = format!("/b/{board}/{}-{}.svg", at.epoch, at.seq);
    assert!(
        page.contains(&address) && page.len() < 100_000,
        "{}",
        page.len()
    );
    let picture = Ask::get(address).of(server.address).await;
    assert_eq!(
        (picture.status, picture.header("content-type")),
        (200, "image/svg+xml")
    );
    assert!(picture.header("cache-control").contains("immutable"));
    assert_eq!(picture.text().matches("<path").count(), 40);
}

#[tokio::test]
async fn the_picture_of_now_is_asked_for_again_and_answered_shortly() {
    let server = TestServer::start().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let address = format!("/b/{board}.svg");
    let first = Ask::get(&address).of(server.address).await;
    assert_eq!(
        (first.status, first.header("cache-control")),
        (200, "no-cache")
    );
    assert!(
        first
            .header("content-security-policy")
            .starts_with("default-src 'none'; style-src 'unsafe-inline'")
    );
    let again = Ask::get(&address)
        .with("if-none-match", first.header("etag"))
        .of(server.address)
        .await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let mut a = Client::join(server.address, board, &ada).await;
    a.draw(stroke()).await;
    a.all_saved().await;
    let changed = Ask::get(&address)
        .with("if-none-match", first.header("etag"))
        .of(server.address)
        .await;
    assert_eq!(changed.status, 200);
    assert!(changed.text().contains("<path"));
}

#[tokio::test]
async fn a_snapshot_never_changes_and_is_the_board_at_its_place() {
    let server = TestServer::start().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut a = Client::join(server.address, board, &ada).await;
    let mut digests = vec![];
    for _ in 0..3 {
        a.draw(stroke()).await;
        a.all_saved().await;
        digests.push((a.replica.position(), a.digest()));
    }
    a.draw(Op::Clear).await;
    a.all_saved().await;
    for (at, then) in digests {
        let answer = Ask::get(format!("/b/{board}/snapshot/{}-{}", at.epoch, at.seq))
            .of(server.address)
            .await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, "application/octet-stream")
        );
        assert!(answer.header("cache-control").contains("immutable"));
        let document = Document::from_snapshot(&answer.body).unwrap();
        assert_eq!((document.position(), digest::digest(&document)), (at, then));
    }
    for place in ["1-5", "2-1", "0-0", "1-1-1", "1", "01-1", "1--1", "x"] {
        let answer = Ask::get(format!("/b/{board}/snapshot/{place}"))
            .of(server.address)
            .await;
        assert_eq!(answer.status, 404, "{place}");
    }
}

#[tokio::test]
async fn a_link_or_a_code_leads_to_the_board_and_anything_else_to_a_friendly_page() {
    let server = TestServer::start().await;
    let board = server.board(&server.guest().await, "everyone").await;
    for link in [
        board.to_string(),
        format!("https%3A%2F%2Fink.example%2Fb%2F{board}%3Fprobe"),
    ] {
        let answer = Ask::get(format!("/join?link={link}"))
            .of(server.address)
            .await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, format!("/b/{board}").as_str())
        );
    }
    for nonsense in [
        "",
        "https%3A%2F%2Fevil.example",
        "00000000000000000000000000",
    ] {
        let answer = Ask::get(format!("/join?link={nonsense}"))
            .with("accept", "text/html")
            .of(server.address)
            .await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (404, ""),
            "{nonsense}"
        );
        assert!(
            answer.text().contains("action=\"/join\""),
            "the form is there to try again"
        );
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_page_for_browsers_and_a_sentence_for_others() {
    let server = TestServer::start().await;
    for path in [
        "/nothing",
        "/b/short",
        "/b/00000000000000000000000000",
        "/pkg/nothing.js",
    ] {
        let page = Ask::get(path)
            .with("accept", "text/html,*/*")
            .of(server.address)
            .await;
        assert_eq!(page.status, 404, "{path}");
    }
    let page = Ask::get("/nothing")
        .with("accept", "text/html")
        .of(server.address)
        .await;
    assert!(
        page.text().contains("href=\"/\"") && page.header("content-type").starts_with("text/html")
    );
    strict(&page);
    let words = Ask::get("/nothing").of(server.address).await;
    assert!(words.header("content-type").starts_with("text/plain") && words.text().len() < 100);
}

#[tokio::test]
async fn health_tells_how_it_is() {
    let server = TestServer::start().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let _a = Client::join(server.address, board, &ada).await;
    for path in ["/livez", "/readyz"] {
        assert_eq!(Ask::get(path).of(server.address).await.status, 200);
    }
    let answer = Ask::get("/health").of(server.address).await;
    let health: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["members"], 1);
    assert_eq!(
        (&health["boards"]["open"], &health["boards"]["stored"]),
        (&1.into(), &1.into())
    );
    assert_eq!(
        (&health["store"]["kind"], &health["store"]["ok"]),
        (&"sqlite".into(), &true.into())
    );
    assert!(health["version"].is_string());
}
