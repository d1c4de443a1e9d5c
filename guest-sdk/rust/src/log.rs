//! Lines for the invocation's log, which the host keeps beside standard output and error.
//!
//! ```
//! use windlass_guest::log;
//!
//! log::info("the picture is 40 by 30");
//! log::warn(&format!("{} pixels are broken", 3));
//! ```
//!
//! What is told to the crate `log` comes here as well, with the feature `log` and a call of `take_over`;
//! and so does what is printed.
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

/// Takes what the crate `log` is told from here on, by this component or by what it depends on, into
/// the invocation's log. To be called when a task begins; more than once is fine.
#[cfg(feature = "log")]
pub fn take_over() {
    struct Logger;

    impl ::log::Log for Logger {
        fn enabled(&self, _metadata: &::log::Metadata<'_>) -> bool {
            true
        }

        fn log(&self, record: &::log::Record<'_>) {
            let level = match record.level() {
                ::log::Level::Trace => Level::Trace,
                ::log::Level::Debug => Level::Debug,
                ::log::Level::Info => Level::Info,
                ::log::Level::Warn => Level::Warn,
                ::log::Level::Error => Level::Error,
            };
            log(level, &record.args().to_string());
        }

        fn flush(&self) {}
    }

    // Another logger that was there before stays.
    if ::log::set_logger(&Logger).is_ok() {
        ::log::set_max_level(::log::LevelFilter::Trace);
    }
}
