//! Why an invocation is not running: from what the store sees at one moment, and from the hosts.

mod words;

use crate::model::queue::RateLimit;
use crate::model::{FunctionId, HostNumber, InvocationId, Moment, Namespace, State};
use crate::store::{Holder, Host, Standing};

use super::{Control, Error};

/// One thing that holds an invocation back.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// Its queue starts nothing.
    Paused,
    /// Its time has not come.
    Scheduled {
        /// When it comes.
        until: Moment,
    },
    /// It failed and is tried again.
    BackingOff {
        /// When.
        until: Moment,
    },
    /// On an ordered queue, one before it failed and is tried again.
    BehindRetry {
        /// Which.
        id: InvocationId,
        /// When.
        until: Moment,
    },
    /// Others are before it.
    Ahead {
        /// How many, as far as they are counted.
        count: u64,
    },
    /// Its queue executes as many as it may.
    SlotsTaken {
        /// How many.
        taken: u64,
        /// Of how many.
        limit: u32,
        /// Some of them.
        holders: Vec<Holder>,
    },
    /// As many of its queue were started as may in a period.
    RateLimited {
        /// When the next one may.
        opens_at: Moment,
        /// The limit.
        rate: Option<RateLimit>,
    },
    /// Its partition executes as many as it may.
    PartitionBusy {
        /// How many.
        taken: u64,
        /// Of how many.
        limit: u32,
        /// Some of them.
        holders: Vec<Holder>,
    },
    /// As many of its partition were started as may in a period.
    PartitionRateLimited {
        /// When the next one may.
        opens_at: Moment,
        /// The limit.
        rate: Option<RateLimit>,
    },
    /// A host has it and starts it next.
    Reserved {
        /// Which.
        host: HostNumber,
    },
    /// It is a workflow that waits for something.
    Waiting,
    /// No live host serves its queue.
    NoHost,
    /// No host that serves its queue can run its component now.
    ComponentNotReady {
        /// Those hosts.
        hosts: Vec<HostNumber>,
        /// Why, as the first of them says.
        why: String,
    },
}

/// Where an invocation is, and everything that holds it back.
#[derive(Debug, Clone, PartialEq)]
pub struct Why {
    /// Where it is in its life.
    pub state: State,
    /// What holds it back; nothing if it runs, has ended or is the next to start.
    pub reasons: Vec<Reason>,
}

impl Control {
    /// What holds an invocation back.
    ///
    /// # Errors
    ///
    /// If there is none of that id.
    pub async fn why(&self, namespace: &Namespace, id: &InvocationId) -> Result<Why, Error> {
        let invocation = self.invocation(namespace, id).await?;
        let standing = match invocation.state.is_final() {
            true => None,
            false => self.inner.store.standing(namespace, id).await?,
        };
        let Some(standing) = standing else {
            // It may have ended since it was looked at.
            let now = self.invocation(namespace, id).await?;
            return Ok(Why {
                state: now.state,
                reasons: Vec::new(),
            });
        };
        let hosts = self.inner.store.hosts().await?;
        let queue = invocation.queue.as_str();
        Ok(Why {
            state: standing.state.unwrap_or(invocation.state),
            reasons: reasons(&standing, invocation.function, queue, &hosts),
        })
    }
}

/// Everything that holds an invocation of this task back on this queue, what lasts longest first.
pub fn reasons(
    standing: &Standing,
    function: FunctionId,
    queue: &str,
    hosts: &[Host],
) -> Vec<Reason> {
    let mut reasons = Vec::new();
    match standing.state {
        Some(State::Scheduled | State::Queued) => {}
        Some(State::Waiting) => {
            reasons.push(Reason::Waiting);
            reasons.extend(hosts_reason(function, queue, hosts));
            return reasons;
        }
        _ => return reasons,
    }
    let settings = &standing.settings;
    reasons.extend(hosts_reason(function, queue, hosts));
    if settings.paused {
        reasons.push(Reason::Paused);
    }
    if let Some(until) = standing.due_at {
        reasons.push(match standing.state {
            Some(State::Scheduled) => Reason::Scheduled { until },
            _ => Reason::BackingOff { until },
        });
    }
    if let Some((id, until)) = standing.behind_retry.clone() {
        reasons.push(Reason::BehindRetry { id, until });
    }
    if let Some(opens_at) = standing.rate_opens_at {
        let rate = settings.rate_limit;
        reasons.push(Reason::RateLimited { opens_at, rate });
    }
    if let Some(opens_at) = standing.partition_rate_opens_at {
        let rate = settings.partitions.and_then(|limits| limits.rate_limit);
        reasons.push(Reason::PartitionRateLimited { opens_at, rate });
    }
    if let Some(limit) = full(settings.concurrency, standing.taken) {
        reasons.push(Reason::SlotsTaken {
            taken: standing.taken,
            limit,
            holders: standing.holders.clone(),
        });
    }
    let partition = settings.partitions.and_then(|limits| limits.concurrency);
    if let Some(limit) = full(partition, standing.partition_taken) {
        reasons.push(Reason::PartitionBusy {
            taken: standing.partition_taken,
            limit,
            holders: standing.partition_holders.clone(),
        });
    }
    if standing.ahead > 0 {
        let count = standing.ahead;
        reasons.push(Reason::Ahead { count });
    }
    if let Some(host) = standing.reserved_by {
        reasons.push(Reason::Reserved { host });
    }
    reasons
}

