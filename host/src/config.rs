//! The configuration of a host: every part's options, gathered.
//!
//! A value comes from a flag, else from the environment, else from the file, else it is the
//! default, and it is remembered which. Every default works without a file. A key that no part
//! knows is refused by name.

mod flags;
mod layers;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::queue::maintenance;
use crate::registry::programs;
use crate::{api, control, engine, queue, telemetry, workflow};

pub use flags::Flags;
pub use layers::{Entry, Origin};

/// The fewest characters of a key that cannot be guessed.
const CODE_KEY_MIN: usize = 32;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A key that no part knows.
    #[error("{origin}: there is no setting {key:?}{}", did_you_mean(.similar))]
    UnknownKey {
        /// The key.
        key: String,
        /// Where it stands.
        origin: Origin,
        /// A key that may be meant.
        similar: Option<String>,
    },
    /// A value that cannot be.
    #[error("{key} (from {origin}): {message}")]
    Value {
        /// The key.
        key: String,
        /// Where it stands.
        origin: Origin,
        /// What is wrong with it, and the way out.
        message: String,
    },
    /// Values that do not go together.
    #[error("{0}")]
    Together(String),
}

fn did_you_mean(key: &Option<String>) -> String {
    match key {
        Some(key) => format!("; is {key:?} meant?"),
        None => "; `windlass config show` lists them".to_owned(),
    }
}

/// The configuration of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The address on which the API listens.
    pub listen: SocketAddr,
    /// The folder of the database and of compiled code.
    pub data: PathBuf,
    /// `postgres://…`; the SQLite file in the data folder where there is none.
    pub database: Option<String>,
    /// What callers must send; anybody may call where there is none.
    pub token: Option<String>,
    /// A secret that all hosts of a fleet are given, of 32 characters at least: with it they share
    /// what they compile by way of the database. Without one, each compiles for itself.
    pub code_key: Option<String>,
    /// The host's name for people; that of the machine by default.
    pub name: Option<String>,
    /// Whether this host runs invocations; else it serves the API only.
    pub workers: bool,
    /// What is logged.
    pub log: telemetry::Options,
    /// What the API takes.
    pub api: api::Options,
    /// What callers may ask for at most.
    pub control: control::Options,
    /// How the host takes part.
    pub queue: queue::Options,
    /// What is kept of invocations that have ended.
    pub maintenance: maintenance::Options,
    /// How much compiled code is kept.
    pub programs: programs::Options,
    /// What a sandbox may use.
    pub engine: engine::Options,
    /// What a workflow may do.
    pub workflow: workflow::Options,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7070)),
            data: default_data(),
            database: None,
            token: None,
            code_key: None,
            name: None,
            workers: true,
            log: telemetry::Options::default(),
            api: api::Options::default(),
            control: control::Options::default(),
            queue: queue::Options::default(),
            maintenance: maintenance::Options::default(),
            programs: programs::Options::default(),
            engine: engine::Options::default(),
            workflow: workflow::Options::default(),
        }
    }
}

/// Where data belongs by custom; beside the caller where there is no home.
fn default_data() -> PathBuf {
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    match (absolute("XDG_DATA_HOME"), absolute("HOME")) {
        (Some(data), _) => data.join("windlass"),
        (None, Some(home)) => home.join(".local/share/windlass"),
        (None, None) => PathBuf::from("windlass-data"),
    }
}

/// A configuration, and where each of its values comes from.
#[derive(Debug, Clone)]
pub struct Config {
    /// The values.
    pub settings: Settings,
    /// Each value with its origin, by key.
    pub entries: Vec<Entry>,
}

impl Config {
    /// Reads the configuration: these flags, this process's environment, the file.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, a key is unknown, or a value cannot be.
    pub fn load(flags: &Flags) -> Result<Self, Error> {
        Self::from_layers(flags, std::env::vars())
    }

    fn from_layers(
        flags: &Flags,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Error> {
        let (settings, entries) = layers::merge(flags, environment)?;
        settings.check()?;
        Ok(Self { settings, entries })
    }
}

impl Settings {
    fn check(&self) -> Result<(), Error> {
        let fail = |message: String| Err(Error::Together(message));
        if self
            .token
            .as_ref()
            .is_some_and(|token| token.trim().is_empty())
        {
            return fail("the token is empty: give one that cannot be guessed".to_owned());
        }
        if self
            .code_key
            .as_ref()
            .is_some_and(|key| key.trim().len() < CODE_KEY_MIN)
        {
            return fail(format!(
                "the code_key is shorter than {CODE_KEY_MIN} characters: give one that cannot be guessed, such as `openssl rand -hex 32` prints"
            ));
        }
        if self.token.is_none() && !is_loopback(self.listen.ip()) {
            return fail(format!(
                "{} can be reached from other machines: give a token with --token or WINDLASS_TOKEN, or listen on 127.0.0.1",
                self.listen
            ));
        }
        if self.engine.sandboxes_max == 0 {
            return fail(
                "engine.sandboxes_max is 0, so that nothing could run: give at least 1, or --no-workers".to_owned(),
            );
        }
        if let Some(url) = &self.database
            && !(url.starts_with("postgres://") || url.starts_with("postgresql://"))
        {
            return fail(format!(
                "the database {:?} is no address of a Postgres: write postgres://user@host/name, or leave it out for SQLite",
                layers::without_password(url)
            ));
        }
        let queue = self.queue.clone().checked();
        queue.map_err(|error| Error::Together(format!("queue.{error}")))?;
        let kept = self.maintenance.clone().checked();
        kept.map_err(|error| Error::Together(format!("maintenance.{error}")))?;
        Ok(())
    }

    /// The database's address as it may be shown.
    pub fn database_shown(&self) -> String {
        match &self.database {
            Some(url) => layers::without_password(url),
            None => self.sqlite_path().display().to_string(),
        }
    }

    /// The SQLite file.
    pub fn sqlite_path(&self) -> PathBuf {
        self.data.join("windlass.db")
    }
}

fn is_loopback(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback(),
        IpAddr::V6(address) => {
            let mapped = address.to_ipv4_mapped();
            address.is_loopback() || mapped.is_some_and(|address| address.is_loopback())
        }
    }
}

#[cfg(test)]
mod tests;
