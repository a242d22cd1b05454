//! The bounds of everything that comes from outside, in one place, with their reasons.
//!
//! Both ends read them: the client so as never to send what would be refused, the server to refuse it.
//! What a host may want to change (rates, members, board sizes) is a default of the server's settings.

/// The largest WebSocket message, either way, in bytes.
pub const FRAME_BYTES: usize = 64 * 1024;
/// The largest first message (hello), before anything is known of the peer, in bytes.
pub const HELLO_BYTES: usize = 4 * 1024;
/// The largest encoded op, in bytes; a frame takes at least one.
pub const OP_BYTES: usize = 32 * 1024;
/// Most ops in one frame.
pub const OPS_PER_FRAME: usize = 64;
/// Most ops of one board on their way to its log …
pub const OPS_ON_THE_WAY: usize = 1_024;
/// … and most bytes of them, as stored: a few seconds of a crowd drawing at once.
pub const BYTES_ON_THE_WAY: usize = 4 * 1024 * 1024;
/// Most ops that a client has on its way: what is left for one of it where others also want to send.
pub const WINDOW_OPS: usize = OPS_ON_THE_WAY / 4;
/// Most ops that a client keeps by itself while it is away.
pub const QUEUE_OPS: usize = 10_000;
/// Most points in one op; the client cuts longer strokes into add and extend.
pub const POINTS_PER_OP: usize = 512;
/// The client commits a growing stroke every so many points …
pub const SEGMENT_POINTS: usize = 256;
/// … or every so many milliseconds, whichever is first (D5).
pub const SEGMENT_MS: u64 = 1_000;
/// Most points in one stroke; the client goes on in a new stroke.
pub const POINTS_PER_STROKE: usize = 20_000;
/// Most points in one ink message.
pub const POINTS_PER_INK: usize = 512;
/// Largest absolute coordinate, in 1/64 px: about a million pixels each way from the origin.
pub const COORDINATE: i32 = 1 << 26;
/// Thinnest and thickest line, in 1/64 px.
pub const WIDTH: core::ops::RangeInclusive<u16> = 16..=64 * 64;
/// Most ids in one remove op.
pub const IDS_PER_OP: usize = 2_048;
/// Longest board title, in characters.
pub const TITLE_CHARS: usize = 120;
/// Longest name of a person, in characters.
pub const NAME_CHARS: usize = 64;
/// Most people who can hold a pen besides the owner.
pub const PENS: usize = 256;
/// Most elements of a board, removed ones that can still come back included.
pub const BOARD_ELEMENTS: usize = 100_000;
/// Most bytes of a board, by [`crate::Element::cost`].
pub const BOARD_BYTES: usize = 64 * 1024 * 1024;
/// A removed element can be restored while fewer ops than this came after its removal.
pub const KEEP_REMOVED_OPS: u64 = 10_000;
/// The id of a removed element is known, so that adding it again changes nothing, for this many ops.
pub const KEEP_TOMBSTONE_OPS: u64 = 100_000;
/// Steps of undo that a client keeps.
pub const UNDO_STEPS: usize = 200;
/// A cursor is sent at most once in so many milliseconds …
pub const CURSOR_EVERY_MS: u64 = 50;
/// … and forgotten when it was silent for so many.
pub const CURSOR_KEEP_MS: u64 = 2_000;
/// Most live inks a room holds for one member: one a pointer.
pub const INKS_PER_MEMBER: usize = 10;
