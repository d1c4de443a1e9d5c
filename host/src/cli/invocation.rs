//! `windlass invocation`: look at invocations. What is done to many is in `bulk`, what goes to and
//! from workflows in `workflow`, their steps in `steps`.

use std::time::Duration;

use clap::Subcommand;
use futures::StreamExt;
use windlass_client::Client;
use windlass_client::wire::{Event, Kind, ListQuery};

use super::bulk::{Verb, Which};
use super::output::{self, Format, Output};
use super::select::FilterFlags;
use super::workflow::Workflow;
use super::{connection, show, steps};

/// Look at invocations, and at what goes to and from workflows.
#[derive(Debug, Subcommand)]
pub enum Invocation {
    /// List invocations, the newest first.
    List {
        #[command(flatten)]
        filter: FilterFlags,
        /// At most so many.
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: u32,
        /// With the arguments, in JSON.
        #[arg(long)]
        args: bool,
        /// With how they ended, in JSON.
        #[arg(long)]
        outcome: bool,
    },
    /// Print whole invocations, one JSON document a line, the newest first.
    Export {
        #[command(flatten)]
        filter: FilterFlags,
    },
    /// Tell what holds an invocation back.
    Why {
        /// The invocation.
        id: String,
    },
    /// List every try at running an invocation.
    Attempts {
        /// The invocation.
        id: String,
    },
    /// Ask for the end of invocations and of everything that they enqueued.
    Cancel {
        #[command(flatten)]
        which: Which,
        /// Why; the cancelled invocations say it.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Enqueue the calls of invocations that failed once more. A workflow begins before its first
    /// failed step. Of those that match a filter, only those that were not done again since.
    Retry {
        #[command(flatten)]
        which: Which,
    },
    /// Enqueue the calls of invocations that were cancelled once more, as `retry` does.
    Resume {
        #[command(flatten)]
        which: Which,
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

impl Invocation {
    /// Does it.
    pub async fn run(&self, client: &Client, output: Output) -> anyhow::Result<()> {
        match self {
            Self::List {
                filter,
                limit,
                args,
                outcome,
            } => {
                let include = [(args, "args"), (outcome, "outcome")].into_iter();
                let include: Vec<_> = include
                    .filter(|(asked, _)| **asked)
                    .map(|(_, w)| w)
                    .collect();
                let query = ListQuery {
                    include: (!include.is_empty()).then(|| include.join(",")),
                    ..filter.in_words().into()
                };
                list(client, query, *limit, output).await
            }
            Self::Export { filter } => export(client, filter).await,
            Self::Why { id } => {
                let why = client.why(id).await?;
                Ok(output.one(&why, || show::why(&why))?)
            }
            Self::Attempts { id } => {
                let attempts = client.attempts(id).await?;
                Ok(output.many(&attempts, &show::ATTEMPT_HEADER, show::attempt)?)
            }
            Self::Cancel { which, reason } => {
                let verb = Verb::Cancel(reason.as_deref());
                which.run(verb, client, output).await
            }
            Self::Retry { which } => which.run(Verb::Retry, client, output).await,
            Self::Resume { which } => which.run(Verb::Resume, client, output).await,
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
                Format::Text => output::bytes(chunk.text.as_bytes())?,
                _ => output::line(&serde_json::to_string(&chunk)?)?,
            }
        }
    }
    Ok(())
}

async fn export(client: &Client, filter: &FilterFlags) -> anyhow::Result<()> {
    let mut pieces = client.export(&filter.in_words()).await?;
    while let Some(piece) = pieces.next().await {
        output::bytes(&piece?)?;
    }
    Ok(())
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
