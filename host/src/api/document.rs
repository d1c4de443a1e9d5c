//! The API's own description, made from the handlers.

use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use windlass_client::wire;

use super::{
    components, events, health, hosts, invocations, lists, queues, root, schedules, why, workflows,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Windlass",
        description = "A durable task queue whose tasks are WebAssembly components. Errors are RFC 9457 problems: their `code` is stable and explained under `/errors/{code}`.",
    ),
    paths(
        components::upload, components::list, components::versions, components::show,
        components::wit, components::grants, components::put_grants,
        components::defaults, components::put_defaults, components::upgrade,
        queues::put, queues::list, queues::show,
        schedules::put, schedules::list, schedules::get, schedules::delete,
        schedules::pause, schedules::resume, schedules::trigger,
        invocations::enqueue, invocations::show, invocations::wait,
        lists::list, lists::export, lists::cancel, lists::retry, lists::resume, why::why,
        invocations::log, invocations::attempts, events::events,
        workflows::message, workflows::published, workflows::published_as, workflows::cancel,
        workflows::retry, workflows::resume, workflows::fork, workflows::steps, workflows::replay,
        hosts::list, root::info, root::openapi, root::error_page,
        health::healthz, health::readyz, health::metrics,
    ),
    components(schemas(wire::Progress, wire::LogChunk)),
    security(("token" = [])),
    modifiers(&Token),
)]
struct Document;

/// Says that a host may want a token.
struct Token;

impl utoipa::Modify for Token {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("Needed where the host was started with a token."))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// The OpenAPI document.
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With `WINDLASS_BLESS=1` the committed document is written anew.
    #[test]
    fn the_committed_document_is_what_the_handlers_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let mut now = document().to_pretty_json().unwrap();
        now.push('\n');

        if std::env::var_os("WINDLASS_BLESS").is_some() {
            std::fs::write(path, &now).unwrap();
        }

        let committed = std::fs::read_to_string(path).unwrap();
        assert!(
            committed == now,
            "host/openapi.json is not what the handlers say: run this test with WINDLASS_BLESS=1"
        );
    }
}
