//! What it takes to run a claimed invocation: the task's type and place, its compiled code, its
//! grants. All of it is cached; what is missing is fetched beside the dispatcher, never in its way.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use crate::engine::{Grants, Kind, Program};
use crate::model::{ComponentName, Digest, FunctionId, Namespace};
use crate::registry::programs::Programs;
use crate::store::{self, Store, Trouble};
use crate::values;

/// How long after a failed load the next is tried.
const LOAD_PAUSE: Duration = Duration::from_millis(500);

/// The most tasks that a host tells of that it cannot run.
const TROUBLES_MAX: usize = 100;

/// Grants older than this are read again, in case that nobody told of a change.
const GRANTS_AGE_MAX: Duration = Duration::from_secs(5);

/// A task, as far as it never changes.
#[derive(Debug)]
pub struct Task {
    /// Whose it is.
    pub namespace: Namespace,
    /// The component.
    pub component: ComponentName,
    /// Its version.
    pub version: semver::Version,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The interface; none at world level.
    pub interface: Option<String>,
    /// The function's name in it.
    pub name: String,
    /// Parameters and result.
    pub signature: Arc<values::Function>,
    /// Whether it is a workflow.
    pub workflow: bool,
}

impl Task {
    fn kind(&self) -> Kind {
        match self.workflow {
            true => Kind::Workflow,
            false => Kind::Task,
        }
    }
}

/// Whether a task can run here now.
pub enum Readiness {
    /// It can.
    Ready(Arc<Task>, Program),
    /// It is being fetched or compiled; [`Tasks::prepared`] tells when.
    NotYet,
    /// It cannot be loaded, after all tries: why.
    Hopeless(String),
}

/// What is known of tasks on this host.
#[derive(Clone)]
pub struct Tasks {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn Store>,
    programs: Programs,
    known: Mutex<HashMap<FunctionId, Arc<Task>>>,
    preparing: Mutex<HashSet<FunctionId>>,
    /// Why a task can never run here: its component was tried often enough.
    hopeless: Mutex<HashMap<FunctionId, String>>,
    grants: Mutex<HashMap<Namespace, Granted>>,
    prepared: Notify,
    tracker: TaskTracker,
}

struct Granted {
    by_component: HashMap<ComponentName, Arc<Grants>>,
    read_at: Instant,
}

