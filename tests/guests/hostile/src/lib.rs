//! Everything that a component can do to its host, a task for each.
//!
//! The host must end the one attempt with the right kind of error and go on. Some tasks are here
//! to see that a thing that is not granted is not there: they return what they find.

mod greed;
mod reach;

/// Bad behaviour.
#[windlass_guest::tasks(package = "test:hostile@0.1.0", interface = "tasks")]
pub mod tasks {
    use std::hint::black_box;
    use std::time::{Duration, Instant};

    use crate::{greed, reach};

    /// Never returns, and calls nothing.
    pub fn spin() {
        let mut turns = 0_u64;
        loop {
            turns = black_box(turns.wrapping_add(1));
        }
    }

    /// Allocates for ever, and writes to what it got.
    pub fn grab_memory() {
        greed::grab_memory();
    }

    /// Calls itself until the stack is full.
    pub fn recurse() -> u64 {
        greed::recurse(0)
    }

    /// Prints for ever.
    pub fn print_forever() {
        loop {
            println!("a line that nobody asked for");
        }
    }

    /// Prints so many bytes.
    pub fn print(bytes: u64) {
        greed::print(bytes);
    }

    /// Prints text to standard output and to standard error.
    pub fn print_text(out: String, err: String) {
        print!("{out}");
        eprint!("{err}");
    }

    /// Returns so many bytes.
    pub fn huge_result(bytes: u64) -> Vec<u8> {
        vec![7; usize::try_from(bytes).unwrap_or(usize::MAX)]
    }

    /// Returns a text of so many bytes.
    pub fn huge_string(bytes: u64) -> String {
        "x".repeat(usize::try_from(bytes).unwrap_or(usize::MAX))
    }

    /// Executes an instruction that traps.
    pub fn trap() {
        core::arch::wasm32::unreachable()
    }

    /// Panics, as a Rust program with a mistake does.
    pub fn panic(message: String) {
        panic!("{message}")
    }

    /// Fails with a typed error.
    pub fn fail(message: String) -> Result<u32, String> {
        Err(message)
    }

    /// Exits as if all were well, before it returns.
    pub fn exit_zero() {
        std::process::exit(0)
    }

    /// Exits with a code, before it returns. WASI 0.2 tells the host only whether it is zero.
    pub fn exit(code: i32) {
        std::process::exit(code)
    }

    /// Asks the host for the time so often, and says how often it did.
    pub fn millions_of_host_calls(n: u64) -> u64 {
        for _ in 0..n {
            black_box(Instant::now());
        }
        n
    }

    /// Waits.
    pub fn sleep_ms(ms: u64) {
        std::thread::sleep(Duration::from_millis(ms));
    }

    /// The environment that it sees.
    pub fn read_env() -> Vec<(String, String)> {
        std::env::vars().collect()
    }

    /// The files that it sees at the root.
    pub fn list_files() -> Result<Vec<String>, String> {
        reach::list_files()
    }

    /// Connects to an address such as `127.0.0.1:80`, and says what the connection is.
    pub fn connect(address: String) -> Result<String, String> {
        reach::connect(&address)
    }

    /// Fetches over HTTP, and returns the status and the beginning of the body.
    pub fn fetch(url: String) -> Result<String, String> {
        reach::fetch(&url)
    }

    /// Returns what a static variable holds, and leaves a value there for whoever comes next.
    pub fn touch_static(v: u32) -> u32 {
        reach::touch_static(v)
    }

    /// Writes so many lines to the invocation's log.
    pub fn log_lines(n: u64) {
        for line in 0..n {
            windlass_guest::log::info(&format!("line {line}"));
        }
    }

    /// Writes one line of so many bytes to the invocation's log.
    pub fn log_long_line(bytes: u64) {
        let line = "x".repeat(usize::try_from(bytes).unwrap_or(usize::MAX));
        windlass_guest::log::info(&line);
    }

    /// Reports progress so often, each report with a note of its own.
    pub fn report_progress(n: u64) {
        for done in 0..n {
            windlass_guest::progress(done, n, &format!("{done} done"));
        }
    }

    /// Who the host says is running: id, namespace, queue, task and attempt.
    pub fn who_am_i() -> (String, String, String, String, u32) {
        let me = windlass_guest::this_invocation();
        (me.id, me.namespace, me.queue, me.task, me.attempt)
    }

    /// Returns text as it came, for what should be kept to the letter.
    pub fn echo(text: String) -> String {
        text
    }
}
