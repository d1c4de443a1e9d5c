//! What monitors ask: alive, ready, numbers.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use windlass_client::wire;

use crate::http::{Answer, Code, Problem};
use crate::telemetry::metrics;

use super::Api;

/// Whether the process answers.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = String, content_type = "text/plain")))]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether requests can be served: the database answers and the host is not stopping.
#[utoipa::path(
    get, path = "/readyz", tag = "health",
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        (status = 503, body = wire::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn readyz(State(api): State<Api>) -> Answer<&'static str> {
    if api.control.watch().closed().is_cancelled() {
        return Err(Problem::new(Code::Busy, "the host is stopping").hint("ask another host"));
    }
    api.control.ping().await?;
    Ok("ready\n")
}

/// The host's numbers, in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "health", responses((status = 200, body = String, content_type = "text/plain")))]
pub(super) async fn metrics(State(api): State<Api>) -> Answer<Response> {
    let mut text = metrics::render();
    let queues = api.control.queues(&api.namespace).await?;
    // Names hold nothing that a label would have to escape.
    let values = queues.iter().flat_map(|(queue, counts)| {
        [
            ("scheduled", counts.scheduled),
            ("queued", counts.queued),
            ("running", counts.running),
            ("waiting", counts.waiting),
        ]
        .map(|(state, count)| (format!("queue=\"{}\",state=\"{state}\"", queue.name), count))
    });
    metrics::render_read(
        &mut text,
        "windlass_queue_invocations",
        "Invocations that have not ended, over all hosts, by queue and state.",
        values,
    );
    let limits = queues.iter().filter_map(|(queue, _)| {
        let limit = queue.settings.concurrency?;
        Some((format!("queue=\"{}\"", queue.name), u64::from(limit)))
    });
    metrics::render_read(
        &mut text,
        "windlass_queue_concurrency",
        "How many invocations of a queue may execute at once over all hosts.",
        limits,
    );
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
