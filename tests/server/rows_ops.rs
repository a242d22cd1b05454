//! Bad ops, by the row of the table: each is refused by itself, and its connection lives.

use inkroom_board::element::Flaw;
use inkroom_board::wire::{ClientMessage, Format, Queued, Refusal, ServerMessage};
use inkroom_board::{
    Brush, ClientId, Colour, Element, Ink, Op, OpId, Point, Points, Pos, Shape, ShapeKind, Stroke,
    Style, Width,
};
use tokio_tungstenite::tungstenite::protocol::Message;

use crate::common::{Raw, TestServer, close_code, element, hello, sketch, stroke, text_of};

/// A socket that said hello, with a queue of its own.
struct Hand {
    raw: Raw,
    client: ClientId,
    n: u32,
}

/// What became of an op.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    At(u64),
    Not(Refusal),
    Closed(u16),
}

impl Hand {
    async fn new(server: &TestServer, board: inkroom_board::BoardId) -> Self {
        let mut raw = Raw::join(server.address, board, &server.guest().await).await;
        raw.say(&hello()).await;
        Self {
            raw,
            client: inkroom::random::client(),
            n: 0,
        }
    }

    async fn on_a_new_board(server: &TestServer) -> Self {
        let board = server.board(&server.guest().await, "everyone").await;
        Self::new(server, board).await
    }

    /// Sends an op; a refusal ends its queue, so the next one begins a new one.
    async fn does(&mut self, op: Op) -> Fate {
        self.n += 1;
        let (id, ops) = (
            OpId {
                client: self.client,
                n: self.n,
            },
            vec![Queued { n: self.n, op }],
        );
        self.raw
            .say(&ClientMessage::Ops {
                client: self.client,
                again: false,
                ops,
            })
            .await;
        self.fate(id).await
    }

    async fn fate(&mut self, id: OpId) -> Fate {
        loop {
            match self.raw.hear().await {
                Err(code) => return Fate::Closed(code),
                Ok(ServerMessage::Ack { id: of, seq }) if of == id => return Fate::At(seq),
                Ok(ServerMessage::Nack { id: of, reason }) if of == id => {
                    if !reason.is_passing() {
                        (self.client, self.n) = (inkroom::random::client(), 0);
                    }
                    return Fate::Not(reason);
                }
                Ok(ServerMessage::Ops(batch)) => {
                    if let Some(at) = batch.entries.iter().position(|entry| entry.id == id) {
                        return Fate::At(batch.first + at as u64);
                    }
                }
                Ok(_) => {}
            }
        }
    }
}

fn style(width: u16) -> Style {
    Style {
        colour: Colour::Named(Ink::Red),
        width: Width(width),
    }
}

fn add(points: Vec<Point>) -> Op {
    let stroke = Stroke {
        brush: Brush::Pen,
        style: style(256),
        points: Points(points),
        done: true,
    };
    Op::Add {
        id: element(),
        element: Element::Stroke(stroke),
    }
}

fn at(x: i32) -> Point {
    Point {
        x,
        y: 0,
        pressure: 9,
    }
}

fn invalid(flaw: Flaw) -> Fate {
    Fate::Not(Refusal::Invalid(flaw))
}

#[tokio::test]
async fn row_22_places_off_the_board_are_refused() {
    let server = TestServer::start().await;
    let mut hand = Hand::on_a_new_board(&server).await;
    assert_eq!(
        hand.does(add(vec![at(i32::MAX)])).await,
        invalid(Flaw::OffBoard)
    );
    assert_eq!(
        hand.does(add(vec![at((1 << 26) + 1)])).await,
        invalid(Flaw::OffBoard)
    );
    let (from, to) = (Pos { x: 0, y: 0 }, Pos { x: 0, y: i32::MIN });
    let shape = Shape {
        kind: ShapeKind::Line,
        style: style(256),
        from,
        to,
    };
    assert_eq!(
        hand.does(Op::Add {
            id: element(),
            element: Element::Shape(shape)
        })
        .await,
        invalid(Flaw::OffBoard)
    );
    assert_eq!(
        hand.does(add(vec![at(1 << 26), at(-(1 << 26))])).await,
        Fate::At(1)
    );
}

#[tokio::test]
async fn row_23_no_points_or_too_many_are_refused_and_equal_ones_are_fine() {
    let server = TestServer::start().await;
    let mut hand = Hand::on_a_new_board(&server).await;
    assert_eq!(hand.does(add(vec![])).await, invalid(Flaw::Empty));
    assert_eq!(
        hand.does(add((0..513).map(at).collect())).await,
        invalid(Flaw::TooLong)
    );
    assert_eq!(hand.does(add(vec![at(5); 512])).await, Fate::At(1));
}

