//! Choosing among `/v1/invocations`: pages, exports, and what is done to all that match.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use http::{HeaderValue, Uri, header};
use windlass_client::wire;

use crate::control::{Bulk, Error, PAGE_WHOLE_MAX, Which};
use crate::http::{Answer, PageToken, Problem, collect, from_json, repeated};
use crate::store::Filter;

use super::{Api, asked, show};

/// The parameters of a filter that may be repeated.
const LISTS: [&str; 1] = ["tag"];

/// A page of invocations, the newest first, without arguments and outcomes unless asked for.
#[utoipa::path(
    get, path = "/v1/invocations", tag = "invocations", params(wire::ListQuery),
    responses(
        (status = 200, body = wire::Page<wire::Invocation>),
        (status = 422, body = wire::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(api): State<Api>,
    uri: Uri,
) -> Answer<Json<wire::Page<wire::Invocation>>> {
    let query: wire::ListQuery = repeated(&uri, &LISTS)?;
    let (with_arguments, with_outcomes) = included(query.include.as_deref())?;
    let before = query.page.as_deref().map(PageToken::decode).transpose()?;
    if query.limit == Some(0) {
        return Err(Problem::invalid("limit", "expected at least 1, got 0"));
    }
    let filter = Filter {
        before: before.map(|page| page.0),
        limit: query.limit.unwrap_or(0),
        whole: with_arguments || with_outcomes,
        ..asked::filter(&api, query.filter(), "").await?
    };
    let (items, next) = api.control.list(&api.namespace, filter).await?;
    let items = items.into_iter().map(|mut one| {
        one.arguments = one.arguments.filter(|_| with_arguments);
        one.outcome = one.outcome.filter(|_| with_outcomes);
        show::invocation(one)
    });
    Ok(Json(wire::Page {
        items: items.collect::<Answer<_>>()?,
        next: next.map(|key| PageToken(key).encode()),
    }))
}

/// Whether arguments and outcomes are asked for.
fn included(include: Option<&str>) -> Answer<(bool, bool)> {
    let (mut arguments, mut outcomes) = (false, false);
    for word in include.into_iter().flat_map(|words| words.split(',')) {
        match word {
            "args" => arguments = true,
            "outcome" => outcomes = true,
            other => {
                let why = format!("expected args, outcome or args,outcome, got {other:?}");
                return Err(Problem::invalid("include", why));
            }
        }
    }
    Ok((arguments, outcomes))
}

/// Every invocation that matches, whole, one JSON document a line, the newest first. It comes as it
/// is read; if something fails on the way, the answer breaks off.
#[utoipa::path(
    get, path = "/v1/invocations/export", tag = "invocations", params(wire::Filter),
    responses(
        (status = 200, body = String, content_type = "application/x-ndjson"),
        (status = 422, body = wire::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn export(State(api): State<Api>, uri: Uri) -> Answer<Response> {
    let query: wire::Filter = repeated(&uri, &LISTS)?;
    let filter = Filter {
        limit: PAGE_WHOLE_MAX,
        whole: true,
        ..asked::filter(&api, query, "").await?
    };
    let kind = HeaderValue::from_static("application/x-ndjson");
    let body = Body::from_stream(lines(api, filter));
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

/// The lines of one page after the other.
fn lines(api: Api, filter: Filter) -> impl Stream<Item = Result<Bytes, axum::Error>> + Send {
    futures::stream::try_unfold(Some(filter), move |filter| {
        let api = api.clone();
        async move {
            let Some(mut filter) = filter else {
                return Ok(None);
            };
            let page = api.control.list(&api.namespace, filter.clone()).await;
            let (items, next) = page.map_err(broken_off)?;
            let mut text = Vec::new();
            for one in items {
                let shown = show::invocation(one).map_err(|problem| {
                    tracing::error!(code = problem.code().as_str(), "an export broke off");
                    axum::Error::new("an invocation cannot be shown")
                })?;
                serde_json::to_writer(&mut text, &shown).map_err(axum::Error::new)?;
                text.push(b'\n');
            }
            let next = next.map(|key| {
                filter.before = Some(key);
                filter
            });
            Ok(Some((Bytes::from(text), next)))
        }
    })
}

fn broken_off(error: Error) -> axum::Error {
    tracing::error!(%error, "an export broke off");
    axum::Error::new(error)
}

/// Asks for the end of all that match and have not ended, and of what they enqueued.
#[utoipa::path(
    post, path = "/v1/invocations/cancel", tag = "invocations", request_body = wire::BulkRequest,
    responses(
        (status = 200, body = wire::Bulk),
        (status = 422, body = wire::Problem, content_type = "application/problem+json", description = "The filter matches everything, or cannot be"),
    )
)]
pub(super) async fn cancel(State(api): State<Api>, request: Request) -> Answer<Json<wire::Bulk>> {
    let (which, reason) = which(&api, request).await?;
    let bulk = api
        .control
        .cancel_all(&api.namespace, &which, reason.as_deref())
        .await?;
    shown(bulk, which.dry_run)
}

/// Enqueues the calls of all dead letters that match once more: of those that failed and were not
/// done again since.
#[utoipa::path(
    post, path = "/v1/invocations/retry", tag = "invocations", request_body = wire::BulkRequest,
    responses(
        (status = 200, body = wire::Bulk),
        (status = 422, body = wire::Problem, content_type = "application/problem+json", description = "The filter matches everything, or cannot be"),
    )
)]
pub(super) async fn retry(State(api): State<Api>, request: Request) -> Answer<Json<wire::Bulk>> {
    let (which, reason) = which(&api, request).await?;
    refuse_reason(reason)?;
    let bulk = api.workflows.retry_all(&api.namespace, &which).await?;
    shown(bulk, which.dry_run)
}

