//! `windlass serve` and `windlass config`: a host, and how it would be configured.

use clap::Subcommand;
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::Output;
use crate::config::{self, Entry, Flags};
use crate::server;

/// Run a host: the API and the workers in one process.
#[derive(Debug, clap::Args)]
pub struct Serve {
    #[command(flatten)]
    flags: Flags,
}

impl Serve {
    /// Serves until somebody says stop.
    pub async fn run(self) -> anyhow::Result<()> {
        let config = load(&self.flags)?;
        Ok(server::serve(config).await?)
    }
}

/// Look at the configuration of a host.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Print every setting, its value, and where it comes from. Takes the flags of `serve`.
    Show {
        #[command(flatten)]
        flags: Box<Flags>,
    },
}

impl Config {
    /// Does it.
    pub fn run(&self, output: Output) -> anyhow::Result<()> {
        let Self::Show { flags } = self;
        let config = load(flags)?;
        let rows: Vec<_> = config.entries.iter().map(shown).collect();
        output.many(&rows, &["setting", "value", "from"], |row| {
            let text = |field: &str| match &row[field] {
                Value::String(text) => text.clone(),
                Value::Null => "-".to_owned(),
                value => value.to_string(),
            };
            vec![text("setting"), text("value"), text("from")]
        })?;
        Ok(())
    }
}

fn shown(entry: &Entry) -> Value {
    json!({
        "setting": entry.key,
        "value": entry.value,
        "from": entry.origin.to_string(),
    })
}

fn load(flags: &Flags) -> Result<config::Config, Failure> {
    config::Config::load(flags).map_err(|error| Failure::usage(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Origin;

    #[test]
    fn a_setting_is_shown_with_where_it_comes_from() {
        let entry = Entry {
            key: "queue.lease_ms".to_owned(),
            value: json!(10_000),
            origin: Origin::Flag("--lease-ms".to_owned()),
        };

        assert_eq!(
            shown(&entry),
            json!({"setting": "queue.lease_ms", "value": 10_000, "from": "--lease-ms"})
        );
    }
}
