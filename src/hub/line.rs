//! Line: the one way out of a connection. Whole frames go in; the system takes what it can at once, the rest waits.
//!
//! Frames are written here and not by the WebSocket library, for two reasons: a message becomes a frame once for all its
//! readers instead of once for each, and a room can write it where nothing else waits, which spares waking a task for
//! each reader. Whoever writes, frames never mix. Not here: what waits to be a frame ([`super::lanes`]).

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use inkroom_board::wire::Format;
use socket2::SockRef;
use tokio::net::tcp::OwnedWriteHalf;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// Frames that the system is offered with one call.
const AT_ONCE: usize = 32;

/// A message in this format as a frame of a server.
pub(crate) fn frame(format: Format, message: &[u8]) -> Bytes {
    let opcode = match format {
        Format::Binary => Data::Binary,
        Format::Json => Data::Text,
    };
    framed(OpCode::Data(opcode), message)
}

/// Asks the other side for a sign of life.
pub(crate) fn ping() -> Bytes {
    framed(OpCode::Control(Control::Ping), &[])
}

fn framed(opcode: OpCode, payload: &[u8]) -> Bytes {
    let header = FrameHeader {
        opcode,
        ..FrameHeader::default()
    };
    let length = payload.len() as u64;
    let mut frame = Vec::with_capacity(header.len(length) + payload.len());
    // Writing to memory cannot fail.
    let _ = header.format(length, &mut frame);
    frame.extend_from_slice(payload);
    frame.into()
}

/// The writing half of a connection.
#[derive(Debug)]
pub(crate) struct Line {
    stream: OwnedWriteHalf,
    /// What the system did not take yet, perhaps from the middle of a frame on. Held for a call to the system that does
    /// not wait, never across an await.
    rest: Mutex<VecDeque<Bytes>>,
}

impl Line {
    pub(crate) fn new(stream: OwnedWriteHalf) -> Self {
        let rest = Mutex::default();
        Self { stream, rest }
    }

    /// Writes whole frames behind what waits. Whether the system took everything; what it did not take waits for
    /// [`Self::flush`].
    pub(crate) fn write(&self, frames: Vec<Bytes>) -> io::Result<bool> {
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        if rest.is_empty() {
            // Without a copy, and without keeping room for it afterwards: there are thousands of lines.
            *rest = frames.into();
        } else {
            rest.extend(frames);
        }
        let is_all = self.push(&mut rest)?;
        if is_all {
            *rest = VecDeque::new();
        }
        Ok(is_all)
    }

    /// Waits until the system took everything.
    pub(crate) async fn flush(&self) -> io::Result<()> {
        while !self.write(Vec::new())? {
            self.stream.writable().await?;
        }
        Ok(())
    }

    /// The same for one task that polls.
    pub(crate) fn poll_flush(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.write(Vec::new())? {
            ready!(self.stream.as_ref().poll_write_ready(context))?;
        }
        Poll::Ready(Ok(()))
    }

    /// Nothing is written after this.
    pub(crate) fn shutdown(&self) -> io::Result<()> {
        SockRef::from(self.stream.as_ref()).shutdown(Shutdown::Write)
    }

    fn push(&self, rest: &mut VecDeque<Bytes>) -> io::Result<bool> {
        while !rest.is_empty() {
            match self.offer(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(taken) => drop_front(rest, taken),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn offer(&self, rest: &VecDeque<Bytes>) -> io::Result<usize> {
        if let (Some(only), 1) = (rest.front(), rest.len()) {
            return self.stream.try_write(only);
        }
        let mut slices = [IoSlice::new(&[]); AT_ONCE];
        for (slice, bytes) in slices.iter_mut().zip(rest) {
            *slice = IoSlice::new(bytes);
        }
        self.stream.try_write_vectored(&slices)
    }
}

/// Lets go of what was taken.
fn drop_front(rest: &mut VecDeque<Bytes>, mut taken: usize) {
    while let Some(first) = rest.front_mut() {
        if taken < first.len() {
            first.advance(taken);
            return;
        }
        taken -= first.len();
        rest.pop_front();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use std::sync::Arc;

    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// A line and its other end.
    pub(crate) async fn line() -> (Arc<Line>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap());
        let (near, far) = tokio::join!(near, listener.accept());
        let (_, half) = near.unwrap().into_split();
        (Arc::new(Line::new(half)), far.unwrap().0)
    }

    #[test]
    fn a_frame_says_what_it_is_and_how_long() {
        assert_eq!(&frame(Format::Binary, b"ab")[..], b"\x82\x02ab");
        assert_eq!(&frame(Format::Json, b"{}")[..], b"\x81\x02{}");
        assert_eq!(&ping()[..], b"\x89\x00");
        let long = frame(Format::Binary, &[7; 300]);
        assert_eq!(long.get(..4).unwrap(), b"\x82\x7e\x01\x2c");
        assert_eq!(long.len(), 304);
    }

    #[tokio::test]
    async fn what_the_system_does_not_take_waits_and_goes_out_in_order() {
        let (line, mut far) = line().await;
        let frames: Vec<_> = (0..200u8)
            .map(|n| Bytes::from(vec![n; 100_000 + usize::from(n)]))
            .collect();
        let all: Vec<u8> = frames.concat();
        assert!(!line.write(frames).unwrap(), "20 MB are too much at once");
        assert!(!line.write(vec![Bytes::from_static(b"last")]).unwrap());
        let read = tokio::spawn(async move {
            let mut read = Vec::new();
            far.read_to_end(&mut read).await.unwrap();
            read
        });
        line.flush().await.unwrap();
        line.shutdown().unwrap();
        let read = read.await.unwrap();
        assert_eq!(read.len(), all.len() + 4);
        assert!(read.starts_with(&all) && read.ends_with(b"last"));
    }

    #[tokio::test]
    async fn a_line_whose_other_end_is_gone_says_so() {
        let (line, far) = line().await;
        drop(far);
        let gone = async {
            while line.write(vec![ping()]).is_ok() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), gone)
            .await
            .unwrap();
    }
}
