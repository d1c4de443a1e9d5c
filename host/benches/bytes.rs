//! Where the time of a call goes that hands over many bytes and gets them back:
//! `cargo bench --bench bytes -- types.wasm`, with the component of `tests/guests/types`.
//!
//! Prints figures and judges nothing. What remains of a call when its JSON is taken away is the
//! sandbox and the way of the bytes into the guest, through it, and out again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use windlass::engine::{Call, Ended, Engine, Feed, Fence, Grants, Identity, Kind, Options};
use windlass::model::Outcome;
use windlass::model::clock::since_boot;
use windlass::registry::describe::describe;
use windlass::values::Value;

const ROUNDS: usize = 7;

fn main() -> anyhow::Result<()> {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let path = words.next();
    let path = path.ok_or_else(|| anyhow::anyhow!("say where tests/guests/types was built to"))?;
    let component = std::fs::read(path)?;
    let mut tasks = describe(&component)?.tasks.into_iter();
    let task = tasks.find(|task| task.name == "echo-bytes");
    let task = task.ok_or_else(|| anyhow::anyhow!("it has no task echo-bytes"))?;
    let caller = tokio::runtime::Builder::new_current_thread();
    let caller = { caller }.enable_all().build()?;
    let engine = Engine::new(&Options {
        value_max_bytes: 256 << 20,
        memory_max_bytes: 512 << 20,
        host_call_max_bytes: 1 << 30,
        sandboxes_max: 4,
        ..Options::default()
    })?;
    let code = engine.compile(&component, Kind::Task)?;
    // SAFETY: compiled by the same engine in the line above.
    let program = unsafe { engine.load(&code, Kind::Task) }?;
    println!(
        "{:>10} {:>10} {:>10} {:>10} {:>10}",
        "bytes", "write", "read", "call", "rest"
    );
    for size in [0usize, 1 << 10, 100_000, 1_000_000, 10_000_000] {
        let value = Value::Bytes((0..size).map(|n| (n * 31 % 251) as u8).collect());
        let mut best = [Duration::MAX; 3];
        for _ in 0..ROUNDS {
            let began = Instant::now();
            let json = task
                .function
                .canonical(std::slice::from_ref(&value), usize::MAX)?;
            best[0] = best[0].min(began.elapsed());
            let began = Instant::now();
            let read = task.function.decode(&json);
            best[1] = best[1].min(began.elapsed());
            anyhow::ensure!(
                read.is_ok_and(|read| read[0] == value),
                "the JSON reads otherwise"
            );
            let fence = Arc::new(Fence::new());
            fence.renew(since_boot() + Duration::from_secs(3600));
            let call = Call {
                identity: Identity {
                    id: "01890a5d-ac96-774b-bcce-b302099a8057".to_owned(),
                    namespace: "default".to_owned(),
                    queue: "default".to_owned(),
                    task: task.name.clone(),
                    attempt: 1,
                },
                interface: task.interface.clone(),
                function: task.name.clone(),
                signature: Arc::new(task.function.clone()),
                arguments: Bytes::from(json),
                timeout: None,
                grants: Arc::new(Grants::default()),
                cancel: CancellationToken::new(),
            };
            let feed = Arc::new(Feed::new(64 << 10));
            let began = Instant::now();
            let ended = caller.block_on(engine.run(&program, call, feed, fence));
            best[2] = best[2].min(began.elapsed());
            anyhow::ensure!(
                matches!(ended, Ended::Outcome(Outcome::Value(_))),
                "the call did not succeed"
            );
        }
        let [write, read, call] = best.map(|took| took.as_secs_f64() * 1e3);
        println!(
            "{size:>10} {write:>8.2}ms {read:>8.2}ms {call:>8.2}ms {:>8.2}ms",
            call - write - read
        );
    }
    Ok(())
}
