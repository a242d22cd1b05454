//! Ends: the two halves of a connection as the one stream that the WebSocket library wants.
//!
//! The library reads from it, and writes only what it answers of itself: pongs and the goodbye. Messages go to the
//! [`Line`] directly.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;

use crate::hub::Line;

/// A connection in two halves.
#[derive(Debug)]
pub(super) struct Ends {
    from: OwnedReadHalf,
    to: Arc<Line>,
}

impl Ends {
    pub(super) fn of(stream: TcpStream) -> Self {
        let (from, to) = stream.into_split();
        Self {
            from,
            to: Arc::new(Line::new(to)),
        }
    }

    /// Where messages go.
    pub(super) fn line(&self) -> &Arc<Line> {
        &self.to
    }
}

impl AsyncRead for Ends {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.from).poll_read(context, buf)
    }
}

impl AsyncWrite for Ends {
    /// Takes everything, once nothing waits any more: the library has whole frames in its buffer.
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.to.poll_flush(context))?;
        self.to.write(Vec::from([Bytes::copy_from_slice(bytes)]))?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.to.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.to.poll_flush(context))?;
        Poll::Ready(self.to.shutdown())
    }
}
