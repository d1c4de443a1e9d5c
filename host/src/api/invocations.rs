//! `/v1/invocations`.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use windlass_client::wire;

use crate::control::{Ack, Call, Error, For};
use crate::http::{Answer, PageToken, Problem, Query, collect, duration, from_json};
use crate::model::{InvocationId, QueueName};
use crate::store::Filter;

use super::{Api, Named, json, show};

/// From this size on, a body is parsed off the async threads.
const LARGE_BYTES: usize = 256 * 1024;

/// Stores a call, or an array of them, all or none. When it answers, they are on disk. The same
/// call under the same id again is answered with the invocation as it stands.
#[utoipa::path(
    post, path = "/v1/invocations", tag = "invocations",
    params(("Idempotency-Key" = Option<String>, Header, description = "The same as the call's `id`; for an array, the calls' ids are the key with ~0, ~1 …")),
    request_body = wire::OneOrMany<wire::EnqueueRequest>,
    responses(
        (status = 201, body = wire::OneOrMany<wire::Invocation>, description = "They are stored"),
        (status = 200, body = wire::OneOrMany<wire::Invocation>, description = "All of them were there already"),
        (status = 404, body = wire::Problem, content_type = "application/problem+json", description = "There is no such task, or no such queue where queues are declared"),
        (status = 409, body = wire::Problem, content_type = "application/problem+json", description = "Another call stands under an id"),
        (status = 413, body = wire::Problem, content_type = "application/problem+json", description = "Too much at once"),
        (status = 422, body = wire::Problem, content_type = "application/problem+json", description = "Arguments do not fit their types"),
    )
)]
pub(super) async fn enqueue(State(api): State<Api>, request: Request) -> Answer<Response> {
    let (parts, body) = request.into_parts();
    let key = idempotency_key(&parts.headers)?;
    let body = collect(&parts.headers, body, api.options.body_max_bytes).await?;
    let asked = match body.len() < LARGE_BYTES {
        true => parse(&body)?,
        false => tokio::task::spawn_blocking(move || parse(&body))
            .await
            .map_err(|error| Error::Internal(format!("reading the body failed: {error}")))??,
    };
    let (calls, array) = match asked {
        wire::OneOrMany::One(call) => (vec![call], false),
        wire::OneOrMany::Many(calls) => (calls, true),
    };
    let calls = calls.into_iter().map(call).collect();
    let enqueued = api.control.enqueue(&api.namespace, calls, key, array);
    let acks = enqueued.await?;
    let is_new = acks.is_empty() || acks.iter().any(|ack| !ack.enqueued.existed);
    let status = match is_new {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    let mut shown = answers(&api, acks).await?;
    Ok(match array {
        true => json(status, &shown),
        false => json(status, &shown.pop()),
    })
}

fn idempotency_key(headers: &HeaderMap) -> Answer<Option<InvocationId>> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = String::from_utf8_lossy(key.as_bytes());
    match InvocationId::parse(&key) {
        Ok(key) => Ok(Some(key)),
        Err(error) => Err(Problem::invalid("Idempotency-Key", error.to_string())),
    }
}

/// Reads the calls; a mistake in an array is told with the call's index.
fn parse(body: &[u8]) -> Answer<wire::OneOrMany<wire::EnqueueRequest>> {
    let problem = match from_json(body) {
        Ok(calls) => return Ok(calls),
        Err(problem) => problem,
    };
    let Ok(elements) = serde_json::from_slice::<Vec<&RawValue>>(body) else {
        return Err(problem);
    };
    for (index, element) in elements.iter().enumerate() {
        if let Err(error) = serde_json::from_str::<wire::EnqueueRequest>(element.get()) {
            return Err(Problem::invalid(&format!("[{index}]"), error.to_string()));
        }
    }
    Err(problem)
}

fn call(asked: wire::EnqueueRequest) -> Call {
    Call {
        queue: asked.queue,
        task: asked.task,
        arguments: asked.args,
        id: asked.id,
        priority: asked.priority,
        timeout_ms: asked.timeout_ms,
    }
}

