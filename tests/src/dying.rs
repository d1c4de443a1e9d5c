//! Hosts that are killed at every step of a workflow in turn.

use std::time::Duration;

use serde_json::Value;
use windlass_client::Client;
use windlass_client::wire::{ListQuery, PageQuery, State};

use crate::{HostProcess, Setup, call, eventually, upload, value};

/// A host that is killed at every step of a workflow in turn.
#[derive(Debug)]
pub struct Dying {
    setup: Setup,
    host: HostProcess,
    /// Fields of the value that are otherwise every time.
    ignored: Vec<&'static str>,
}

impl Dying {
    /// A host without a component yet.
    pub fn start(setup: Setup) -> Self {
        let setup = setup.with_short_lease();
        let host = setup.start();
        Self {
            setup,
            host,
            ignored: Vec::new(),
        }
    }

    /// A host with these components of the tests.
    pub async fn with(setup: Setup, components: &[&str]) -> Self {
        let dying = Self::start(setup);
        for component in components {
            upload(&dying.client(), component).await;
        }
        dying
    }

    /// The same, with a field of the value that tells of the time, say.
    pub fn ignoring(mut self, field: &'static str) -> Self {
        self.ignored.push(field);
        self
    }

    /// A client of the host, while it lives.
    pub fn client(&self) -> Client {
        self.host.client()
    }

    /// The outcome is the same whenever the host dies, and every child is there once.
    ///
    /// # Panics
    /// When it is not.
    pub async fn at_every_step(self, task: &str, args: &Value, message: Option<&str>, steps: u32) {
        let Self {
            setup,
            mut host,
            ignored,
        } = self;
        let undisturbed = "undisturbed".to_owned();
        let outcome = async |host: &HostProcess, id: &str| {
            let mut value = value(&host.client().handle(id)).await;
            for field in &ignored {
                assert!(!value[*field].is_null(), "{value} has no {field}");
                value[*field] = Value::Null;
            }
            value.to_string().replace(id, "ID")
        };
        send(&host, task, args, &undisturbed, message).await;
        let expected = outcome(&host, &undisturbed).await;
        let children = children(&host.client(), &undisturbed).await;

        for k in 0..=steps {
            let id = format!("killed-at-{k}");
            send(&host, task, args, &id, message).await;
            taken(&host, &id, k).await;
            host.kill();
            host = setup.start();

            let found = outcome(&host, &id).await;
            assert_eq!(found, expected, "killed at step {k}");
            assert_once(&host.client(), &id, children).await;
        }
    }
}

async fn send(host: &HostProcess, task: &str, args: &Value, id: &str, message: Option<&str>) {
    let client = host.client();
    let queue = client.queue("q");
    let sent = queue.call(call(task, args).id(id)).await;
    sent.unwrap_or_else(|error| panic!("{task}: {error}"));
    if let Some(name) = message {
        let approval = serde_json::json!({"by": "ada", "approved": true});
        let sent = client.handle(id).message(name, &approval).await;
        sent.unwrap_or_else(|error| panic!("the message {name}: {error}"));
    }
}

async fn children(client: &Client, id: &str) -> usize {
    listed(client, id).await.len()
}

async fn listed(client: &Client, parent: &str) -> Vec<windlass_client::wire::Invocation> {
    let query = ListQuery {
        parent: Some(parent.to_owned()),
        limit: Some(1_000),
        ..ListQuery::default()
    };
    let page = client.invocations(&query).await;
    page.unwrap_or_else(|error| panic!("the children of {parent}: {error}"))
        .items
}

/// Returns when so many steps are recorded, or when it has ended.
pub async fn taken(host: &HostProcess, id: &str, steps: u32) {
    let client = host.client();
    eventually("so many steps", async || {
        let page = client.steps(id, &PageQuery::default()).await;
        let page = page.map_err(|error| error.to_string())?;
        let now = client.handle(id).get(Duration::ZERO).await;
        let now = now.map_err(|error| error.to_string())?.state;
        let enough = page.items.len() as u32 >= steps || now == State::Succeeded;
        enough
            .then_some(())
            .ok_or(format!("{} steps", page.items.len()))
    })
    .await;
}

/// Every child is there once, and has succeeded.
///
/// # Panics
/// When it is not.
pub async fn assert_once(client: &Client, id: &str, children: usize) {
    let listed = listed(client, id).await;
    assert_eq!(listed.len(), children, "children of {id}");
    for child in listed {
        assert_eq!(child.state, State::Succeeded, "{child:?}");
    }
}
