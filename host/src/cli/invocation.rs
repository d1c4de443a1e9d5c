//! `windlass invocation`: look at invocations. What goes to and from workflows is in `workflow`,
//! their steps in `steps`.

use std::time::Duration;

use clap::Subcommand;
use futures::StreamExt;
use serde_json::json;
use windlass_client::Client;
use windlass_client::wire::{Event, Kind, ListQuery, State};

use super::failure::Failure;
use super::output::{self, Format, Output};
use super::workflow::Workflow;
use super::{connection, show, steps};

/// Look at invocations, and at what goes to and from workflows.
#[derive(Debug, Subcommand)]
pub enum Invocation {
    /// List invocations, the newest first.
    List {
        /// In this queue.
        #[arg(long)]
        queue: Option<String>,
        /// In this state: scheduled, queued, running, waiting, succeeded, failed or cancelled.
        #[arg(long, value_parser = state)]
        state: Option<State>,
        /// With this task, as it was written when it was enqueued.
        #[arg(long)]
        task: Option<String>,
        /// Enqueued by this workflow.
        #[arg(long, value_name = "ID")]
        parent: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: u32,
        /// With the arguments, in JSON.
        #[arg(long)]
        args: bool,
    },
    /// Show everything about an invocation; of a workflow also its steps.
    Show {
        /// The invocation.
        id: String,
    },
    /// Print what an invocation wrote.
    Log {
        /// The invocation.
        id: String,
        /// Go on until it ends.
        #[arg(long)]
        follow: bool,
    },
    /// Print what happens to an invocation, one JSON document a line, until it ends.
    Events {
        /// The invocation.
        id: String,
    },
    /// List the steps of a workflow.
    Steps {
        /// The workflow.
        id: String,
    },
    #[command(flatten)]
    Workflow(Workflow),
}

fn state(text: &str) -> Result<State, String> {
    serde_json::from_value(json!(text)).map_err(|_| {
        format!(
            "{text:?} is no state: scheduled, queued, running, waiting, succeeded, failed or \
             cancelled"
        )
    })
}

impl Invocation {
    /// Does it.
    pub async fn run(&self, client: &Client, output: Output) -> anyhow::Result<()> {
        match self {
            Self::List {
                queue,
                state,
                task,
                parent,
                limit,
                args,
            } => {
                let query = ListQuery {
                    queue: queue.clone(),
                    state: *state,
                    task: task.clone(),
                    parent: parent.clone(),
                    include: args.then(|| "args".to_owned()),
                    ..ListQuery::default()
                };
                list(client, query, *limit, output).await
            }
            Self::Show { id } => {
                let invocation = client.invocation(id, Duration::ZERO).await?;
                output.one(&invocation, || show::invocation_in_full(&invocation))?;
                if invocation.kind == Kind::Workflow && output.format() == Format::Text {
                    output::line("")?;
                    steps::print(client, id, output).await?;
                }
                Ok(())
            }
            Self::Steps { id } => steps::print(client, id, output).await,
            Self::Workflow(workflow) => workflow.run(client, output).await,
            Self::Log { id, follow: true } => follow_log(client, id, output).await,
            Self::Log { id, .. } => {
                let log = client.log(id).await?;
                let text = || log.items.iter().map(|chunk| chunk.text.as_str()).collect();
                match output.format() {
                    Format::Text if log.items.is_empty() => output.say("It wrote nothing."),
                    Format::Jsonl => output.many(&log.items, &[], |_| Vec::new())?,
                    _ => output.one(&log.items, text)?,
                }
                Ok(())
            }
            Self::Events { id } => events(client, id).await,
        }
    }
}

async fn list(
    client: &Client,
    mut query: ListQuery,
    limit: u32,
    output: Output,
) -> anyhow::Result<()> {
    let mut items = Vec::new();
    loop {
        let missing = limit as usize - items.len();
        if missing == 0 {
            break;
        }
        // A page has a limit of its own, which the host keeps.
        query.limit = Some(missing.min(100) as u32);
        let page = client.invocations(&query).await?;
        items.extend(page.items.into_iter().take(missing));
        query.page = page.next;
        if query.page.is_none() {
            break;
        }
    }
    output.many(&items, &show::INVOCATION_HEADER, show::invocation)?;
    if query.page.is_some() {
        output.say(format!("There are more than {limit}: see --limit."));
    }
    Ok(())
}

async fn follow_log(client: &Client, id: &str, output: Output) -> anyhow::Result<()> {
    let mut events = connection::patient(client).events(id);
    while let Some(event) = events.next().await {
        if let Event::Log(chunk) = event? {
            match output.format() {
                Format::Text => print(&chunk.text)?,
                _ => output::line(&serde_json::to_string(&chunk)?)?,
            }
        }
    }
    Ok(())
}

fn print(text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    let mut stdout = std::io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::other(format!("cannot write to stdout: {error}")).into())
}

async fn events(client: &Client, id: &str) -> anyhow::Result<()> {
    let mut events = connection::patient(client).events(id);
    while let Some(event) = events.next().await {
        let event = event?;
        // Written and not built, so that values keep every digit.
        let (name, data) = (event.name(), event.data()?);
        output::line(&format!("{{\"event\":\"{name}\",\"data\":{data}}}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_no_state_is_refused_with_those_that_are() {
        assert_eq!(state("failed"), Ok(State::Failed));
        assert!(state("done").unwrap_err().contains("succeeded"));
    }
}
