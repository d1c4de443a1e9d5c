//! Workflows that call plain functions, each for one test of the engine. Bare `wit-bindgen`, so that
//! nothing stands between a test and what it tests.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[allow(clippy::all, reason = "wit-bindgen wrote it")]
mod bindings {
    wit_bindgen::generate!({
        world: "test:durable/durable",
        path: ["../../../wit/windlass-host", "wit"],
        generate_all,
    });
}

use bindings::test::durable::jobs::{self, Mistake, Picture, Size};
use bindings::test::durable::things;
use bindings::windlass::host::task::{self, Level};
use bindings::windlass::host::workflow::{self, Call, Options};

struct Component;

fn call(task: &str, arguments: &str) -> Call {
    Call {
        queue: Some("work".to_owned()),
        task: task.to_owned(),
        arguments: arguments.to_owned(),
        options: Options {
            id: None,
            priority: None,
            timeout_ms: None,
            delay_ms: None,
            deadline_ms: None,
            partition: None,
            retries: None,
            tags: Vec::new(),
            detached: false,
        },
    }
}

fn milliseconds(time: Duration) -> u64 {
    time.as_millis() as u64
}

impl bindings::Guest for Component {
    fn by_name(tasks: Vec<String>) -> Vec<String> {
        let handles: Vec<_> = tasks
            .iter()
            .map(|task| workflow::enqueue(&call(task, "[]")))
            .collect();
        let results = handles.iter().map(|handle| match handle {
            Ok(handle) => match handle.get_result() {
                Ok(value) => value,
                Err(failure) => format!(
                    "{}: {}: {}",
                    failure.kind,
                    failure.message,
                    failure.payload.unwrap_or_default()
                ),
            },
            Err(refusal) => format!("{}: {}", refusal.code, refusal.message),
        });
        results.collect()
    }

    fn doubled(n: u32) -> u32 {
        jobs::double(n)
    }

    fn scaled(picture: Picture) -> Result<Vec<Size>, Mistake> {
        jobs::scale(&picture)
    }

    fn forgotten() {
        jobs::forget();
    }

    fn made() {
        things::make();
    }

    fn everything() -> Vec<String> {
        let calls = [call("a", "[1]"), call("b", "{\"x\":2}")];
        let mut handles = match workflow::enqueue_many(&calls) {
            Ok(handles) => handles,
            Err(refusal) => return vec![refusal.message],
        };
        let mut told: Vec<String> = handles.iter().map(|handle| handle.id()).collect();
        let borrowed: Vec<_> = handles.iter().collect();
        told.push(format!("{:?}", workflow::wait_any(&borrowed, Some(5))));
        told.push(format!("{}", workflow::wait_all(&borrowed, None)));
        drop(handles.remove(0));
        let borrowed: Vec<_> = handles.iter().collect();
        told.push(format!("{}", workflow::wait_all(&borrowed, Some(7))));
        told.push(format!("{:?}", handles[0].status()));
        handles[0].cancel();
        match workflow::find("other") {
            Ok(found) => told.push(found.id()),
            Err(refusal) => told.push(refusal.code),
        }
        workflow::publish("progress", "{\"done\":1}");
        told.push(format!("{:?}", workflow::receive("approval", Some(9))));
        told.push(format!("{:?}", workflow::step_begin("charge")));
        workflow::step_end("3");
        told.push(format!("{:?}", workflow::step_begin("charge again")));
        told
    }

    fn again(arguments: String) {
        workflow::continue_as_new(&arguments);
        unreachable!("it does not return");
    }

    fn identity() -> String {
        let invocation = task::this_invocation();
        format!("{} {}", invocation.id, invocation.attempt)
    }

    fn randoms() -> Vec<u64> {
        let bytes = workflow::random(8);
        let host = bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
        vec![host, RandomState::new().build_hasher().finish()]
    }

    fn clocks(ms: u64) -> Vec<u64> {
        let began = Instant::now();
        let now = workflow::now();
        std::thread::sleep(Duration::from_millis(ms));
        let wall = SystemTime::now().duration_since(UNIX_EPOCH);
        vec![
            now,
            milliseconds(wall.unwrap_or_default()),
            milliseconds(began.elapsed()),
        ]
    }

    fn tells(ms: u64) {
        println!("out before");
        task::log(Level::Info, "logged before");
        task::progress(1, 2, "before");
        workflow::sleep(ms);
        eprintln!("err after");
        task::log(Level::Warn, "logged after");
        task::progress(2, 2, "after");
    }

    fn connects() {
        std::net::TcpStream::connect("127.0.0.1:9").ok();
    }

    fn reads() -> String {
        match std::fs::read_to_string("/etc/hostname") {
            Ok(text) => text,
            Err(error) => format!("refused: {error}"),
        }
    }

    fn spins() {
        loop {
            std::hint::black_box(());
        }
    }

    fn sleeps(times: u32) {
        for _ in 0..times {
            workflow::sleep(1);
        }
    }

    fn panics() {
        workflow::sleep(1);
        panic!("it went wrong");
    }
}

bindings::export!(Component with_types_in bindings);
