//! What goes over the wire: the type of every request and answer under `/v1`.
//!
//! The host's API uses these very types, so that client and host cannot drift apart; with the
//! feature `openapi` they describe themselves to its OpenAPI document. They hold what JSON can
//! say and check nothing: names and limits are the host's to refuse.
//!
//! WIT values pass as raw JSON, untouched: a 64-bit integer or a float keeps every digit. Moments
//! are RFC 3339 texts in UTC with microseconds.
//!
//! - `component`: components, their tasks, their grants
//! - `queue`: settings and counts
//! - `schedule`: schedules and their firings
//! - `controls`: rates, partitions, retries, keys, retention
//! - `invocation`: calls, their states and outcomes, waiting
//! - `select`: filters and lists, what is done to all that match
//! - `why`: what holds an invocation back
//! - `event`: logs, progress, and the events of one invocation
//! - `workflow`: messages, published values, steps, forks and replays
//! - `host`: hosts, and what answers
//! - `problem`: refusals (RFC 9457)

mod component;
mod controls;
mod event;
mod host;
mod invocation;
mod problem;
mod queue;
mod schedule;
mod select;
mod why;
mod workflow;

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

pub use component::{Binding, Component, Grants, Kind, Param, Skipped, Task, TaskDefaults, Upload};
pub use controls::{Debounce, Dedup, Keep, OnConflict, Partitions, RateLimit, Retention, Retries};
pub use event::{Event, Log, LogChunk, Progress};
pub use host::{Host, Info};
pub use invocation::{
    Attempt, EnqueueRequest, Failure, FailureKind, GetQuery, Invocation, Outcome, State, WaitFor,
    WaitRequest, Waited,
};
pub use problem::{Mistake, Problem};
pub use queue::{Counts, Queue, QueueChange, QueueSettings};
pub use schedule::{Missed, Overlap, Schedule, SchedulePlan};
pub use select::{Bulk, BulkRequest, Filter, ListQuery, Refused};
pub use why::{Holder, Reason, Why};
pub use workflow::{
    CancelRequest, Difference, Differs, ForkRequest, Published, PublishedQuery, Replayed, Step,
    UpgradeRequest, Upgraded,
};

/// One page of a list.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// What is on the page.
    pub items: Vec<T>,
    /// Give it as `page` to get what follows; null on the last page.
    pub next: Option<String>,
}

/// Which page of a list.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// At most so many items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

/// A body that is one thing or an array of them. The answer has the same shape.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum OneOrMany<T> {
    /// An object.
    One(T),
    /// An array of objects.
    Many(Vec<T>),
}

// By hand, since serde's `untagged` reads into a buffer first, which raw JSON does not survive
// and which loses the line and column of a mistake.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or an array of objects")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(OneOrMany::One)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut many = Vec::new();
                while let Some(item) = items.next_element()? {
                    many.push(item);
                }
                Ok(OneOrMany::Many(many))
            }
        }

        from.deserialize_any(Either(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_and_an_array_of_calls_keep_their_raw_arguments() {
        let one = r#"{"queue":"q","task":"a/b","args":[18446744073709551615, 1.10]}"#;

        let parsed: OneOrMany<EnqueueRequest> = serde_json::from_str(one).unwrap();
        let many: OneOrMany<EnqueueRequest> = serde_json::from_str(&format!("[{one}]")).unwrap();

        let OneOrMany::One(call) = parsed else {
            panic!("an object became an array")
        };
        assert_eq!(call.args.get(), "[18446744073709551615, 1.10]");
        let OneOrMany::Many(calls) = many else {
            panic!("an array became an object")
        };
        assert_eq!(calls[0].args.get(), call.args.get());
    }

    #[test]
    fn a_number_is_neither_a_call_nor_an_array_of_calls() {
        let error = serde_json::from_str::<OneOrMany<EnqueueRequest>>("7").unwrap_err();

        assert!(
            error
                .to_string()
                .contains("expected an object or an array of objects")
        );
    }
}
