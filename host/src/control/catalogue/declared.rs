//! What the manifests of components say about their tasks, as it is read from the store.

use std::collections::HashMap;
use std::sync::Arc;

use crate::control::Defaults;
use crate::model::ComponentName;

/// What the manifests of components say about their tasks.
pub(super) fn declared(
    stored: &HashMap<ComponentName, serde_json::Value>,
) -> HashMap<ComponentName, Arc<HashMap<String, Defaults>>> {
    let mut declared = HashMap::with_capacity(stored.len());
    for (component, json) in stored {
        match serde_json::from_value(json.clone()) {
            Ok(tasks) => {
                declared.insert(component.clone(), Arc::new(tasks));
            }
            // Stored by a newer host: what cannot be read is not said.
            Err(error) => tracing::warn!(%component, %error, "a manifest cannot be read"),
        }
    }
    declared
}
