//! Which task a name means, from memory.
//!
//! A namespace's catalogue is read whole and kept; the store says at enqueue whether it has moved
//! since (`kept`). A name that is not found is looked for once more in a fresh catalogue, since another host
//! may have stored its component a moment ago.

mod declared;
mod kept;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use semver::Version;

use super::call::Defaults;
use crate::model::{ComponentName, Digest, FunctionId};
use crate::registry::bindings::{Binding, Offer, fits};
use crate::registry::describe::{Description, Task as Described};
use crate::registry::name::{self, TaskName};
use crate::store;
use crate::values;

use declared::declared;
pub(super) use kept::Catalogues;

/// How many names as callers write them are remembered. Callers write few; this bounds what one
/// who writes many can fill.
const NAMES_MAX: usize = 10_000;

/// How many components a message lists.
const LISTED_MAX: usize = 8;

/// A task, as a call needs it.
#[derive(Debug)]
pub struct Task {
    /// The store's number.
    pub id: FunctionId,
    /// The component.
    pub component: ComponentName,
    /// Its version.
    pub version: Version,
    /// Its digest.
    pub digest: Digest,
    /// What it takes and gives.
    pub function: values::Function,
    /// Whether it is a workflow.
    pub workflow: bool,
    /// What its manifest says where a call does not.
    pub defaults: Defaults,
}

/// Everything that can be called in a namespace, at one revision.
pub(super) struct Snapshot {
    pub(super) revision: i64,
    components: BTreeMap<ComponentName, BTreeMap<Version, Entry>>,
    bindings: HashMap<(ComponentName, Version), serde_json::Value>,
    names: RwLock<HashMap<String, Arc<Task>>>,
}

/// A version of a component: what the store says, and that made ready at the first call.
struct Entry {
    functions: Vec<store::Function>,
    /// What the component's manifest says about its tasks, by the names that it gives them.
    defaults: Arc<HashMap<String, Defaults>>,
    ready: OnceLock<Result<Ready, String>>,
}

struct Ready {
    description: Description,
    tasks: Vec<Arc<Task>>,
}

/// Why a name names no task.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unresolved {
    /// It cannot be the name of any task.
    NoName(String),
    /// There is none of that name.
    Unknown(String),
    /// It names several.
    Ambiguous(Vec<String>),
    /// What is stored does not read.
    Broken(String),
}

impl Snapshot {
    pub(super) fn new(catalogue: store::Catalogue) -> Self {
        let mut components: BTreeMap<ComponentName, BTreeMap<Version, Entry>> = BTreeMap::new();
        let defaults = declared(&catalogue.defaults);
        for function in catalogue.functions {
            components
                .entry(function.component.clone())
                .or_default()
                .entry(function.version.clone())
                .or_insert_with(|| Entry {
                    functions: Vec::new(),
                    defaults: defaults
                        .get(&function.component)
                        .cloned()
                        .unwrap_or_default(),
                    ready: OnceLock::new(),
                })
                .functions
                .push(function);
        }
        Self {
            revision: catalogue.revision,
            components,
            bindings: catalogue.bindings,
            names: RwLock::default(),
        }
    }

    /// The task that a caller names.
    pub(super) fn resolve(&self, written: &str) -> Result<Arc<Task>, Unresolved> {
        let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = names.get(written) {
            return Ok(task.clone());
        }
        drop(names);
        let task = self.look_up(written)?;
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        if names.len() < NAMES_MAX {
            names.insert(written.to_owned(), task.clone());
        }
        Ok(task)
    }

    /// Whether this version of a component is known.
    pub(super) fn has(&self, component: &ComponentName, version: &Version) -> bool {
        let versions = self.components.get(component);
        versions.is_some_and(|versions| versions.contains_key(version))
    }

