//! A keeper of a journal that answers as a test says, and workflows that run against it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use tokio::sync::Notify;
use windlass::engine::{
    Answer, Asked, Call, Durable, Ended, Engine, Feed, Fence, Gate, Halt, HandleNumber, Kind,
    Program, Request,
};
use windlass::model::{Failure, FailureKind, Moment, Outcome};
use windlass::registry::describe::describe;
use windlass::values::Function;

use crate::support::{call, feed, whole};

/// What a request is met with.
pub enum Reply {
    /// The answer at once.
    Now(Answer),
    /// The answer when the guest is quiet and it is this gate's turn.
    Later(Answer),
    /// No answer ever.
    Never,
    /// The end.
    Halt(Halt),
}

type Answers = Box<dyn FnMut(&Request) -> Reply + Send>;
/// Which of so many gates opens next.
type Order = Box<dyn FnMut(usize) -> usize + Send>;

/// What the test sees and the keeper writes.
#[derive(Clone, Default)]
pub struct Script {
    state: Arc<Mutex<State>>,
    /// Told when the guest is quiet and no gate will open.
    pub quiet: Arc<Notify>,
}

#[derive(Default)]
struct State {
    asked: Vec<Request>,
    opened: Vec<u32>,
    ended: Vec<Outcome>,
}

impl Script {
    pub fn new() -> Self {
        Self::default()
    }

    /// What the guest asked, in order.
    pub fn asked(&self) -> Vec<Request> {
        self.state().asked.clone()
    }

    /// The gates in the order in which they opened.
    pub fn opened(&self) -> Vec<u32> {
        self.state().opened.clone()
    }

    /// The outcomes that were to be recorded.
    pub fn ended(&self) -> Vec<Outcome> {
        self.state().ended.clone()
    }