impl Tasks {
    /// Nothing is known yet.
    pub fn new(store: Arc<dyn Store>, programs: Programs) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                programs,
                known: Mutex::default(),
                preparing: Mutex::default(),
                hopeless: Mutex::default(),
                grants: Mutex::default(),
                prepared: Notify::new(),
                tracker: TaskTracker::new(),
            }),
        }
    }

    /// Whether the task can run now. If not, this starts what is missing.
    pub fn readiness(&self, function: FunctionId) -> Readiness {
        let known = locked(&self.inner.known).get(&function).cloned();
        if let Some(task) = &known
            && let Some(program) = self.inner.programs.loaded(&task.digest, task.kind())
        {
            return Readiness::Ready(task.clone(), program);
        }
        if let Some(why) = locked(&self.inner.hopeless).get(&function) {
            return Readiness::Hopeless(why.clone());
        }
        if locked(&self.inner.preparing).insert(function) {
            let tasks = self.clone();
            self.inner.tracker.spawn(async move {
                tasks.prepare(function).await;
            });
        }
        Readiness::NotYet
    }

    /// Whether it can run, or is known to be hopeless, without starting anything.
    pub fn is_settled(&self, function: FunctionId) -> bool {
        let known = locked(&self.inner.known).get(&function).cloned();
        known.is_some_and(|task| self.inner.programs.ready(&task.digest, task.kind()))
            || locked(&self.inner.hopeless).contains_key(&function)
    }

    /// What cannot run here now, for people who ask why something does not run.
    pub fn troubles(&self) -> Vec<Trouble> {
        let preparing = locked(&self.inner.preparing);
        let preparing = preparing.iter().map(|function| Trouble {
            function: *function,
            reason: "its component is being compiled".to_owned(),
        });
        let hopeless = locked(&self.inner.hopeless);
        let hopeless = hopeless.iter().map(|(function, why)| Trouble {
            function: *function,
            reason: format!("its component cannot be loaded: {why}"),
        });
        preparing.chain(hopeless).take(TROUBLES_MAX).collect()
    }

    /// Returns after something was prepared, or failed to be.
    pub async fn prepared(&self) {
        self.inner.prepared.notified().await;
    }

    /// Components or grants changed: what is cached of grants is old.
    pub fn forget_grants(&self) {
        locked(&self.inner.grants).clear();
    }

    /// What the component may do beyond its sandbox, as far as the last few seconds know.
    pub async fn grants(&self, task: &Task) -> Result<Arc<Grants>, store::Error> {
        let cached = locked(&self.inner.grants)
            .get(&task.namespace)
            .and_then(|granted| {
                let fresh = granted.read_at.elapsed() < GRANTS_AGE_MAX;
                let none = || Arc::new(Grants::default());
                fresh.then(|| {
                    granted
                        .by_component
                        .get(&task.component)
                        .cloned()
                        .unwrap_or_else(none)
                })
            });
        if let Some(grants) = cached {
            return Ok(grants);
        }
        let catalogue = self.inner.store.catalogue(&task.namespace).await?;
        let mut by_component = HashMap::new();
        for (name, grants) in catalogue.grants {
            match serde_json::from_value::<Grants>(grants) {
                Ok(grants) => {
                    by_component.insert(name, Arc::new(grants));
                }
                // Stored by a newer host: what cannot be read is not granted.
                Err(error) => tracing::warn!(component = %name, %error, "grants cannot be read"),
            }
        }
        let granted = by_component
            .get(&task.component)
            .cloned()
            .unwrap_or_default();
        locked(&self.inner.grants).insert(
            task.namespace.clone(),
            Granted {
                by_component,
                read_at: Instant::now(),
            },
        );
        Ok(granted)
    }

    /// Waits for what is being prepared.
    pub async fn close(&self) {
        self.inner.tracker.close();
        self.inner.tracker.wait().await;
    }

    async fn prepare(&self, function: FunctionId) {
        let result = self.load(function).await;
        if let Err((last, why)) = result {
            tracing::warn!(%function, why, "a component cannot be loaded");
            if last {
                locked(&self.inner.hopeless).insert(function, why);
            } else {
                tokio::time::sleep(LOAD_PAUSE).await;
            }
        }
        locked(&self.inner.preparing).remove(&function);
        self.inner.prepared.notify_one();
    }

    /// Fetches and compiles; an error says whether trying again is of no use.
    async fn load(&self, function: FunctionId) -> Result<(), (bool, String)> {
        let known = locked(&self.inner.known).get(&function).cloned();
        let task = match known {
            Some(task) => task,
            None => {
                let found = self.inner.store.function(function).await;
                let found = found.map_err(|error| (false, error.to_string()))?;
                let found = found.ok_or((true, format!("there is no task {function}")))?;
                let signature = serde_json::from_value(found.signature)
                    .map_err(|error| (true, format!("its type cannot be read: {error}")))?;
                let task = Arc::new(Task {
                    namespace: found.namespace,
                    component: found.component,
                    version: found.version,
                    workflow: found.workflow,
                    digest: found.digest,
                    interface: found.interface,
                    name: found.name,
                    signature: Arc::new(signature),
                });
                locked(&self.inner.known).insert(function, task.clone());
                task
            }
        };
        let loaded = self.inner.programs.get(&task.digest, task.kind()).await;
        loaded
            .map(drop)
            .map_err(|error| (error.is_final(), error.to_string()))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("no holder of this lock can panic")
}
