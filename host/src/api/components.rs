//! `/v1/components`.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use windlass_client::wire;

use crate::control::{Grants, Upload, version};
use crate::http::{Answer, Code, Problem, bytes, collect, from_json, json_or_nothing, repeated};
use crate::model::{ComponentName, InvocationId};

use super::{Api, Named, json, show, whole};

/// Stores a version of a component: the body is its bytes. The same bytes again are answered with
/// 200; other bytes under a version that exists are refused.
#[utoipa::path(
    post, path = "/v1/components", tag = "components", params(wire::Upload),
    request_body(content = Vec<u8>, content_type = "application/wasm"),
    responses(
        (status = 201, body = wire::Component, description = "It is stored"),
        (status = 200, body = wire::Component, description = "The same bytes were there already"),
        (status = 409, body = wire::Problem, content_type = "application/problem+json", description = "Other bytes stand under the version"),
        (status = 413, body = wire::Problem, content_type = "application/problem+json", description = "It is too large"),
        (status = 422, body = wire::Problem, content_type = "application/problem+json", description = "It is no component that can be used"),
    )
)]
pub(super) async fn upload(State(api): State<Api>, request: Request) -> Answer<Response> {
    let (parts, body) = request.into_parts();
    let query: wire::Upload = repeated(&parts.uri, wire::Upload::LISTS)?;
    refuse_forms(&parts.headers)?;
    let max = api.control.options().component_max_bytes;
    let bytes = bytes(&parts.headers, body, max, "a component").await?;
    let upload = Upload {
        name: query.name,
        version: query.version,
        bytes,
        bind: query.bind,
        workflows: query.workflow,
        tasks: query.task,
    };
    let uploaded = api.control.upload(&api.namespace, upload).await?;
    let status = match uploaded.existed {
        true => StatusCode::OK,
        false => StatusCode::CREATED,
    };
    Ok(json(status, &show::component(uploaded.component)?))
}

/// A page of another site can make a browser send these types without asking first.
fn refuse_forms(headers: &HeaderMap) -> Answer<()> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .map_or(&b""[..], HeaderValue::as_bytes);
    let is_form = |form: &&[u8]| kind.to_ascii_lowercase().starts_with(form);
    let forms: [&[u8]; 3] = [
        b"text/plain",
        b"multipart/form-data",
        b"application/x-www-form-urlencoded",
    ];
    match forms.iter().any(is_form) {
        true => Err(Problem::new(
            Code::MediaType,
            format!("the body's type is {:?}", String::from_utf8_lossy(kind)),
        )
        .hint("send the component's bytes as they are, with `Content-Type: application/wasm` (curl: --data-binary @file -H 'content-type: application/wasm')")),
        false => Ok(()),
    }
}

/// All versions of all components.
#[utoipa::path(
    get, path = "/v1/components", tag = "components",
    responses((status = 200, body = wire::Page<wire::Component>))
)]
pub(super) async fn list(State(api): State<Api>) -> Answer<Json<wire::Page<wire::Component>>> {
    let components = api.control.components(&api.namespace).await?;
    let components = components.into_iter().map(show::component);
    Ok(whole(components.collect::<Answer<_>>()?))
}

