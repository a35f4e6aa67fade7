//! The body of an answer on its way out: whole, or cut off half way.

use hyper::body::{Body, Bytes, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// An answer's bytes.
pub(super) struct Reply {
    bytes: Option<Bytes>,
    /// What is promised beyond `bytes` and never comes.
    missing: u64,
    flushed: bool,
}

/// Why a connection ends in the middle of things: a fault said so.
#[derive(Debug, thiserror::Error)]
#[error("dropped by a fault rule")]
pub(super) struct Dropped;

impl Reply {
    /// The whole body.
    pub(super) fn whole(bytes: Vec<u8>) -> Self {
        Self { bytes: (!bytes.is_empty()).then(|| bytes.into()), missing: 0, flushed: false }
    }

    /// The first half; the rest is promised. An empty body is promised to have one byte.
    pub(super) fn cut_off(mut bytes: Vec<u8>) -> Self {
        let half = bytes.len() / 2;
        let missing = (bytes.len() - half).max(1) as u64;
        bytes.truncate(half);
        Self { missing, ..Self::whole(bytes) }
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        if let Some(bytes) = self.bytes.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if self.missing == 0 {
            return Poll::Ready(None);
        }
        if !self.flushed {
            // An error right now would take what is still in the send buffer with it: let that go out first.
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(Dropped)))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none() && self.missing == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64) + self.missing)
    }
}

/// Reads a request's body. `None` where it is longer than `limit` or breaks off.
pub(super) async fn collect(mut body: hyper::body::Incoming, limit: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let frame = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
        match frame {
            None => return Some(bytes),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    bytes.extend_from_slice(&data);
                }
                if bytes.len() > limit {
                    return None;
                }
            }
            Some(Err(_)) => return None,
        }
    }
}