fn extend(id: inkroom_board::ElementId, from: u32, many: i32, done: bool) -> Op {
    Op::Extend {
        id,
        from,
        points: Points((0..many).map(at).collect()),
        done,
    }
}

#[tokio::test]
async fn row_24_and_25_a_stroke_goes_on_at_its_end_by_its_author_until_it_is_done() {
    let server = TestServer::start().await;
    let board = server.board(&server.guest().await, "everyone").await;
    let (mut a, mut b) = (
        Hand::new(&server, board).await,
        Hand::new(&server, board).await,
    );
    let id = element();
    assert_eq!(a.does(sketch(id, 10).1).await, Fate::At(1));
    assert_eq!(
        a.does(extend(id, 11, 3, false)).await,
        Fate::Not(Refusal::NoSuchEnd)
    );
    assert_eq!(
        a.does(extend(id, 8, 6, false)).await,
        Fate::At(2),
        "what overlaps is trimmed"
    );
    assert_eq!(
        a.does(extend(element(), 0, 3, false)).await,
        Fate::Not(Refusal::NoSuchEnd)
    );
    assert_eq!(
        b.does(extend(id, 14, 3, false)).await,
        Fate::Not(Refusal::Forbidden)
    );
    assert_eq!(a.does(extend(id, 14, 0, true)).await, Fate::At(3));
    assert_eq!(
        a.does(extend(id, 14, 3, false)).await,
        Fate::Not(Refusal::NoSuchEnd)
    );
}

#[tokio::test]
async fn row_26_and_27_known_and_unknown_elements_change_nothing_and_are_acknowledged() {
    let server = TestServer::start().await;
    let mut hand = Hand::on_a_new_board(&server).await;
    let op = stroke();
    let Op::Add { id, .. } = op else {
        unreachable!()
    };
    assert_eq!(hand.does(op.clone()).await, Fate::At(1));
    assert_eq!(hand.does(op.clone()).await, Fate::At(2));
    assert_eq!(hand.does(Op::Remove { ids: vec![id] }).await, Fate::At(3));
    assert_eq!(
        hand.does(op).await,
        Fate::At(4),
        "a removed one does not come back by adding it"
    );
    assert_eq!(
        hand.does(Op::Remove {
            ids: vec![element()]
        })
        .await,
        Fate::At(5)
    );
    let of = OpId {
        client: inkroom::random::client(),
        n: 7,
    };
    assert_eq!(hand.does(Op::Restore { of }).await, Fate::At(6));
}

#[tokio::test]
async fn row_29_titles_are_short_and_plain() {
    let server = TestServer::start().await;
    let ada = server.guest().await;
    let board = server.board(&ada, "everyone").await;
    let mut raw = Raw::join(server.address, board, &ada).await;
    raw.say(&hello()).await;
    let mut hand = Hand {
        raw,
        client: inkroom::random::client(),
        n: 0,
    };
    for bad in [
        "x".repeat(121),
        "a\u{202e}b".into(),
        "a\0b".into(),
        "a\nb".into(),
    ] {
        assert_eq!(hand.does(Op::SetTitle(bad)).await, invalid(Flaw::BadText));
    }
    assert_eq!(
        hand.does(Op::SetTitle("<script>alert(1)</script>".into()))
            .await,
        Fate::At(1)
    );
    let page = crate::common::Ask::get(format!("/b/{board}"))
        .of(server.address)
        .await
        .text();
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script>alert"));
    let picture = crate::common::Ask::get(format!("/b/{board}.svg"))
        .of(server.address)
        .await
        .text();
    assert!(!picture.contains("<script"));
}

#[tokio::test]
async fn row_32_widths_and_colours_out_of_range() {
    let server = TestServer::start().await;
    let mut hand = Hand::on_a_new_board(&server).await;
    for width in [0, 15, 64 * 64 + 1, u16::MAX] {
        let stroke = Stroke {
            brush: Brush::Pen,
            style: style(width),
            points: Points(vec![at(1)]),
            done: true,
        };
        let op = Op::Add {
            id: element(),
            element: Element::Stroke(stroke),
        };
        assert_eq!(hand.does(op).await, invalid(Flaw::BadWidth));
    }
    let mut bytes = Format::Binary.encode(&ClientMessage::Ops {
        client: hand.client,
        again: false,
        ops: vec![Queued { n: 1, op: stroke() }],
    });
    let blue = bytes
        .iter()
        .rposition(|byte| *byte == Ink::Blue as u8)
        .unwrap();
    bytes[blue] = 200;
    hand.raw.send(Message::Binary(bytes.into())).await;
    assert_eq!(close_code(&mut hand.raw).await, 1007);
}

