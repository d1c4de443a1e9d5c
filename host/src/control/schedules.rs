//! Schedules: made and changed with everything about them checked, shown with their next firings,
//! paused, triggered.
//!
//! What a schedule calls is resolved anew at each firing (`firing`), so a version that is uploaded
//! later is used from then on. That it can be called at all is checked here, when somebody looks.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::call::{Call, CallOptions};
use super::prepare::Batch;
use super::{Ack, Control, Error};
use crate::model::queue::{InvalidSetting, TIMEOUT_MS_MAX};
use crate::model::schedule::{Missed, Overlap, Timetable};
use crate::model::{Moment, Namespace, ScheduleName};
use crate::store::{NewCall, Schedule};

/// How many coming firings are shown.
const SHOWN: usize = 5;

/// The time zone where none is said.
const UTC: &str = "UTC";

/// A schedule, as a caller asks for it.
#[derive(Debug, Clone)]
pub struct Plan {
    /// When it fires.
    pub cron: String,
    /// In which time zone; UTC where it is not said.
    pub timezone: Option<String>,
    /// The queue; that of the task's manifest where it is not said.
    pub queue: Option<String>,
    /// The task.
    pub task: String,
    /// An array by position or an object by name.
    pub arguments: Box<RawValue>,
    /// What else is said about its calls, as JSON of the fields of a call.
    pub options: Option<Box<RawValue>>,
    /// What becomes of times at which no host looked.
    pub missed: Missed,
    /// What becomes of a firing while the invocation before has not ended.
    pub overlap: Overlap,
    /// Whether it does not fire; as before where it is not said.
    pub paused: Option<bool>,
}

/// A schedule as it stands.
#[derive(Debug, Clone)]
pub struct Scheduled {
    /// As it is stored.
    pub schedule: Schedule,
    /// When it fires next, in order; nothing while it is paused.
    pub next: Vec<Moment>,
}

impl Control {
    /// Makes a schedule, or changes it. Says whether it is new. One whose times stay as they are
    /// loses no firing by it.
    ///
    /// # Errors
    ///
    /// If anything about it cannot be; then nothing changes.
    pub async fn put_schedule(
        &self,
        namespace: &Namespace,
        name: &ScheduleName,
        plan: Plan,
    ) -> Result<(Scheduled, bool), Error> {
        let timezone = plan.timezone.as_deref().unwrap_or(UTC);
        let timetable = Timetable::parse(&plan.cron, timezone)?;
        let options = options(plan.options.as_deref())?;
        let call = self.checked(namespace, &plan, options.clone()).await?;
        let _settings = self.inner.settings.lock().await;
        let old = self.find_schedule(namespace, name).await?;
        let paused = plan.paused.or(old.as_ref().map(|old| old.paused));
        let mut schedule = Schedule {
            namespace: namespace.clone(),
            name: name.to_string(),
            cron: plan.cron.trim().to_owned(),
            timezone: timetable.timezone().to_owned(),
            queue: call.queue,
            task: plan.task,
            arguments: Bytes::from(String::from(Box::<str>::from(plan.arguments))),
            options: serde_json::value::to_raw_value(&options).expect("options are JSON"),
            missed: plan.missed,
            overlap: plan.overlap,
            paused: paused.unwrap_or(false),
            next_at: None,
            revision: 0,
            last: None,
            last_error: None,
            created_at: Moment(0),
        };
        let stays = old.as_ref().filter(|old| {
            (&old.cron, &old.timezone, old.paused)
                == (&schedule.cron, &schedule.timezone, schedule.paused)
        });
        schedule.next_at = match stays {
            Some(old) => old.next_at,
            None => timetable.next(self.now().await?),
        };
        let schedule = self.inner.store.put_schedule(&schedule).await?;
        Ok((shown(schedule), old.is_none()))
    }

