//! One firing of a schedule: its call is resolved and checked as any other, then stored in the
//! transaction that moves the schedule on. What cannot be called is told by the schedule.

use std::sync::Arc;

use super::prepare::{Batch, Prepared};
use super::schedules::call_of;
use super::{Control, Error, catalogue::Snapshot};
use crate::model::{InvocationId, Moment, ScheduleName};
use crate::store::{self, Fired, Firing, NewCall, Schedule};

/// How often components may be added between resolving the task and storing the call.
const TRIES: usize = 5;

impl Control {
    /// Fires a schedule for the time that is due by `schedule`, as it was read, after which it is due
    /// at `next_at`. Exactly one of all who try succeeds.
    ///
    /// # Errors
    ///
    /// If the store fails, so that it may be tried again. A call that cannot be made is none: the
    /// schedule moves on and says why.
    pub async fn fire(
        &self,
        schedule: &Schedule,
        due_at: Moment,
        next_at: Option<Moment>,
    ) -> Result<Fired, Error> {
        for _ in 0..TRIES {
            let call = match self.call_for(schedule, due_at).await {
                Ok((call, revision)) => Ok((Box::new(call), revision)),
                Err(Error::Store(error)) => return Err(error.into()),
                Err(error) => Err(error.to_string()),
            };
            match self.move_on(schedule, due_at, next_at, call).await {
                Err(store::Error::CatalogueMoved) => self.inner.catalogues.forget(),
                Err(
                    error @ (store::Error::IdTaken { .. }
                    | store::Error::Duplicate { .. }
                    | store::Error::UnknownQueue(_)),
                ) => {
                    let why = Err(error.to_string());
                    return Ok(self.move_on(schedule, due_at, next_at, why).await?);
                }
                fired => return Ok(fired?),
            }
        }
        Err(Error::Busy(
            "components are being uploaded faster than a firing can be checked".to_owned(),
        ))
    }

    /// Moves a schedule on without enqueueing anything, and has it say why.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn leave_out(
        &self,
        schedule: &Schedule,
        due_at: Moment,
        next_at: Option<Moment>,
        why: String,
    ) -> Result<Fired, Error> {
        Ok(self.move_on(schedule, due_at, next_at, Err(why)).await?)
    }

    async fn move_on(
        &self,
        schedule: &Schedule,
        due_at: Moment,
        next_at: Option<Moment>,
        call: Result<(Box<NewCall>, i64), String>,
    ) -> Result<Fired, store::Error> {
        let firing = Firing {
            namespace: schedule.namespace.clone(),
            name: schedule.name.clone(),
            revision: schedule.revision,
            due_at,
            next_at,
            call,
            overlap: schedule.overlap,
        };
        self.inner.store.fire(firing).await
    }

    async fn call_for(&self, schedule: &Schedule, due_at: Moment) -> Result<(NewCall, i64), Error> {
        let batch = Arc::new(Batch {
            namespace: schedule.namespace.clone(),
            calls: vec![call_of(schedule)?],
            key: None,
            array: false,
        });
        let (prepared, snapshot) = self.prepare_latest(&batch).await?;
        self.refuse_undeclared(&prepared.calls).await?;
        self.refuse_partitions(&batch, &prepared.calls).await?;
        let name = ScheduleName::parse(&schedule.name)?;
        let call = prepared.calls.into_iter().next();
        let call = call.ok_or_else(|| Error::Internal("no call was prepared".to_owned()))?;
        let call = NewCall {
            id: InvocationId::of_firing(&name, due_at),
            chosen: true,
            ..call
        };
        Ok((call, snapshot.revision))
    }

    /// Checks calls against the catalogue that is known, and what does not fit that, against the newest
    /// that there is: another host may have stored a component a moment ago.
    pub(super) async fn prepare_latest(
        &self,
        batch: &Arc<Batch>,
    ) -> Result<(Prepared, Arc<Snapshot>), Error> {
        let catalogues = &self.inner.catalogues;
        let mut snapshot = catalogues.current(&batch.namespace).await?;
        match self.prepare(batch, &snapshot).await {
            Err(error) if !matches!(error, Error::Store(_)) => {
                snapshot = catalogues.newer(&batch.namespace, Some(&snapshot)).await?;
                let prepared = self.prepare(batch, &snapshot).await?;
                Ok((prepared, snapshot))
            }
            prepared => Ok((prepared?, snapshot)),
        }
    }
}
