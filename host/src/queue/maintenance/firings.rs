//! The times of one schedule that are due, and what becomes of those that were missed.

use crate::control::{Control, Error};
use crate::model::Moment;
use crate::model::schedule::{Missed, Timetable};
use crate::store::{Fired, Schedule};

/// How late a firing may be before it counts as missed. A host that is busy is not late; one that
/// was down for longer has missed it.
pub const GRACE_MS: u64 = 60_000;

/// How many missed times of one schedule are enqueued in a row before others have their turn.
pub const BACKFILL_MAX: usize = 100;

/// Fires a schedule that is due: each of its times until now, or those that were not missed. Says
/// whether it is still behind.
pub(super) async fn fire(
    control: &Control,
    schedule: &Schedule,
    now: Moment,
) -> Result<bool, Error> {
    let Some(due_at) = schedule.next_at else {
        return Ok(false);
    };
    let timetable = match Timetable::parse(&schedule.cron, &schedule.timezone) {
        Ok(timetable) => timetable,
        // It was checked when it was put: this host knows fewer zones than the one that did.
        Err(error) => {
            let why = error.to_string();
            control.leave_out(schedule, due_at, None, why).await?;
            return Ok(false);
        }
    };
    let mut due_at = due_at;
    if schedule.missed == Missed::Skip
        && let Some((next_at, why)) = missed(&timetable, due_at, now)
    {
        let left_out = control
            .leave_out(schedule, due_at, next_at, why.clone())
            .await?;
        if left_out == Fired::Gone {
            return Ok(false);
        }
        tracing::warn!(schedule = schedule.name, why, "firings were missed");
        match next_at {
            Some(next_at) if next_at <= now => due_at = next_at,
            _ => return Ok(false),
        }
    }
    for _ in 0..BACKFILL_MAX {
        let next_at = timetable.next(due_at);
        if control.fire(schedule, due_at, next_at).await? == Fired::Gone {
            return Ok(false);
        }
        match next_at {
            Some(next_at) if next_at <= now => due_at = next_at,
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// If this time was missed: which one comes after all that were, and what is to be said about it.
fn missed(timetable: &Timetable, due_at: Moment, now: Moment) -> Option<(Option<Moment>, String)> {
    let in_time = Moment(now.0.saturating_sub(GRACE_MS as i64 * 1_000));
    if due_at >= in_time {
        return None;
    }
    // One microsecond before, since a time that is just in time is none that was missed.
    let next_at = timetable.next(in_time.moved(-1));
    let why = format!(
        "missed: no host looked at {due_at}, nor within {} s after it",
        GRACE_MS / 1_000
    );
    Some((next_at, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Moment = Moment(1_774_785_600_000_000);

    fn ms(ms: i64) -> Moment {
        NOON.moved(ms * 1_000)
    }

    #[test]
    fn what_is_late_by_less_than_the_grace_was_not_missed() {
        let timetable = Timetable::parse("* * * * *", "UTC").unwrap();

        assert_eq!(missed(&timetable, NOON, ms(60_000)), None);
        assert!(missed(&timetable, NOON, ms(60_001)).is_some());
    }

    #[test]
    fn after_a_long_silence_a_schedule_goes_on_with_the_first_time_that_is_not_late() {
        let timetable = Timetable::parse("*/20 * * * * *", "UTC").unwrap();

        let (next_at, why) = missed(&timetable, NOON, ms(3_600_000 + 5_000)).unwrap();

        assert_eq!(next_at, Some(ms(3_600_000 - 40_000)));
        assert!(why.contains("2026-03-29T12:00:00"), "{why}");
    }
}
