//! The verbs of `windlass invocation` that reach into a workflow: messages, published values, forks.

use std::time::Duration;

use clap::Subcommand;
use futures::StreamExt;
use serde_json::value::RawValue;
use windlass_client::Client;
use windlass_client::wire::{Event, ForkRequest, Invocation, Published};

use super::failure::Failure;
use super::output::{self, Format, Output};
use super::{connection, read_file, show};

/// Reach into a workflow.
#[derive(Debug, Subcommand)]
pub enum Workflow {
    /// Send a message to a workflow, which takes it under this name.
    Message {
        /// The workflow.
        id: String,
        /// The name under which the workflow waits for it.
        name: String,
        /// The value: JSON, @FILE, or a bare word for a text.
        #[arg(value_name = "JSON", allow_negative_numbers = true)]
        value: String,
    },
    /// Print what a workflow shows to the outside: all of it, or one value.
    Published {
        /// The workflow.
        id: String,
        /// The name of the value.
        name: Option<String>,
        /// Go on with every change, until the workflow ends.
        #[arg(long)]
        follow: bool,
    },
    /// Make a new invocation that begins with the steps of a workflow.
    Fork {
        /// The workflow.
        id: String,
        /// The first step that is done anew; all are kept unless said otherwise.
        #[arg(long, value_name = "N")]
        step: Option<u32>,
        /// The version of the component that goes on; the same unless said otherwise.
        #[arg(long)]
        version: Option<String>,
    },
}

impl Workflow {
    /// Does it.
    pub async fn run(&self, client: &Client, output: Output) -> anyhow::Result<()> {
        match self {
            Self::Message { id, name, value } => {
                client.message(id, name, &*read(value)?).await?;
                output.say(format!("{id} gets it under the name {name}"));
                Ok(())
            }
            Self::Published { id, name, follow } => match (name, follow) {
                (name, true) => changes(client, id, name.as_deref(), output).await,
                (None, false) => list(&client.published(id).await?, output),
                (Some(name), false) => {
                    let value = client.published_as(id, name, 0, Duration::ZERO).await?;
                    Ok(output.one(&value, || show::value(value.value.get()))?)
                }
            },
            Self::Fork { id, step, version } => {
                let request = ForkRequest {
                    step: *step,
                    version: version.clone(),
                };
                made(&client.fork(id, &request).await?, output)
            }
        }
    }
}

/// JSON, a file of it, or a bare word.
fn read(text: &str) -> anyhow::Result<Box<RawValue>> {
    let json = match text.strip_prefix('@') {
        Some(path) => String::from_utf8(read_file(path.as_ref())?)
            .map_err(|_| Failure::usage(format!("{path} is not text, and JSON is")))?,
        None => text.to_owned(),
    };
    let is_word = !json.trim_start().starts_with(['{', '[', '"']);
    match RawValue::from_string(json.trim().to_owned()) {
        Ok(json) => Ok(json),
        Err(_) if is_word && !text.starts_with('@') => Ok(serde_json::value::to_raw_value(text)?),
        Err(error) => Err(Failure::usage(format!("the message is not JSON: {error}")).into()),
    }
}

fn made(new: &Invocation, output: Output) -> anyhow::Result<()> {
    Ok(output.one(new, || new.id.clone())?)
}

fn list(published: &[Published], output: Output) -> anyhow::Result<()> {
    if published.is_empty() {
        output.say("It has published nothing.");
    }
    let header = ["name", "value", "revision", "published at"];
    Ok(output.many(published, &header, |one| {
        vec![
            one.name.clone(),
            one.value.get().to_owned(),
            one.revision.to_string(),
            one.published_at.clone(),
        ]
    })?)
}

async fn changes(
    client: &Client,
    id: &str,
    name: Option<&str>,
    output: Output,
) -> anyhow::Result<()> {
    let mut events = connection::patient(client).events(id);
    while let Some(event) = events.next().await {
        let Event::Published(one) = event? else {
            continue;
        };
        if name.is_some_and(|name| name != one.name) {
            continue;
        }
        match (output.format(), name) {
            (Format::Text, Some(_)) => output::line(&show::value(one.value.get()))?,
            (Format::Text, None) => {
                output::line(&format!("{}: {}", one.name, one.value.get()))?;
            }
            _ => output::line(&serde_json::to_string(&one)?)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_json_or_a_bare_word() {
        assert_eq!(read("{\"ok\": 1.10}").unwrap().get(), "{\"ok\": 1.10}");
        assert_eq!(read("true").unwrap().get(), "true");
        assert_eq!(read("yes").unwrap().get(), "\"yes\"");
        assert!(read("{\"ok\": }").is_err());
    }
}
