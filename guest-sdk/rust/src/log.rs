//! Lines for the invocation's log, which the host keeps beside standard output and error.
//!
//! ```
//! use windlass_guest::log;
//!
//! log::info("the picture is 40 by 30");
//! log::warn(&format!("{} pixels are broken", 3));
//! ```
//!
//! The functions take finished text, so that a component that formats nothing carries no
//! formatting code.

use crate::host::{Level, log};

/// Appends a line that matters only to someone who follows every step.
pub fn trace(message: &str) {
    log(Level::Trace, message);
}

/// Appends a line that matters to someone who looks for a mistake.
pub fn debug(message: &str) {
    log(Level::Debug, message);
}

/// Appends a line that says what is going on.
pub fn info(message: &str) {
    log(Level::Info, message);
}

/// Appends a line that someone should look at.
pub fn warn(message: &str) {
    log(Level::Warn, message);
}

/// Appends a line that says what was lost.
pub fn error(message: &str) {
    log(Level::Error, message);
}
