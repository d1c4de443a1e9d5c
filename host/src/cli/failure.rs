//! Errors as people see them: what went wrong, the hint behind it, and the exit code.

use std::process::ExitCode;

use serde_json::json;
use windlass_client::Error as ClientError;
use windlass_client::wire::{Failure as TaskFailure, Invocation};

use super::output::{Format, Output};
use crate::{authoring, server};

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Something that none of the others names.
    Other = 1,
    /// The command line, or the arguments of a call.
    Usage = 2,
    /// No host can be reached, or a host cannot reach its database.
    Unreachable = 3,
    /// The task failed or was cancelled.
    TaskFailed = 4,
    /// The host refused.
    Refused = 5,
    /// A replay differs from the journal.
    Differs = 6,
}

/// An error of the command line itself.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    message: String,
    hint: Option<String>,
    exit: Exit,
    /// What came with the failure of an invocation.
    task: Option<Box<TaskFailure>>,
}

impl Failure {
    /// The command line, or the arguments of a call, cannot be.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Anything else.
    pub fn other(message: impl Into<String>) -> Self {
        Self::new(Exit::Other, message)
    }

    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            exit,
            task: None,
        }
    }

    /// An invocation ended without a value.
    pub fn of_task(invocation: &Invocation, failure: &TaskFailure) -> Self {
        let (task, kind) = (&invocation.task, failure.kind);
        Self {
            task: Some(Box::new(failure.clone())),
            ..Self::new(
                Exit::TaskFailed,
                format!("{task} failed ({kind}): {}", failure.message),
            )
        }
    }

    /// The same failure with a way out.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Prints an error to stderr, as `-o` says, and gives the exit code.
pub fn report(error: &anyhow::Error, output: Output) -> ExitCode {
    let (exit, hint) = classify(error);
    // The last line of a chain often repeats what its parent says already.
    let mut message = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !message.contains(&cause) {
            message = format!("{message}: {cause}");
        }
    }
    if output.format() == Format::Text {
        eprintln!("{} {message}", output.paint("error:", "1;31"));
        if let Some(failure) = of_an_invocation(error) {
            print_details(failure);
        }
        if let Some(hint) = hint {
            eprintln!("{} {hint}", output.paint("hint:", "1;36"));
        }
    } else {
        let mut body = json!({ "message": message, "hint": hint, "exit": exit as u8 });
        if let Some(ClientError::Problem(problem)) = error.downcast_ref() {
            body["problem"] = json!(problem);
        }
        if let Some(failure) = of_an_invocation(error) {
            body["failure"] = json!(failure);
        }
        eprintln!("{}", json!({ "error": body }));
    }
    ExitCode::from(exit as u8)
}

fn of_an_invocation(error: &anyhow::Error) -> Option<&TaskFailure> {
    match error.downcast_ref() {
        Some(ClientError::TaskFailed { failure, .. }) => Some(failure),
        _ => error.downcast_ref::<Failure>()?.task.as_deref(),
    }
}

fn print_details(failure: &TaskFailure) {
    if let Some(payload) = &failure.payload {
        eprintln!("  payload: {}", payload.get());
    }
    for frame in &failure.backtrace {
        eprintln!("  at {frame}");
    }
}

/// The way out when a host cannot open its database.
const DATABASE_HINT: &str = "check that the database runs and that --database is right";

fn classify(error: &anyhow::Error) -> (Exit, Option<String>) {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return (failure.exit, failure.hint.clone());
    }
    if let Some(error) = error.downcast_ref::<server::Error>() {
        return match error.is_unreachable() {
            true => (Exit::Unreachable, Some(DATABASE_HINT.to_owned())),
            false => (Exit::Other, None),
        };
    }
    if let Some(error) = error.downcast_ref::<authoring::Error>() {
        return (Exit::Other, error.hint());
    }
    let Some(error) = error.downcast_ref::<ClientError>() else {
        return (Exit::Other, None);
    };
    let exit = match error {
        ClientError::Unreachable { .. } => Exit::Unreachable,
        ClientError::Problem(problem) if problem.status < 500 => Exit::Refused,
        ClientError::TaskFailed { .. } => Exit::TaskFailed,
        ClientError::Address { .. } => Exit::Usage,
        _ => Exit::Other,
    };
    (exit, error.hint())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store;

    fn problem(status: u16) -> anyhow::Error {
        let problem: windlass_client::wire::Problem = serde_json::from_value(json!({
            "title": "t", "status": status, "detail": "d", "code": "c", "hint": "do this",
        }))
        .unwrap();
        ClientError::Problem(Box::new(problem)).into()
    }

    #[test]
    fn a_refusal_is_told_apart_from_a_host_that_is_broken() {
        assert_eq!(classify(&problem(422)).0, Exit::Refused);
        assert_eq!(classify(&problem(503)).0, Exit::Other);
        assert_eq!(classify(&problem(422)).1.as_deref(), Some("do this"));
    }

    #[test]
    fn a_database_that_is_away_is_told_apart_from_one_that_cannot_be_used() {
        let cannot_open = |reason| server::Error::Store {
            address: "postgres://db/app".to_owned(),
            reason,
        };
        let away = cannot_open(store::Error::Unreachable("connection refused".to_owned()));
        let newer = cannot_open(store::Error::TooNew { found: 9, known: 1 });

        assert_eq!(classify(&away.into()).0, Exit::Unreachable);
        assert_eq!(classify(&newer.into()).0, Exit::Other);
    }

    #[test]
    fn a_context_around_an_error_keeps_its_exit_code() {
        let error = problem(409).context("cannot upload");

        assert_eq!(classify(&error).0, Exit::Refused);
    }
}
