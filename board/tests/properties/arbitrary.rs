//! Arbitrary ops and messages, for property tests.
#![allow(dead_code, clippy::unwrap_used)]

use inkroom_board::wire::{ClientMessage, Queued, Sketch};
use inkroom_board::*;
use proptest::collection::vec;
use proptest::prelude::*;

/// Few ids, so that ops meet each other.
pub(crate) fn element_id() -> impl Strategy<Value = ElementId> {
    (0..6u8).prop_map(|n| ElementId([n; 8]))
}

pub(crate) fn person() -> impl Strategy<Value = PersonId> {
    (1..4u8).prop_map(|n| PersonId([n; 16]))
}

pub(crate) fn point() -> impl Strategy<Value = Point> {
    let on = -limits::COORDINATE..=limits::COORDINATE;
    (on.clone(), on, any::<u8>()).prop_map(|(x, y, pressure)| Point { x, y, pressure })
}

fn pos() -> impl Strategy<Value = Pos> {
    point().prop_map(Point::pos)
}

pub(crate) fn style() -> impl Strategy<Value = Style> {
    let colour = prop_oneof![
        prop::sample::select(&Ink::ALL[..]).prop_map(Colour::Named),
        any::<[u8; 3]>().prop_map(Colour::Free)
    ];
    (colour, limits::WIDTH).prop_map(|(colour, width)| Style {
        colour,
        width: Width(width),
    })
}

fn brush() -> impl Strategy<Value = Brush> {
    prop_oneof![Just(Brush::Pen), Just(Brush::Highlighter)]
}

fn points(most: usize) -> impl Strategy<Value = Points> {
    vec(point(), 1..most).prop_map(Points)
}

fn shape() -> impl Strategy<Value = Shape> {
    let kinds = [
        ShapeKind::Rectangle,
        ShapeKind::Ellipse,
        ShapeKind::Line,
        ShapeKind::Arrow,
    ];
    let kind = prop::sample::select(kinds.to_vec());
    (kind, style(), pos(), pos()).prop_map(|(kind, style, from, to)| Shape {
        kind,
        style,
        from,
        to,
    })
}

pub(crate) fn element() -> impl Strategy<Value = Element> {
    let stroke = (brush(), style(), points(9), any::<bool>());
    prop_oneof![
        stroke.prop_map(|(brush, style, points, done)| Element::Stroke(Stroke {
            brush,
            style,
            points,
            done
        })),
        shape().prop_map(Element::Shape)
    ]
}

/// The identity of one of the first ops, so that restores find something.
fn earlier() -> impl Strategy<Value = OpId> {
    (1..4u8, 1..20u32).prop_map(|(who, n)| OpId {
        client: ClientId([who; 16]),
        n,
    })
}

pub(crate) fn op() -> impl Strategy<Value = Op> {
    let mode = prop_oneof![Just(Mode::Everyone), Just(Mode::Presenters)];
    prop_oneof![
        4 => (element_id(), element()).prop_map(|(id, element)| Op::Add { id, element }),
        4 => (element_id(), 0..12u32, points(9), any::<bool>())
            .prop_map(|(id, from, points, done)| Op::Extend { id, from, points, done }),
        3 => vec(element_id(), 1..5).prop_map(|ids| Op::Remove { ids }),
        3 => earlier().prop_map(|of| Op::Restore { of }),
        1 => Just(Op::Clear),
        1 => mode.prop_map(Op::SetMode),
        1 => (person(), any::<bool>()).prop_map(|(person, holds)| Op::SetPen { person, holds }),
        1 => "[a-zA-Z äöü…✏]{0,20}".prop_map(Op::SetTitle),
    ]
}

/// A log: each person has one queue, numbered as they go.
pub(crate) fn log(most: usize) -> impl Strategy<Value = Vec<Entry>> {
    vec((1..4u8, op()), 0..most).prop_map(|ops| {
        let mut n = [0u32; 4];
        let entry = |(who, op): (u8, Op)| {
            let queue = &mut n[usize::from(who)];
            *queue += 1;
            let id = OpId {
                client: ClientId([who; 16]),
                n: *queue,
            };
            Entry {
                id,
                author: PersonId([who; 16]),
                at_ms: 0,
                op,
            }
        };
        ops.into_iter().map(entry).collect()
    })
}

pub(crate) fn client_message() -> impl Strategy<Value = ClientMessage> {
    let client = any::<[u8; 16]>().prop_map(ClientId);
    let queued = (any::<u32>(), op()).prop_map(|(n, op)| Queued { n, op });
    let sketch = (element_id(), brush(), style(), any::<u32>(), points(40)).prop_map(
        |(id, brush, style, from, points)| Sketch::Stroke {
            id,
            brush,
            style,
            from,
            points,
        },
    );
    prop_oneof![
        (client.clone(), any::<Option<(u64, u64, [u8; 8])>>()).prop_map(|(client, resume)| {
            let position = |(epoch, seq, chain)| ledger::Position {
                epoch,
                seq,
                chain: ledger::Chain(chain),
            };
            ClientMessage::Hello {
                client,
                resume: resume.map(position),
            }
        }),
        (client, vec(queued, 0..limits::OPS_PER_FRAME)).prop_map(|(client, ops)| {
            ClientMessage::Ops {
                client,
                again: true,
                ops,
            }
        }),
        sketch.prop_map(ClientMessage::Ink),
        (element_id(), shape())
            .prop_map(|(id, shape)| ClientMessage::Ink(Sketch::Shape { id, shape })),
        prop::option::of(pos()).prop_map(ClientMessage::Cursor),
        any::<bool>().prop_map(ClientMessage::Hand),
        any::<u32>().prop_map(ClientMessage::Ping),
    ]
}
