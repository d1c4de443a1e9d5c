//! What answers here, the API's own description, and the pages about errors.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use windlass_client::wire;

use crate::http::{Answer, Code, Problem};
use crate::store::Backend;

use super::{Api, document, json};

/// What answers here.
#[utoipa::path(get, path = "/v1", tag = "hosts", responses((status = 200, body = wire::Info)))]
pub(super) async fn info(State(api): State<Api>) -> Json<wire::Info> {
    let backend = match api.control.backend() {
        Backend::Sqlite => "sqlite",
        Backend::Postgres => "postgres",
    };
    Json(wire::Info {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        backend: backend.to_owned(),
        host: api.stats.host().map_or(0, |host| host.0),
    })
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "hosts", responses((status = 200, description = "OpenAPI 3.1")))]
pub(super) async fn openapi() -> Response {
    json(StatusCode::OK, &document())
}

/// What a problem's code means, and the way out.
#[utoipa::path(
    get, path = "/errors/{code}", tag = "hosts", params(("code" = String, Path)),
    responses((status = 200, body = String, content_type = "text/markdown"))
)]
pub(super) async fn error_page(Path(word): Path<String>) -> Answer<Response> {
    let Some(code) = Code::from_word(&word) else {
        let known: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        return Err(
            Problem::new(Code::NotFound, format!("no problem has the code {word:?}"))
                .hint(format!("the codes are {}", known.join(", "))),
        );
    };
    let kind = HeaderValue::from_static("text/markdown; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], code.page()).into_response())
}
