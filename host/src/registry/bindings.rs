//! Which component and which queue stand behind an interface that a workflow imports.

use serde::{Deserialize, Serialize};

/// One import that is bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The interface as it is imported, with its version.
    pub interface: String,
    /// The component that provides it.
    pub component: String,
    /// Which of its versions, as in `^1.2`.
    pub version: String,
    /// The queue on which its calls are enqueued.
    pub queue: String,
}