    /// What the imports of this version of a component are bound to.
    pub(super) fn bindings(&self, component: &ComponentName, version: &Version) -> Vec<Binding> {
        let stored = self.bindings.get(&(component.clone(), version.clone()));
        let read = stored.map(|json| serde_json::from_value(json.clone()));
        match read {
            Some(Ok(bindings)) => bindings,
            Some(Err(error)) => {
                // Stored by a newer host: what cannot be read is not bound.
                tracing::warn!(%component, %version, %error, "bindings cannot be read");
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    /// Everything that an import may be bound to. What is stored and does not read is left out.
    pub(super) fn offers(&self) -> Vec<Offer<'_>> {
        let mut offers = Vec::new();
        for (component, versions) in &self.components {
            for (version, entry) in versions {
                if let Ok(ready) = entry.ready() {
                    offers.push(Offer {
                        component: component.as_str(),
                        version,
                        tasks: &ready.description.tasks,
                    });
                }
            }
        }
        offers
    }

    /// The components to which the highest version of this one is bound.
    pub(super) fn bound_to(&self, component: &str) -> Vec<String> {
        let mut components = self.components.iter();
        let found = components.find(|(name, _)| name.as_str() == component);
        let newest = found.and_then(|(name, versions)| Some((name, versions.keys().next_back()?)));
        let bindings = newest.map(|(name, version)| self.bindings(name, version));
        let bindings = bindings.unwrap_or_default().into_iter();
        bindings.map(|binding| binding.component).collect()
    }

    /// The function that stands behind one of a bound import: of the highest version that the
    /// binding allows, no pre-release unless it names one.
    pub(super) fn provider(&self, bound: &Binding, function: &str) -> Option<Arc<Task>> {
        let named = format!("{}<{}", bound.interface, function);
        let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = names.get(&format!("{named}<{}<{}", bound.component, bound.version)) {
            return Some(task.clone());
        }
        drop(names);
        let rule = semver::VersionReq::parse(&bound.version).ok()?;
        let (_, versions) = self
            .components
            .iter()
            .find(|(component, _)| component.as_str() == bound.component)?;
        let mut fitting = versions
            .iter()
            .rev()
            .filter(|(version, _)| rule.matches(version));
        let (_, entry) = fitting.next()?;
        let ready = entry.ready().ok()?;
        let mut tasks = ready.description.tasks.iter().zip(&ready.tasks);
        let (_, task) = tasks.find(|(described, _)| {
            let interface = described.interface.as_deref();
            described.name == function
                && interface.is_some_and(|exported| fits(&bound.interface, exported))
        })?;
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        if names.len() < NAMES_MAX {
            let key = format!("{named}<{}<{}", bound.component, bound.version);
            names.insert(key, task.clone());
        }
        Some(task.clone())
    }

    fn look_up(&self, written: &str) -> Result<Arc<Task>, Unresolved> {
        let name: TaskName = written
            .parse()
            .map_err(|error: name::Error| Unresolved::NoName(error.to_string()))?;
        let ready = self.version(&name)?.ready().map_err(Unresolved::Broken)?;
        match ready.description.find(&name.function) {
            Ok(found) => {
                let mut tasks = ready.description.tasks.iter().zip(&ready.tasks);
                let (_, task) = tasks
                    .find(|(described, _)| std::ptr::eq(*described, found))
                    .expect("what was found is one of those searched");
                Ok(task.clone())
            }
            Err(name::Error::Ambiguous { candidates, .. }) => Err(Unresolved::Ambiguous(
                candidates
                    .iter()
                    .map(|full| format!("{}/{full}", prefix(&name)))
                    .collect(),
            )),
            Err(error) => Err(Unresolved::Unknown(error.to_string())),
        }
    }

    fn version(&self, name: &TaskName) -> Result<&Entry, Unresolved> {
        let unknown = |reason| Err(Unresolved::Unknown(reason));
        let found = self
            .components
            .iter()
            .find(|(component, _)| component.as_str() == name.component);
        let Some((_, versions)) = found else {
            let known = self.components.keys().map(ComponentName::as_str);
            return unknown(format!(
                "there is no component `{}`; {}",
                name.component,
                listed("there is", known)
            ));
        };
        let highest = || {
            let mut released = versions
                .iter()
                .filter(|(version, _)| version.pre.is_empty());
            released.next_back()
        };
        let found = match &name.version {
            Some(version) => versions.get(version),
            None => highest().map(|(_, entry)| entry),
        };
        if let Some(entry) = found {
            return Ok(entry);
        }
        let known: Vec<_> = versions.keys().map(Version::to_string).collect();
        let known = listed("there is", known.iter().map(String::as_str));
        unknown(match &name.version {
            Some(version) => format!(
                "the component `{}` has no version {version}; {known}",
                name.component
            ),
            None => format!(
                "the component `{}` has only pre-releases, which must be named; {known}",
                name.component
            ),
        })
    }
}

impl Entry {
    fn ready(&self) -> Result<&Ready, String> {
        let ready = self.ready.get_or_init(|| self.read());
        ready.as_ref().map_err(Clone::clone)
    }

    fn read(&self) -> Result<Ready, String> {
        let mut described = Vec::with_capacity(self.functions.len());
        let mut signatures = Vec::with_capacity(self.functions.len());
        for function in &self.functions {
            let signature: values::Function = serde_json::from_value(function.signature.clone())
                .map_err(|error| {
                    format!(
                        "the stored signature of {}@{}/{} does not read: {error}",
                        function.component, function.version, function.name
                    )
                })?;
            described.push(Described {
                interface: function.interface.clone(),
                name: function.name.clone(),
                function: signature.clone(),
                docs: None,
                workflow: function.workflow,
            });
            signatures.push(signature);
        }
        let description = Description {
            tasks: described,
            ..Description::default()
        };
        let tasks = self.functions.iter().zip(signatures).enumerate();
        let task = |(index, (function, signature)): (usize, (&store::Function, _))| {
            Arc::new(Task {
                id: function.id,
                component: function.component.clone(),
                version: function.version.clone(),
                digest: function.digest.clone(),
                function: signature,
                workflow: function.workflow,
                defaults: self.defaults_of(&description, index),
            })
        };
        Ok(Ready {
            tasks: tasks.map(task).collect(),
            description,
        })
    }

    /// What the manifest says about a task. It may have been written for another version, so that a
    /// name that is none here, or not just one, is passed over.
    fn defaults_of(&self, description: &Description, index: usize) -> Defaults {
        let mut declared = self.defaults.iter();
        let found = declared.find(|(name, _)| {
            let found = description.find(name);
            found.is_ok_and(|found| std::ptr::eq(found, &raw const description.tasks[index]))
        });
        found
            .map(|(_, defaults)| defaults.clone())
            .unwrap_or_default()
    }
}

fn prefix(name: &TaskName) -> String {
    match &name.version {
        Some(version) => format!("{}@{version}", name.component),
        None => name.component.clone(),
    }
}

fn listed<'a>(before: &str, names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let count = names.len();
    if count == 0 {
        return format!("{before} none yet");
    }
    let first: Vec<_> = names.take(LISTED_MAX).collect();
    match count.saturating_sub(LISTED_MAX) {
        0 => format!("{before} {}", first.join(", ")),
        more => format!("{before} {} and {more} more", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Namespace;

    fn function(id: i64, component: &str, version: &str, interface: &str) -> store::Function {
        store::Function {
            id: FunctionId(id),
            namespace: Namespace::default_namespace(),
            component: ComponentName::parse(component).unwrap(),
            version: version.parse().unwrap(),
            digest: Digest::of(version.as_bytes()),
            interface: Some(interface.to_owned()),
            name: "resize".to_owned(),
            signature: serde_json::json!({"params": [], "result": null}),
            docs: None,
            workflow: false,
        }
    }

    fn snapshot(functions: Vec<store::Function>) -> Snapshot {
        Snapshot::new(store::Catalogue {
            revision: 1,
            functions,
            grants: HashMap::new(),
            bindings: HashMap::new(),
            defaults: HashMap::new(),
        })
    }

    #[test]
    fn without_a_version_the_highest_that_is_no_pre_release_is_meant() {
        let catalogue = snapshot(vec![
            function(1, "images", "1.9.0", "demo:images/tasks"),
            function(2, "images", "1.10.0", "demo:images/tasks"),
            function(3, "images", "2.0.0-rc.1", "demo:images/tasks"),
        ]);

        let id = |name| catalogue.resolve(name).unwrap().id;

        assert_eq!(id("images/resize"), FunctionId(2));
        assert_eq!(id("images@1.9.0/resize"), FunctionId(1));
        assert_eq!(id("images@2.0.0-rc.1/tasks#resize"), FunctionId(3));
    }

    #[test]
    fn a_component_with_pre_releases_only_must_be_named_with_a_version() {
        let catalogue = snapshot(vec![function(1, "images", "0.1.0-a", "demo:images/tasks")]);

        let Err(Unresolved::Unknown(reason)) = catalogue.resolve("images/resize") else {
            panic!("a pre-release was taken")
        };

        assert!(reason.contains("0.1.0-a"), "{reason}");
    }

    #[test]
    fn an_ambiguous_name_lists_the_tasks_as_they_can_be_written() {
        let catalogue = snapshot(vec![
            function(1, "images", "0.1.0", "demo:images/a"),
            function(2, "images", "0.1.0", "demo:images/b"),
        ]);

        let Err(Unresolved::Ambiguous(candidates)) = catalogue.resolve("images/resize") else {
            panic!("one of two was taken")
        };

        assert_eq!(
            candidates,
            ["images/demo:images/a#resize", "images/demo:images/b#resize"]
        );
        assert!(
            candidates
                .iter()
                .all(|name| catalogue.resolve(name).is_ok())
        );
    }

    #[test]
    fn an_unknown_component_lists_those_there_are() {
        let catalogue = snapshot(vec![function(1, "images", "0.1.0", "demo:images/a")]);

        let Err(Unresolved::Unknown(reason)) = catalogue.resolve("image/resize") else {
            panic!("there is no such component")
        };

        assert_eq!(reason, "there is no component `image`; there is images");
    }
}
