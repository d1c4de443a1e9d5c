//! What monitors ask: alive, ready, numbers.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use windlass_client::wire;

use crate::http::{Answer, Code, Problem};
use crate::model::Moment;
use crate::queue::Reading;
use crate::telemetry::metrics::Kind::{Counter, Gauge};
use crate::telemetry::metrics::{self, write};

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
    if api.stopping.is_cancelled() {
        return Err(Problem::new(Code::Busy, "the host is stopping").hint("ask another host"));
    }
    api.control.ping().await?;
    Ok("ready\n")
}

/// What this host's workers have counted.
fn workers(text: &mut String, now: &Reading) {
    let numbers = [
        (
            "windlass_sandboxes_running",
            Gauge,
            "Sandboxes that execute on this host now.",
            now.executing as f64,
        ),
        (
            "windlass_invocations_reserved",
            Gauge,
            "Invocations that this host has claimed and not started.",
            now.reserved as f64,
        ),
        (
            "windlass_claims_total",
            Counter,
            "Invocations that this host has claimed.",
            now.claimed as f64,
        ),
        (
            "windlass_attempts_lost_total",
            Counter,
            "Attempts whose end was not recorded, since they were no longer this host's.",
            now.lost as f64,
        ),
        (
            "windlass_exchanges_total",
            Counter,
            "Round trips to the store: outcomes and starts in, claims out.",
            now.exchanges as f64,
        ),
        (
            "windlass_exchange_seconds_total",
            Counter,
            "What the round trips to the store took together.",
            now.exchange_time.as_secs_f64(),
        ),
    ];
    for (name, kind, about, value) in numbers {
        write(text, (name, kind, about), [(String::new(), value)]);
    }
    let about = "Invocations whose outcome this host has recorded.";
    let ended = [
        ("outcome=\"value\"".to_owned(), now.succeeded as f64),
        ("outcome=\"error\"".to_owned(), now.failed as f64),
    ];
    write(
        text,
        ("windlass_invocations_ended_total", Counter, about),
        ended,
    );
}

/// The host's numbers, in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "health", responses((status = 200, body = String, content_type = "text/plain")))]
pub(super) async fn metrics(State(api): State<Api>) -> Answer<Response> {
    let mut text = metrics::render();
    workers(&mut text, &api.stats.read());
    let queues = api.control.queues(&api.namespace).await?;
    // Names hold nothing that a label would have to escape.
    let counts = queues.iter().flat_map(|(queue, counts)| {
        [
            ("scheduled", counts.scheduled),
            ("queued", counts.queued),
            ("running", counts.running),
            ("waiting", counts.waiting),
        ]
        .map(|(state, count)| {
            let labels = format!("queue=\"{}\",state=\"{state}\"", queue.name);
            (labels, count as f64)
        })
    });
    let about = "Invocations that have not ended, over all hosts, by queue and state.";
    write(
        &mut text,
        ("windlass_queue_invocations", Gauge, about),
        counts,
    );
    let now = Moment::now();
    let oldest = queues.iter().filter_map(|(queue, counts)| {
        let age = (now.0 - counts.oldest_queued_at?.0).max(0) as f64 / 1e6;
        Some((format!("queue=\"{}\"", queue.name), age))
    });
    let about = "How long ago the oldest queued invocation was stored, over all hosts, by queue.";
    write(
        &mut text,
        ("windlass_queue_oldest_seconds", Gauge, about),
        oldest,
    );
    let limits = queues.iter().filter_map(|(queue, _)| {
        let limit = queue.settings.concurrency?;
        Some((format!("queue=\"{}\"", queue.name), f64::from(limit)))
    });
    let about = "How many invocations of a queue may execute at once over all hosts.";
    write(
        &mut text,
        ("windlass_queue_concurrency", Gauge, about),
        limits,
    );
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
