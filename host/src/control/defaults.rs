//! What the manifest of a component says about its tasks: it holds for calls, of every version, that
//! do not say otherwise.

use std::collections::BTreeMap;

use super::{Control, Defaults, Error};
use crate::model::controls::DELAY_MS_MAX;
use crate::model::queue::{InvalidSetting, TIMEOUT_MS_MAX};
use crate::model::{ComponentName, Namespace, QueueName};

/// The most tasks of which a manifest may say something.
const TASKS_MAX: usize = 1_000;

impl Defaults {
    /// Whether these defaults can be.
    ///
    /// # Errors
    ///
    /// If one cannot; with its field.
    pub fn checked(&self) -> Result<(), InvalidSetting> {
        let within = |field, value: Option<u64>, most| match value {
            Some(ms) if ms == 0 || ms > most => Err(InvalidSetting {
                field,
                message: format!("expected 1 to {most}, got {ms}"),
            }),
            _ => Ok(()),
        };
        within("timeout_ms", self.timeout_ms, TIMEOUT_MS_MAX)?;
        within("deadline_ms", self.deadline_ms, DELAY_MS_MAX)?;
        if let Some(queue) = &self.queue {
            QueueName::parse(queue).map_err(|error| InvalidSetting {
                field: "queue",
                message: error.to_string(),
            })?;
        }
        let retries = self.retries.clone();
        let retries = retries.map(|retries| retries.checked("retries"));
        retries.transpose().map(drop)
    }
}

impl Control {
    /// Sets what holds for calls of a component's tasks that do not say otherwise: JSON of
    /// [`Defaults`] by the name of the task. The component need not be uploaded yet.
    ///
    /// # Errors
    ///
    /// If anything about it cannot be; then nothing changes.
    pub async fn put_defaults(
        &self,
        namespace: &Namespace,
        name: &ComponentName,
        defaults: serde_json::Value,
    ) -> Result<serde_json::Value, Error> {
        let tasks: BTreeMap<String, Defaults> = serde_json::from_value(defaults.clone())
            .map_err(|error| Error::value("tasks", error.to_string()))?;
        if tasks.len() > TASKS_MAX {
            let why = format!("expected at most {TASKS_MAX} tasks, got {}", tasks.len());
            return Err(Error::value("tasks", why));
        }
        for (task, defaults) in &tasks {
            defaults
                .checked()
                .map_err(|wrong| Error::value(format!("{task}.{}", wrong.field), wrong.message))?;
        }
        self.inner
            .store
            .put_defaults(namespace, name, &defaults)
            .await?;
        self.inner.catalogues.forget();
        Ok(defaults)
    }

    /// What holds for calls of a component's tasks that do not say otherwise.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn defaults(
        &self,
        namespace: &Namespace,
        name: &ComponentName,
    ) -> Result<serde_json::Value, Error> {
        let mut catalogue = self.inner.store.catalogue(namespace).await?;
        let found = catalogue.defaults.remove(name);
        Ok(found.unwrap_or_else(|| serde_json::json!({})))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_that_cannot_be_is_refused_with_its_field() {
        for (json, field) in [
            (serde_json::json!({"timeout_ms": 0}), "timeout_ms"),
            (serde_json::json!({"deadline_ms": u64::MAX}), "deadline_ms"),
            (serde_json::json!({"queue": "a b"}), "queue"),
            (
                serde_json::json!({"retries": {"max": 1_000_000}}),
                "retries",
            ),
        ] {
            let defaults: Defaults = serde_json::from_value(json).unwrap();
            assert_eq!(defaults.checked().unwrap_err().field, field);
        }
    }
}
