//! The interface of `examples/hello` with other answers, to be uploaded as its next version.
//!
//! Tests tell from an answer which version ran.

/// Small tasks to try a host with.
#[windlass_guest::tasks(package = "demo:hello@0.1.0", interface = "tasks")]
pub mod tasks {
    /// Greets somebody by name, in the words of the second version.
    pub fn greet(name: String) -> String {
        ["Welcome back, ", &name, "."].concat()
    }

    /// Adds two numbers and one more.
    pub fn add(a: i64, b: i64) -> Result<i64, String> {
        a.checked_add(b)
            .and_then(|sum| sum.checked_add(1))
            .ok_or_else(|| "the sum and one more do not fit into 64 bits".to_owned())
    }

    /// Fails with the message that it is given, marked.
    pub fn fail(message: String) -> Result<String, String> {
        Err(["version 2: ", &message].concat())
    }

    /// Does no work: answers with the number of units.
    pub fn work(units: u32) -> u64 {
        u64::from(units)
    }

    /// Does nothing.
    pub fn nothing() {}
}
