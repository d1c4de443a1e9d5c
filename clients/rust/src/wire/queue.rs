//! Queues: what `PUT` and `GET /v1/queues` take and give.

use serde::{Deserialize, Deserializer, Serialize};

use super::{Partitions, RateLimit, Retention, Retries};

/// A queue's settings, all changeable while it runs. Null means no such limit.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct QueueSettings {
    /// At most so many invocations at once over all hosts.
    pub concurrency: Option<u32>,
    /// At most so many invocations at once on one host.
    pub worker_concurrency: Option<u32>,
    /// At most so many starts in a period, over all hosts.
    pub rate_limit: Option<RateLimit>,
    /// Limits of each partition; the limits above then hold for all partitions together.
    pub partitions: Option<Partitions>,
    /// Whether retries keep their place and hold what follows, and starts happen in order. Null
    /// follows `concurrency`: true where that, or that of a partition, is 1.
    pub ordered: Option<bool>,
    /// Whether nothing starts.
    pub paused: bool,
    /// How long one attempt may take, in milliseconds, where the call does not say.
    pub timeout_ms: Option<u64>,
    /// How often a failed attempt is made again, where the call does not say.
    pub retries: Option<Retries>,
    /// For how long what has ended is kept.
    pub retention: Option<Retention>,
}

/// A change of a queue: the body of `PUT /v1/queues/{name}`. What is absent stays as it is, null
/// takes a limit away. A setting that has parts is set whole.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct QueueChange {
    /// At most so many invocations at once over all hosts.
    #[serde(
        default,
        deserialize_with = "said",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>))]
    pub concurrency: Option<Option<u32>>,
    /// At most so many invocations at once on one host.
    #[serde(
        default,
        deserialize_with = "said",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>))]
    pub worker_concurrency: Option<Option<u32>>,
    /// At most so many starts in a period, over all hosts.
    #[serde(
        default,
        deserialize_with = "said",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<RateLimit>))]
    pub rate_limit: Option<Option<RateLimit>>,
    /// Limits of each partition; the limits above then hold for all partitions together.
    #[serde(
        default,
        deserialize_with = "said",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Partitions>))]
    pub partitions: Option<Option<Partitions>>,
    /// Whether retries keep their place and hold what follows, and starts happen in order. Null
    /// follows `concurrency`: true where that, or that of a partition, is 1.
    #[serde(
        default,
        deserialize_with = "said",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<bool>))]
    pub ordered: Option<Option<bool>>,
    /// Whether nothing starts.
    #[serde(
        default,
        deserialize_with = "said",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = bool))]
    pub paused: Option<bool>,
    /// How long one attempt may take, in milliseconds, where the call does not say.
    #[serde(
        default,
        deserialize_with = "said",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u64>))]
    pub timeout_ms: Option<Option<u64>>,
    /// How often a failed attempt is made again, where the call does not say.
    #[serde(
        default,
        deserialize_with = "said",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Retries>))]
    pub retries: Option<Option<Retries>>,
    /// For how long what has ended is kept.
    #[serde(
        default,
        deserialize_with = "said",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Retention>))]
    pub retention: Option<Option<Retention>>,
}

/// Reads a field that is there: serde alone takes null for absent.
fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// A queue, its settings as they were put, and its counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// What it allows.
    #[serde(flatten)]
    pub settings: QueueSettings,
    /// How many of its invocations are in each state.
    pub counts: Counts,
    /// When it was made.
    pub created_at: String,
}

/// How many invocations of a queue are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Counts {
    /// Not yet due.
    pub scheduled: u64,
    /// In their place.
    pub queued: u64,
    /// Executing.
    pub running: u64,
    /// Workflows that wait.
    pub waiting: u64,
    /// Ended with a value.
    pub succeeded: u64,
    /// Ended with an error.
    pub failed: u64,
    /// Cancelled.
    pub cancelled: u64,
    /// How long ago the oldest of those in their place was stored, in milliseconds; null if there
    /// is none.
    pub oldest_queued_ms: Option<u64>,
}

impl Counts {
    /// How many have ended.
    pub fn ended(&self) -> u64 {
        self.succeeded + self.failed + self.cancelled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_one_flat_object_and_tolerates_what_a_newer_host_adds() {
        let text = r#"{"name":"q","concurrency":10,"ordered":null,"paused":false,"timeout_ms":null,
            "counts":{"queued":3},"created_at":"2026-01-01T00:00:00Z","color":"blue"}"#;

        let queue: Queue = serde_json::from_str(text).unwrap();

        assert_eq!(queue.settings.concurrency, Some(10));
        assert_eq!(queue.counts.queued, 3);
        let back = serde_json::to_value(&queue).unwrap();
        assert_eq!(back["concurrency"], 10);
    }

    #[test]
    fn what_a_change_does_not_name_is_absent_and_not_null() {
        let change = QueueChange {
            concurrency: Some(None),
            ..QueueChange::default()
        };

        let text = serde_json::to_string(&change).unwrap();

        assert_eq!(text, r#"{"concurrency":null}"#);
    }

    #[test]
    fn a_change_reads_absent_and_null_as_two_things() {
        let change: QueueChange = serde_json::from_str(r#"{"timeout_ms":null}"#).unwrap();

        assert_eq!(change.timeout_ms, Some(None));
        assert_eq!(change.concurrency, None);
    }

    #[test]
    fn a_change_to_neither_paused_nor_not_is_refused() {
        let error = serde_json::from_str::<QueueChange>(r#"{"paused":null}"#).unwrap_err();

        assert!(error.to_string().contains("expected a boolean"));
    }

    #[test]
    fn a_misspelled_setting_is_refused() {
        let error = serde_json::from_str::<QueueSettings>(r#"{"concurency":1}"#).unwrap_err();

        assert!(error.to_string().contains("unknown field `concurency`"));
    }
}
