//! What a component costs, whatever language it was written in:
//! `cargo bench --bench languages -- FOLDER-OR-FILE… [--function NAME] [--arguments JSON]`.
//!
//! Without more, `summarize` of the templates is called. Prints a table and judges nothing: figures
//! mean something only on a machine that does nothing else. What stands in a column:
//!
//! - wasm, code: the component's size, and that of its compiled code
//! - compile: from the component to compiled code; load: from a file of compiled code
//! - alone: a fresh sandbox, one call and its end, on one thread with nothing beside it (the median)
//! - loaded: the same on two threads with four calls at once on each, per call and thread (the mean)
//! - memory: what the first call in a fresh pool touches, in pages, code excepted

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use windlass::engine::{
    Call, Ended, Engine, Feed, Fence, Grants, Identity, Kind, Options, Program,
};
use windlass::model::Outcome;
use windlass::model::clock::since_boot;
use windlass::registry::describe::{Task, describe};

const LOADS: usize = 9;
const CALLS_MIN: usize = 20;
const LONG_ENOUGH: Duration = Duration::from_secs(2);
const THREADS: usize = 2;
const IN_FLIGHT_PER_THREAD: usize = 4;

/// What is asked for on the command line.
struct Asked {
    components: Vec<PathBuf>,
    function: String,
    arguments: Bytes,
}

fn main() -> anyhow::Result<()> {
    let asked = asked()?;
    let caller = tokio::runtime::Builder::new_current_thread();
    let caller = { caller }.enable_all().build()?;
    println!(
        "{:<24} {:>8} {:>8} {:>9} {:>8} {:>9} {:>9} {:>8}",
        "component", "wasm", "code", "compile", "load", "alone", "loaded", "memory"
    );
    for path in &asked.components {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        match caller.block_on(measure(path, &asked)) {
            Ok(line) => println!("{name:<24} {line}"),
            Err(error) => println!("{name:<24} {error:#}"),
        }
    }
    Ok(())
}

fn asked() -> anyhow::Result<Asked> {
    let mut asked = Asked {
        components: Vec::new(),
        function: "summarize".to_owned(),
        arguments: Bytes::from_static(b"[\"dear Ada, the engine weaves algebraic patterns\"]"),
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .ok_or_else(|| anyhow::anyhow!("{word} needs a value"))
        };
        match word.as_str() {
            "--function" => asked.function = value()?,
            "--arguments" => asked.arguments = Bytes::from(value()?),
            // cargo says so to every bench.
            "--bench" => {}
            path => asked.components.extend(components(Path::new(path))?),
        }
    }
    anyhow::ensure!(
        !asked.components.is_empty(),
        "say which components: cargo bench --bench languages -- FOLDER-OR-FILE…"
    );
    Ok(asked)
}

fn components(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let files = std::fs::read_dir(path)?.map(|file| file.map(|file| file.path()));
    let mut files = files.collect::<Result<Vec<_>, _>>()?;
    files.retain(|file| file.extension().is_some_and(|kind| kind == "wasm"));
    files.sort();
    Ok(files)
}

async fn measure(path: &Path, asked: &Asked) -> anyhow::Result<String> {
    let bytes = std::fs::read(path)?;
    let description = describe(&bytes)?;
    let mut tasks = description.tasks.into_iter();
    let task = tasks.find(|task| task.name == asked.function);
    let task = task.ok_or_else(|| anyhow::anyhow!("it has no task {}", asked.function))?;
    let one = engine(1)?;

    let began = Instant::now();
    let code = one.compile(&bytes, Kind::Task)?;
    let compile = began.elapsed();
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("code");
    std::fs::write(&file, &code)?;
    let mut loads = Vec::new();
    for _ in 0..LOADS {
        let began = Instant::now();
        // SAFETY: compiled by this engine above, and written by nobody else.
        drop(unsafe { one.load_file(&file, Kind::Task) }?);
        loads.push(began.elapsed());
    }
    // SAFETY: as above.
    let program = unsafe { one.load_file(&file, Kind::Task) }?;
    let alone = alone(&one, &program, &task, asked).await?;
    let touched = touched(&code, &task, asked).await?;
    let many = engine(THREADS)?;
    // SAFETY: compiled by an engine with the same settings above.
    let program = unsafe { many.load_file(&file, Kind::Task) }?;
    let loaded = loaded(&many, &program, &task, asked).await?;
    Ok(format!(
        "{:>8} {:>8} {:>8.2}s {:>6.2}ms {:>7.3}ms {:>7.3}ms {:>7}K",
        size(bytes.len()),
        size(code.len()),
        compile.as_secs_f64(),
        ms(median(loads)),
        ms(alone),
        ms(loaded),
        touched / 1024,
    ))
}

