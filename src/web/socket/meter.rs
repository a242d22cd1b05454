//! Meter: counts WebSocket frames while bytes pass by, and cuts off whoever sends far too many.
//!
//! It has to sit below the WebSocket: a message in 65,536 fragments of one byte, or a flood of pings, is seen above
//! as little or nothing. It reads frame headers and nothing else; whether they are right is decided above.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// Frames a second for long: several times what the fastest pen with its cursor sends …
const FRAMES_PER_SECOND: f64 = 400.0;
/// … and at once.
const FRAMES_BURST: f64 = 800.0;
/// Pings a second, and pings at once.
const PINGS_PER_SECOND: f64 = 20.0;

/// A connection whose frames are counted.
#[derive(Debug)]
pub(super) struct Metered<S> {
    inner: S,
    /// What came with the request and is not read yet.
    ahead: Bytes,
    frames: Frames,
    all: Allowance,
    pings: Allowance,
    is_flooded: bool,
}

impl<S> Metered<S> {
    pub(super) fn new(inner: S, ahead: &[u8]) -> Self {
        Self {
            inner,
            // A copy: as it came it would hold on to the whole buffer in which the request was read.
            ahead: Bytes::copy_from_slice(ahead),
            frames: Frames::default(),
            all: Allowance::new(FRAMES_PER_SECOND, FRAMES_BURST),
            pings: Allowance::new(PINGS_PER_SECOND, 2.0 * PINGS_PER_SECOND),
            is_flooded: false,
        }
    }

    /// Whether it was cut off for sending too many frames.
    pub(super) fn is_flooded(&self) -> bool {
        self.is_flooded
    }

    /// The connection below.
    pub(super) fn inner(&self) -> &S {
        &self.inner
    }

    /// The same, where nothing is counted.
    pub(super) fn inner_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    fn count(&mut self, bytes: &[u8]) {
        let (all, pings) = self.frames.follow(bytes);
        let now = Instant::now();
        let is_within = self.all.take(all, now) & self.pings.take(pings, now);
        self.is_flooded |= !is_within;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_flooded {
            return Poll::Ready(Err(io::Error::other("too many frames")));
        }
        let before = buf.filled().len();
        if self.ahead.is_empty() {
            ready!(Pin::new(&mut self.inner).poll_read(context, buf))?;
        } else {
            let some = self.ahead.len().min(buf.remaining());
            buf.put_slice(&self.ahead.split_to(some));
            if self.ahead.is_empty() {
                self.ahead = Bytes::new();
            }
        }
        self.count(buf.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

/// Fills at a steady rate, emptied by one a frame.
#[derive(Debug)]
struct Allowance {
    per_second: f64,
    burst: f64,
    left: f64,
    at: Instant,
}

impl Allowance {
    fn new(per_second: f64, burst: f64) -> Self {
        Self {
            per_second,
            burst,
            left: burst,
            at: Instant::now(),
        }
    }

    fn take(&mut self, many: u32, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
        self.left = (self.left + passed * self.per_second).min(self.burst) - f64::from(many);
        self.left >= 0.0
    }
}

/// The opcode of a ping.
const PING: u8 = 9;

/// Where in the stream of frames the bytes are.
#[derive(Debug, Default)]
struct Frames {
    header: [u8; 14],
    have: usize,
    payload: u64,
}

impl Frames {
    /// Follows more bytes; returns how many frames began in them, and how many of these are pings.
    fn follow(&mut self, mut bytes: &[u8]) -> (u32, u32) {
        let (mut all, mut pings) = (0, 0);
        while !bytes.is_empty() {
            if self.payload > 0 {
                let skipped = bytes
                    .len()
                    .min(usize::try_from(self.payload).unwrap_or(usize::MAX));
                bytes.advance(skipped);
                self.payload -= u64::try_from(skipped).unwrap_or(0);
            } else if let Some(opcode) = self.header_byte(bytes.get_u8()) {
                all += 1;
                pings += u32::from(opcode == PING);
            }
        }
        (all, pings)
    }

    /// Takes one byte of a header; when it is whole, the frame's opcode.
    fn header_byte(&mut self, byte: u8) -> Option<u8> {
        *self.header.get_mut(self.have)? = byte;
        self.have += 1;
        let [first, second, rest @ ..] = self.header;
        let extended = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if second & 0x80 == 0 { 0 } else { 4 };
        if self.have < 2 + extended + mask {
            return None;
        }
        self.have = 0;
        let long = rest
            .iter()
            .take(extended)
            .fold(0, |length, byte| length << 8 | u64::from(*byte));
        self.payload = if extended == 0 {
            u64::from(second & 0x7f)
        } else {
            long
        };
        Some(first & 0x0f)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

    use super::*;

    fn written(lengths: &[usize], pings: &[bool]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (length, is_ping) in lengths.iter().zip(pings) {
            let mut frame = if *is_ping {
                Frame::ping(vec![9; *length % 126])
            } else {
                Frame::message(vec![9; *length], OpCode::Data(Data::Binary), true)
            };
            frame.header_mut().mask = Some([1, 2, 3, 4]);
            frame.format(&mut bytes).unwrap();
        }
        bytes
    }

    proptest! {
        #[test]
        fn every_frame_is_counted_however_the_bytes_are_cut(
            frames in prop::collection::vec((prop_oneof![0usize..300, 65_000usize..66_000], any::<bool>()), 1..20),
            cut in 1usize..5_000,
        ) {
            let (lengths, pings): (Vec<_>, Vec<_>) = frames.into_iter().unzip();
            let mut counted = (0, 0);
            let mut meter = Frames::default();
            for piece in written(&lengths, &pings).chunks(cut) {
                let (all, pings) = meter.follow(piece);
                counted = (counted.0 + all, counted.1 + pings);
            }
            let expected = pings.iter().filter(|is_ping| **is_ping).count();
            prop_assert_eq!(counted, (u32::try_from(lengths.len()).unwrap(), u32::try_from(expected).unwrap()));
        }
    }

    #[test]
    fn an_allowance_fills_again_but_not_beyond_its_burst() {
        let start = Instant::now();
        let mut allowance = Allowance::new(10.0, 20.0);
        assert!(allowance.take(20, start));
        assert!(!allowance.take(1, start));
        assert!(allowance.take(9, start + Duration::from_secs(1)));
        assert!(!allowance.take(21, start + Duration::from_secs(60)));
    }
}
