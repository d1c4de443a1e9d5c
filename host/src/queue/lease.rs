//! This host's lease, and those of others as it sees them.
//!
//! Death is observed, not computed: a host is dead when its beat counter has stood still for its
//! lease's length while we looked, on our own clock. And a host fences itself: it ends its sandboxes
//! before anybody can have seen its counter stand still for so long.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Options;
use super::runner::Clock;
use super::tasks::Tasks;
use crate::engine::Fence;
use crate::model::clock::since_boot;
use crate::model::{HostNumber, Moment};
use crate::store::{Error, Store};

/// Why a lease ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The host was declared dead, or had to fence itself.
    Lost,
    /// It was asked to stop.
    Stopped,
}

/// Keeps one incarnation's lease, and takes over from hosts that lost theirs.
pub struct Lease {
    /// Where the lease is kept.
    pub store: Arc<dyn Store>,
    /// The incarnation.
    pub host: HostNumber,
    /// What the lease allows.
    pub fence: Arc<Fence>,
    /// Beat, lease and margin.
    pub options: Options,
    /// Set by what beats tell.
    pub clock: Clock,
    /// What this host cannot run is told with each beat.
    pub tasks: Tasks,
}

impl Lease {
    /// Beats until the lease is lost or `stop` says so. The first beat is sent at once; nothing
    /// executes before it is answered.
    pub async fn run(self, stop: CancellationToken) -> End {
        let mut others = Observed::default();
        let every = self.options.beat();
        loop {
            let sent = since_boot();
            let ours = Moment::now();
            let troubles = self.tasks.troubles();
            let beat = tokio::select! {
                beat = self.store.renew(self.host, &troubles) => beat,
                () = self.fence.broken() => return End::Lost,
                () = stop.cancelled() => return End::Stopped,
            };
            let pause = match beat {
                Ok(beat) => {
                    if !self
                        .fence
                        .renew(sent + self.options.lease() - self.options.margin())
                    {
                        return End::Lost;
                    }
                    if let Some(theirs) = beat.now {
                        self.clock.set(theirs, ours);
                    }
                    let dead = others.look(&beat.others, since_boot(), every);
                    self.rescue(dead).await;
                    every
                }
                Err(Error::LeaseLost(_)) => {
                    tracing::warn!(host = %self.host, "declared dead by another host");
                    self.fence.cut();
                    return End::Lost;
                }
                Err(error) => {
                    tracing::warn!(%error, "a beat failed");
                    every / 4
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return End::Stopped,
                () = self.fence.broken() => return End::Lost,
            }
        }
    }

    async fn rescue(&self, dead: Vec<(HostNumber, i64)>) {
        for (host, seen) in dead {
            match self.store.rescue(host, seen, self.options.deaths_max).await {
                Ok(Some(rescued)) => tracing::warn!(
                    %host,
                    returned = rescued.returned,
                    failed = rescued.failed.len(),
                    "declared a host dead and took over its invocations"
                ),
                Ok(None) => {}
                Err(error) => tracing::warn!(%host, %error, "could not take over from a dead host"),
            }
        }
    }
}

/// What we have seen of other hosts' beats.
#[derive(Debug, Default)]
struct Observed {
    hosts: HashMap<HostNumber, Seen>,
    looked: Option<Duration>,
}

#[derive(Debug)]
struct Seen {
    beat: i64,
    /// How long it has stood still while we looked.
    still: Duration,
}

impl Observed {
    /// Takes in the counters as read at `now`; answers who is dead, and at which counter.
    ///
    /// Of a pause between two looks no more than two beats count: a host that was itself stopped
    /// must not take its own absence for everybody else's.
    fn look(
        &mut self,
        beats: &[(HostNumber, i64, u64)],
        now: Duration,
        every: Duration,
    ) -> Vec<(HostNumber, i64)> {
        let pause = match self.looked.replace(now) {
            Some(before) => now.saturating_sub(before).min(2 * every),
            None => Duration::ZERO,
        };
        self.hosts
            .retain(|host, _| beats.iter().any(|(other, ..)| other == host));
        let mut dead = Vec::new();
        for (host, beat, lease_ms) in beats {
            let seen = self.hosts.entry(*host).or_insert(Seen {
                beat: *beat,
                still: Duration::ZERO,
            });
            if seen.beat == *beat {
                seen.still += pause;
            } else {
                *seen = Seen {
                    beat: *beat,
                    still: Duration::ZERO,
                };
            }
            if seen.still >= Duration::from_millis(*lease_ms) {
                dead.push((*host, *beat));
            }
        }
        dead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_secs(2);
    const HOST: HostNumber = HostNumber(7);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(1_000 + seconds)
    }

    #[test]
    fn a_host_whose_counter_stands_still_for_its_lease_is_dead() {
        let mut observed = Observed::default();

        let looks: Vec<usize> = (0..=5)
            .map(|look| {
                observed
                    .look(&[(HOST, 3, 10_000)], at(2 * look), EVERY)
                    .len()
            })
            .collect();

        assert_eq!(looks, [0, 0, 0, 0, 0, 1]);
    }

    #[test]
    fn a_host_that_beats_lives() {
        let mut observed = Observed::default();

        for look in 0..20 {
            let dead = observed.look(&[(HOST, look as i64 / 4, 10_000)], at(2 * look), EVERY);

            assert_eq!(dead, []);
        }
    }

    #[test]
    fn our_own_absence_is_not_their_death() {
        let mut observed = Observed::default();
        observed.look(&[(HOST, 3, 10_000)], at(0), EVERY);

        let dead = observed.look(&[(HOST, 3, 10_000)], at(600), EVERY);

        assert_eq!(dead, []);
    }
}
