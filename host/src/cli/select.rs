//! Which invocations the command line means: by name, or by a filter.

use serde_json::json;
use windlass_client::wire::{FailureKind, Filter, State};

/// Which invocations: those for which all that is said holds.
#[derive(Debug, Default, clap::Args)]
pub struct FilterFlags {
    /// In this queue.
    #[arg(long)]
    queue: Option<String>,
    /// In this state: scheduled, queued, running, waiting, succeeded, failed or cancelled.
    #[arg(long, value_parser = state)]
    state: Option<State>,
    /// With this task, as it was written when it was enqueued.
    #[arg(long)]
    task: Option<String>,
    /// With a task of this component, of any version.
    #[arg(long)]
    component: Option<String>,
    /// With this tag; may be repeated.
    #[arg(long, value_name = "NAME:VALUE")]
    tag: Vec<String>,
    /// Ended with an error of this kind: guest, trap, limit, timeout …
    #[arg(long, value_parser = kind)]
    kind: Option<FailureKind>,
    /// In this partition.
    #[arg(long, value_name = "KEY")]
    partition: Option<String>,
    /// Enqueued then or later: a moment, or how long ago, such as 15m.
    #[arg(long, value_name = "MOMENT|AGO")]
    since: Option<String>,
    /// Enqueued earlier: a moment, or how long ago, such as 2h.
    #[arg(long, value_name = "MOMENT|AGO")]
    until: Option<String>,
    /// Enqueued by this workflow.
    #[arg(long, value_name = "ID")]
    parent: Option<String>,
    /// Dead letters: failed, and not done again since.
    #[arg(long)]
    dead: bool,
}

impl FilterFlags {
    /// In the words of the API.
    pub fn in_words(&self) -> Filter {
        Filter {
            queue: self.queue.clone(),
            state: self.state,
            task: self.task.clone(),
            component: self.component.clone(),
            tag: self.tag.clone(),
            kind: self.kind,
            partition: self.partition.clone(),
            since: self.since.clone(),
            until: self.until.clone(),
            parent: self.parent.clone(),
            dead: self.dead,
        }
    }
}

fn state(text: &str) -> Result<State, String> {
    serde_json::from_value(json!(text)).map_err(|_| {
        format!(
            "{text:?} is no state: scheduled, queued, running, waiting, succeeded, failed or \
             cancelled"
        )
    })
}

fn kind(text: &str) -> Result<FailureKind, String> {
    serde_json::from_value(json!(text)).map_err(|_| {
        format!(
            "{text:?} is no kind of failure: guest, arguments, trap, limit, timeout, host-lost, \
             nondeterminism, component or cancelled"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_no_state_is_refused_with_those_that_are() {
        assert_eq!(state("failed"), Ok(State::Failed));
        assert!(state("done").unwrap_err().contains("succeeded"));
    }

    #[test]
    fn a_word_that_is_no_kind_is_refused_with_those_that_are() {
        assert_eq!(kind("host-lost"), Ok(FailureKind::HostLost));
        assert!(kind("panic").unwrap_err().contains("trap"));
    }
}
