//! What cases are made of: a task that can be called, calls, hosts, and the steps of a host.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::value::RawValue;
use windlass::model::queue::Settings;
use windlass::model::{
    ComponentName, Digest, Failure, FailureKind, FunctionId, HostNumber, InvocationId, Key, Moment,
    Namespace, Outcome, QueueId, QueueName, State,
};
use windlass::store::{
    Added, Claim, Claimed, Counts, Ended, Enqueued, Error, Exchange, Exchanged, Granted, Hold,
    Invocation, NewCall, NewComponent, NewFunction, NewHost, Returned, Started, Store,
};

/// How many deaths fail an invocation.
pub const DEATHS_MAX: u32 = 3;

/// A store in which one task can be called.
#[derive(Clone)]
pub struct World {
    pub store: Arc<dyn Store>,
    pub namespace: Namespace,
    pub revision: i64,
    pub function: FunctionId,
}

impl World {
    pub async fn new(store: &Arc<dyn Store>) -> Self {
        let namespace = Namespace::default_namespace();
        let added = store
            .add_component(&namespace, &component("demo", "1.0.0", b"demo one"))
            .await
            .unwrap();
        assert!(matches!(added, Added::Created | Added::Existed));
        let catalogue = store.catalogue(&namespace).await.unwrap();
        Self {
            store: Arc::clone(store),
            namespace,
            revision: catalogue.revision,
            function: catalogue.functions[0].id,
        }
    }

    /// The same world, through another store.
    pub fn through(&self, store: Arc<dyn Store>) -> Self {
        Self {
            store,
            ..self.clone()
        }
    }

    // --- queues -------------------------------------------------------------------------------

    pub async fn queue(&self, name: &str, settings: Settings) -> QueueId {
        self.store
            .put_queue(&self.namespace, &queue(name), &settings)
            .await
            .unwrap()
            .id
    }

    pub async fn counts(&self, name: &str) -> Counts {
        let found = self.store.queue(&self.namespace, &queue(name)).await;
        found.unwrap().expect("the queue exists").1
    }

    // --- calls --------------------------------------------------------------------------------

    pub fn call(&self, queue_name: &str) -> NewCall {
        NewCall {
            namespace: self.namespace.clone(),
            id: InvocationId::generate(),
            chosen: false,
            queue: queue(queue_name),
            function: self.function,
            task: "demo/run".to_owned(),
            arguments: Bytes::from_static(b"[1]"),
            priority: 0,
            timeout_ms: None,
            workflow: false,
            controls: Default::default(),
        }
    }

    /// A call under an id that the caller chose.
    pub fn call_as(&self, id: &str, queue_name: &str) -> NewCall {
        NewCall {
            id: InvocationId::parse(id).unwrap(),
            chosen: true,
            ..self.call(queue_name)
        }
    }

    pub async fn enqueue(&self, calls: Vec<NewCall>) -> Result<Vec<Enqueued>, Error> {
        self.store.enqueue(calls, self.revision).await
    }

    /// Enqueues so many calls in one request; their keys in order.
    pub async fn fill(&self, queue_name: &str, count: usize) -> Vec<Key> {
        let calls = (0..count).map(|_| self.call(queue_name)).collect();
        let stored = self.enqueue(calls).await.unwrap();
        stored.into_iter().map(|call| call.key).collect()
    }

    pub async fn invocation(&self, id: &InvocationId) -> Option<Invocation> {
        self.store.invocation(&self.namespace, id).await.unwrap()
    }

    pub async fn invocation_as(&self, id: &str) -> Option<Invocation> {
        self.invocation(&InvocationId::parse(id).unwrap()).await
    }

    /// The state of an invocation that exists.
    pub async fn state(&self, id: &InvocationId) -> State {
        let found = self.invocation(id).await;
        found.expect("the invocation exists").state
    }

    // --- hosts --------------------------------------------------------------------------------

    pub async fn host(&self, name: &str) -> HostNumber {
        let host = NewHost {
            name: name.to_owned(),
            address: "127.0.0.1:7070".to_owned(),
            version: "0.1.0".to_owned(),
            queues: None,
            lease_ms: 10_000,
        };
        self.store.register(&host).await.unwrap()
    }