fn engine(threads: usize) -> anyhow::Result<Engine> {
    Ok(Engine::new(&Options {
        guest_threads: threads,
        sandboxes_max: 32,
        ..Options::default()
    })?)
}

/// One call after the other.
async fn alone(
    engine: &Engine,
    program: &Program,
    task: &Task,
    asked: &Asked,
) -> anyhow::Result<Duration> {
    let (engine_, program, task) = (engine.clone(), program.clone(), task.clone());
    let arguments = asked.arguments.clone();
    let calls = engine.spawn(async move {
        let (began, mut took) = (Instant::now(), Vec::new());
        while took.len() < CALLS_MIN || began.elapsed() < LONG_ENOUGH {
            let begins = Instant::now();
            run(&engine_, &program, &task, &arguments).await?;
            took.push(begins.elapsed());
        }
        anyhow::Ok(took)
    });
    Ok(median(calls.await??))
}

/// As many calls at once as there is room for; what a thread takes for each.
async fn loaded(
    engine: &Engine,
    program: &Program,
    task: &Task,
    asked: &Asked,
) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let workers = (0..THREADS * IN_FLIGHT_PER_THREAD).map(|_| {
        let (engine_, program, task) = (engine.clone(), program.clone(), task.clone());
        let arguments = asked.arguments.clone();
        engine.spawn(async move {
            let mut count = 0u32;
            while began.elapsed() < LONG_ENOUGH {
                run(&engine_, &program, &task, &arguments).await?;
                count += 1;
                tokio::task::yield_now().await;
            }
            anyhow::Ok(count)
        })
    });
    let mut count = 0;
    for worker in workers.collect::<Vec<_>>() {
        count += worker.await??;
    }
    Ok(began.elapsed() * THREADS as u32 / count.max(1))
}

/// Bytes of the pages that the first call in a fresh pool touches.
async fn touched(code: &[u8], task: &Task, asked: &Asked) -> anyhow::Result<u64> {
    let mut least = u64::MAX;
    // The first also wakes up what belongs to the process.
    for _ in 0..3 {
        let engine = engine(1)?;
        // SAFETY: compiled by an engine with the same settings. From memory, so that the pages of
        // the code have all been touched before the call.
        let program = unsafe { engine.load(code, Kind::Task) }?;
        let before = page_faults();
        run(&engine, &program, task, &asked.arguments).await?;
        least = least.min(page_faults() - before);
    }
    // SAFETY: sysconf has no preconditions.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    Ok(least * u64::try_from(page).unwrap_or(4096))
}

async fn run(
    engine: &Engine,
    program: &Program,
    task: &Task,
    arguments: &Bytes,
) -> anyhow::Result<()> {
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
        arguments: arguments.clone(),
        timeout: None,
        grants: Arc::new(Grants::default()),
        cancel: CancellationToken::new(),
    };
    let feed = Arc::new(Feed::new(64 << 10));
    match engine.run(program, call, feed, fence).await {
        Ended::Outcome(Outcome::Value(_)) => Ok(()),
        ended => anyhow::bail!("the call did not succeed: {ended:?}"),
    }
}

fn page_faults() -> u64 {
    // SAFETY: a usage of zeros is one, and getrusage fills it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    u64::try_from(usage.ru_minflt).unwrap_or(0)
}

fn median(mut took: Vec<Duration>) -> Duration {
    took.sort();
    took.get(took.len() / 2).copied().unwrap_or_default()
}

fn ms(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

fn size(bytes: usize) -> String {
    match bytes {
        0..1_000_000 => format!("{} K", bytes / 1000),
        _ => format!("{:.1} M", bytes as f64 / 1e6),
    }
}
