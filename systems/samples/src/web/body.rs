//! Response bodies: whole in memory, or made piece by piece while they are sent.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use plimsoll_runtime::timer::{self, Sleep};

pub(super) enum Body {
    /// `None` once sent.
    Whole(Option<Bytes>),
    Pieces(Pieces),
}

/// What is sent next, after a wait.
pub(super) struct Piece {
    pub(super) bytes: Bytes,
    pub(super) wait: Duration,
}

/// A body whose pieces come from a function, `None` at the end.
pub(super) struct Pieces {
    next: Box<dyn FnMut() -> Option<Piece>>,
    waiting: Option<(Pin<Box<Sleep>>, Bytes)>,
    /// Bytes to come, where the length is told to the client in advance.
    left: Option<u64>,
}

impl Body {
    pub(super) fn empty() -> Body {
        Body::Whole(None)
    }

    /// With `length` the response has a `Content-Length`, and the pieces must add up to it;
    /// without it is chunked.
    pub(super) fn pieces(
        length: Option<u64>,
        next: impl FnMut() -> Option<Piece> + 'static,
    ) -> Body {
        Body::Pieces(Pieces { next: Box::new(next), waiting: None, left: length })
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Body {
        let bytes = bytes.into();
        Body::Whole((!bytes.is_empty()).then_some(bytes))
    }
}

impl Pieces {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if let Some((sleep, bytes)) = &mut self.waiting {
                std::task::ready!(sleep.as_mut().poll(context));
                let bytes = std::mem::take(bytes);
                self.waiting = None;
                return Poll::Ready(Some(bytes));
            }
            match (self.next)() {
                None => return Poll::Ready(None),
                Some(Piece { bytes, wait }) if wait.is_zero() => return Poll::Ready(Some(bytes)),
                Some(Piece { bytes, wait }) => {
                    self.waiting = Some((Box::pin(timer::sleep(wait)), bytes));
                }
            }
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = match self.get_mut() {
            Body::Whole(bytes) => bytes.take(),
            Body::Pieces(pieces) => {
                let bytes = std::task::ready!(pieces.poll(context));
                if let (Some(bytes), Some(left)) = (&bytes, &mut pieces.left) {
                    *left = left.saturating_sub(bytes.len() as u64);
                }
                bytes
            }
        };
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Body::Whole(bytes) => bytes.is_none(),
            Body::Pieces(pieces) => pieces.left == Some(0),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Body::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Body::Pieces(pieces) => {
                pieces.left.map_or_else(SizeHint::default, SizeHint::with_exact)
            }
        }
    }
}
