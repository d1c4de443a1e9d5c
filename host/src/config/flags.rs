//! The flags of `windlass serve`, which `windlass config show` takes as well.

use std::path::PathBuf;

use clap::Args;

use crate::http::duration;

/// How a host is configured on the command line. What is not said comes from the environment, the
/// file, or the defaults.
#[derive(Debug, Clone, Default, Args)]
pub struct Flags {
    /// Configuration in TOML; DATA/config.toml is read where there is one.
    #[arg(long, value_name = "FILE", env = "WINDLASS_CONFIG")]
    pub config: Option<PathBuf>,

    /// Address on which the API listens [default: 127.0.0.1:7070].
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,

    /// Folder of the database and of compiled code [default: ~/.local/share/windlass].
    #[arg(long, value_name = "DIR")]
    pub data: Option<String>,

    /// Postgres instead of the SQLite file in the data folder: postgres://user@host/name.
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,

    /// Only run invocations of these queues, separated by commas.
    #[arg(long, value_name = "NAMES")]
    pub queues: Option<String>,

    /// Serve the API and run nothing.
    #[arg(long)]
    pub no_workers: bool,

    /// Refuse calls to queues that nobody declared, instead of making them.
    #[arg(long)]
    pub declared_queues_only: bool,

    /// What callers must send as a bearer token. Better given as WINDLASS_TOKEN, since others on
    /// this machine can read a command line.
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<String>,

    /// The host's name for people [default: that of the machine].
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// How long running invocations may go on when the host stops [default: 30s].
    #[arg(long, value_name = "TIME", value_parser = milliseconds)]
    pub drain_timeout: Option<u64>,

    /// Sandboxes at once [default: 128].
    #[arg(long, value_name = "COUNT")]
    pub sandboxes: Option<u32>,

    /// For how long a host must be silent before others take over [default: 10000].
    #[arg(long, value_name = "MS")]
    pub lease_ms: Option<u64>,

    /// How often a host says that it lives [default: 2000].
    #[arg(long, value_name = "MS")]
    pub beat_ms: Option<u64>,

    /// What is logged, as in RUST_LOG [default: warn,windlass=info].
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,

    /// How a log line looks: text or json.
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,

    /// Any setting of `windlass config show`, as in engine.cpu_max_ms=1000; may be repeated.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub set: Vec<(String, String)>,
}

fn milliseconds(text: &str) -> Result<u64, String> {
    let time = duration(text)?;
    u64::try_from(time.as_millis()).map_err(|_| format!("{text:?} is too long"))
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("{text:?} is not of the form KEY=VALUE")),
    }
}

impl Flags {
    /// What the flags say: the flag, the key and the value as text.
    pub(super) fn values(&self) -> Vec<(&'static str, &str, String)> {
        let texts = [
            ("--listen", "listen", self.listen.clone()),
            ("--data", "data", self.data.clone()),
            ("--database", "database", self.database.clone()),
            ("--queues", "queue.queues", self.queues.clone()),
            ("--token", "token", self.token.clone()),
            ("--name", "name", self.name.clone()),
            ("--log", "log.filter", self.log.clone()),
            ("--log-format", "log.format", self.log_format.clone()),
        ];
        let numbers = [
            ("--drain-timeout", "queue.drain_ms", self.drain_timeout),
            (
                "--sandboxes",
                "engine.sandboxes_max",
                self.sandboxes.map(u64::from),
            ),
            ("--lease-ms", "queue.lease_ms", self.lease_ms),
            ("--beat-ms", "queue.beat_ms", self.beat_ms),
        ];
        let switches = [
            ("--no-workers", "workers", self.no_workers, "false"),
            (
                "--declared-queues-only",
                "control.declared_queues_only",
                self.declared_queues_only,
                "true",
            ),
        ];
        let texts = texts
            .into_iter()
            .filter_map(|(flag, key, value)| Some((flag, key, value?)));
        let numbers = numbers
            .into_iter()
            .filter_map(|(flag, key, value)| Some((flag, key, value?.to_string())));
        let switches = switches
            .into_iter()
            .filter(|(_, _, is_set, _)| *is_set)
            .map(|(flag, key, _, value)| (flag, key, value.to_owned()));
        let others = self.set.iter();
        let others = others.map(|(key, value)| ("--set", key.as_str(), value.clone()));
        texts.chain(numbers).chain(switches).chain(others).collect()
    }
}
