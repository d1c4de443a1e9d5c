//! What one sandbox, and all of them together, may use. Every limit has a name, and a guest that
//! reaches it is told that name.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The size of a page of wasm memory: what a memory grows by.
const PAGE_BYTES: usize = 64 << 10;

/// The limits of the engine. Those of a single sandbox hold for every attempt anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Sandboxes that live at once on this host: its permits. Whoever calls `run` holds one.
    pub sandboxes_max: u32,
    /// Workflows in memory at once on this host, most of them waiting; bounded by what
    /// `vm.max_map_count` allows.
    pub workflows_max: u32,
    /// Computing of one execution of a workflow, in instructions, counted from its beginning also
    /// when it is replayed.
    pub workflow_fuel_max: u64,
    /// Threads that execute guests and nothing else; 0 means one per core.
    pub guest_threads: usize,
    /// Linear memory of one sandbox, all its memories together, in bytes.
    pub memory_max_bytes: usize,
    /// Linear memories of one sandbox.
    pub memories_max: u32,
    /// Stack of the guest's code, in bytes.
    pub stack_max_bytes: usize,
    /// Elements of all tables of one sandbox together.
    pub table_elements_max: usize,
    /// Tables of one sandbox.
    pub tables_max: u32,
    /// Core instances that one component consists of.
    pub instances_max: u32,
    /// What is kept of an invocation's output and log, in bytes; the rest is counted.
    pub output_max_bytes: usize,
    /// The value that a task returns, as JSON, in bytes.
    pub value_max_bytes: usize,
    /// Computing of one attempt, in milliseconds of one core.
    pub cpu_max_ms: u64,
    /// How long one attempt may take where neither call nor queue says, in milliseconds.
    pub timeout_ms: u64,
    /// What a guest may hand to the host in one call, in bytes of the host's memory. Text and
    /// `list<u8>` take their size, an element of any other list about 32.
    pub host_call_max_bytes: usize,
    /// Resources (streams, pollables, requests …) that one sandbox holds at once.
    pub handles_max: usize,
    /// Resources that one workflow holds at once: handles of invocations, for the most part, each of
    /// which counts twice while it is waited for among others.
    pub workflow_handles_max: usize,
    /// Random bytes that a guest may ask for in one call.
    pub random_max_bytes: u64,
    /// Outgoing HTTP connections of one sandbox at once.
    pub http_connections_max: usize,
    /// Outgoing HTTP connections of this host at once.
    pub http_host_connections_max: usize,
    /// The longest that a guest may wait to connect, for the first byte, and between two bytes, in
    /// milliseconds; also what holds where it does not say.
    pub http_timeout_max_ms: u64,
    /// The body of one HTTP response, in bytes.
    pub http_body_max_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sandboxes_max: 128,
            workflows_max: 10_000,
            workflow_fuel_max: 50_000_000_000,
            guest_threads: 0,
            memory_max_bytes: 128 << 20,
            memories_max: 3,
            stack_max_bytes: 512 << 10,
            table_elements_max: 40_000,
            tables_max: 8,
            instances_max: 30,
            output_max_bytes: 64 << 10,
            value_max_bytes: 4 << 20,
            cpu_max_ms: 60_000,
            timeout_ms: 300_000,
            host_call_max_bytes: 128 << 20,
            handles_max: 10_000,
            workflow_handles_max: 250_000,
            random_max_bytes: 1 << 20,
            http_connections_max: 16,
            http_host_connections_max: 256,
            http_timeout_max_ms: 30_000,
            http_body_max_bytes: 16 << 20,
        }
    }
}

impl Options {
    /// The threads for guests: what was asked for, or one per core.
    pub(super) fn threads(&self) -> usize {
        match self.guest_threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        }
    }

    /// The memory limit, rounded up to whole pages.
    pub(super) fn memory_bytes(&self) -> usize {
        self.memory_max_bytes.div_ceil(PAGE_BYTES).max(1) * PAGE_BYTES
    }

    pub(super) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    pub(super) fn http_timeout_max(&self) -> Duration {
        Duration::from_millis(self.http_timeout_max_ms.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_documentation() {
        let options: Options = serde_json::from_str("{}").unwrap();

        assert_eq!(options, Options::default());
        assert_eq!(options.sandboxes_max, 128);
        assert_eq!(options.memory_max_bytes, 134_217_728);
        assert_eq!(options.output_max_bytes, 65_536);
        assert_eq!(options.value_max_bytes, 4_194_304);
        assert_eq!(options.timeout(), Duration::from_secs(300));
    }

    #[test]
    fn an_unknown_limit_is_refused() {
        let error = serde_json::from_str::<Options>("{\"memory_max\": 1}").unwrap_err();

        assert!(error.to_string().contains("memory_max_bytes"), "{error}");
    }

    #[test]
    fn memory_is_rounded_up_to_whole_pages() {
        let of = |memory_max_bytes| {
            let options = Options {
                memory_max_bytes,
                ..Options::default()
            };
            options.memory_bytes()
        };

        assert_eq!((of(0), of(1), of(65_536)), (65_536, 65_536, 65_536));
        assert_eq!(of(65_537), 131_072);
    }
}