    /// All schedules, by name.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn schedules(&self, namespace: &Namespace) -> Result<Vec<Scheduled>, Error> {
        let schedules = self.inner.store.schedules(namespace, None).await?;
        Ok(schedules.into_iter().map(shown).collect())
    }

    /// A schedule.
    ///
    /// # Errors
    ///
    /// If there is none of that name.
    pub async fn schedule(
        &self,
        namespace: &Namespace,
        name: &ScheduleName,
    ) -> Result<Scheduled, Error> {
        let found = self.find_schedule(namespace, name).await?;
        let found = found.ok_or_else(|| Error::UnknownSchedule(name.clone()))?;
        Ok(shown(found))
    }

    /// Deletes a schedule. What it enqueued stays.
    ///
    /// # Errors
    ///
    /// If there is none of that name.
    pub async fn delete_schedule(
        &self,
        namespace: &Namespace,
        name: &ScheduleName,
    ) -> Result<(), Error> {
        match self
            .inner
            .store
            .delete_schedule(namespace, name.as_str())
            .await?
        {
            true => Ok(()),
            false => Err(Error::UnknownSchedule(name.clone())),
        }
    }

    /// Pauses a schedule or lets it go on. Times that pass while it is paused are not missed: they
    /// are none of its.
    ///
    /// # Errors
    ///
    /// If there is none of that name.
    pub async fn pause_schedule(
        &self,
        namespace: &Namespace,
        name: &ScheduleName,
        paused: bool,
    ) -> Result<Scheduled, Error> {
        let _settings = self.inner.settings.lock().await;
        let Scheduled { mut schedule, next } = self.schedule(namespace, name).await?;
        if schedule.paused == paused {
            return Ok(Scheduled { schedule, next });
        }
        schedule.paused = paused;
        if !paused {
            let timetable = Timetable::parse(&schedule.cron, &schedule.timezone)?;
            schedule.next_at = timetable.next(self.now().await?);
        }
        Ok(shown(self.inner.store.put_schedule(&schedule).await?))
    }

    /// Enqueues a schedule's call now, whether it is due, paused or neither, and leaves the schedule
    /// as it is.
    ///
    /// # Errors
    ///
    /// If there is none of that name, or its call cannot be made any more.
    pub async fn trigger(&self, namespace: &Namespace, name: &ScheduleName) -> Result<Ack, Error> {
        let found = self.schedule(namespace, name).await?;
        let call = call_of(&found.schedule)?;
        let mut acks = self.enqueue(namespace, vec![call], None, false).await?;
        acks.pop()
            .ok_or_else(|| Error::Internal("a call was stored without an answer".to_owned()))
    }

    /// The call that the schedule would make, if it can be made as things are.
    async fn checked(
        &self,
        namespace: &Namespace,
        plan: &Plan,
        options: CallOptions,
    ) -> Result<NewCall, Error> {
        let call = Call {
            queue: plan.queue.clone(),
            task: plan.task.clone(),
            arguments: plan.arguments.clone(),
            id: None,
            options,
        };
        let batch = Arc::new(Batch {
            namespace: namespace.clone(),
            calls: vec![call],
            key: None,
            array: false,
        });
        let (prepared, _) = self.prepare_latest(&batch).await?;
        self.refuse_undeclared(&prepared.calls).await?;
        self.refuse_partitions(&batch, &prepared.calls).await?;
        let call = prepared.calls.into_iter().next();
        call.ok_or_else(|| Error::Internal("a call was checked without an answer".to_owned()))
    }

    async fn find_schedule(
        &self,
        namespace: &Namespace,
        name: &ScheduleName,
    ) -> Result<Option<Schedule>, Error> {
        let found = self.inner.store.schedules(namespace, Some(name.as_str()));
        Ok(found.await?.pop())
    }

    /// By the clock by which schedules fire.
    async fn now(&self) -> Result<Moment, Error> {
        Ok(self.inner.store.due_schedules(0).await?.now)
    }
}

