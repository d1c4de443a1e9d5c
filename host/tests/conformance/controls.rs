//! What cases of the controls are made of: settings, calls with options, the clock's work, retries.

use windlass::model::controls::Start;
use windlass::model::queue::{Partitions, RateLimit, Settings};
use windlass::model::{
    Controls, Failure, FailureKind, HostNumber, InvocationId, Key, Moment, Outcome, QueueId,
};
use windlass::store::{Claimable, Claimed, Enqueued, Exchange, Hold, NewCall, Retried, Sweep};

use super::world::World;

/// More rounds than the clock's work takes in any case.
const ROUNDS_MAX: usize = 20;

impl World {
    pub fn call_with(&self, queue_name: &str, controls: Controls) -> NewCall {
        NewCall {
            controls,
            ..self.call(queue_name)
        }
    }

    /// A call with a partition key.
    pub fn call_of(&self, queue_name: &str, partition: &str) -> NewCall {
        self.call_with(queue_name, in_partition(partition))
    }

    /// Enqueues so many calls with this partition key; their keys in order.
    pub async fn fill_partition(&self, queue: &str, partition: &str, count: usize) -> Vec<Key> {
        let calls = (0..count).map(|_| self.call_of(queue, partition)).collect();
        let stored = self.enqueue(calls).await.unwrap();
        stored.into_iter().map(|call| call.key).collect()
    }

    pub async fn enqueue_one(&self, call: NewCall) -> Enqueued {
        self.enqueue(vec![call]).await.unwrap().remove(0)
    }

    /// Lets the store do what the clock asks for, all of it.
    pub async fn tick(&self, now: Moment) -> Claimable {
        for _ in 0..ROUNDS_MAX {
            let found = self.store.claimable().await.unwrap();
            if found.next_at.is_none_or(|at| at > now) {
                return self.store.claimable().await.unwrap();
            }
        }
        panic!("the clock's work never ends");
    }

    /// Claims one that must be there.
    pub async fn claim_one(&self, host: HostNumber, queue: QueueId) -> Claimed {
        let mut claimed = self.claim(host, queue, 1).await.claimed;
        assert_eq!(claimed.len(), 1, "one is there to claim");
        claimed.remove(0)
    }

    /// Claims one and starts it.
    pub async fn run_one(&self, host: HostNumber, queue: QueueId) -> Claimed {
        let claimed = self.claim_one(host, queue).await;
        let lost = self.start(host, std::slice::from_ref(&claimed)).await;
        assert!(lost.is_empty());
        claimed
    }

    /// Hands in an attempt that failed and is to be made again; what was lost.
    pub async fn retry(
        &self,
        host: HostNumber,
        queue: QueueId,
        claimed: &Claimed,
        delay_ms: u64,
    ) -> Vec<Hold> {
        let exchange = Exchange {
            retried: vec![retried(queue, claimed, delay_ms)],
            ..Exchange::default()
        };
        self.exchange(host, exchange).await.lost
    }

    /// Cancels these.
    pub async fn cancel(&self, keys: &[Key]) {
        self.store.cancel(keys, "no longer needed").await.unwrap();
    }

    /// The kind of the error with which an invocation ended.
    pub async fn kind(&self, id: &InvocationId) -> Option<FailureKind> {
        let found = self.invocation(id).await.expect("the invocation exists");
        found.outcome.as_ref().and_then(Outcome::kind)
    }

    /// Sweeps with nothing to delete but what is of no use any more.
    pub async fn tidy(&self) {
        let sweep = Sweep {
            limit: 100,
            ..Sweep::default()
        };
        self.store.sweep(&sweep).await.unwrap();
    }
}

/// A failed attempt that is to be made again after so long.
pub fn retried(queue: QueueId, claimed: &Claimed, delay_ms: u64) -> Retried {
    Retried {
        hold: claimed.hold,
        queue,
        attempt: claimed.attempt,
        failure: Failure::new(FailureKind::Guest, "it failed, once more"),
        started_at: Moment(1_000_000),
        finished_at: Moment(2_000_000),
        delay_ms,
        log: String::new(),
    }
}

pub fn in_partition(partition: &str) -> Controls {
    Controls {
        partition: Some(partition.to_owned()),
        ..Controls::default()
    }
}

pub fn after_ms(delay_ms: u64) -> Controls {
    Controls {
        start: Start::After(delay_ms),
        ..Controls::default()
    }
}

pub fn within_ms(deadline_ms: u64) -> Controls {
    Controls {
        deadline_ms: Some(deadline_ms),
        ..Controls::default()
    }
}

/// So many starts a second.
pub fn rate(limit: u32) -> Option<RateLimit> {
    Some(RateLimit {
        limit,
        period_ms: 1_000,
    })
}

/// A queue with this rate.
pub fn rated(limit: u32) -> Settings {
    Settings {
        rate_limit: rate(limit),
        ..Settings::default()
    }
}

/// A queue with partitions, of which each takes so many at once; not ordered.
pub fn partitioned(concurrency: Option<u32>) -> Settings {
    Settings {
        partitions: Some(Partitions {
            concurrency,
            rate_limit: None,
        }),
        ordered: Some(false),
        ..Settings::default()
    }
}

/// A queue with partitions, of which each takes one at a time in order.
pub fn lanes() -> Settings {
    Settings {
        ordered: Some(true),
        ..partitioned(Some(1))
    }
}

/// The partitions in which these stand.
pub fn partitions(claimed: &[Claimed]) -> Vec<&str> {
    let partition = |claimed: &'_ Claimed| claimed.partition.is_some();
    assert!(claimed.iter().all(partition), "each stands in a partition");
    claimed
        .iter()
        .filter_map(|claimed| claimed.partition.as_deref())
        .collect()
}
