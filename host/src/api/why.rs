//! `/v1/invocations/{id}/why`.

use axum::Json;
use axum::extract::State;
use windlass_client::wire;

use crate::control::Reason;
use crate::http::Answer;
use crate::model::queue::RateLimit;
use crate::store::Holder;

use super::invocations::Handle;
use super::{Api, Named, show};

/// Everything that holds an invocation back: nothing if it runs, has ended, or is the next to start.
#[utoipa::path(
    get, path = "/v1/invocations/{id}/why", tag = "invocations", params(("id" = String, Path)),
    responses(
        (status = 200, body = wire::Why),
        (status = 404, body = wire::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn why(
    State(api): State<Api>,
    Named(Handle(id)): Named<Handle>,
) -> Answer<Json<wire::Why>> {
    let why = api.control.why(&api.namespace, &id).await?;
    Ok(Json(wire::Why {
        state: show::state(why.state),
        reasons: why.reasons.into_iter().map(reason).collect(),
    }))
}

fn reason(reason: Reason) -> wire::Reason {
    let said = wire::Reason {
        code: reason.code().to_owned(),
        message: reason.message(),
        ..wire::Reason::default()
    };
    match reason {
        Reason::Paused | Reason::Waiting | Reason::NoHost => said,
        Reason::Scheduled { until } | Reason::BackingOff { until } => wire::Reason {
            until: Some(until.to_string()),
            ..said
        },
        Reason::BehindRetry { id, until } => wire::Reason {
            id: Some(id.to_string()),
            until: Some(until.to_string()),
            ..said
        },
        Reason::Ahead { count } => wire::Reason {
            ahead: Some(count),
            ..said
        },
        Reason::SlotsTaken {
            taken,
            limit,
            holders,
        }
        | Reason::PartitionBusy {
            taken,
            limit,
            holders,
        } => wire::Reason {
            taken: Some(taken),
            limit: Some(limit),
            holders: holders.into_iter().map(holder).collect(),
            ..said
        },
        Reason::RateLimited { opens_at, rate }
        | Reason::PartitionRateLimited { opens_at, rate } => wire::Reason {
            opens_at: Some(opens_at.to_string()),
            rate_limit: rate
                .map(|RateLimit { limit, period_ms }| wire::RateLimit { limit, period_ms }),
            ..said
        },
        Reason::Reserved { host } => wire::Reason {
            host: Some(host.0),
            ..said
        },
        Reason::ComponentNotReady { hosts, .. } => wire::Reason {
            hosts: hosts.into_iter().map(|host| host.0).collect(),
            ..said
        },
    }
}

fn holder(holder: Holder) -> wire::Holder {
    wire::Holder {
        id: holder.id.to_string(),
        state: show::state(holder.state),
        host: holder.host.map(|host| host.0),
    }
}
