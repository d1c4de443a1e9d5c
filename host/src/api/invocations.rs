//! `/v1/invocations`.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::value::RawValue;
use windlass_client::wire;

use crate::control::{Ack, Error, For};
use crate::http::{Answer, Problem, Query, collect, duration, from_json};
use crate::model::InvocationId;

use super::{Api, Named, asked, json, show};

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
        (status = 200, body = wire::OneOrMany<wire::Invocation>, description = "None is new: they were there already, or took the place of calls that were"),
        (status = 404, body = wire::Problem, content_type = "application/problem+json", description = "There is no such task, or no such queue where queues are declared"),
        (status = 409, body = wire::Problem, content_type = "application/problem+json", description = "Another call stands under an id, or has a deduplication key"),
        (status = 413, body = wire::Problem, content_type = "application/problem+json", description = "Too much at once"),
        (status = 422, body = wire::Problem, content_type = "application/problem+json", description = "Arguments do not fit their types, or options cannot be"),
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
    let calls = calls.into_iter().enumerate().map(|(index, call)| {
        let place = match array {
            true => format!("[{index}]."),
            false => String::new(),
        };
        asked::call(call, &place)
    });
    let calls = calls.collect::<Answer<_>>()?;
    let enqueued = api.control.enqueue(&api.namespace, calls, key, array);
    let acks = enqueued.await?;
    let stood = |ack: &Ack| ack.enqueued.existed || ack.enqueued.replaced;
    let is_new = acks.is_empty() || !acks.iter().all(stood);
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

/// Shows what was stored; those that were there before, as they stand now.
async fn answers(api: &Api, acks: Vec<Ack>) -> Answer<Vec<wire::Invocation>> {
    let existed: Vec<InvocationId> = acks
        .iter()
        .filter(|ack| ack.enqueued.existed || ack.enqueued.replaced)
        .map(|ack| ack.enqueued.id.clone())
        .collect();
    let mut shown: Vec<_> = acks.into_iter().map(show::ack).collect();
    if !existed.is_empty() {
        let found = api
            .control
            .invocations_by_id(&api.namespace, &existed)
            .await?;
        let found = found
            .into_iter()
            .map(|one| Ok((one.id.to_string(), show::invocation(one)?)))
            .collect::<Answer<std::collections::HashMap<_, _>>>()?;
        for one in &mut shown {
            // Several calls may have come to one invocation.
            if let Some(now) = found.get(&one.id) {
                *one = now.clone();
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
pub(super) fn handle(text: &str) -> Result<InvocationId, crate::model::InvalidName> {
    InvocationId::parse(&text.replace('~', "-"))?;
    Ok(InvocationId::from_store(text.to_owned()))
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

/// Every try at running an invocation, oldest first.
#[utoipa::path(
    get, path = "/v1/invocations/{id}/attempts", tag = "invocations", params(("id" = String, Path)),
    responses(
        (status = 200, body = wire::Page<wire::Attempt>),
        (status = 404, body = wire::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn attempts(
    State(api): State<Api>,
    Named(id): Named<Handle>,
) -> Answer<Json<wire::Page<wire::Attempt>>> {
    let attempts = api.control.attempts(&api.namespace, &id.0).await?;
    let shown = attempts.into_iter().map(|one| wire::Attempt {
        attempt: one.number,
        host: one.host.map(|host| host.0),
        started_at: one.started_at.map(|moment| moment.to_string()),
        ended_at: one.ended_at.map(|moment| moment.to_string()),
        lost: one.lost,
        kind: one.kind.map(show::kind),
    });
    Ok(super::whole(shown.collect()))
}
