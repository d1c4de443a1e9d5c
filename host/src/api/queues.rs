//! `/v1/queues`.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use windlass_client::wire;

use crate::http::{Answer, collect, from_json};
use crate::model::queue::{Keep, RateLimit};
use crate::model::{Moment, QueueName};
use crate::store;

use super::{Api, Named, asked, json, show, whole};

/// Makes a queue or changes it, while it runs. Null takes a limit away; a setting that is absent
/// stays as it is.
#[utoipa::path(
    put, path = "/v1/queues/{name}", tag = "queues",
    params(("name" = String, Path)), request_body = wire::QueueChange,
    responses(
        (status = 201, body = wire::Queue, description = "It is new"),
        (status = 200, body = wire::Queue, description = "It was there and has these settings now"),
        (status = 422, body = wire::Problem, content_type = "application/problem+json", description = "A setting cannot be; nothing has changed"),
    )
)]
pub(super) async fn put(
    State(api): State<Api>,
    Named(name): Named<QueueName>,
    request: Request,
) -> Answer<Response> {
    let (parts, body) = request.into_parts();
    let body = collect(&parts.headers, body, api.options.body_max_bytes).await?;
    let asked: wire::QueueChange = from_json(&body)?;
    let change = asked::change(asked)?;
    let (queue, counts, is_new) = api.control.put_queue(&api.namespace, &name, change).await?;
    let status = match is_new {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    Ok(json(status, &shown(queue, counts)))
}

/// All queues with their counts, by name.
#[utoipa::path(
    get, path = "/v1/queues", tag = "queues",
    responses((status = 200, body = wire::Page<wire::Queue>))
)]
pub(super) async fn list(State(api): State<Api>) -> Answer<Json<wire::Page<wire::Queue>>> {
    let queues = api.control.queues(&api.namespace).await?;
    let queues = queues.into_iter();
    Ok(whole(
        queues.map(|(queue, counts)| shown(queue, counts)).collect(),
    ))
}

/// A queue with its settings and its counts.
#[utoipa::path(
    get, path = "/v1/queues/{name}", tag = "queues",
    params(("name" = String, Path)),
    responses(
        (status = 200, body = wire::Queue),
        (status = 404, body = wire::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn show(
    State(api): State<Api>,
    Named(name): Named<QueueName>,
) -> Answer<Json<wire::Queue>> {
    let (queue, counts) = api.control.queue(&api.namespace, &name).await?;
    Ok(Json(shown(queue, counts)))
}

fn shown(queue: store::Queue, counts: store::Counts) -> wire::Queue {
    let settings = queue.settings;
    let rate = |rate: RateLimit| wire::RateLimit {
        limit: rate.limit,
        period_ms: rate.period_ms,
    };
    let keep = |keep: Keep| wire::Keep {
        age_ms: keep.age_ms,
        count: keep.count,
    };
    let oldest = counts.oldest_queued_at;
    let oldest = oldest.map(|at| u64::try_from((Moment::now().0 - at.0) / 1_000).unwrap_or(0));
    wire::Queue {
        name: queue.name.to_string(),
        settings: wire::QueueSettings {
            concurrency: settings.concurrency,
            worker_concurrency: settings.worker_concurrency,
            rate_limit: settings.rate_limit.map(rate),
            partitions: settings.partitions.map(|limits| wire::Partitions {
                concurrency: limits.concurrency,
                rate_limit: limits.rate_limit.map(rate),
            }),
            ordered: settings.ordered,
            paused: settings.paused,
            timeout_ms: settings.timeout_ms,
            retries: settings.retries.map(show::retries),
            retention: settings.retention.map(|retention| wire::Retention {
                succeeded: retention.succeeded.map(keep),
                failed: retention.failed.map(keep),
                cancelled: retention.cancelled.map(keep),
            }),
        },
        counts: wire::Counts {
            scheduled: counts.scheduled,
            queued: counts.queued,
            running: counts.running,
            waiting: counts.waiting,
            succeeded: counts.succeeded,
            failed: counts.failed,
            cancelled: counts.cancelled,
            oldest_queued_ms: oldest,
        },
        created_at: queue.created_at.to_string(),
    }
}