/// All versions of one component, the newest last.
#[utoipa::path(
    get, path = "/v1/components/{name}", tag = "components",
    params(("name" = String, Path)),
    responses(
        (status = 200, body = wire::Page<wire::Component>),
        (status = 404, body = wire::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn versions(
    State(api): State<Api>,
    Named(name): Named<ComponentName>,
) -> Answer<Json<wire::Page<wire::Component>>> {
    let versions = api.control.versions(&api.namespace, &name).await?;
    let versions = versions.into_iter().map(show::component);
    Ok(whole(versions.collect::<Answer<_>>()?))
}

/// One version of a component.
#[utoipa::path(
    get, path = "/v1/components/{name}/{version}", tag = "components",
    params(("name" = String, Path), ("version" = String, Path)),
    responses(
        (status = 200, body = wire::Component),
        (status = 404, body = wire::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn show(
    State(api): State<Api>,
    Path((name, wanted)): Path<(String, String)>,
) -> Answer<Json<wire::Component>> {
    Ok(Json(show::component(find(&api, &name, &wanted).await?)?))
}

/// The interfaces of one version of a component, as WIT.
#[utoipa::path(
    get, path = "/v1/components/{name}/{version}/wit", tag = "components",
    params(("name" = String, Path), ("version" = String, Path)),
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        (status = 404, body = wire::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn wit(
    State(api): State<Api>,
    Path((name, wanted)): Path<(String, String)>,
) -> Answer<String> {
    Ok(find(&api, &name, &wanted).await?.wit)
}

async fn find(api: &Api, name: &str, wanted: &str) -> Answer<crate::store::Component> {
    let name = ComponentName::parse(name).map_err(crate::control::Error::from)?;
    let wanted = version(wanted)?;
    Ok(api
        .control
        .component(&api.namespace, &name, Some(&wanted))
        .await?)
}

/// What a component may do beyond its sandbox.
#[utoipa::path(
    get, path = "/v1/components/{name}/grants", tag = "components",
    params(("name" = String, Path)),
    responses((status = 200, body = wire::Grants))
)]
pub(super) async fn grants(
    State(api): State<Api>,
    Named(name): Named<ComponentName>,
) -> Answer<Json<wire::Grants>> {
    let grants = api.control.grants(&api.namespace, &name).await?;
    Ok(Json(show::grants(grants)))
}

/// Sets what a component may do beyond its sandbox, all of it, for every version and for attempts
/// that start from now on.
#[utoipa::path(
    put, path = "/v1/components/{name}/grants", tag = "components",
    params(("name" = String, Path)), request_body = wire::Grants,
    responses(
        (status = 200, body = wire::Grants),
        (status = 422, body = wire::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn put_grants(
    State(api): State<Api>,
    Named(name): Named<ComponentName>,
    request: Request,
) -> Answer<Json<wire::Grants>> {
    let (parts, body) = request.into_parts();
    let body = collect(&parts.headers, body, api.options.body_max_bytes).await?;
    let asked: wire::Grants = from_json(&body)?;
    let asked = Grants {
        http: asked.http,
        environment: asked.environment,
        queues: asked.queues,
        tasks: asked.tasks,
    };
    let grants = api.control.put_grants(&api.namespace, &name, asked).await?;
    Ok(Json(show::grants(grants)))
}

/// What holds for calls of a component's tasks that do not say otherwise, by the task's name.
#[utoipa::path(
    get, path = "/v1/components/{name}/defaults", tag = "components",
    params(("name" = String, Path)),
    responses((status = 200, body = BTreeMap<String, wire::TaskDefaults>))
)]
pub(super) async fn defaults(
    State(api): State<Api>,
    Named(name): Named<ComponentName>,
) -> Answer<Json<serde_json::Value>> {
    Ok(Json(api.control.defaults(&api.namespace, &name).await?))
}

/// Replaces what holds for calls of a component's tasks that do not say otherwise: of every version,
/// for calls that are enqueued from now on. The component need not be uploaded yet.
#[utoipa::path(
    put, path = "/v1/components/{name}/defaults", tag = "components",
    params(("name" = String, Path)), request_body = BTreeMap<String, wire::TaskDefaults>,
    responses(
        (status = 200, body = BTreeMap<String, wire::TaskDefaults>),
        (status = 422, body = wire::Problem, content_type = "application/problem+json", description = "One of them cannot be; nothing has changed"),
    )
)]
pub(super) async fn put_defaults(
    State(api): State<Api>,
    Named(name): Named<ComponentName>,
    request: Request,
) -> Answer<Json<serde_json::Value>> {
    let (parts, body) = request.into_parts();
    let body = collect(&parts.headers, body, api.options.body_max_bytes).await?;
    let asked: BTreeMap<String, wire::TaskDefaults> = from_json(&body)?;
    let asked = serde_json::to_value(asked).expect("defaults are texts and numbers");
    let put = api.control.put_defaults(&api.namespace, &name, asked);
    Ok(Json(put.await?))
}

/// Moves the workflows of a component that are in flight to another version of it: those that
/// replay exactly with it. The others stay with theirs and are listed with where they differ.
#[utoipa::path(
    post, path = "/v1/components/{name}/upgrade", tag = "components",
    params(("name" = String, Path)), request_body = Option<wire::UpgradeRequest>,
    responses(
        (status = 200, body = wire::Upgraded),
        (status = 404, body = wire::Problem, content_type = "application/problem+json", description = "There is no such component or version"),
    )
)]
pub(super) async fn upgrade(
    State(api): State<Api>,
    Named(name): Named<ComponentName>,
    request: Request,
) -> Answer<Json<wire::Upgraded>> {
    let (parts, body) = request.into_parts();
    let asked: wire::UpgradeRequest =
        json_or_nothing(&parts.headers, body, api.options.body_max_bytes).await?;
    let to = asked.version.as_deref().map(version).transpose()?;
    let upgraded = api
        .workflows
        .upgrade(&api.namespace, name.as_str(), to.as_ref(), asked.dry_run)
        .await?;
    let ids = |ids: Vec<InvocationId>| ids.iter().map(InvocationId::to_string).collect();
    let differ = upgraded.differ.into_iter();
    Ok(Json(wire::Upgraded {
        moved: ids(upgraded.moved),
        differ: differ
            .map(|(id, difference)| wire::Differs {
                id: id.to_string(),
                difference: show::difference(difference),
            })
            .collect(),
        busy: ids(upgraded.busy),
    }))
}