/// Shows what was stored; those that were there before, as they stand now.
async fn answers(api: &Api, acks: Vec<Ack>) -> Answer<Vec<wire::Invocation>> {
    let existed: Vec<InvocationId> = acks
        .iter()
        .filter(|ack| ack.enqueued.existed)
        .map(|ack| ack.enqueued.id.clone())
        .collect();
    let mut shown: Vec<_> = acks.into_iter().map(show::ack).collect();
    if !existed.is_empty() {
        let found = api
            .control
            .invocations_by_id(&api.namespace, &existed)
            .await?;
        let mut found = found
            .into_iter()
            .map(|one| Ok((one.id.to_string(), show::invocation(one)?)))
            .collect::<Answer<std::collections::HashMap<_, _>>>()?;
        for one in &mut shown {
            if let Some(now) = found.remove(&one.id) {
                *one = now;
            }
        }
    }
    Ok(shown)
}

/// An invocation; with `wait`, when it has ended or after that time.
#[utoipa::path(
    get, path = "/v1/invocations/{id}", tag = "invocations",
    params(("id" = String, Path), wire::GetQuery),
    responses(
        (status = 200, body = wire::Invocation),
        (status = 404, body = wire::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn show(
    State(api): State<Api>,
    Named(id): Named<Handle>,
    Query(query): Query<wire::GetQuery>,
) -> Answer<Json<wire::Invocation>> {
    let wait = wait_for(query.wait.as_deref())?;
    let found = api.control.wait(&api.namespace, &id.0, wait).await?;
    Ok(Json(show::invocation(found)?))
}

pub(super) fn wait_for(text: Option<&str>) -> Answer<Duration> {
    let Some(text) = text else {
        return Ok(Duration::ZERO);
    };
    duration(text).map_err(|why| Problem::invalid("wait", why))
}

/// The id of an invocation in an address, where those that we made are read as well.
pub(super) struct Handle(pub(super) InvocationId);

impl std::str::FromStr for Handle {
    type Err = crate::model::InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        handle(text).map(Self)
    }
}

/// Reads an id that may hold the `~` of ids that we made: checked without it, since callers who
/// hold such an id must be able to ask for it.
fn handle(text: &str) -> Result<InvocationId, crate::model::InvalidName> {
    InvocationId::parse(&text.replace('~', "-"))?;
    Ok(InvocationId::from_store(text.to_owned()))
}

/// A page of invocations, the newest first, without outcomes' values.
#[utoipa::path(
    get, path = "/v1/invocations", tag = "invocations", params(wire::ListQuery),
    responses(
        (status = 200, body = wire::Page<wire::Invocation>),
        (status = 422, body = wire::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(api): State<Api>,
    Query(query): Query<wire::ListQuery>,
) -> Answer<Json<wire::Page<wire::Invocation>>> {
    let with_arguments = match query.include.as_deref() {
        None => false,
        Some("args") => true,
        Some(other) => {
            return Err(Problem::invalid(
                "include",
                format!("expected args, got {other:?}"),
            ));
        }
    };
    let queue = query.queue.as_deref().map(QueueName::parse).transpose();
    let before = query.page.as_deref().map(PageToken::decode).transpose()?;
    if query.limit == Some(0) {
        return Err(Problem::invalid("limit", "expected at least 1, got 0"));
    }
    let parent = match query.parent.as_deref() {
        None => None,
        Some(parent) => {
            let id = handle(parent).map_err(|why| Problem::invalid("parent", why.to_string()))?;
            Some(api.control.invocation(&api.namespace, &id).await?.key)
        }
    };
    let filter = Filter {
        parent,
        queue: queue.map_err(Error::from)?,
        state: query.state.map(show::state_from),
        task: query.task,
        before: before.map(|page| page.0),
        limit: query.limit.unwrap_or(0),
        ..Filter::default()
    };
    let (mut items, next) = api.control.list(&api.namespace, filter).await?;
    if with_arguments {
        let ids: Vec<_> = items.iter().map(|one| one.id.clone()).collect();
        let full = api.control.invocations_by_id(&api.namespace, &ids).await?;
        let mut full: std::collections::HashMap<_, _> =
            full.into_iter().map(|one| (one.key, one)).collect();
        for one in &mut items {
            if let Some(full) = full.remove(&one.key) {
                *one = full;
            }
        }
    }
    let items = items.into_iter().map(show::invocation);
    Ok(Json(wire::Page {
        items: items.collect::<Answer<_>>()?,
        next: next.map(|key| PageToken(key).encode()),
    }))
}

/// Those of the invocations that have ended: when one has, when all have, or after `wait`.
#[utoipa::path(
    post, path = "/v1/invocations/wait", tag = "invocations", request_body = wire::WaitRequest,
    responses(
        (status = 200, body = wire::Waited),
        (status = 404, body = wire::Problem, content_type = "application/problem+json", description = "Some of them do not exist"),
        (status = 503, body = wire::Problem, content_type = "application/problem+json", description = "As many wait as may"),
    )
)]
pub(super) async fn wait(State(api): State<Api>, request: Request) -> Answer<Json<wire::Waited>> {
    let (parts, body) = request.into_parts();
    let body = collect(&parts.headers, body, api.options.body_max_bytes).await?;
    let asked: wire::WaitRequest = from_json(&body)?;
    let wait = wait_for(asked.wait.as_deref())?;
    let mut ids = Vec::with_capacity(asked.ids.len());
    for (index, id) in asked.ids.iter().enumerate() {
        let id = handle(id);
        ids.push(id.map_err(|why| Problem::invalid(&format!("ids[{index}]"), why.to_string()))?);
    }
    let how = match asked.wait_for {
        wire::WaitFor::Any => For::Any,
        wire::WaitFor::All => For::All,
    };
    let ended = api
        .control
        .wait_for(&api.namespace, &ids, how, wait)
        .await?;
    let items = ended.into_iter().map(show::invocation);
    Ok(Json(wire::Waited {
        items: items.collect::<Answer<_>>()?,
    }))
}

