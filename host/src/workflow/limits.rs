//! What a workflow may grow to: checked before each step that is new, never while it is replayed.

use super::execution::Execution;
use crate::engine::{Halt, Request};
use crate::model::Failure;

impl Execution {
    /// Whether the workflow may take this step.
    pub(super) fn check_limits(&self, request: &Request) -> Result<(), Halt> {
        let (options, steps) = (&self.parts.options, self.parts.tape.count());
        let limit = |name, message: String| Err(Halt::Failed(Failure::limit(name, message)));
        if steps >= options.journal_steps_max {
            let message = format!(
                "the journal has {steps} entries, which is as many as it may have: let the workflow \
                 go on as new (continue-as-new) before, or raise journal_steps_max"
            );
            return limit("journal_steps_max", message);
        }
        if self.parts.tape.weight() > options.journal_max_bytes {
            return limit("journal_max_bytes", too_large(options.journal_max_bytes));
        }
        let more = match request {
            Request::Enqueue(_) | Request::Call { .. } => 1,
            Request::EnqueueMany(calls) => calls.len(),
            _ => return Ok(()),
        };
        if self.made as usize + more > options.children_max as usize {
            let message = format!(
                "the workflow enqueued {} invocations and asks for {more} more, but it may enqueue {}: \
                 split it into several workflows, or raise children_max",
                self.made, options.children_max
            );
            return limit("children_max", message);
        }
        if self.parts.identity.depth >= options.depth_max {
            let message = format!(
                "the workflow has {} ancestors, which is as deep as it may go: does it enqueue \
                 itself for ever? else raise depth_max",
                self.parts.identity.depth
            );
            return limit("depth_max", message);
        }
        Ok(())
    }

    /// Whether a value may be kept.
    pub(super) fn check_value(&self, name: &str, value: &str) -> Result<(), Halt> {
        let (bytes, max) = (value.len(), self.parts.options.value_max_bytes);
        if bytes <= max {
            return Ok(());
        }
        let message = format!(
            "the value of `{name}` has {bytes} bytes where {max} are allowed: keep it elsewhere, or \
             raise value_max_bytes of workflows"
        );
        Err(Halt::Failed(Failure::limit("value_max_bytes", message)))
    }
}

/// What a workflow is told whose journal has grown too large.
pub(super) fn too_large(max: usize) -> String {
    format!(
        "the journal would have more than {max} bytes: let the workflow go on as new \
         (continue-as-new) before, or raise journal_max_bytes"
    )
}
