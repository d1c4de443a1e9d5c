//! What the clock asks for, and what may be claimed: the floor below all wake-ups.

use std::collections::BTreeSet;

use super::connection::error;
use super::read::get;
use super::*;
use crate::model::{Failure, FailureKind, Moment, Outcome};

impl Postgres {
    pub(super) async fn read_claimable(&self) -> Result<Claimable, Error> {
        let late = Failure::new(FailureKind::Timeout, "its deadline passed");
        let rows = sqlx::query("select * from windlass.claimable($1)")
            .bind(Outcome::Error(late).to_stored().into_bytes())
            .fetch_all(&self.pool)
            .await
            .map_err(error)?;
        let mut claimable = Claimable::default();
        let mut ended = Vec::new();
        let mut stirred = BTreeSet::new();
        for row in &rows {
            if let Some(queue) = get::<Option<i64>>(row, "queue_id")?.map(QueueId) {
                claimable.queues.push(queue);
                if get(row, "stirred")? {
                    stirred.insert(queue);
                }
            } else if let Some(key) = get(row, "ended")? {
                ended.push(Key(key));
            } else if let Some(at) = get(row, "at")? {
                claimable.next_at = Some(Moment(at));
            }
        }
        let outbox = self.notify.outbox();
        if !ended.is_empty() {
            outbox.tell(Signal::Ended(ended.into()));
        }
        for queue in stirred {
            outbox.tell(Signal::Work(queue));
        }
        Ok(claimable)
    }
}
