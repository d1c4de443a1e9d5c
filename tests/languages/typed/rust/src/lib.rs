//! Workflows that call `demo:hello` by its type, one call after the other.

mod imports {
    windlass_guest::import!({ path: "../wit/deps/hello", interface: "demo:hello/tasks@0.1.0" });
}

/// The interface of `../wit`, which `windlass_guest::tasks` derives once more.
#[windlass_guest::tasks(package = "test:typed@0.1.0", interface = "typed")]
pub mod typed {
    use crate::imports::demo::hello::tasks as hello;

    /// Adds up 1 to `n`, a call for each number, each waiting for the last.
    #[workflow]
    pub fn sum(n: i64) -> Result<i64, String> {
        (1..=n).try_fold(0, hello::add)
    }

    /// Greets everybody, one after the other.
    #[workflow]
    pub fn greet(names: Vec<String>) -> Vec<String> {
        names.iter().map(|name| hello::greet(name)).collect()
    }

    /// What the task says to this: the error of its type.
    #[workflow]
    pub fn fails(message: String) -> Result<String, String> {
        hello::fail(&message)
    }
}
