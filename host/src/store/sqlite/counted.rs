//! Queues whose starts count against rate limits.
//!
//! As a rule a claim alone need not survive the loss of power, which ends what was claimed as well. But a
//! start that was counted must count after it, too.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

use sqlx::SqlitePool;

use super::writer::Survives;
use super::{Error, failed};
use crate::model::QueueId;
use crate::store::{Exchange, Queue};

/// Their numbers.
pub(super) struct Counted(RwLock<HashSet<QueueId>>);

impl Counted {
    pub(super) async fn read(readers: &SqlitePool) -> Result<Self, Error> {
        let found: Vec<i64> = sqlx::query_scalar(
            "select id from queues
             where settings ->> '$.rate_limit' is not null
                or settings ->> '$.partitions.rate_limit' is not null",
        )
        .fetch_all(readers)
        .await
        .map_err(failed)?;
        let queues = found.into_iter().map(QueueId).collect();
        Ok(Self(RwLock::new(queues)))
    }

    /// Takes in a queue's settings.
    pub(super) fn note(&self, queue: &Queue) {
        let settings = &queue.settings;
        let lanes = settings.partitions.and_then(|lanes| lanes.rate_limit);
        let mut queues = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if settings.rate_limit.is_some() || lanes.is_some() {
            queues.insert(queue.id);
        } else {
            queues.remove(&queue.id);
        }
    }

    /// What an exchange must survive.
    pub(super) fn survival(&self, exchange: &Exchange) -> Survives {
        let queues = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let counts = || (exchange.claims.iter()).any(|claim| queues.contains(&claim.queue));
        match exchange.is_claims_only() && !counts() {
            true => Survives::Process,
            false => Survives::Power,
        }
    }
}