/// The limit, if it is reached.
fn full(limit: Option<u32>, taken: u64) -> Option<u32> {
    limit.filter(|limit| taken >= u64::from(*limit))
}

/// Whether there is no host that could run it.
fn hosts_reason(function: FunctionId, queue: &str, hosts: &[Host]) -> Option<Reason> {
    let serves = |host: &&Host| match &host.about.queues {
        None => true,
        Some(queues) => queues.iter().any(|served| served == queue),
    };
    let mut serving = hosts.iter().filter(serves).peekable();
    if serving.peek().is_none() {
        return Some(Reason::NoHost);
    }
    let mut troubled = Vec::new();
    let mut first = None;
    for host in serving {
        let mut troubles = host.troubles.iter();
        // One that can run it is enough.
        let trouble = troubles.find(|trouble| trouble.function == function)?;
        first.get_or_insert_with(|| trouble.reason.clone());
        troubled.push(host.number);
    }
    Some(Reason::ComponentNotReady {
        hosts: troubled,
        why: first.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::queue::{Partitions, Settings};
    use crate::store::{NewHost, Trouble};

    const QUEUE: &str = "q";
    const TASK: FunctionId = FunctionId(7);

    fn host(number: i64, queues: Option<&[&str]>, trouble: Option<i64>) -> Host {
        let trouble = trouble.map(|function| Trouble {
            function: FunctionId(function),
            reason: "it does not compile".to_owned(),
        });
        Host {
            number: HostNumber(number),
            about: NewHost {
                name: "a".to_owned(),
                address: String::new(),
                version: String::new(),
                queues: queues.map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
                lease_ms: 10_000,
            },
            beat: 1,
            started_at: Moment(0),
            holds: 0,
            troubles: trouble.into_iter().collect(),
        }
    }

    fn queued(settings: Settings) -> Standing {
        Standing {
            state: Some(State::Queued),
            settings,
            ..Standing::default()
        }
    }

    fn codes(standing: &Standing, hosts: &[Host]) -> Vec<&'static str> {
        let reasons = reasons(standing, TASK, QUEUE, hosts);
        reasons.iter().map(Reason::code).collect()
    }

    #[test]
    fn nothing_holds_back_what_is_the_next_to_start() {
        assert!(codes(&queued(Settings::default()), &[host(1, None, None)]).is_empty());
    }

    #[test]
    fn hosts_that_serve_other_queues_do_not_count() {
        let standing = queued(Settings::default());

        let nobody = codes(&standing, &[host(1, Some(&["other"]), None)]);
        let somebody = codes(&standing, &[host(1, Some(&["other", QUEUE]), None)]);

        assert_eq!(nobody, ["no-host"]);
        assert!(somebody.is_empty());
    }

    #[test]
    fn a_component_is_not_ready_only_if_every_serving_host_has_trouble_with_it() {
        let standing = queued(Settings::default());
        let (bad, other) = (host(1, None, Some(7)), host(2, None, Some(8)));

        assert_eq!(
            codes(&standing, std::slice::from_ref(&bad)),
            ["component-not-ready"]
        );
        assert!(codes(&standing, &[bad, other]).is_empty());
    }

    #[test]
    fn everything_that_holds_it_back_is_told_at_once() {
        let rate = RateLimit {
            limit: 5,
            period_ms: 1_000,
        };
        let settings = Settings {
            concurrency: Some(2),
            rate_limit: Some(rate),
            partitions: Some(Partitions {
                concurrency: Some(1),
                rate_limit: Some(rate),
            }),
            paused: true,
            ..Settings::default()
        };
        let standing = Standing {
            taken: 2,
            partition_taken: 1,
            ahead: 3,
            rate_opens_at: Some(Moment(1)),
            partition_rate_opens_at: Some(Moment(2)),
            due_at: Some(Moment(3)),
            behind_retry: Some((InvocationId::generate(), Moment(4))),
            reserved_by: Some(HostNumber(9)),
            ..queued(settings)
        };

        assert_eq!(
            codes(&standing, &[]),
            [
                "no-host",
                "paused",
                "backing-off",
                "behind-retry",
                "rate-limited",
                "partition-rate-limited",
                "slots-taken",
                "partition-busy",
                "ahead",
                "reserved",
            ]
        );
    }

    #[test]
    fn slots_that_are_free_hold_nothing_back() {
        let settings = Settings {
            concurrency: Some(2),
            ..Settings::default()
        };
        let standing = Standing {
            taken: 1,
            ..queued(settings)
        };

        assert!(codes(&standing, &[host(1, None, None)]).is_empty());
    }

    #[test]
    fn what_is_scheduled_is_told_apart_from_what_is_tried_again() {
        let standing = Standing {
            state: Some(State::Scheduled),
            due_at: Some(Moment(1)),
            ..Standing::default()
        };

        assert_eq!(codes(&standing, &[host(1, None, None)]), ["scheduled"]);
    }

    #[test]
    fn what_runs_or_waits_is_held_back_by_no_queue() {
        let settings = Settings {
            paused: true,
            ..Settings::default()
        };
        let mut standing = queued(settings);

        standing.state = Some(State::Waiting);
        assert_eq!(codes(&standing, &[host(1, None, None)]), ["waiting"]);
        standing.state = Some(State::Running);
        assert!(codes(&standing, &[]).is_empty());
    }
}