/// Enqueues the calls of all that match, were cancelled and were not done again since.
#[utoipa::path(
    post, path = "/v1/invocations/resume", tag = "invocations", request_body = wire::BulkRequest,
    responses(
        (status = 200, body = wire::Bulk),
        (status = 422, body = wire::Problem, content_type = "application/problem+json", description = "The filter matches everything, or cannot be"),
    )
)]
pub(super) async fn resume(State(api): State<Api>, request: Request) -> Answer<Json<wire::Bulk>> {
    let (which, reason) = which(&api, request).await?;
    refuse_reason(reason)?;
    let bulk = api.workflows.resume_all(&api.namespace, &which).await?;
    shown(bulk, which.dry_run)
}

async fn which(api: &Api, request: Request) -> Answer<(Which, Option<String>)> {
    let (parts, body) = request.into_parts();
    let body = collect(&parts.headers, body, api.options.body_max_bytes).await?;
    let asked: wire::BulkRequest = from_json(&body)?;
    let says_nothing = asked.filter == wire::Filter::default();
    if says_nothing && !asked.all {
        return Err(Error::MatchesAll.into());
    }
    let which = Which {
        filter: asked::filter(api, asked.filter, "filter.").await?,
        dry_run: asked.dry_run,
    };
    Ok((which, asked.reason))
}

fn refuse_reason(reason: Option<String>) -> Answer<()> {
    match reason {
        None => Ok(()),
        Some(_) => Err(Problem::invalid(
            "reason",
            "only what is cancelled has a reason",
        )),
    }
}

fn shown(bulk: Bulk, dry_run: bool) -> Answer<Json<wire::Bulk>> {
    let items = bulk.first.into_iter().map(show::invocation);
    let refused = bulk.refused.into_iter().map(|(id, reason)| wire::Refused {
        id: id.to_string(),
        reason,
    });
    Ok(Json(wire::Bulk {
        matched: bulk.matched,
        done: bulk.done,
        more: bulk.more,
        dry_run,
        items: items.collect::<Answer<_>>()?,
        refused: refused.collect(),
    }))
}
