//! `windlass invocation cancel`, `retry` and `resume`: of some by name, or of all that match.

use windlass_client::wire::{Bulk, BulkRequest, Filter, Invocation};
use windlass_client::{Client, Error as ClientError};

use super::failure::Failure;
use super::output::Output;
use super::select::FilterFlags;
use super::show::thousands;

/// To which invocations something is done.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// The invocations; or say which by --queue, --state, --tag …
    id: Vec<String>,

    #[command(flatten)]
    filter: FilterFlags,

    /// Only tell how many match.
    #[arg(long)]
    dry_run: bool,

    /// All of them, where nothing says which.
    #[arg(long)]
    all: bool,
}

/// What is done.
#[derive(Debug, Clone, Copy)]
pub enum Verb<'a> {
    /// Ask for their end, for this reason.
    Cancel(Option<&'a str>),
    /// Enqueue the calls of those that failed once more.
    Retry,
    /// Enqueue the calls of those that were cancelled once more.
    Resume,
}

impl Which {
    /// Does it.
    pub async fn run(&self, verb: Verb<'_>, client: &Client, output: Output) -> anyhow::Result<()> {
        let filter = self.filter.in_words();
        let is_filtered = filter != Filter::default() || self.all || self.dry_run;
        match (self.id.is_empty(), is_filtered) {
            (true, false) => Err(Failure::usage("which invocations is not said")
                .hint("name some, say which by --queue, --state, --tag …, or give --all")
                .into()),
            (false, true) => Err(
                Failure::usage("some invocations are named, and others filtered")
                    .hint("name some, or say which by --queue, --state, --tag …, not both")
                    .into(),
            ),
            (false, false) => self.named(verb, client, output).await,
            (true, true) => {
                let request = BulkRequest {
                    filter,
                    dry_run: self.dry_run,
                    all: self.all,
                    reason: match verb {
                        Verb::Cancel(reason) => reason.map(str::to_owned),
                        Verb::Retry | Verb::Resume => None,
                    },
                };
                let bulk = all(verb, client, &request).await?;
                Ok(output.one(&bulk, || in_words(verb, &bulk))?)
            }
        }
    }

    async fn named(&self, verb: Verb<'_>, client: &Client, output: Output) -> anyhow::Result<()> {
        let mut now = Vec::with_capacity(self.id.len());
        for id in &self.id {
            now.push(match verb {
                Verb::Cancel(reason) => client.cancel(id, reason).await?,
                Verb::Retry => client.retry(id).await?,
                Verb::Resume => client.resume(id).await?,
            });
        }
        match (verb, &now[..]) {
            (Verb::Retry | Verb::Resume, [new]) => Ok(output.one(new, || new.id.clone())?),
            _ => Ok(output.many(&now, &["id", "state"], row)?),
        }
    }
}

/// Asks until nothing is left: one request looks only at so many.
async fn all(verb: Verb<'_>, client: &Client, request: &BulkRequest) -> Result<Bulk, ClientError> {
    let mut sum: Option<Bulk> = None;
    loop {
        let one = match verb {
            Verb::Cancel(_) => client.cancel_all(request).await?,
            Verb::Retry => client.retry_all(request).await?,
            Verb::Resume => client.resume_all(request).await?,
        };
        let is_over = !one.more || one.dry_run || one.done == 0;
        let sum = sum.get_or_insert_with(Bulk::default);
        if sum.items.is_empty() {
            sum.items.clone_from(&one.items);
        }
        sum.matched += one.matched;
        sum.done += one.done;
        sum.more = one.more;
        sum.dry_run = one.dry_run;
        sum.refused = one.refused;
        if is_over {
            return Ok(std::mem::take(sum));
        }
    }
}

fn row(invocation: &Invocation) -> Vec<String> {
    let state = match invocation.cancelling {
        true => format!("{}, ends soon", invocation.state),
        false => invocation.state.to_string(),
    };
    vec![invocation.id.clone(), state]
}

fn in_words(verb: Verb<'_>, bulk: &Bulk) -> String {
    let matched = thousands(bulk.matched);
    if bulk.dry_run {
        let more = if bulk.more { " or more" } else { "" };
        let mut lines = vec![format!("{matched}{more} match")];
        lines.extend(bulk.items.iter().map(|one| {
            let (id, queue, task) = (&one.id, &one.queue, &one.task);
            format!("  {id}  {queue}  {task}  {}", one.state)
        }));
        if (bulk.items.len() as u64) < bulk.matched {
            lines.push("  …".to_owned());
        }
        return lines.join("\n");
    }
    let done = match verb {
        Verb::Cancel(_) => "cancelled",
        Verb::Retry => "retried",
        Verb::Resume => "resumed",
    };
    let mut lines = vec![format!("{done} {} of {matched}", thousands(bulk.done))];
    for refused in &bulk.refused {
        lines.push(format!("  not {}: {}", refused.id, refused.reason));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dry_run_tells_how_many_match() {
        let bulk = Bulk {
            matched: 100_000,
            more: true,
            dry_run: true,
            ..Bulk::default()
        };

        assert_eq!(in_words(Verb::Retry, &bulk), "100,000 or more match\n  …");
    }

    #[test]
    fn what_was_done_is_told_beside_what_matched() {
        let bulk = Bulk {
            matched: 3,
            done: 2,
            ..Bulk::default()
        };

        assert_eq!(in_words(Verb::Cancel(None), &bulk), "cancelled 2 of 3");
    }
}
