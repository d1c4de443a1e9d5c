//! What a guest may reach beyond its own memory: one file for each capability.
//!
//! Without a grant that is its log, its identity, clocks and random numbers. Files, sockets and
//! name lookup are never given; the interfaces are there, since guests import them without using
//! them, and every call of them is refused.

pub(super) mod environment;
pub(super) mod http;
pub(super) mod output;
pub(super) mod random;
pub(super) mod task;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use http::allow::{Allowed, InvalidAllowed};

/// What a component was granted; nothing where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Grants {
    /// Where it may send HTTP requests: `host`, `host:port` or `*.example.org`.
    pub http: Vec<Allowed>,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// The queues on which its workflows may enqueue, beside their own and those of their imports;
    /// `*` for all.
    pub queues: Vec<String>,
    /// The tasks of other components that its workflows may call by name: `images/resize`,
    /// `images/*`, `*`.
    pub tasks: Vec<String>,
}
