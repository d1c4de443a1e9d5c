//! Stubs in Python.

use super::Stubs;

/// Names of types that the output uses itself.
pub(super) const RESERVED: &[&str] = &["None", "True", "False"];

/// The module of a component.
pub(super) fn write(stubs: &Stubs) -> String {
    stubs.component.clone()
}
