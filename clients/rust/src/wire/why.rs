//! What holds an invocation back: `GET /v1/invocations/{id}/why`.

use serde::{Deserialize, Serialize};

use super::{RateLimit, State};

/// What holds an invocation back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Why {
    /// Where it is in its life.
    pub state: State,
    /// Everything that holds it back; none if it runs, has ended, or is the next to start.
    pub reasons: Vec<Reason>,
}

/// One thing that holds an invocation back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Reason {
    /// `paused`, `scheduled`, `backing-off`, `behind-retry`, `ahead`, `slots-taken`,
    /// `rate-limited`, `partition-busy`, `partition-rate-limited`, `reserved`, `waiting`,
    /// `no-host` or `component-not-ready`.
    pub code: String,
    /// For people.
    pub message: String,
    /// `scheduled`, `backing-off`, `behind-retry`: until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// `rate-limited`, `partition-rate-limited`: when the next one may start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens_at: Option<String>,
    /// `rate-limited`, `partition-rate-limited`: the limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// `slots-taken`, `partition-busy`: how many are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken: Option<u64>,
    /// `slots-taken`, `partition-busy`: of how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `slots-taken`, `partition-busy`: some of those who have them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holders: Vec<Holder>,
    /// `ahead`: how many are before it; at most 100,000 are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ahead: Option<u64>,
    /// `behind-retry`: the invocation whose retry backs off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `reserved`: the number of the host that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<i64>,
    /// `component-not-ready`: the numbers of the hosts that cannot run it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<i64>,
}

/// Who has a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Holder {
    /// The invocation.
    pub id: String,
    /// Its state: running, waiting, or queued where it is reserved.
    pub state: State,
    /// The number of its host.
    pub host: Option<i64>,
}