#[tokio::test]
async fn row_34_a_gap_is_told_with_what_is_missing() {
    let server = TestServer::start().await;
    let mut hand = Hand::on_a_new_board(&server).await;
    assert_eq!(hand.does(stroke()).await, Fate::At(1));
    hand.n = 6;
    assert_eq!(hand.does(stroke()).await, Fate::Not(Refusal::Gap(2)));
    hand.n = 1;
    assert_eq!(hand.does(stroke()).await, Fate::At(2));
}

#[tokio::test]
async fn row_34_who_never_fills_a_gap_is_closed_4400() {
    let server = TestServer::start().await;
    let mut hand = Hand::on_a_new_board(&server).await;
    let id = OpId {
        client: hand.client,
        n: 6,
    };
    let mut told = 0;
    loop {
        // Again, as after a refusal: otherwise it would be passed over as what was on its way by then.
        let message = ClientMessage::Ops {
            client: hand.client,
            again: true,
            ops: vec![Queued { n: 6, op: stroke() }],
        };
        hand.raw.say(&message).await;
        match hand.fate(id).await {
            Fate::Not(reason) => assert_eq!(reason, Refusal::Gap(1)),
            fate => {
                assert_eq!(fate, Fate::Closed(4400));
                break;
            }
        }
        told += 1;
    }
    assert!(told >= 10, "it is patient at first: {told}");
}

#[tokio::test]
async fn row_35_the_last_number_of_a_queue_does_not_wrap() {
    let server = TestServer::start().await;
    let mut hand = Hand::on_a_new_board(&server).await;
    hand.n = u32::MAX - 1;
    assert_eq!(hand.does(stroke()).await, Fate::Not(Refusal::Gap(1)));
    hand.n = 0;
    hand.client = inkroom::random::client();
    assert_eq!(hand.does(stroke()).await, Fate::At(1));
}

#[tokio::test]
async fn row_41_a_flood_of_ops_is_refused_for_a_moment_and_then_closes_1008() {
    let server = TestServer::with(|config| {
        config.limits.ops_per_second = 1;
        config.limits.ops_burst = 3;
    })
    .await;
    let mut hand = Hand::on_a_new_board(&server).await;
    for seq in 1..=3 {
        assert_eq!(hand.does(stroke()).await, Fate::At(seq));
    }
    let fate = hand.does(stroke()).await;
    assert!(
        matches!(fate, Fate::Not(Refusal::Busy(1..=1_000))),
        "{fate:?}"
    );
    hand.n -= 1;
    let mut refusals = 0;
    loop {
        match hand.does(stroke()).await {
            Fate::Not(Refusal::Busy(_)) => refusals += 1,
            Fate::At(_) => continue,
            Fate::Closed(code) => {
                assert_eq!(code, 1008);
                break;
            }
            fate => panic!("{fate:?}"),
        }
        hand.n -= 1;
    }
    assert!(refusals >= 5, "it is patient at first");
}

#[tokio::test]
async fn row_45_clearing_is_rarer_than_drawing() {
    let server = TestServer::start().await;
    let mut hand = Hand::on_a_new_board(&server).await;
    for seq in 1..=3 {
        assert_eq!(hand.does(Op::Clear).await, Fate::At(seq));
    }
    let fate = hand.does(Op::Clear).await;
    assert!(matches!(fate, Fate::Not(Refusal::Busy(_))), "{fate:?}");
    hand.n -= 1;
    assert_eq!(hand.does(stroke()).await, Fate::At(4), "drawing goes on");
}

#[tokio::test]
async fn row_46_a_full_board_takes_no_more_and_loses_nothing() {
    let server = TestServer::with(|config| config.limits.board_elements = 2).await;
    let mut hand = Hand::on_a_new_board(&server).await;
    let first = stroke();
    let Op::Add { id, .. } = first else {
        unreachable!()
    };
    assert_eq!(hand.does(first).await, Fate::At(1));
    assert_eq!(hand.does(stroke()).await, Fate::At(2));
    assert_eq!(hand.does(stroke()).await, Fate::Not(Refusal::BoardFull));
    assert_eq!(
        hand.does(Op::Remove { ids: vec![id] }).await,
        Fate::At(3),
        "removing still works"
    );
}

#[tokio::test]
async fn more_ops_in_a_frame_than_allowed_are_no_message() {
    let server = TestServer::start().await;
    let mut hand = Hand::on_a_new_board(&server).await;
    let ops = (1..=65)
        .map(|n| Queued {
            n,
            op: Op::SetTitle(text_of(n)),
        })
        .collect();
    hand.raw
        .say(&ClientMessage::Ops {
            client: hand.client,
            again: false,
            ops,
        })
        .await;
    assert_eq!(close_code(&mut hand.raw).await, 1007);
}
