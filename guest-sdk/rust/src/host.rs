//! The host's side of the contract `windlass:host/task`, in a form that a Rust author expects.
//!
//! On other targets than wasm there is no host, and the stand-ins here answer.

/// Who is running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The handle, unique within its namespace.
    pub id: String,
    /// Whose invocation it is.
    pub namespace: String,
    /// The queue it was enqueued on.
    pub queue: String,
    /// The task as the caller wrote it.
    pub task: String,
    /// 1 for the first attempt. A call whose host died in the middle is attempted again.
    pub attempt: u32,
}

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// The invocation that this instance was made for.
///
/// ```
/// let invocation = windlass_guest::this_invocation();
/// assert_eq!(invocation.attempt, 1);
/// ```
pub fn this_invocation() -> Invocation {
    contract::this_invocation()
}

/// Tells whoever watches the invocation how far it is: `done` of `total`, with a short note.
///
/// Only the newest report is kept. The host answers from memory, so this may be called often.
///
/// ```
/// for page in 0..20 {
///     windlass_guest::progress(page, 20, "pages read");
/// }
/// ```
pub fn progress(done: u64, total: u64, note: &str) {
    contract::progress(done, total, note);
}

pub(crate) fn log(level: Level, message: &str) {
    contract::log(level, message);
}

#[cfg(target_arch = "wasm32")]
mod contract {
    use super::{Invocation, Level};
    use crate::bindings::windlass::host::task;

    pub fn this_invocation() -> Invocation {
        let task::Invocation {
            id,
            namespace,
            queue,
            task,
            attempt,
        } = task::this_invocation();
        Invocation {
            id,
            namespace,
            queue,
            task,
            attempt,
        }
    }

    pub fn progress(done: u64, total: u64, note: &str) {
        task::progress(done, total, note);
    }

    pub fn log(level: Level, message: &str) {
        let level = match level {
            Level::Trace => task::Level::Trace,
            Level::Debug => task::Level::Debug,
            Level::Info => task::Level::Info,
            Level::Warn => task::Level::Warn,
            Level::Error => task::Level::Error,
        };
        task::log(level, message);
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod contract {
    use super::{Invocation, Level};

    pub fn this_invocation() -> Invocation {
        Invocation {
            id: "no-host".to_owned(),
            namespace: "default".to_owned(),
            queue: "no-host".to_owned(),
            task: "no-host".to_owned(),
            attempt: 1,
        }
    }

    pub fn progress(_done: u64, _total: u64, _note: &str) {}

    pub fn log(level: Level, message: &str) {
        eprintln!("{}: {message}", format!("{level:?}").to_lowercase());
    }
}
