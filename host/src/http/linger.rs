//! What is still being sent when a request is refused.
//!
//! A connection that is closed in the middle of a body is reset, and the caller then sees a broken
//! connection instead of the refusal (RFC 9112, section 9.6). So the rest of the body is read and
//! thrown away first, within bounds.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::header;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;

/// What is thrown away of one body: four times the largest that is taken by default.
const THROWN_AWAY_MAX_BYTES: usize = 256 << 20;
/// For how long, so that nobody keeps a connection by sending slowly.
const THROWING_AWAY_MAX: Duration = Duration::from_secs(30);

/// Answers, once what belongs to a refused request has arrived.
pub async fn linger(request: Request, next: Next) -> Response {
    answer(request, |request| next.run(request)).await
}

async fn answer<F>(request: Request, handle: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    // Whoever asks first whether to send the body sees the refusal before it does.
    let asks_first = request.headers().contains_key(header::EXPECT);
    if asks_first || request.body().is_end_stream() {
        return handle(request).await;
    }
    let (parts, body) = request.into_parts();
    let body = Shared(Arc::new(Mutex::new(body)));
    let rest = body.clone();
    let response = handle(Request::from_parts(parts, Body::new(body))).await;
    if response.status().is_client_error() || response.status().is_server_error() {
        // Out of time: the caller may miss the answer, but others have their turn.
        let _ = tokio::time::timeout(THROWING_AWAY_MAX, throw_away(rest)).await;
    }
    response
}

async fn throw_away(mut body: Shared) {
    let mut thrown_away = 0;
    while thrown_away < THROWN_AWAY_MAX_BYTES {
        match body.frame().await {
            Some(Ok(frame)) => thrown_away += frame.data_ref().map_or(0, Bytes::len),
            Some(Err(_)) | None => return,
        }
    }
}

/// A body that its handler may drop before the end.
#[derive(Clone)]
struct Shared(Arc<Mutex<Body>>);

impl Shared {
    fn body(&self) -> MutexGuard<'_, Body> {
        // A handler that panicked while reading leaves a body that can be read on.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut *self.body()).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body().size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use futures::StreamExt as _;
    use http::StatusCode;

    use super::*;

    /// How many of three pieces were fetched when the answer came.
    async fn fetched_when_answered(status: StatusCode, expect: bool) -> usize {
        let fetched = Arc::new(Mutex::new(0));
        let count = fetched.clone();
        let pieces = futures::stream::iter([b"one", b"two", b"six"]).map(move |piece| {
            *count.lock().unwrap() += 1;
            Ok::<_, std::io::Error>(Bytes::from_static(piece))
        });
        let mut request = Request::post("/");
        if expect {
            request = request.header("expect", "100-continue");
        }
        let request = request.body(Body::from_stream(pieces)).unwrap();

        let response = answer(request, async |request| {
            drop(request);
            status.into_response()
        });
        let response = response.await;

        assert_eq!(response.status(), status);
        *fetched.lock().unwrap()
    }

    #[tokio::test]
    async fn a_refusal_is_answered_when_the_whole_body_has_come() {
        assert_eq!(fetched_when_answered(StatusCode::FORBIDDEN, false).await, 3);
    }

    #[tokio::test]
    async fn who_asks_before_sending_is_refused_at_once() {
        assert_eq!(fetched_when_answered(StatusCode::FORBIDDEN, true).await, 0);
    }

    #[tokio::test]
    async fn what_is_not_refused_is_answered_at_once() {
        assert_eq!(fetched_when_answered(StatusCode::OK, false).await, 0);
    }
}