/// What an invocation wrote, all attempts, oldest first.
#[utoipa::path(
    get, path = "/v1/invocations/{id}/logs", tag = "invocations", params(("id" = String, Path)),
    responses(
        (status = 200, body = wire::Log),
        (status = 404, body = wire::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn log(
    State(api): State<Api>,
    Named(id): Named<Handle>,
) -> Answer<Json<wire::Log>> {
    let chunks = api.control.log(&api.namespace, &id.0).await?;
    let items = chunks.into_iter().map(|chunk| wire::LogChunk {
        attempt: chunk.attempt,
        text: chunk.text,
    });
    Ok(Json(wire::Log {
        items: items.collect(),
    }))
}

/// One try at running an invocation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Attempt {
    /// Its number, from 1.
    attempt: u32,
    /// The number of the host that ran it.
    host: Option<i64>,
    /// When it started.
    started_at: Option<String>,
    /// When it was over; null while it runs.
    ended_at: Option<String>,
    /// Why it ended without an outcome; null for one that runs or brought the outcome.
    lost: Option<String>,
}

/// Every try at running an invocation, oldest first.
#[utoipa::path(
    get, path = "/v1/invocations/{id}/attempts", tag = "invocations", params(("id" = String, Path)),
    responses(
        (status = 200, body = wire::Page<Attempt>),
        (status = 404, body = wire::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn attempts(
    State(api): State<Api>,
    Named(id): Named<Handle>,
) -> Answer<Json<wire::Page<Attempt>>> {
    let attempts = api.control.attempts(&api.namespace, &id.0).await?;
    let shown = attempts.into_iter().map(|one| Attempt {
        attempt: one.number,
        host: one.host.map(|host| host.0),
        started_at: one.started_at.map(|moment| moment.to_string()),
        ended_at: one.ended_at.map(|moment| moment.to_string()),
        lost: one.lost,
    });
    Ok(super::whole(shown.collect()))
}
