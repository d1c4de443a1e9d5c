//! What workflows that wait cost, and how fast a journal is replayed: `cargo bench`, after
//! `cargo xtask guests`.
//!
//! Prints figures and judges nothing: they mean something only on a machine that does nothing else.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use windlass::engine::{
    Answer, Asked, Call, Durable, Ended, Engine, Feed, Fence, Gate, Grants, Halt, Identity, Kind,
    Options, Program, Request,
};
use windlass::model::clock::since_boot;
use windlass::model::{Moment, Outcome};
use windlass::values::{Function, Param, Type};

const WAITING: u32 = 10_000;
const STEPS: u32 = 10_000;

fn main() {
    let caller = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime for the caller");
    let engine = Engine::new(&Options::default()).expect("an engine");
    println!("without workflows: {} KiB", resident_kib());
    let guest = std::fs::read(guest()).expect("the guest `durable`, from `cargo xtask guests`");
    let compiled = engine
        .compile(&guest, Kind::Workflow)
        .expect("compiled code");
    // SAFETY: compiled by the same engine in the line above.
    let program = unsafe { engine.load(&compiled, Kind::Workflow) }.expect("a program");
    caller.block_on(replay(&engine, &program));
    caller.block_on(wait(&engine, &program));
}

fn guest() -> PathBuf {
    match std::env::var_os("WINDLASS_TEST_GUESTS") {
        Some(folder) => PathBuf::from(folder).join("durable.wasm"),
        None => PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join("../guests/wasm32-wasip2/release/durable.wasm"),
    }
}

/// One workflow of many steps, all of which are answered from memory.
async fn replay(engine: &Engine, program: &Program) {
    let opens = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
    let began = Instant::now();
    execute(engine, program, STEPS, opens, Arc::new(Semaphore::new(0))).await;
    println!(
        "{STEPS} steps replayed in {:.3} s",
        began.elapsed().as_secs_f64()
    );
}

/// Many workflows that wait at once, and then go on.
async fn wait(engine: &Engine, program: &Program) {
    let (opens, quiet) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (resident, began) = (resident_kib(), Instant::now());
    let runs: Vec<_> = (0..WAITING)
        .map(|_| {
            let (engine_, program) = (engine.clone(), program.clone());
            let (opens, quiet) = (opens.clone(), quiet.clone());
            engine.spawn(async move { execute(&engine_, &program, 1, opens, quiet).await })
        })
        .collect();
    let all = quiet.acquire_many(WAITING).await.expect("never closed");
    println!(
        "{WAITING} workflows wait after {:.2} s, {:.1} KiB each, {} mappings, {} places free",
        began.elapsed().as_secs_f64(),
        (resident_kib() - resident) as f64 / f64::from(WAITING),
        mappings(),
        engine.workflow_places_free(),
    );
    drop(all);
    let began = Instant::now();
    opens.add_permits(WAITING as usize);
    for run in runs {
        run.await.expect("no panic");
    }
    let ended = began.elapsed();
    // What they took is given back off their threads.
    tokio::time::sleep(Duration::from_secs(1)).await;
    println!(
        "they have ended after {:.2} s; resident: {} KiB",
        ended.as_secs_f64(),
        resident_kib()
    );
}

/// Answers every request with one permit.
struct Keeper {
    asked: u32,
    opens: Arc<Semaphore>,
    quiet: Arc<Semaphore>,
}

#[async_trait]
impl Durable for Keeper {
    fn ask(&mut self, _: Request) -> Result<Asked, Halt> {
        self.asked += 1;
        Ok(Asked::Later(Gate(self.asked)))
    }

    async fn quiet(&mut self) -> Result<(Gate, Answer), Halt> {
        self.quiet.add_permits(1);
        let permit = self.opens.acquire().await.map_err(|_| Halt::Away)?;
        permit.forget();
        Ok((Gate(self.asked), Answer::Done))
    }

    async fn end(&mut self, _: &Outcome) -> Result<(), Halt> {
        Ok(())
    }

    fn time(&self) -> Moment {
        Moment(0)
    }

    fn seed(&self) -> [u8; 32] {
        [0; 32]
    }

    fn is_replaying(&self) -> bool {
        false
    }
}

async fn execute(
    engine: &Engine,
    program: &Program,
    steps: u32,
    opens: Arc<Semaphore>,
    quiet: Arc<Semaphore>,
) {
    let fence = Arc::new(Fence::new());
    fence.renew(since_boot() + Duration::from_secs(3600));
    let call = Call {
        identity: Identity {
            id: "bench".to_owned(),
            namespace: "default".to_owned(),
            queue: "bench".to_owned(),
            task: "durable/sleeps".to_owned(),
            attempt: 1,
        },
        interface: None,
        function: "sleeps".to_owned(),
        signature: Arc::new(Function {
            params: vec![Param {
                name: "times".to_owned(),
                ty: Type::U32,
            }],
            result: None,
            is_async: false,
        }),
        arguments: Bytes::from(format!("[{steps}]")),
        timeout: None,
        grants: Arc::new(Grants::default()),
        cancel: CancellationToken::new(),
    };
    let keeper = Keeper {
        asked: 0,
        opens,
        quiet,
    };
    let feed = Arc::new(Feed::new(engine.options().output_max_bytes));
    let ended = engine
        .run_workflow(program, call, feed, fence, Box::new(keeper))
        .await;
    assert!(
        matches!(ended, Ended::Outcome(Outcome::Value(_))),
        "{ended:?}"
    );
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.and_then(|kib| kib.parse().ok()).unwrap_or(0)
}

fn mappings() -> usize {
    std::fs::read_to_string("/proc/self/maps").map_or(0, |maps| maps.lines().count())
}
