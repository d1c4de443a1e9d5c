//! A response's body, bounded in size and in the time between two pieces of it.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::Error;

/// A body that fails when it grows too long or comes too slowly.
pub struct Bounded<B> {
    inner: B,
    limit: u64,
    left: u64,
    between: Duration,
    patience: Pin<Box<Sleep>>,
}

impl<B> Bounded<B> {
    pub fn new(inner: B, limit: u64, between: Duration) -> Self {
        Self {
            inner,
            limit,
            left: limit,
            between,
            patience: Box::pin(tokio::time::sleep(between)),
        }
    }
}

impl<B> Body for Bounded<B>
where
    B: Body<Data = Bytes, Error: Into<Error>> + Unpin,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        match Pin::new(&mut this.inner).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                let Some(left) = this.left.checked_sub(length) else {
                    return Poll::Ready(Some(Err(Error::HttpResponseBodySize(Some(this.limit)))));
                };
                this.left = left;
                this.patience.as_mut().reset(Instant::now() + this.between);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => match this.patience.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(Some(Err(Error::ConnectionReadTimeout))),
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Full};

    use super::*;

    #[tokio::test]
    async fn a_body_within_the_limit_arrives_whole() {
        let body = Bounded::new(Full::new(Bytes::from("12345")), 5, Duration::from_secs(60));

        let collected = body.collect().await.unwrap();

        assert_eq!(collected.to_bytes(), "12345");
    }

    #[tokio::test]
    async fn a_body_beyond_the_limit_fails_with_it() {
        let body = Bounded::new(Full::new(Bytes::from("12345")), 4, Duration::from_secs(60));

        let error = body.collect().await.err().unwrap();

        assert!(matches!(error, Error::HttpResponseBodySize(Some(4))));
    }
}
