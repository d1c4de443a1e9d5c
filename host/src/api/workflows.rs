//! Workflows under `/v1/invocations/{id}`: what goes to and from them, their steps, their past; and
//! the end of any invocation.

use axum::Json;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::response::Response;
use http::{StatusCode, header};
use serde_json::value::RawValue;
use windlass_client::wire;

use crate::control::{Error, version};
use crate::http::{
    Answer, Code, PageToken, Problem, Query, bytes, collect, from_json, json_or_nothing,
};
use crate::model::{ComponentName, Digest, InvocationId, Key};
use crate::registry::name::TaskName;

use super::invocations::{Handle, wait_for};
use super::{Api, Named, json, show, whole};

/// The most steps of one page.
const STEPS_MAX: u32 = 1_000;

/// The steps of a page where the caller does not say.
const STEPS_DEFAULT: u32 = 100;

/// The id of an invocation, and a name under it.
pub(super) struct Under {
    id: InvocationId,
    name: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Under {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut http::request::Parts, state: &S) -> Answer<Self> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((id, name)) =
            path.map_err(|error| Problem::invalid("address", error.body_text()))?;
        let Handle(id) = id
            .parse()
            .map_err(|error: crate::model::InvalidName| Problem::from(Error::from(error)))?;
        Ok(Self { id, name })
    }
}

/// Sends a message to a workflow, which takes it with `receive`. The body is the value. When it
/// answers, it is on disk.
#[utoipa::path(
    post, path = "/v1/invocations/{id}/messages/{name}", tag = "workflows",
    params(("id" = String, Path), ("name" = String, Path)),
    request_body = serde_json::Value,
    responses(
        (status = 202, description = "It is stored; the workflow takes it when it comes to it"),
        (status = 404, body = wire::Problem, content_type = "application/problem+json"),
        (status = 409, body = wire::Problem, content_type = "application/problem+json", description = "The invocation has ended"),
        (status = 422, body = wire::Problem, content_type = "application/problem+json", description = "It is no workflow"),
        (status = 429, body = wire::Problem, content_type = "application/problem+json", description = "As many messages wait for it as may"),
    )
)]
pub(super) async fn message(
    State(api): State<Api>,
    under: Under,
    request: Request,
) -> Answer<StatusCode> {
    let (parts, body) = request.into_parts();
    let body = collect(&parts.headers, body, api.options.body_max_bytes).await?;
    let value: Box<RawValue> = from_json(&body)?;
    let full = api.workflows.options().messages_max;
    api.control
        .send(&api.namespace, &under.id, &under.name, &value, full)
        .await?;
    Ok(StatusCode::ACCEPTED)
}

/// Everything that a workflow shows to the outside, by name.
#[utoipa::path(
    get, path = "/v1/invocations/{id}/published", tag = "workflows", params(("id" = String, Path)),
    responses(
        (status = 200, body = wire::Page<wire::Published>),
        (status = 404, body = wire::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn published(
    State(api): State<Api>,
    Named(Handle(id)): Named<Handle>,
) -> Answer<Json<wire::Page<wire::Published>>> {
    let published = api.control.published(&api.namespace, &id).await?;
    let published = published.into_iter().map(show::published);
    Ok(whole(published.collect::<Answer<_>>()?))
}

/// What a workflow shows under a name; with `wait`, when there is such a value, or after that time.
#[utoipa::path(
    get, path = "/v1/invocations/{id}/published/{name}", tag = "workflows",
    params(("id" = String, Path), ("name" = String, Path), wire::PublishedQuery),
    responses(
        (status = 200, body = wire::Published),
        (status = 404, body = wire::Problem, content_type = "application/problem+json", description = "There is no such invocation, or no such value"),
        (status = 503, body = wire::Problem, content_type = "application/problem+json", description = "As many wait as may"),
    )
)]
pub(super) async fn published_as(
    State(api): State<Api>,
    under: Under,
    Query(query): Query<wire::PublishedQuery>,
) -> Answer<Json<wire::Published>> {
    let wait = wait_for(query.wait.as_deref())?;
    let after = query.after.unwrap_or(0);
    let published = api
        .control
        .published_as(&api.namespace, &under.id, &under.name, after, wait)
        .await?;
    Ok(Json(show::published(published)?))
}