    /// Declares a host dead that does not beat.
    pub async fn kill(&self, host: HostNumber) -> windlass::store::Rescued {
        let hosts = self.store.hosts().await.unwrap();
        let seen = hosts.iter().find(|found| found.number == host).unwrap();
        let rescued = self.store.rescue(host, seen.beat, DEATHS_MAX).await;
        rescued.unwrap().expect("the host did not beat meanwhile")
    }

    pub async fn exchange(&self, host: HostNumber, exchange: Exchange) -> Exchanged {
        self.store.exchange(host, exchange).await.unwrap()
    }

    /// One claim of a host that executes and reserves nothing.
    pub async fn claim(&self, host: HostNumber, queue: QueueId, rows: u32) -> Granted {
        self.claim_with(host, claim(queue, rows)).await
    }

    pub async fn claim_with(&self, host: HostNumber, claim: Claim) -> Granted {
        let exchange = Exchange {
            claims: vec![claim],
            ..Exchange::default()
        };
        let mut exchanged = self.exchange(host, exchange).await;
        exchanged.granted.remove(0)
    }

    /// Marks the start of what is reserved.
    pub async fn start(&self, host: HostNumber, claimed: &[Claimed]) -> Vec<Hold> {
        let exchange = Exchange {
            started: claimed.iter().map(started).collect(),
            ..Exchange::default()
        };
        self.exchange(host, exchange).await.lost
    }

    /// Hands in a value for each of these; what was lost.
    pub async fn finish(&self, host: HostNumber, claimed: &[Claimed]) -> Vec<Hold> {
        let exchange = Exchange {
            ended: claimed.iter().map(ended).collect(),
            ..Exchange::default()
        };
        self.exchange(host, exchange).await.lost
    }

    /// Gives one back.
    pub async fn give_back(
        &self,
        host: HostNumber,
        queue: QueueId,
        claimed: &Claimed,
        executed: Option<&str>,
    ) -> Vec<Hold> {
        let exchange = Exchange {
            returned: vec![Returned {
                hold: claimed.hold,
                queue,
                executed: executed.map(str::to_owned),
            }],
            ..Exchange::default()
        };
        self.exchange(host, exchange).await.lost
    }
}

/// A claim of a host that executes and reserves nothing, for as many slots as rows.
pub fn claim(queue: QueueId, rows: u32) -> Claim {
    Claim {
        queue,
        executing: 0,
        reserved: 0,
        slots: rows,
        rows,
    }
}

pub fn queue(name: &str) -> QueueName {
    QueueName::parse(name).unwrap()
}

pub fn capped(concurrency: u32) -> Settings {
    Settings {
        concurrency: Some(concurrency),
        ordered: Some(false),
        ..Settings::default()
    }
}

pub fn ordered(concurrency: u32) -> Settings {
    Settings {
        ordered: Some(true),
        ..capped(concurrency)
    }
}

pub fn component(name: &str, version: &str, bytes: &'static [u8]) -> NewComponent {
    NewComponent {
        name: ComponentName::parse(name).unwrap(),
        version: version.parse().unwrap(),
        digest: Digest::of(bytes),
        bytes: Bytes::from_static(bytes),
        wit: format!("package demo:{name};"),
        tasks: vec![NewFunction {
            interface: Some("demo:demo/tasks".to_owned()),
            name: "run".to_owned(),
            signature: serde_json::json!({"params": [], "result": null}),
            docs: Some("Runs it: \"quoted\", ünïcode.".to_owned()),
            workflow: false,
        }],
        skipped: serde_json::json!([]),
        bindings: serde_json::json!([]),
    }
}

pub fn value(json: &str) -> Outcome {
    Outcome::Value(RawValue::from_string(json.to_owned()).unwrap())
}

pub fn failure(kind: FailureKind) -> Outcome {
    Outcome::Error(Failure::new(kind, "it failed"))
}

pub fn ended(claimed: &Claimed) -> Ended {
    ended_with(claimed, value("42"))
}

pub fn ended_with(claimed: &Claimed, outcome: Outcome) -> Ended {
    Ended {
        hold: claimed.hold,
        outcome,
        attempt: claimed.attempt,
        started_at: Moment(1_000_000),
        finished_at: Moment(2_000_000),
        log: String::new(),
    }
}

pub fn started(claimed: &Claimed) -> Started {
    Started {
        hold: claimed.hold,
        attempt: claimed.attempt,
        started_at: Moment(1_000_000),
    }
}

pub fn keys(claimed: &[Claimed]) -> Vec<Key> {
    claimed.iter().map(|claimed| claimed.hold.key).collect()
}
