//! What workflows do in cases: begin, enqueue children, wait, take and tell.

use bytes::Bytes;
use windlass::model::{HostNumber, InvocationId, Key, Moment, QueueId};
use windlass::store::{
    Child, Claimed, Enqueued, Error, Exchange, Granted, Hold, NewCall, Sent, Steps, Wait, Waited,
};

use super::world::{World, claim};

impl World {
    /// A call of a workflow.
    pub fn workflow(&self, queue_name: &str) -> NewCall {
        NewCall {
            workflow: true,
            ..self.call(queue_name)
        }
    }

    /// Enqueues a workflow on a queue that has nothing else to claim, claims it and starts it.
    pub async fn begin(&self, host: HostNumber, queue: QueueId, queue_name: &str) -> Claimed {
        let stored = self.enqueue(vec![self.workflow(queue_name)]).await.unwrap();
        let claimed = self.claim(host, queue, 1).await.claimed;
        assert_eq!(claimed.len(), 1, "the workflow is the only one to claim");
        assert_eq!(claimed[0].hold.key, stored[0].key);
        assert!(self.start(host, &claimed).await.is_empty());
        claimed.into_iter().next().expect("it was claimed")
    }

    pub async fn record(&self, host: HostNumber, steps: Steps) -> Result<Vec<Enqueued>, Error> {
        self.store.record(host, steps).await
    }

    /// The steps by which a workflow enqueues these, at the end of its journal.
    pub async fn steps_with(&self, parent: &Claimed, calls: Vec<NewCall>) -> Steps {
        let first = self.entries(parent.hold.key).await;
        let children = calls
            .into_iter()
            .enumerate()
            .map(|(index, call)| {
                let id = match call.chosen {
                    true => call.id,
                    false => parent.id.of_child(first, Some(index)),
                };
                attached(NewCall { id, ..call })
            })
            .collect();
        Steps {
            children,
            ..steps(parent, first)
        }
    }

    /// Lets a workflow enqueue these; their keys.
    pub async fn enqueue_children(
        &self,
        host: HostNumber,
        parent: &Claimed,
        calls: Vec<NewCall>,
    ) -> Vec<Key> {
        let steps = self.steps_with(parent, calls).await;
        let stored = self.record(host, steps).await.unwrap();
        stored.into_iter().map(|child| child.key).collect()
    }

    /// The number of the next entry of a journal.
    pub async fn entries(&self, key: Key) -> u32 {
        let journal = self.store.journal(key).await.unwrap();
        journal.last().map_or(0, |part| part.first + part.count)
    }

    /// Hands in that a workflow waits; what was lost.
    pub async fn wait(
        &self,
        host: HostNumber,
        queue: QueueId,
        claimed: &Claimed,
        wait: Wait,
    ) -> Vec<Hold> {
        let exchange = Exchange {
            waited: vec![waited(queue, claimed, wait)],
            ..Exchange::default()
        };
        self.exchange(host, exchange).await.lost
    }

    /// Hands in that a workflow waits, and claims in the same exchange.
    pub async fn wait_and_claim(
        &self,
        host: HostNumber,
        queue: QueueId,
        claimed: &Claimed,
        wait: Wait,
        rows: u32,
    ) -> Granted {
        let exchange = Exchange {
            waited: vec![waited(queue, claimed, wait)],
            claims: vec![claim(queue, rows)],
            ..Exchange::default()
        };
        let mut exchanged = self.exchange(host, exchange).await;
        assert!(exchanged.lost.is_empty());
        exchanged.granted.remove(0)
    }

    /// Begins a workflow on queue `q` that enqueues so many tasks there and waits for all; those.
    pub async fn begin_waiting(
        &self,
        host: HostNumber,
        queue: QueueId,
        children: usize,
    ) -> (Claimed, Vec<Key>) {
        let flow = self.begin(host, queue, "q").await;
        let calls = (0..children).map(|_| self.call("q")).collect();
        let children = self.enqueue_children(host, &flow, calls).await;
        let lost = self.wait(host, queue, &flow, for_all(&children)).await;
        assert!(lost.is_empty());
        (flow, children)
    }

    /// Hands in a value for one that the host holds.
    pub async fn finish_one(&self, host: HostNumber, claimed: &Claimed) {
        let lost = self.finish(host, std::slice::from_ref(claimed)).await;
        assert!(lost.is_empty());
    }

    /// Sends `true` under this name, where at most ten may wait.
    pub async fn send(&self, id: &InvocationId, name: &str) -> Sent {
        let value = Bytes::from_static(b"true");
        let sent = self.store.send(&self.namespace, id, name, value, 10).await;
        sent.unwrap()
    }

    /// Whether polling finds something in this queue.
    pub async fn is_claimable(&self, queue: QueueId) -> bool {
        let found = self.store.claimable().await.unwrap();
        found.queues.contains(&queue)
    }
}

/// Steps of one entry that do nothing else.
pub fn steps(claimed: &Claimed, first: u32) -> Steps {
    Steps {
        hold: claimed.hold,
        first,
        count: 1,
        body: Bytes::from(format!("entry {first}")),
        children: Vec::new(),
        cancels: Vec::new(),
        published: Vec::new(),
        taken: Vec::new(),
        restart: None,
    }
}

pub fn attached(call: NewCall) -> Child {
    Child {
        call,
        detached: false,
    }
}

pub fn waited(queue: QueueId, claimed: &Claimed, wait: Wait) -> Waited {
    Waited {
        hold: claimed.hold,
        queue,
        attempt: claimed.attempt,
        started_at: Moment(1_000_000),
        wait,
        log: String::new(),
    }
}

pub fn for_all(awaited: &[Key]) -> Wait {
    Wait {
        awaited: awaited.to_vec(),
        all: true,
        ..Wait::default()
    }
}

pub fn for_any(awaited: &[Key]) -> Wait {
    Wait {
        all: false,
        ..for_all(awaited)
    }
}

pub fn for_message(name: &str) -> Wait {
    Wait {
        messages: vec![name.to_owned()],
        ..Wait::default()
    }
}

pub fn until(at: Moment) -> Wait {
    Wait {
        at: Some(at),
        ..Wait::default()
    }
}
