//! The vocabulary and the rules of Inkroom, shared by the server and the browser.
//!
//! Here is what a board *is* ([`Document`], [`Element`], [`Op`]), how its history is decided
//! ([`ledger`]), how both ends keep up ([`Replica`], [`Room`]), what they say ([`wire`]) and what ink
//! looks like ([`pen`], [`outline`], [`svg`]). Not here: sockets, clocks, randomness, storage,
//! canvas. Time, randomness and ids are arguments and effects are returned as values, so the whole
//! protocol can be played in one thread by a test. `SPEC.md` beside this crate numbers the rules.

extern crate alloc;

pub mod camera;
pub mod digest;
pub mod document;
pub mod element;
pub mod geom;
pub mod history;
pub mod id;
pub mod ledger;
pub mod limits;
pub mod op;
pub mod outline;
pub mod pen;
pub mod points;
pub mod presence;
pub mod replica;
pub mod room;
#[cfg(feature = "sim")]
pub mod sim;
pub mod svg;
pub mod wire;

pub use document::Document;
pub use element::{Brush, Colour, Element, Ink, Shape, ShapeKind, Stroke, Style, Width};
pub use geom::{Point, Pos, Rect};
pub use id::{BoardId, ClientId, ElementId, MemberId, NodeId, OpId, PersonId};
pub use ledger::{Access, Chain, Entry, Mode, Position, Role, Seq};
pub use op::Op;
pub use points::Points;
pub use replica::Replica;
pub use room::Room;
