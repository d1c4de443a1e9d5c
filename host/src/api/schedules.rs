//! `/v1/schedules`.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use windlass_client::wire;

use crate::control::{Plan, Scheduled};
use crate::http::{Answer, collect, from_json};
use crate::model::ScheduleName;
use crate::model::schedule::{Missed, Overlap};

use super::{Api, Named, json, show, whole};

/// Makes a schedule or changes it; it replaces all of it, but for whether it is paused if that is not
/// said. One whose times stay as they are loses no firing by it.
#[utoipa::path(
    put, path = "/v1/schedules/{name}", tag = "schedules",
    params(("name" = String, Path)), request_body = wire::SchedulePlan,
    responses(
        (status = 201, body = wire::Schedule, description = "It is new"),
        (status = 200, body = wire::Schedule, description = "It was there and is as it was sent now"),
        (status = 404, body = wire::Problem, content_type = "application/problem+json", description = "There is no such task"),
        (status = 422, body = wire::Problem, content_type = "application/problem+json", description = "The line, the zone, the arguments or an option cannot be; nothing has changed"),
    )
)]
pub(super) async fn put(
    State(api): State<Api>,
    Named(name): Named<ScheduleName>,
    request: Request,
) -> Answer<Response> {
    let (parts, body) = request.into_parts();
    let body = collect(&parts.headers, body, api.options.body_max_bytes).await?;
    let asked: wire::SchedulePlan = from_json(&body)?;
    let plan = Plan {
        cron: asked.cron,
        timezone: asked.timezone,
        queue: asked.queue,
        task: asked.task,
        arguments: asked.args,
        options: asked.options,
        missed: match asked.missed {
            wire::Missed::Skip => Missed::Skip,
            wire::Missed::Backfill => Missed::Backfill,
        },
        overlap: match asked.overlap {
            wire::Overlap::Queue => Overlap::Queue,
            wire::Overlap::Skip => Overlap::Skip,
            wire::Overlap::Replace => Overlap::Replace,
        },
        paused: asked.paused,
    };
    let put = api.control.put_schedule(&api.namespace, &name, plan);
    let (scheduled, is_new) = put.await?;
    let status = match is_new {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    Ok(json(status, &shown(scheduled)?))
}

/// All schedules with their next firings, by name.
#[utoipa::path(
    get, path = "/v1/schedules", tag = "schedules",
    responses((status = 200, body = wire::Page<wire::Schedule>))
)]
pub(super) async fn list(State(api): State<Api>) -> Answer<Json<wire::Page<wire::Schedule>>> {
    let schedules = api.control.schedules(&api.namespace).await?;
    let schedules = schedules.into_iter().map(shown);
    Ok(whole(schedules.collect::<Answer<_>>()?))
}

/// A schedule with its next firings.
#[utoipa::path(
    get, path = "/v1/schedules/{name}", tag = "schedules",
    params(("name" = String, Path)),
    responses(
        (status = 200, body = wire::Schedule),
        (status = 404, body = wire::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    State(api): State<Api>,
    Named(name): Named<ScheduleName>,
) -> Answer<Json<wire::Schedule>> {
    Ok(Json(shown(
        api.control.schedule(&api.namespace, &name).await?,
    )?))
}

/// Deletes a schedule. What it enqueued stays.
#[utoipa::path(
    delete, path = "/v1/schedules/{name}", tag = "schedules",
    params(("name" = String, Path)),
    responses(
        (status = 204, description = "It is deleted"),
        (status = 404, body = wire::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn delete(
    State(api): State<Api>,
    Named(name): Named<ScheduleName>,
) -> Answer<StatusCode> {
    api.control.delete_schedule(&api.namespace, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has a schedule not fire until it is resumed. Times that pass meanwhile are none of its.
#[utoipa::path(
    post, path = "/v1/schedules/{name}/pause", tag = "schedules",
    params(("name" = String, Path)),
    responses(
        (status = 200, body = wire::Schedule),
        (status = 404, body = wire::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn pause(
    State(api): State<Api>,
    Named(name): Named<ScheduleName>,
) -> Answer<Json<wire::Schedule>> {
    let paused = api.control.pause_schedule(&api.namespace, &name, true);
    Ok(Json(shown(paused.await?)?))
}

/// Has a schedule that is paused fire again from now on.
#[utoipa::path(
    post, path = "/v1/schedules/{name}/resume", tag = "schedules",
    params(("name" = String, Path)),
    responses(
        (status = 200, body = wire::Schedule),
        (status = 404, body = wire::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn resume(
    State(api): State<Api>,
    Named(name): Named<ScheduleName>,
) -> Answer<Json<wire::Schedule>> {
    let resumed = api.control.pause_schedule(&api.namespace, &name, false);
    Ok(Json(shown(resumed.await?)?))
}

/// Enqueues a schedule's call now, and leaves the schedule as it is.
#[utoipa::path(
    post, path = "/v1/schedules/{name}/trigger", tag = "schedules",
    params(("name" = String, Path)),
    responses(
        (status = 201, body = wire::Invocation, description = "It is enqueued"),
        (status = 404, body = wire::Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn trigger(
    State(api): State<Api>,
    Named(name): Named<ScheduleName>,
) -> Answer<Response> {
    let ack = api.control.trigger(&api.namespace, &name).await?;
    Ok(json(StatusCode::CREATED, &show::ack(ack)))
}

fn shown(scheduled: Scheduled) -> Answer<wire::Schedule> {
    let Scheduled { schedule, next } = scheduled;
    let (last_at, last_id) = schedule.last.unzip();
    Ok(wire::Schedule {
        name: schedule.name,
        cron: schedule.cron,
        timezone: schedule.timezone,
        queue: schedule.queue.to_string(),
        task: schedule.task,
        args: show::stored(schedule.arguments.to_vec())?,
        options: schedule.options,
        missed: match schedule.missed {
            Missed::Skip => wire::Missed::Skip,
            Missed::Backfill => wire::Missed::Backfill,
        },
        overlap: match schedule.overlap {
            Overlap::Queue => wire::Overlap::Queue,
            Overlap::Skip => wire::Overlap::Skip,
            Overlap::Replace => wire::Overlap::Replace,
        },
        paused: schedule.paused,
        next: next.iter().map(ToString::to_string).collect(),
        last_at: last_at.map(|at| at.to_string()),
        last_id: last_id.flatten().map(|id| id.to_string()),
        last_error: schedule.last_error,
        created_at: schedule.created_at.to_string(),
    })
}
