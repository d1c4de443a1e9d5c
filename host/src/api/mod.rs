//! The HTTP API: a file per resource, JSON in and out.
//!
//! A handler reads the request, asks `control`, and turns records into the wire types of
//! `clients/rust`; it decides nothing. Outcomes and arguments pass as they are stored, unread.

mod asked;
mod components;
mod document;
mod events;
mod health;
mod hosts;
mod invocations;
mod lists;
mod queues;
mod root;
mod schedules;
mod show;
mod why;
mod workflows;

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, Request};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;

use crate::control::Control;
use crate::http::auth::{Gate, guard};
use crate::http::{Answer, Code, Problem, linger, panicked};
use crate::model::Namespace;
use crate::queue::Stats;
use crate::workflow::Workflows;

pub use document::document;

/// What the API takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// The largest JSON body of one request, in bytes.
    pub body_max_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            body_max_bytes: 64 << 20,
        }
    }
}

/// What the API stands on.
#[derive(Clone)]
pub struct Parts {
    /// What callers may ask.
    pub control: Control,
    /// Workflows, their steps and their past.
    pub workflows: Workflows,
    /// What the workers count; all zero on a host without any.
    pub stats: Arc<Stats>,
    /// The host takes nothing up any more.
    pub stopping: CancellationToken,
    /// What callers must send, if anything.
    pub token: Option<String>,
    /// What the API takes.
    pub options: Options,
}

/// What every handler has. Cheap to clone.
#[derive(Clone)]
struct Api {
    control: Control,
    workflows: Workflows,
    options: Arc<Options>,
    stats: Arc<Stats>,
    stopping: CancellationToken,
    /// The only namespace that can be reached yet.
    namespace: Namespace,
}

/// The whole API.
pub fn router(parts: Parts) -> Router {
    let gate = Gate::new(parts.token.as_deref());
    let api = Api {
        control: parts.control,
        workflows: parts.workflows,
        options: Arc::new(parts.options),
        stats: parts.stats,
        stopping: parts.stopping,
        namespace: Namespace::default_namespace(),
    };
    let guarded = Router::new()
        .route("/v1", get(root::info))
        .route(
            "/v1/components",
            get(components::list).post(components::upload),
        )
        .route("/v1/components/{name}", get(components::versions))
        .route(
            "/v1/components/{name}/grants",
            get(components::grants).put(components::put_grants),
        )
        .route(
            "/v1/components/{name}/defaults",
            get(components::defaults).put(components::put_defaults),
        )
        .route("/v1/components/{name}/upgrade", post(components::upgrade))
        .route("/v1/components/{name}/{version}", get(components::show))
        .route("/v1/components/{name}/{version}/wit", get(components::wit))
        .route("/v1/queues", get(queues::list))
        .route("/v1/queues/{name}", put(queues::put).get(queues::show))
        .route(
            "/v1/invocations",
            post(invocations::enqueue).get(lists::list),
        )
        .route("/v1/invocations/wait", post(invocations::wait))
        .route("/v1/invocations/export", get(lists::export))
        .route("/v1/invocations/cancel", post(lists::cancel))
        .route("/v1/invocations/retry", post(lists::retry))
        .route("/v1/invocations/resume", post(lists::resume))
        .route("/v1/invocations/{id}", get(invocations::show))
        .route("/v1/invocations/{id}/logs", get(invocations::log))
        .route("/v1/invocations/{id}/attempts", get(invocations::attempts))
        .route("/v1/invocations/{id}/events", get(events::events))
        .route(
            "/v1/invocations/{id}/messages/{name}",
            post(workflows::message),
        )
        .route("/v1/invocations/{id}/published", get(workflows::published))
        .route(
            "/v1/invocations/{id}/published/{name}",
            get(workflows::published_as),
        )
        .route("/v1/invocations/{id}/cancel", post(workflows::cancel))
        .route("/v1/invocations/{id}/retry", post(workflows::retry))
        .route("/v1/invocations/{id}/resume", post(workflows::resume))
        .route("/v1/invocations/{id}/why", get(why::why))
        .route("/v1/invocations/{id}/fork", post(workflows::fork))
        .route("/v1/invocations/{id}/steps", get(workflows::steps))
        .route("/v1/invocations/{id}/replay", post(workflows::replay))
        .route("/v1/schedules", get(schedules::list))
        .route(
            "/v1/schedules/{name}",
            put(schedules::put)
                .get(schedules::get)
                .delete(schedules::delete),
        )
        .route("/v1/schedules/{name}/pause", post(schedules::pause))
        .route("/v1/schedules/{name}/resume", post(schedules::resume))
        .route("/v1/schedules/{name}/trigger", post(schedules::trigger))
        .route("/v1/hosts", get(hosts::list))
        .route("/metrics", get(health::metrics))
        .layer(middleware::from_fn_with_state(gate, guard));
    // What monitors ask without a token, and what tells nothing about what is stored.
    let open = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/openapi.json", get(root::openapi))
        .route("/errors/{code}", get(root::error_page));
    guarded
        .merge(open)
        .fallback(nothing_here)
        .method_not_allowed_fallback(other_method)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(linger))
        .with_state(api)
}

async fn nothing_here(request: Request) -> Problem {
    Problem::new(
        Code::NotFound,
        format!("there is nothing at {}", request.uri().path()),
    )
    .hint("GET /openapi.json lists every address")
}

async fn other_method(request: Request) -> Problem {
    Problem::new(
        Code::MethodNotAllowed,
        format!("{} takes no {}", request.uri().path(), request.method()),
    )
    .hint("GET /openapi.json lists every address with its methods")
}

/// A name or id in the address.
struct Named<T>(T);

impl<T, S> FromRequestParts<S> for Named<T>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut http::request::Parts, state: &S) -> Answer<Self> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(text) = path.map_err(|error| Problem::invalid("address", error.body_text()))?;
        text.parse()
            .map(Self)
            .map_err(|error: T::Err| Problem::new(Code::Invalid, error.to_string()))
    }
}

/// A JSON answer.
fn json<T: Serialize>(status: StatusCode, body: &T) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let kind = HeaderValue::from_static("application/json");
            (status, [(header::CONTENT_TYPE, kind)], bytes).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written");
            Problem::new(Code::Internal, "the host failed at this request").into_response()
        }
    }
}

/// A list that has one page.
fn whole<T: Serialize>(items: Vec<T>) -> Json<windlass_client::wire::Page<T>> {
    Json(windlass_client::wire::Page { items, next: None })
}
