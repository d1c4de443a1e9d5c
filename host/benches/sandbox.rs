//! How many fresh sandboxes a second, with the engine as a host runs it: `cargo bench`.
//!
//! Prints figures and judges nothing: they mean something only on a machine that does nothing else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use windlass::engine::{
    Call, Ended, Engine, Feed, Fence, Grants, Identity, Kind, Options, Program,
};
use windlass::model::Outcome;
use windlass::model::clock::since_boot;
use windlass::values::{Function, Param, Type};

/// The component of `demo`: Rust, with all that its standard library asks of WASI.
const HELLO: &[u8] = include_bytes!("../assets/hello.wasm");

const LONG_ENOUGH: Duration = Duration::from_secs(2);
const IN_FLIGHT_PER_THREAD: usize = 4;

fn main() {
    let caller = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime for the caller");
    for threads in [1, 2] {
        let options = Options {
            guest_threads: threads,
            ..Options::default()
        };
        let engine = Engine::new(&options).expect("an engine");
        let compiled = engine.compile(HELLO, Kind::Task).expect("compiled code");
        // SAFETY: compiled by the same engine in the line above.
        let program = unsafe { engine.load(&compiled, Kind::Task) }.expect("a program");
        let (count, took, computed) = caller.block_on(measure(&engine, &program, threads));
        println!(
            "{threads} thread(s): {:>7.0} sandboxes/s, {:>5.1} µs CPU each",
            count as f64 / took.as_secs_f64(),
            computed.as_secs_f64() * 1e6 / count as f64
        );
    }
    println!("resident afterwards: {} KiB", resident_kib());
}

async fn measure(engine: &Engine, program: &Program, threads: usize) -> (u64, Duration, Duration) {
    let fence = Arc::new(Fence::new());
    fence.renew(since_boot() + Duration::from_secs(3600));
    let (began, computed) = (Instant::now(), process_time());
    let workers = (0..threads * IN_FLIGHT_PER_THREAD).map(|_| {
        let (engine_, program, fence) = (engine.clone(), program.clone(), fence.clone());
        engine.spawn(async move {
            let signature = Arc::new(Function {
                params: vec![Param {
                    name: "name".to_owned(),
                    ty: Type::String,
                }],
                result: Some(Type::String),
                is_async: false,
            });
            let mut count = 0;
            while began.elapsed() < LONG_ENOUGH {
                let feed = Arc::new(Feed::new(64 << 10));
                let call = call(signature.clone());
                let ended = engine_.run(&program, call, feed, fence.clone()).await;
                assert!(
                    matches!(ended, Ended::Outcome(Outcome::Value(_))),
                    "{ended:?}"
                );
                count += 1;
                tokio::task::yield_now().await;
            }
            count
        })
    });
    let mut count = 0;
    for worker in workers.collect::<Vec<_>>() {
        count += worker.await.expect("a worker that ends");
    }
    (count, began.elapsed(), process_time() - computed)
}

fn call(signature: Arc<Function>) -> Call {
    Call {
        identity: Identity {
            id: "01890a5d-ac96-774b-bcce-b302099a8057".to_owned(),
            namespace: "default".to_owned(),
            queue: "default".to_owned(),
            task: "hello/greet".to_owned(),
            attempt: 1,
        },
        interface: Some("demo:hello/tasks@0.1.0".to_owned()),
        function: "greet".to_owned(),
        signature,
        arguments: Bytes::from_static(b"[\"world\"]"),
        timeout: None,
        grants: Arc::new(Grants::default()),
        cancel: CancellationToken::new(),
    }
}

fn process_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid timespec for the call to fill.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or(0)
}
