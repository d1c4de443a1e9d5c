//! What a host does for all of them by the clock: it fires schedules and deletes what is kept no
//! longer.
//!
//! Every host with workers does so; the store sees to it that each firing happens once and that two
//! who sweep do not disturb each other. A host without workers neither fires nor sweeps.
//!
//! - `firings`: which times of a schedule are due, and what becomes of those that were missed

mod firings;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio_util::sync::CancellationToken;

use super::InvalidOption;
use crate::control::Control;
use crate::model::Moment;
use crate::model::queue::{Keep, RETENTION_MAX, Retention};
use crate::store::{SWEEP_MAX, Signal, Store, Sweep};

/// The longest a host sleeps before it looks for schedules, whatever it knows: a signal may be lost.
const LOOK_MAX: Duration = Duration::from_secs(60);

/// How many schedules are taken up at once.
const DUE_MAX: u32 = 100;

/// The pause after the store failed.
const FAILED_PAUSE: Duration = Duration::from_secs(1);

/// The pause between two batches of a sweep, so that the disk is not the sweep's alone.
const BATCH_PAUSE: Duration = Duration::from_millis(50);

/// For how long what has ended is kept, and how often that is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// For how long what succeeded is kept, in milliseconds; 0 means for ever.
    pub keep_succeeded_ms: u64,
    /// For how long what failed is kept, in milliseconds; 0 means for ever.
    pub keep_failed_ms: u64,
    /// For how long what was cancelled is kept, in milliseconds; 0 means for ever.
    pub keep_cancelled_ms: u64,
    /// How often what is kept no longer is deleted, in milliseconds.
    pub sweep_ms: u64,
}

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

impl Default for Options {
    fn default() -> Self {
        Self {
            keep_succeeded_ms: 7 * DAY_MS,
            keep_failed_ms: 30 * DAY_MS,
            keep_cancelled_ms: 7 * DAY_MS,
            sweep_ms: 60_000,
        }
    }
}

impl Options {
    /// These options, if they can be.
    pub fn checked(self) -> Result<Self, InvalidOption> {
        let fail = |field, message: String| Err(InvalidOption { field, message });
        for (field, ms) in [
            ("keep_succeeded_ms", self.keep_succeeded_ms),
            ("keep_failed_ms", self.keep_failed_ms),
            ("keep_cancelled_ms", self.keep_cancelled_ms),
        ] {
            if ms > RETENTION_MAX {
                return fail(field, format!("expected at most {RETENTION_MAX}, got {ms}"));
            }
        }
        match self.sweep_ms {
            1..=DAY_MS => Ok(self),
            ms => fail("sweep_ms", format!("expected 1 to {DAY_MS}, got {ms}")),
        }
    }

    fn retention(&self) -> Retention {
        let keep = |ms| {
            (ms > 0).then_some(Keep {
                age_ms: Some(ms),
                count: None,
            })
        };
        Retention {
            succeeded: keep(self.keep_succeeded_ms),
            failed: keep(self.keep_failed_ms),
            cancelled: keep(self.keep_cancelled_ms),
        }
    }
}

/// What a host does for all of them.
pub struct Maintenance {
    /// Where schedules are and what is deleted.
    pub store: Arc<dyn Store>,
    /// Makes the calls of schedules.
    pub control: Control,
    /// What is kept.
    pub options: Options,
}

impl Maintenance {
    /// Fires and sweeps until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let work = async { tokio::join!(self.fire(), self.sweep()) };
        tokio::select! {
            _ = work => {}
            () = shutdown.cancelled() => {}
        }
    }

    /// Fires what is due, for ever.
    async fn fire(&self) {
        let mut signals = self.store.subscribe();
        loop {
            let (pause, until) = match self.fire_due().await {
                Ok(Next { now, at: Some(at) }) if at <= now => (Duration::ZERO, Some(at)),
                Ok(Next { now, at }) => {
                    let due = at.map_or(LOOK_MAX, |at| now.until(at));
                    (due.min(jittered(LOOK_MAX)), at)
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot fire schedules; trying again");
                    (FAILED_PAUSE, None)
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = hear_of_earlier(&mut signals, until) => {}
            }
        }
    }

    /// Fires everything that is due now, each schedule up to a bound, and tells when to look again.
    ///
    /// # Errors
    ///
    /// If the store fails; what was fired until then is.
    pub async fn fire_due(&self) -> Result<Next, crate::control::Error> {
        let found = self.store.due_schedules(DUE_MAX).await?;
        let mut failed = None;
        let mut more = false;
        for schedule in &found.due {
            match firings::fire(&self.control, schedule, found.now).await {
                Ok(is_behind) => more |= is_behind,
                Err(error) => failed = Some(error),
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        // Of what was fired here and is due again, only the store knows when.
        let again = more || !found.due.is_empty();
        let at = if again {
            Some(found.now)
        } else {
            found.next_at
        };
        Ok(Next { now: found.now, at })
    }

    /// Deletes what is kept no longer, for ever.
    async fn sweep(&self) {
        let every = Duration::from_millis(self.options.sweep_ms);
        let sweep = Sweep {
            retention: self.options.retention(),
            limit: SWEEP_MAX,
        };
        loop {
            tokio::time::sleep(jittered(every)).await;
            loop {
                match self.store.sweep(&sweep).await {
                    Ok(swept) if swept.more => tokio::time::sleep(BATCH_PAUSE).await,
                    Ok(_) => break,
                    Err(error) => {
                        tracing::warn!(%error, "cannot delete what is kept no longer; trying again later");
                        break;
                    }
                }
            }
        }
    }
}

/// When there is something to fire again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// The store's clock.
    pub now: Moment,
    /// When; none if there is no schedule.
    pub at: Option<Moment>,
}

/// Waits for word of something that is due before `until`, or for having missed some.
async fn hear_of_earlier(signals: &mut broadcast::Receiver<Signal>, until: Option<Moment>) {
    loop {
        match signals.recv().await {
            Ok(Signal::Due(at)) if until.is_none_or(|until| at < until) => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            // The store closes: whoever runs this is about to stop it.
            Err(RecvError::Closed) => return std::future::pending().await,
        }
    }
}

/// Up to a tenth less, so that hosts that started together do not go on together.
fn jittered(duration: Duration) -> Duration {
    duration.mul_f64(1.0 - chance() / 10.0)
}

/// A random number from 0 to 1. It comes from an id's random part, which is good enough to part hosts.
fn chance() -> f64 {
    let (_, random) = uuid::Uuid::now_v7().as_u64_pair();
    (random & 0xffff) as f64 / f64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_of_nothing_keeps_for_ever() {
        let options = Options {
            keep_failed_ms: 0,
            ..Options::default()
        };

        let retention = options.retention();

        assert_eq!(retention.failed, None);
        assert_eq!(retention.succeeded.unwrap().age_ms, Some(7 * DAY_MS));
    }

    #[test]
    fn an_interval_of_nothing_is_refused() {
        let options = Options {
            sweep_ms: 0,
            ..Options::default()
        };

        assert_eq!(options.checked().unwrap_err().field, "sweep_ms");
    }

    #[tokio::test]
    async fn only_what_is_due_earlier_wakes_who_sleeps() {
        let (tell, mut signals) = broadcast::channel(8);
        for at in [30, 20, 10] {
            tell.send(Signal::Due(Moment(at))).unwrap();
        }

        hear_of_earlier(&mut signals, Some(Moment(20))).await;

        assert!(signals.is_empty());
    }
}
