//! What the host tells its operator: structured logs here, numbers in [`metrics`].
//!
//! Logs go to standard error, so that standard output stays for data. Fields, not sentences; ids,
//! never payloads.

pub mod metrics;

use std::io::IsTerminal as _;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Which events, as in `RUST_LOG`: `info`, or `windlass=debug,sqlx=warn`.
    pub filter: String,
    /// As lines for people, or as JSON for machines.
    pub format: Format,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            filter: "warn,windlass=info".to_owned(),
            format: Format::Text,
        }
    }
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl FromStr for Format {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(Error::Format(text.to_owned())),
        }
    }
}

/// Why logging cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter does not read.
    #[error("log filter {filter:?}: {reason}: write it as `info` or `windlass=debug,sqlx=warn`")]
    Filter {
        /// As given.
        filter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Not a format.
    #[error("log format {0:?}: expected text or json")]
    Format(String),
}

/// Starts logging to standard error. A second call in one process changes nothing.
///
/// # Errors
///
/// If the filter does not read.
pub fn start(options: &Options) -> Result<(), Error> {
    let filter = EnvFilter::builder()
        .parse(&options.filter)
        .map_err(|error| Error::Filter {
            filter: options.filter.clone(),
            reason: error.to_string(),
        })?;
    let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && !is_plain)
        .with_target(false);
    let registry = tracing_subscriber::registry().with(filter);
    // It fails only where logging was started before, as in tests that share a process.
    let _ = match options.format {
        Format::Text => registry.with(lines).try_init(),
        Format::Json => registry.with(lines.json()).try_init(),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_does_not_read_is_refused_with_an_example() {
        let options = Options {
            filter: "windlass=loud".to_owned(),
            ..Options::default()
        };

        let error = start(&options).unwrap_err().to_string();

        assert!(error.contains("windlass=loud"), "{error}");
        assert!(error.contains("write it as"), "{error}");
    }
}
