//! What may be said about calls and queues: rates, partitions, retries, keys, retention.

use serde::{Deserialize, Serialize};

/// At most so many starts in any period of this length, over all hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// How many.
    pub limit: u32,
    /// The length of the period, in milliseconds.
    pub period_ms: u64,
}

/// Limits of each partition of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Partitions {
    /// At most so many invocations of one partition at once over all hosts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// At most so many starts of one partition in a period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
}

/// For how long invocations that have ended are kept, by how they ended; what is not said, the host
/// says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Those that ended with a value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub succeeded: Option<Keep>,
    /// Those that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<Keep>,
    /// Those that were cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<Keep>,
}

/// What is kept: whatever is older, or beyond the count, is deleted. Nothing said means for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Keep {
    /// Counted from the end, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
    /// The newest so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

/// How often a failed attempt is made again, and when; what is absent has its default.
///
/// The wait before the n-th retry is `backoff_ms · factor^(n - 1)`, at most `max_backoff_ms`, less a
/// random part of it of at most `jitter`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Retries {
    /// At most so many attempts after the first; 0 by default.
    pub max: u32,
    /// The wait before the first retry, in milliseconds; 1000 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff_ms: Option<u64>,
    /// By how much each wait is longer than the one before; 2 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<f64>,
    /// The longest wait, in milliseconds; an hour by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_backoff_ms: Option<u64>,
    /// How much of a wait is left to chance, from 0 to 1; 0.1 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter: Option<f64>,
    /// Which failures are tried again: kinds, or `guest:CASE` for a guest's error of one case;
    /// `guest`, `trap`, `limit` and `timeout` by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<Vec<String>>,
}

/// Of one key in a queue there is one invocation that has not ended, or within a period.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Dedup {
    /// The key.
    pub key: String,
    /// What becomes of a second call.
    #[serde(default)]
    pub on_conflict: OnConflict,
    /// For how long after its enqueue an invocation keeps the key, even if it has ended, in
    /// milliseconds. It keeps it at least until it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_ms: Option<u64>,
}

/// What becomes of a call whose deduplication key is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum OnConflict {
    /// It is refused, with the code `duplicate`.
    Reject,
    /// It is answered with the invocation that has the key.
    #[default]
    Return,
    /// The one that has the key and has not started takes over this call: it keeps its id and its
    /// place. If it has started or ended, this call is stored as a new one.
    Replace,
}

/// Calls of one key wait until none has come for a while; the last one wins.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Debounce {
    /// The key.
    pub key: String,
    /// How long to wait after the last call, in milliseconds.
    pub period_ms: u64,
    /// How long after the first call it starts in any case, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
}
