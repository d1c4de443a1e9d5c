//! One attempt as the engine sees it: what to call, for whom, under which limits and grants, and
//! how it ended.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::capabilities::Grants;
use crate::model::Outcome;
use crate::values;

/// Who runs: what a guest is told about itself.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The invocation.
    pub id: String,
    /// Its namespace.
    pub namespace: String,
    /// Its queue.
    pub queue: String,
    /// The task as the caller wrote it.
    pub task: String,
    /// 1 for the first attempt.
    pub attempt: u32,
}

/// One attempt to make.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who runs.
    pub identity: Identity,
    /// The exported interface that the function is in, if it is in one.
    pub interface: Option<String>,
    /// The function.
    pub function: String,
    /// Its type, as it was found when the component was uploaded.
    pub signature: Arc<values::Function>,
    /// The arguments: a canonical JSON array.
    pub arguments: Bytes,
    /// How long it may take; `timeout_ms` of the options where nothing is said.
    pub timeout: Option<Duration>,
    /// What it may reach beyond its own memory.
    pub grants: Arc<Grants>,
    /// Ends it when somebody asks.
    pub cancel: CancellationToken,
}

/// How an attempt ended.
#[derive(Debug)]
pub enum Ended {
    /// By itself or by a limit: this is to be recorded.
    Outcome(Outcome),
    /// The fence was over: nothing may be recorded.
    Fenced,
    /// Somebody asked for its end.
    Cancelled,
    /// A workflow left memory, to be replayed later: nothing is to be recorded.
    Away,
    /// A workflow begins anew with these arguments (canonical JSON by position).
    Restart(Bytes),
}
