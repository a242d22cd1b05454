//! Bad requests, by the row of the table.

use crate::common::{Answer, Ask, TestServer};

#[tokio::test]
async fn row_51_paths_headers_and_bodies_that_are_too_much() {
    let server = TestServer::start().await;
    for path in [
        "/pkg/../secret.key",
        "/pkg/..%2f..%2fsecret.key",
        "/pkg/%2e%2e/secret.key",
        "/../secret.key",
        "/pkg/%00",
        "/pkg//etc/passwd",
    ] {
        assert_eq!(
            Ask::get(path).of(server.address).await.status,
            404,
            "{path}"
        );
    }
    let long = Ask::get(format!("/{}", "a".repeat(5_000)))
        .of(server.address)
        .await;
    assert_eq!(long.status, 414);
    let bomb = (0..2_000).fold(Ask::get("/"), |ask, n| {
        ask.with(&format!("x-{n}"), "y".repeat(20))
    });
    assert!(matches!(
        bomb.of(server.address).await.status,
        400 | 431 | 0
    ));
    let huge = Ask::post("/boards", &format!("title={}", "x".repeat(20_000)))
        .of(server.address)
        .await;
    assert_eq!(huge.status, 400);
    assert_eq!(Ask::get("/").of(server.address).await.status, 200);
}

#[tokio::test]
async fn row_50_other_methods_are_405_and_nonsense_is_400() {
    let server = TestServer::start().await;
    for (method, path) in [
        ("POST", "/"),
        ("DELETE", "/"),
        ("GET", "/boards"),
        ("PUT", "/boards"),
        ("POST", "/livez"),
        ("PATCH", "/b/x"),
    ] {
        let answer = Ask::get(path).method(method).of(server.address).await;
        assert_eq!(answer.status, 405, "{method} {path}");
    }
    assert_eq!(
        Answer::to(server.address, b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
            .await
            .status,
        400
    );
    let head = Ask::get("/").method("HEAD").of(server.address).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[tokio::test]
async fn a_form_of_another_site_makes_no_board() {
    let server = TestServer::start().await;
    let own = format!("http://{}", server.address);
    let cases = [
        (vec![("origin", own.as_str())], 303),
        (vec![("sec-fetch-site", "same-origin")], 303),
        (vec![("origin", "https://evil.example")], 403),
        (vec![("origin", "null")], 403),
        (vec![("sec-fetch-site", "cross-site")], 403),
        (
            vec![("sec-fetch-site", "same-site"), ("origin", own.as_str())],
            403,
        ),
    ];
    for (headers, status) in cases {
        let ask = headers
            .iter()
            .fold(Ask::post("/boards", "title=x"), |ask, (name, value)| {
                ask.with(name, *value)
            });
        assert_eq!(ask.of(server.address).await.status, status, "{headers:?}");
    }
}

#[tokio::test]
async fn a_form_that_is_not_as_the_page_made_it_makes_no_board() {
    let server = TestServer::start().await;
    let long = format!("title={}", "x".repeat(121));
    for form in [
        "title=x&mode=anarchy",
        "title=a%00b",
        "title=a%E2%80%AEb",
        long.as_str(),
    ] {
        let answer = Ask::post("/boards", form)
            .with("accept", "text/html")
            .of(server.address)
            .await;
        assert_eq!(answer.status, 400, "{form}");
        assert!(answer.text().contains("href=\"/\""));
    }
    assert_eq!(
        Ask::post("/boards", "").of(server.address).await.status,
        303,
        "everything has a default"
    );
    let json = Ask::get("/boards")
        .method("POST")
        .with("content-type", "application/json")
        .of(server.address)
        .await;
    assert_eq!(json.status, 400);
}

#[tokio::test]
async fn row_55_a_person_makes_a_bounded_number_of_boards_and_pictures_are_not_made_twice() {
    let server = TestServer::with(|config| config.limits.new_boards = 2).await;
    let guest = server.guest().await;
    let cookie = format!("guest={}", guest.token);
    let make = async || {
        Ask::post("/boards", "")
            .with("cookie", cookie.as_str())
            .with("accept", "text/html")
            .of(server.address)
            .await
    };
    let board = make().await.header("location").to_owned();
    assert_eq!(make().await.status, 303);
    let refused = make().await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "2"));
    assert!(refused.text().contains("Try again"));
    let known = Ask::get(format!("{board}.svg"))
        .with("if-none-match", "\"0-0\", W/\"1-0\"")
        .of(server.address)
        .await;
    assert_eq!(known.status, 304);
    let ranged = Ask::get(format!("{board}.svg"))
        .with("range", "bytes=0-1,0-1,0-1")
        .of(server.address)
        .await;
    assert_eq!(ranged.status, 200, "ranges are not a way to ask for more");
}
