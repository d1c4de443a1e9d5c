//! Which refusal of `control` is which problem.

use crate::control::Error;
use crate::model::State;
use crate::store;

use super::{Code, Problem};

const DUPLICATE_HINT: &str =
    "wait until it has ended, or ask for its handle by `\"on_conflict\": \"return\"`";

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let said = error.to_string();
        match error {
            Error::Name(_) => Self::new(Code::Invalid, said),
            Error::Setting(setting) => Self::invalid(setting.field, setting.message),
            Error::Value { place, message } => Self::invalid(&place, message),
            Error::Arguments { told, .. } => {
                let problem = Self::new(Code::Arguments, said)
                    .hint("see the task's types with `windlass component show`");
                told.into_iter().fold(problem, |problem, mistake| {
                    problem.at(mistake.place, mistake.message)
                })
            }
            Error::TooLarge { .. } => Self::new(Code::TooLarge, said)
                .hint("send less at once, or raise the limit in the host's configuration"),
            Error::Component { hint, mistakes, .. } => {
                let problem = Self::new(Code::ComponentInvalid, said).hint(hint);
                mistakes.into_iter().fold(problem, |problem, mistake| {
                    problem.at(mistake.place, mistake.message)
                })
            }
            Error::Bindings(mistakes) => {
                let problem = Self::new(Code::Bindings, said).hint(
                    "an import is bound to the component that exports the same interface: `windlass push FILE --bind INTERFACE=COMPONENT[@RULE][:QUEUE]`",
                );
                mistakes.into_iter().fold(problem, |problem, mistake| {
                    problem.at(mistake.place, mistake.message)
                })
            }
            Error::BoundOtherwise { .. } => Self::new(Code::VersionExists, said).hint(
                "versions never change: upload the same bytes under a higher version",
            ),
            Error::VersionExists { .. } => Self::new(Code::VersionExists, said)
                .hint("versions never change: upload it under a higher version"),
            Error::UnknownComponent(_) => Self::new(Code::ComponentUnknown, said)
                .hint("list them with `windlass component list`, upload one with `windlass push`"),
            Error::UnknownTask { place, reason, .. } => placed(
                Self::new(Code::TaskUnknown, said)
                    .hint("write component/function; upload a component with `windlass push`"),
                place,
                reason,
            ),
            Error::AmbiguousTask {
                place, candidates, ..
            } => placed(
                Self::new(Code::TaskAmbiguous, said).hint("write one of them in full"),
                place,
                format!("could be any of {}", candidates.join(", ")),
            ),
            Error::UnknownQueue(name) => Self::new(Code::QueueUnknown, said)
                .hint(format!("declare it by PUT /v1/queues/{name}")),
            Error::UnknownSchedule(_) => Self::new(Code::ScheduleUnknown, said)
                .hint("check the name; list schedules with `windlass schedule list`"),
            Error::UnknownInvocation(_) => Self::new(Code::InvocationUnknown, said)
                .hint("check the id; list invocations with `windlass invocation list`"),
            Error::Ended { .. } => Self::new(Code::InvocationEnded, said)
                .hint("enqueue it again, or fork it: `windlass invocation fork ID`"),
            Error::NotAWorkflow(_) => Self::new(Code::NotAWorkflow, said).hint(
                "only workflows have a journal and take messages; `windlass component show` tells which functions are",
            ),
            Error::MessagesFull { .. } => Self::new(Code::MessagesFull, said).hint(
                "try again when the workflow has taken some, or raise `messages_max` under [workflow]",
            ),
            Error::NotPublished { .. } => Self::new(Code::NotPublished, said).hint(
                "list what there is with `windlass invocation published ID`, or wait for it with ?wait=30s",
            ),
            Error::UnknownStep { .. } => Self::new(Code::StepUnknown, said)
                .hint("list the steps with `windlass invocation steps ID`"),
            Error::NotFailed { state, .. } => {
                Self::new(Code::NotFailed, said).hint(match state {
                    State::Cancelled => "resume it: `windlass invocation resume ID`",
                    _ => "fork it to begin it anew from one of its steps",
                })
            }
            Error::NotCancelled { state, .. } => {
                Self::new(Code::NotCancelled, said).hint(match state {
                    State::Failed => "retry it: `windlass invocation retry ID`",
                    _ => "fork it to begin it anew from one of its steps",
                })
            }
            Error::Duplicate { place, key, id } => Self::new(Code::Duplicate, said)
                .hint(DUPLICATE_HINT)
                .at(place, format!("{key:?} is the key of {id}")),
            Error::NoQueue(place) => Self::new(Code::Invalid, said)
                .hint("say `queue`, or declare the task's queue in windlass.toml")
                .at(place, "it is not said"),
            Error::NoPartitions { place, queue } => Self::new(Code::Invalid, said)
                .hint(format!(
                    "leave it out, or give the queue partitions: `windlass queue set {queue} --partitions yes`"
                ))
                .at(place, format!("the queue `{queue}` has no partitions")),
            Error::MatchesAll => Self::new(Code::MatchesAll, said)
                .hint("say which in `filter`, or ask for all of them by `\"all\": true` (`--all`)")
                .at("filter", "it says nothing"),
            Error::Busy(_) => Self::new(Code::Busy, said).hint("try again in a moment"),
            Error::Store(error) => of_store(&error),
            Error::Internal(_) => internal(&said),
        }
    }
}

fn placed(problem: Problem, place: String, message: String) -> Problem {
    match place.is_empty() {
        true => problem,
        false => problem.at(place, message),
    }
}

fn of_store(error: &store::Error) -> Problem {
    let said = error.to_string();
    match error {
        store::Error::IdTaken { index, id } => Problem::new(Code::IdTaken, said)
            .hint("choose another id, or send the same queue, task and arguments again")
            .at(format!("[{index}].id"), format!("`{id}` is taken")),
        store::Error::Duplicate { index, key, id } => {
            Problem::new(Code::Duplicate, said).hint(DUPLICATE_HINT).at(
                format!("[{index}].dedup.key"),
                format!("{key:?} is the key of {id}"),
            )
        }
        store::Error::CatalogueMoved => {
            Problem::new(Code::Busy, said).hint("try again in a moment")
        }
        store::Error::UnknownQueue(name) => Problem::new(Code::QueueUnknown, said)
            .hint(format!("declare it by PUT /v1/queues/{name}")),
        store::Error::Unreachable(reason) => {
            tracing::error!(reason, "the database cannot be reached");
            Problem::new(Code::StoreUnreachable, "the database cannot be reached")
                .hint("try again; whether the request was carried out is not known")
        }
        store::Error::LeaseLost(_)
        | store::Error::NotHeld(_)
        | store::Error::TooNew { .. }
        | store::Error::InUse { .. }
        | store::Error::Database(_) => internal(&said),
    }
}

/// What failed goes to the log; callers can do nothing with it.
fn internal(said: &str) -> Problem {
    tracing::error!(reason = said, "a request failed");
    Problem::new(Code::Internal, "the host failed at this request").hint("look into the host's log")
}
