//! `/v1/queues`.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use windlass_client::wire;

use crate::control::Change;
use crate::http::{Answer, collect, from_json};
use crate::model::QueueName;

use super::{Api, Named, json, show, whole};

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
    let change = Change {
        concurrency: asked.concurrency,
        ordered: asked.ordered,
        paused: asked.paused,
        timeout_ms: asked.timeout_ms,
    };
    let (queue, counts, is_new) = api.control.put_queue(&api.namespace, &name, change).await?;
    let status = match is_new {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    Ok(json(status, &show::queue(queue, counts)))
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
        queues
            .map(|(queue, counts)| show::queue(queue, counts))
            .collect(),
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
    Ok(Json(show::queue(queue, counts)))
}
