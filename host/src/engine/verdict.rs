//! What the end of an attempt means: from what wasmtime says to an outcome for people.

use std::time::Duration;

use serde_json::value::RawValue;
use wasmtime::component::ResourceTableError;
use wasmtime::{FrameInfo, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use super::Ended;
use super::feed::Feed;
use super::limits::{Reached, Space};
use super::sandbox::Stop;
use crate::model::{Failure, FailureKind, Outcome};
use crate::values::{Returned, TooLong};

/// The longest quotation of an error's payload or of a guest's last words, in bytes.
const QUOTED_MAX_BYTES: usize = 500;

/// The outcome of a call that returned.
pub(super) fn returned(returned: Result<Returned, TooLong>, limit: usize) -> Outcome {
    match returned {
        Ok(Returned::Value(json)) => match raw(json) {
            Some(json) => Outcome::Value(json),
            None => Outcome::Error(not_json()),
        },
        Ok(Returned::Err(json)) => {
            let payload = raw(json);
            let message = match &payload {
                Some(payload) if payload.get() != "null" => {
                    format!("the task returned the error {}", quoted(payload.get()))
                }
                _ => "the task returned an error".to_owned(),
            };
            Outcome::Error(Failure {
                payload,
                ..Failure::new(FailureKind::Guest, message)
            })
        }
        Err(_) => Outcome::Error(Failure::limit(
            "value_max_bytes",
            format!(
                "the task returned a value that is longer than {limit} bytes as JSON: return \
                 less, or raise value_max_bytes"
            ),
        )),
    }
}

fn raw(json: Vec<u8>) -> Option<Box<RawValue>> {
    RawValue::from_string(String::from_utf8(json).ok()?).ok()
}

fn not_json() -> Failure {
    Failure::new(
        FailureKind::Component,
        "the value that the task returned could not be written as JSON",
    )
}

/// What became of an attempt that did not return.
pub(super) fn failed(
    error: &wasmtime::Error,
    space: &Space,
    feed: &Feed,
    timeout: Duration,
) -> Ended {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        match stop {
            Stop::Fenced => return Ended::Fenced,
            Stop::Cancelled => return Ended::Cancelled,
            Stop::Timeout => {}
        }
    }
    let mut failure = explain(error, space, feed, timeout);
    if let Some(trace) = error.downcast_ref::<WasmBacktrace>() {
        failure.backtrace = trace.frames().iter().map(frame).collect();
    }
    Ended::Outcome(Outcome::Error(failure))
}

fn explain(error: &wasmtime::Error, space: &Space, feed: &Feed, timeout: Duration) -> Failure {
    if let Some(Stop::Timeout) = error.downcast_ref() {
        let message = format!(
            "the attempt took longer than {} ms: raise the timeout of the call or of its queue",
            timeout.as_millis()
        );
        return Failure::new(FailureKind::Timeout, message);
    }
    if let Some(reached) = error.downcast_ref::<Reached>() {
        return limit(reached);
    }
    let trap = error.downcast_ref::<Trap>();
    if trap == Some(&Trap::StackOverflow) {
        let message = "the task used up its stack: let it recurse less, or raise stack_max_bytes";
        return Failure::limit("stack_max_bytes", message);
    }
    if trap == Some(&Trap::OutOfFuel) {
        let message = "the workflow computed more than it may between its beginning and its end: \
             move what computes into tasks, or raise workflow_fuel_max";
        return Failure::limit("workflow_fuel_max", message);
    }
    if trap == Some(&Trap::AsyncDeadlock) {
        return stuck();
    }
    // A guest that was refused memory or a table mostly gives up with whatever its language does
    // then. The refusal is the cause.
    if let Some(refused) = &space.refused {
        return limit(refused);
    }
    if let Some(reached) = told_by_wasmtime(error, space.handles_limit) {
        return limit(&reached);
    }
    let message = if let Some(I32Exit(code)) = error.downcast_ref() {
        format!("the task exited with code {code} before it returned")
    } else if let Some(trap) = trap {
        // wasmtime begins with what has been said already.
        let trap = trap.to_string();
        let what = trap.strip_prefix("wasm trap: ").unwrap_or(&trap);
        format!("the task trapped: {what}")
    } else {
        format!("the task was ended: {}", error.root_cause())
    };
    let last_words = feed.last_words();
    Failure::new(
        FailureKind::Trap,
        match last_words.is_empty() {
            true => message,
            false => format!("{message}; its last words: {}", quoted_end(&last_words)),
        },
    )
}

/// A guest that waits for what nothing can bring about.
pub(super) fn stuck() -> Failure {
    let message = "the task waits for something that can never happen: it awaits nothing that the \
         host could answer";
    Failure::new(FailureKind::Trap, message)
}

fn limit(reached: &Reached) -> Failure {
    Failure::limit(reached.limit, reached.message.clone())
}

/// Limits that wasmtime keeps itself. Of two of them it tells nothing but a text; a test holds
/// each, so that a new version that words it differently is noticed.
fn told_by_wasmtime(error: &wasmtime::Error, handles_limit: &'static str) -> Option<Reached> {
    let text = error.root_cause().to_string();
    let handles = matches!(error.downcast_ref(), Some(ResourceTableError::Full))
        || text.contains("handle limit exceeded");
    if handles {
        return Some(Reached::new(
            handles_limit,
            format!(
                "it held too many resources at once: let it drop what it no longer needs, or raise \
                 {handles_limit}"
            ),
        ));
    }
    if text.contains("fuel allocated for hostcalls has been exhausted") {
        return Some(Reached::new(
            "host_call_max_bytes",
            "the task handed too much to the host in one call: let it hand over less at a time, \
             or raise host_call_max_bytes",
        ));
    }
    None
}

/// `resize::scale at 0x1f3`, as far as it is known.
fn frame(frame: &FrameInfo) -> String {
    let symbol = frame.symbols().first();
    let name = symbol
        .and_then(|symbol| symbol.name())
        .or(frame.func_name());
    let mut text = match name {
        Some(name) => format!("{:#}", rustc_demangle::demangle(name)),
        None => format!("function {}", frame.func_index()),
    };
    let place = symbol.and_then(|symbol| Some((symbol.file()?, symbol.line()?)));
    match (place, frame.module_offset()) {
        (Some((file, line)), _) => text.push_str(&format!(" at {file}:{line}")),
        (None, Some(offset)) => text.push_str(&format!(" at {offset:#x}")),
        (None, None) => {}
    }
    text
}

fn quoted(text: &str) -> &str {
    &text[..text.floor_char_boundary(QUOTED_MAX_BYTES)]
}

fn quoted_end(text: &str) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(QUOTED_MAX_BYTES))..]
}

/// The host's own code failed while a guest ran. That is a mistake of ours, but the attempt ended.
pub(super) fn host_failed(error: &tokio::task::JoinError) -> Ended {
    if error.is_cancelled() {
        // The engine is being dropped under its callers: as good as a host that died.
        return Ended::Fenced;
    }
    tracing::error!(%error, "a sandbox was lost to a panic of the host");
    Ended::Outcome(Outcome::Error(Failure::new(
        FailureKind::Trap,
        "the host failed while the task ran: please report this with the host's log",
    )))
}
