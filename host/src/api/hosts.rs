//! `/v1/hosts`.

use axum::Json;
use axum::extract::State;
use windlass_client::wire;

use crate::http::Answer;

use super::{Api, whole};

/// The hosts that are alive.
#[utoipa::path(
    get, path = "/v1/hosts", tag = "hosts",
    responses((status = 200, body = wire::Page<wire::Host>))
)]
pub(super) async fn list(State(api): State<Api>) -> Answer<Json<wire::Page<wire::Host>>> {
    let hosts = api.control.hosts().await?;
    let shown = hosts.into_iter().map(|host| wire::Host {
        number: host.number.0,
        name: host.about.name,
        address: host.about.address,
        version: host.about.version,
        queues: host.about.queues,
        started_at: host.started_at.to_string(),
        holds: host.holds,
    });
    Ok(whole(shown.collect()))
}
