//! What a component may do beyond its sandbox.
//!
//! A grant holds for every version of the component, for attempts that start after it was given.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::capabilities::Allowed;
use crate::model::{ComponentName, Namespace, QueueName};
use crate::registry::name::TaskName;

use super::{Control, Error};

/// How many entries a list of grants may have.
const ENTRIES_MAX: usize = 1_000;

/// The longest entry, in bytes.
const ENTRY_MAX_BYTES: usize = 64 * 1024;

/// What a component may do beyond its sandbox; nothing by default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Grants {
    /// The hosts that it may call by HTTP: `api.example.com`, `*.example.com`, `127.0.0.1:8080`.
    pub http: Vec<String>,
    /// The environment variables that it sees.
    pub environment: BTreeMap<String, String>,
    /// The queues on which its workflows may enqueue, beside their own and those of their imports;
    /// `*` for all.
    pub queues: Vec<String>,
    /// The tasks of other components that its workflows may call by name: `images/resize`,
    /// `images/*`, `*`.
    pub tasks: Vec<String>,
}

impl Grants {
    /// These grants, if they can be.
    fn checked(self) -> Result<Self, Error> {
        let lists = [
            ("http", self.http.len()),
            ("environment", self.environment.len()),
            ("queues", self.queues.len()),
            ("tasks", self.tasks.len()),
        ];
        if let Some((list, _)) = lists.iter().find(|(_, entries)| *entries > ENTRIES_MAX) {
            let why = format!("expected at most {ENTRIES_MAX} entries");
            return Err(Error::value(*list, why));
        }
        for (index, entry) in self.http.iter().enumerate() {
            entry
                .parse::<Allowed>()
                .map_err(|error| Error::value(format!("http[{index}]"), error.to_string()))?;
        }
        for (index, queue) in self.queues.iter().enumerate() {
            if queue != "*" {
                QueueName::parse(queue)
                    .map_err(|error| Error::value(format!("queues[{index}]"), error.to_string()))?;
            }
        }
        for (index, task) in self.tasks.iter().enumerate() {
            if task != "*" {
                task.parse::<TaskName>()
                    .map_err(|error| Error::value(format!("tasks[{index}]"), error.to_string()))?;
            }
        }
        for (name, value) in &self.environment {
            let place = format!("environment.{name}");
            if name.is_empty() || name.contains(['=', '\0']) {
                let why = "the name of a variable is not empty and holds no `=` and no NUL";
                return Err(Error::value(place, why));
            }
            if value.contains('\0') || name.len() + value.len() > ENTRY_MAX_BYTES {
                let why = format!("expected at most {ENTRY_MAX_BYTES} bytes without NUL");
                return Err(Error::value(place, why));
            }
        }
        Ok(self)
    }
}

impl Control {
    /// Sets what a component may do beyond its sandbox. It need not be uploaded yet.
    ///
    /// # Errors
    ///
    /// If a grant cannot be; then nothing changes.
    pub async fn put_grants(
        &self,
        namespace: &Namespace,
        name: &ComponentName,
        grants: Grants,
    ) -> Result<Grants, Error> {
        let grants = grants.checked()?;
        let json = serde_json::to_value(&grants).expect("grants are texts");
        self.inner.store.put_grants(namespace, name, &json).await?;
        self.inner.catalogues.forget();
        Ok(grants)
    }

    /// What a component may do beyond its sandbox.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn grants(
        &self,
        namespace: &Namespace,
        name: &ComponentName,
    ) -> Result<Grants, Error> {
        let mut catalogue = self.inner.store.catalogue(namespace).await?;
        match catalogue.grants.remove(name) {
            Some(json) => serde_json::from_value(json)
                .map_err(|error| Error::Internal(format!("the grants do not read: {error}"))),
            None => Ok(Grants::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_grant_is_refused_with_its_place() {
        let grants = Grants {
            http: vec!["a.b".to_owned(), "http://a.b".to_owned()],
            ..Grants::default()
        };

        let error = grants.checked().unwrap_err().to_string();

        assert!(error.starts_with("http[1]: "), "{error}");
    }

    #[test]
    fn workflows_are_granted_queues_and_tasks_by_name_or_all_of_them() {
        let grants = |queue: &str, task: &str| Grants {
            queues: vec![queue.to_owned()],
            tasks: vec![task.to_owned()],
            ..Grants::default()
        };

        assert!(grants("*", "*").checked().is_ok());
        assert!(grants("example_queue", "images/*").checked().is_ok());
        assert!(grants("example queue", "*").checked().is_err());
        assert!(grants("*", "images").checked().is_err());
    }
}