/// Asks for the end of an invocation and of what it enqueued, and answers with how it stands. What
/// is queued or waits ends at once, what runs when its sandbox has ended. One that has ended stays
/// as it is.
#[utoipa::path(
    post, path = "/v1/invocations/{id}/cancel", tag = "invocations", params(("id" = String, Path)),
    request_body = Option<wire::CancelRequest>,
    responses(
        (status = 200, body = wire::Invocation),
        (status = 404, body = wire::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn cancel(
    State(api): State<Api>,
    Named(Handle(id)): Named<Handle>,
    request: Request,
) -> Answer<Json<wire::Invocation>> {
    let (parts, body) = request.into_parts();
    let asked: wire::CancelRequest =
        json_or_nothing(&parts.headers, body, api.options.body_max_bytes).await?;
    let now = api
        .control
        .cancel(
            &api.namespace,
            std::slice::from_ref(&id),
            asked.reason.as_deref(),
        )
        .await?;
    let now = now.into_iter().next();
    let now = now.ok_or_else(|| Problem::from(Error::UnknownInvocation(vec![id])))?;
    Ok(Json(show::invocation(now)?))
}

/// A new invocation of a call that failed, at the end of its queue, with the same options. Of a
/// workflow it begins with the steps before the first that failed. What failed stays as it is.
#[utoipa::path(
    post, path = "/v1/invocations/{id}/retry", tag = "invocations", params(("id" = String, Path)),
    responses(
        (status = 201, body = wire::Invocation),
        (status = 404, body = wire::Problem, content_type = "application/problem+json"),
        (status = 409, body = wire::Problem, content_type = "application/problem+json", description = "It has not failed"),
    )
)]
pub(super) async fn retry(
    State(api): State<Api>,
    Named(Handle(id)): Named<Handle>,
) -> Answer<Response> {
    let new = api.workflows.retry(&api.namespace, &id).await?;
    Ok(json(StatusCode::CREATED, &show::invocation(new)?))
}

/// A new invocation of a call that was cancelled, at the end of its queue, with the same options. Of
/// a workflow it begins with the steps before the first that failed or was cancelled.
#[utoipa::path(
    post, path = "/v1/invocations/{id}/resume", tag = "invocations", params(("id" = String, Path)),
    responses(
        (status = 201, body = wire::Invocation),
        (status = 404, body = wire::Problem, content_type = "application/problem+json"),
        (status = 409, body = wire::Problem, content_type = "application/problem+json", description = "It was not cancelled"),
    )
)]
pub(super) async fn resume(
    State(api): State<Api>,
    Named(Handle(id)): Named<Handle>,
) -> Answer<Response> {
    let new = api.workflows.resume(&api.namespace, &id).await?;
    Ok(json(StatusCode::CREATED, &show::invocation(new)?))
}

/// A new invocation that begins with the steps of a workflow, of the same version or another one.
#[utoipa::path(
    post, path = "/v1/invocations/{id}/fork", tag = "workflows", params(("id" = String, Path)),
    request_body = Option<wire::ForkRequest>,
    responses(
        (status = 201, body = wire::Invocation),
        (status = 404, body = wire::Problem, content_type = "application/problem+json", description = "There is no such invocation, step or version"),
        (status = 422, body = wire::Problem, content_type = "application/problem+json", description = "It is no workflow"),
    )
)]
pub(super) async fn fork(
    State(api): State<Api>,
    Named(Handle(id)): Named<Handle>,
    request: Request,
) -> Answer<Response> {
    let (parts, body) = request.into_parts();
    let asked: wire::ForkRequest =
        json_or_nothing(&parts.headers, body, api.options.body_max_bytes).await?;
    if asked.step == Some(0) {
        return Err(Problem::invalid("step", "steps are numbered from 1"));
    }
    let digest = match asked.version.as_deref() {
        None => None,
        Some(wanted) => Some(digest_of(&api, &id, wanted).await?),
    };
    let new = api
        .workflows
        .fork(&api.namespace, &id, asked.step, digest.as_ref())
        .await?;
    Ok(json(StatusCode::CREATED, &show::invocation(new)?))
}