/// The call of a stored schedule.
pub(super) fn call_of(schedule: &Schedule) -> Result<Call, Error> {
    let broken = |what: &str| Error::Internal(format!("the {what} of a schedule do not read"));
    let arguments = String::from_utf8(schedule.arguments.to_vec());
    let arguments = arguments.map_err(|_| broken("arguments"))?;
    Ok(Call {
        queue: Some(schedule.queue.to_string()),
        task: schedule.task.clone(),
        arguments: RawValue::from_string(arguments).map_err(|_| broken("arguments"))?,
        id: None,
        options: serde_json::from_str(schedule.options.get()).map_err(|_| broken("options"))?,
    })
}

/// Reads the options of a schedule's calls: those of any call, but for what a schedule says itself.
fn options(json: Option<&RawValue>) -> Result<CallOptions, Error> {
    let Some(json) = json else {
        return Ok(CallOptions::default());
    };
    let mut reader = serde_json::Deserializer::from_str(json.get());
    let options: CallOptions = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let place = match error.path().to_string() {
            path if path == "." => "options".to_owned(),
            path => format!("options.{path}"),
        };
        let said = error.inner().to_string();
        let said = said.split(" at line ").next().unwrap_or_default();
        Error::value(place, said)
    })?;
    check_options(&options).map_err(|InvalidSetting { field, message }| {
        Error::value(format!("options.{field}"), message)
    })?;
    Ok(options)
}

/// Whether the calls of a schedule can have these options.
///
/// # Errors
///
/// If one of them cannot be, or says what the schedule says itself.
pub fn check_options(options: &CallOptions) -> Result<(), InvalidSetting> {
    let refuse = |field, why: &str| {
        let message = why.to_owned();
        Err(InvalidSetting { field, message })
    };
    if options.start_at.is_some() {
        return refuse("start_at", "the cron line says when: leave it out");
    }
    if options.debounce.is_some() {
        return refuse(
            "debounce",
            "each firing has an id of its own: leave it out, `overlap` says what becomes of firings that meet",
        );
    }
    if let Some(ms) = options.timeout_ms
        && !(1..=TIMEOUT_MS_MAX).contains(&ms)
    {
        return refuse(
            "timeout_ms",
            &format!("expected 1 to {TIMEOUT_MS_MAX}, got {ms}"),
        );
    }
    // Each firing has an id that was chosen for it, which not every option goes with.
    let controls = options.controls(&Default::default(), true, Moment::now());
    controls.map(drop)
}

fn shown(schedule: Schedule) -> Scheduled {
    let mut next = Vec::new();
    // What cannot be read any more fires no more; its own error says so.
    if !schedule.paused
        && let Ok(timetable) = Timetable::parse(&schedule.cron, &schedule.timezone)
    {
        let times = std::iter::successors(schedule.next_at, |time| timetable.next(*time));
        next.extend(times.take(SHOWN));
    }
    Scheduled { schedule, next }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<CallOptions, Error> {
        options(Some(&RawValue::from_string(json.to_owned()).unwrap()))
    }

    #[test]
    fn options_that_a_firing_cannot_have_are_refused_with_their_place() {
        for (json, place) in [
            (r#"{"prioritty": 1}"#, "options.prioritty: "),
            (r#"{"retries": {"max": "x"}}"#, "options.retries.max: "),
            (
                r#"{"start_at": "2030-01-01T00:00:00Z"}"#,
                "options.start_at: ",
            ),
            (
                r#"{"debounce": {"key": "k", "period_ms": 5}}"#,
                "options.debounce: ",
            ),
            (
                r#"{"dedup": {"key": "k", "on_conflict": "replace"}}"#,
                "options.dedup: ",
            ),
            (r#"{"partition": ""}"#, "options.partition: "),
            ("7", "options: "),
        ] {
            let error = read(json).unwrap_err().to_string();
            assert!(error.starts_with(place), "{json}: {error}");
        }
    }

    #[test]
    fn options_are_those_of_a_call() {
        let options = read(r#"{"priority": -1, "tags": {"a": "b"}, "deadline_ms": 5000}"#).unwrap();

        assert_eq!(options.priority, Some(-1));
        assert_eq!(options.deadline_ms, Some(5_000));
    }
}