    /// A keeper that writes here.
    pub fn keeper(&self, answers: impl FnMut(&Request) -> Reply + Send + 'static) -> Keeper {
        Keeper {
            script: self.clone(),
            answers: Box::new(answers),
            order: Box::new(|_| 0),
            gates: Vec::new(),
            count: 0,
            time: Moment(1_700_000_000_000_000),
            seed: [7; 32],
            replayed: 0,
            at_the_end: None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// Answers as it was told to.
pub struct Keeper {
    script: Script,
    answers: Answers,
    order: Order,
    /// Those that are closed, with what each will let through; nothing for those that stay so.
    gates: Vec<(Gate, Answer)>,
    count: u32,
    time: Moment,
    seed: [u8; 32],
    replayed: usize,
    at_the_end: Option<Halt>,
}

impl Keeper {
    /// Opens the gates in another order than that of the requests.
    pub fn in_order(mut self, order: impl FnMut(usize) -> usize + Send + 'static) -> Self {
        self.order = Box::new(order);
        self
    }

    pub fn seeded(mut self, seed: [u8; 32]) -> Self {
        self.seed = seed;
        self
    }

    /// So many gates open before the replay is over.
    pub fn replaying(mut self, gates: usize) -> Self {
        self.replayed = gates;
        self
    }

    pub fn at_the_end(mut self, halt: Halt) -> Self {
        self.at_the_end = Some(halt);
        self
    }
}

#[async_trait]
impl Durable for Keeper {
    fn ask(&mut self, request: Request) -> Result<Asked, Halt> {
        let reply = (self.answers)(&request);
        if let Request::Sleep(_) | Request::Now = &request {
            self.time = self.time.moved(1_000);
        }
        self.script.state().asked.push(request);
        let gate = Gate(self.count);
        match reply {
            Reply::Now(answer) => return Ok(Asked::Now(answer)),
            Reply::Later(answer) => self.gates.push((gate, answer)),
            Reply::Never => {}
            Reply::Halt(halt) => return Err(halt),
        }
        self.count += 1;
        Ok(Asked::Later(gate))
    }

    async fn quiet(&mut self) -> Result<(Gate, Answer), Halt> {
        if self.gates.is_empty() {
            self.script.quiet.notify_one();
            return std::future::pending().await;
        }
        let next = (self.order)(self.gates.len());
        let (gate, answer) = self.gates.remove(next);
        self.script.state().opened.push(gate.0);
        self.time = self.time.moved(1_000_000);
        Ok((gate, answer))
    }

    async fn end(&mut self, outcome: &Outcome) -> Result<(), Halt> {
        self.script.state().ended.push(outcome.clone());
        self.at_the_end.take().map_or(Ok(()), Err)
    }

    fn time(&self) -> Moment {
        self.time
    }

    fn seed(&self) -> [u8; 32] {
        self.seed
    }

    fn is_replaying(&self) -> bool {
        self.script.state().opened.len() < self.replayed
    }
}

/// A guest of `tests/guests`, compiled for one kind.
pub struct Guest {
    pub engine: Engine,
    pub program: Program,
    functions: HashMap<String, Function>,
}

impl Guest {
    pub fn new(engine: Engine, name: &str, kind: Kind) -> Self {
        let path = guests().join(format!("{name}.wasm"));
        let bytes = std::fs::read(&path).unwrap_or_else(|error| {
            panic!(
                "{}: {error} (`cargo xtask guests` builds it)",
                path.display()
            )
        });
        let compiled = engine.compile(&bytes, kind).unwrap();
        // SAFETY: compiled by the same engine in the line above.
        let program = unsafe { engine.load(&compiled, kind) }.unwrap();
        let functions = describe(&bytes).unwrap().tasks.into_iter();
        Self {
            functions: functions.map(|task| (task.name, task.function)).collect(),
            engine,
            program,
        }
    }

    pub fn call(&self, function: &str, arguments: &str) -> Call {
        let signature = self.functions[function].clone();
        let mut call = call(signature, arguments);
        call.function = function.to_owned();
        call
    }

    pub fn feed(&self) -> Arc<Feed> {
        feed(&self.engine)
    }

    /// Executes a call to its end.
    pub async fn end(&self, call: Call, keeper: Keeper) -> Ended {
        self.under(whole(), call, keeper).await
    }

    pub async fn under(&self, fence: Arc<Fence>, call: Call, keeper: Keeper) -> Ended {
        let (program, feed) = (&self.program, self.feed());
        let keeper = Box::new(keeper);
        self.engine
            .run_workflow(program, call, feed, fence, keeper)
            .await
    }

    /// Executes a function, and expects a value.
    pub async fn value(&self, function: &str, arguments: &str, keeper: Keeper) -> String {
        match self.end(self.call(function, arguments), keeper).await {
            Ended::Outcome(Outcome::Value(value)) => value.get().to_owned(),
            ended => panic!("expected a value, got {ended:?}"),
        }
    }

    /// Executes a function, and expects a failure.
    pub async fn failure(&self, function: &str, arguments: &str, keeper: Keeper) -> Failure {
        match self.end(self.call(function, arguments), keeper).await {
            Ended::Outcome(Outcome::Error(failure)) => failure,
            ended => panic!("expected a failure, got {ended:?}"),
        }
    }
}

fn guests() -> PathBuf {
    match std::env::var_os("WINDLASS_TEST_GUESTS") {
        Some(folder) => folder.into(),
        None => PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../guests/wasm32-wasip2/release"),
    }
}

/// Waits for ever, whatever is asked.
pub fn never(_: &Request) -> Reply {
    Reply::Never
}

/// A value, as an answer.
pub fn value(json: &str) -> Answer {
    let json = serde_json::value::RawValue::from_string(json.to_owned());
    Answer::Result(Outcome::Value(json.unwrap()))
}

/// An error that a function returned, as an answer.
pub fn error(payload: &str) -> Answer {
    let payload = serde_json::value::RawValue::from_string(payload.to_owned());
    Answer::Result(Outcome::Error(Failure {
        payload: Some(payload.unwrap()),
        ..Failure::new(FailureKind::Guest, "the task returned an error")
    }))
}

/// Handles, numbered from `first` on.
pub fn handles(first: u32, count: u32) -> Answer {
    let handles = (first..first + count).map(|n| (HandleNumber(n), format!("child-{n}")));
    Answer::Handles(handles.collect())
}

/// The arguments of a call by type.
pub fn arguments(request: &Request) -> &str {
    match request {
        Request::Call { arguments, .. } => std::str::from_utf8(arguments).unwrap(),
        request => panic!("expected a call by type, got {request:?}"),
    }
}