/// The digest of another version of the component of this invocation.
async fn digest_of(api: &Api, id: &InvocationId, wanted: &str) -> Answer<Digest> {
    let wanted = version(wanted)?;
    let invocation = api.control.invocation(&api.namespace, id).await?;
    let name: TaskName = invocation
        .task
        .parse()
        .map_err(|error| Error::Internal(format!("the task does not read: {error}")))?;
    let name = ComponentName::parse(&name.component).map_err(Error::from)?;
    let component = api
        .control
        .component(&api.namespace, &name, Some(&wanted))
        .await?;
    Ok(component.digest)
}

/// A page of the steps of a workflow, in order; of a task there are none.
#[utoipa::path(
    get, path = "/v1/invocations/{id}/steps", tag = "workflows",
    params(("id" = String, Path), wire::PageQuery),
    responses(
        (status = 200, body = wire::Page<wire::Step>),
        (status = 404, body = wire::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn steps(
    State(api): State<Api>,
    Named(Handle(id)): Named<Handle>,
    Query(query): Query<wire::PageQuery>,
) -> Answer<Json<wire::Page<wire::Step>>> {
    let limit = query.limit.unwrap_or(STEPS_DEFAULT);
    if !(1..=STEPS_MAX).contains(&limit) {
        let why = format!("expected 1 to {STEPS_MAX}, got {limit}");
        return Err(Problem::invalid("limit", why));
    }
    let page = query.page.as_deref().map(PageToken::decode).transpose()?;
    let after = page.map_or(Ok(0), |page| u32::try_from(page.0.0));
    let after = after.map_err(|_| Problem::invalid("page", "not a page of steps"))?;
    // One more than asked for tells whether there is another page.
    let steps = api.workflows.steps(&api.namespace, &id, after, limit + 1);
    let mut steps = steps.await?;
    let is_more = steps.len() > limit as usize;
    steps.truncate(limit as usize);
    let next = steps.last().filter(|_| is_more).map(|last| last.number);
    Ok(Json(wire::Page {
        items: steps.into_iter().map(show::step).collect::<Answer<_>>()?,
        next: next.map(|number| PageToken(Key(number.into())).encode()),
    }))
}

/// Executes a workflow against its journal in a private sandbox, changing nothing, and tells
/// whether it does the same: with its own component, or with the one in the body.
#[utoipa::path(
    post, path = "/v1/invocations/{id}/replay", tag = "workflows", params(("id" = String, Path)),
    request_body(content = Option<Vec<u8>>, content_type = "application/wasm", description = "The component; none for its own"),
    responses(
        (status = 200, body = wire::Replayed),
        (status = 404, body = wire::Problem, content_type = "application/problem+json"),
        (status = 422, body = wire::Problem, content_type = "application/problem+json", description = "It is no workflow, or the body is no component"),
    )
)]
pub(super) async fn replay(
    State(api): State<Api>,
    Named(Handle(id)): Named<Handle>,
    request: Request,
) -> Answer<Json<wire::Replayed>> {
    let (parts, body) = request.into_parts();
    let max = api.control.options().component_max_bytes;
    let component = bytes(&parts.headers, body, max, "a component").await?;
    let kind = parts.headers.get(header::CONTENT_TYPE);
    if !component.is_empty() && kind.is_none_or(|kind| kind != "application/wasm") {
        return Err(
            Problem::new(Code::MediaType, "the body is not said to be a component").hint(
                "send the component's bytes with `Content-Type: application/wasm`, or no body",
            ),
        );
    }
    let component = Some(component).filter(|component| !component.is_empty());
    let replayed = api.workflows.replay(&api.namespace, &id, component).await?;
    Ok(Json(wire::Replayed {
        exact: replayed.difference.is_none(),
        steps: replayed.steps,
        difference: replayed.difference.map(show::difference),
    }))
}
