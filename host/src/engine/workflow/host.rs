//! `windlass:host/workflow`: every function is a request to the keeper of the journal, except for
//! random numbers, which follow from the seed.

use wasmtime::component::{HasSelf, Linker, Resource};

use super::guest::Guest;
use super::keeper::{Mismatch, Wait};
use crate::engine::bindings::workflow::{
    self, Call, Failure, Host, HostHandle, Refusal, Retries, State,
};
use crate::engine::durable::{Answer, HandleNumber, NamedCall, Request};
use crate::engine::limits::Reached;
use crate::model::controls::Start;
use crate::model::{self, Controls, Outcome};

/// Random bytes at once, as the interface says.
const RANDOM_MAX_BYTES: u32 = 65_536;

/// An invocation that the guest has a handle to.
pub struct Handle {
    number: HandleNumber,
    id: String,
}

/// Adds the interface to a linker.
pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    workflow::add_to_linker::<_, HasSelf<Guest>>(linker, |guest| guest)
}

impl Guest {
    /// Hands in a request; what it returns does not hold the guest.
    pub fn ask(
        &self,
        request: Request,
    ) -> impl Future<Output = wasmtime::Result<Answer>> + Send + use<> {
        let wait = self.keeper.ask(request);
        async move { Wait::answer(wait?).await }
    }

    async fn done(&mut self, request: Request) -> wasmtime::Result<()> {
        match self.ask(request).await? {
            Answer::Done => Ok(()),
            _ => Err(Mismatch.into()),
        }
    }

    async fn handles(
        &mut self,
        request: Request,
    ) -> wasmtime::Result<Result<Vec<Resource<Handle>>, Refusal>> {
        match self.ask(request).await? {
            Answer::Handles(handles) => {
                let handles = handles.into_iter();
                let handles =
                    handles.map(|(number, id)| Ok(self.table.push(Handle { number, id })?));
                handles.collect::<wasmtime::Result<_>>().map(Ok)
            }
            Answer::Refused(code, message) => Ok(Err(Refusal { code, message })),
            _ => Err(Mismatch.into()),
        }
    }

    async fn handle(
        &mut self,
        request: Request,
    ) -> wasmtime::Result<Result<Resource<Handle>, Refusal>> {
        match self.handles(request).await? {
            Ok(mut handles) => handles.pop().map(Ok).ok_or_else(|| Mismatch.into()),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    async fn text(&mut self, request: Request) -> wasmtime::Result<Option<String>> {
        match self.ask(request).await? {
            Answer::Text(text) => Ok(text),
            _ => Err(Mismatch.into()),
        }
    }

    fn number(&self, handle: &Resource<Handle>) -> wasmtime::Result<HandleNumber> {
        Ok(self.table.get(handle)?.number)
    }

    fn numbers_of(&self, handles: &[Resource<Handle>]) -> wasmtime::Result<Vec<HandleNumber>> {
        handles.iter().map(|handle| self.number(handle)).collect()
    }
}

impl Host for Guest {
    async fn enqueue(&mut self, call: Call) -> wasmtime::Result<Result<Resource<Handle>, Refusal>> {
        match NamedCall::try_from(call) {
            Ok(call) => self.handle(Request::Enqueue(call)).await,
            Err(message) => Ok(Err(invalid(message))),
        }
    }

    async fn enqueue_many(
        &mut self,
        calls: Vec<Call>,
    ) -> wasmtime::Result<Result<Vec<Resource<Handle>>, Refusal>> {
        let calls: Result<_, String> = calls.into_iter().map(NamedCall::try_from).collect();
        match calls {
            Ok(calls) => self.handles(Request::EnqueueMany(calls)).await,
            Err(message) => Ok(Err(invalid(message))),
        }
    }

    async fn find(&mut self, id: String) -> wasmtime::Result<Result<Resource<Handle>, Refusal>> {
        self.handle(Request::Find(id)).await
    }

    async fn wait_any(
        &mut self,
        handles: Vec<Resource<Handle>>,
        timeout_ms: Option<u64>,
    ) -> wasmtime::Result<Option<u32>> {
        let handles = self.numbers_of(&handles)?;
        match self.ask(Request::WaitAny(handles, timeout_ms)).await? {
            Answer::Index(index) => Ok(index),
            _ => Err(Mismatch.into()),
        }
    }

    async fn wait_all(
        &mut self,
        handles: Vec<Resource<Handle>>,
        timeout_ms: Option<u64>,
    ) -> wasmtime::Result<bool> {
        let handles = self.numbers_of(&handles)?;
        match self.ask(Request::WaitAll(handles, timeout_ms)).await? {
            Answer::Flag(flag) => Ok(flag),
            _ => Err(Mismatch.into()),
        }
    }

    async fn sleep(&mut self, ms: u64) -> wasmtime::Result<()> {
        self.done(Request::Sleep(ms)).await
    }

    async fn now(&mut self) -> wasmtime::Result<u64> {
        match self.ask(Request::Now).await? {
            Answer::Time(model::Moment(time)) => Ok(u64::try_from(time / 1_000).unwrap_or(0)),
            _ => Err(Mismatch.into()),
        }
    }

    fn random(&mut self, length: u32) -> wasmtime::Result<Vec<u8>> {
        if length > RANDOM_MAX_BYTES {
            let message = format!(
                "the workflow asked for {length} random bytes at once where {RANDOM_MAX_BYTES} are \
                 allowed: let it ask for fewer at a time"
            );
            return Err(Reached::new("random_max_bytes", message).into());
        }
        Ok(self.numbers.bytes(length as usize))
    }

    async fn publish(&mut self, name: String, value: String) -> wasmtime::Result<()> {
        self.done(Request::Publish(name, value)).await
    }

    async fn receive(
        &mut self,
        name: String,
        timeout_ms: Option<u64>,
    ) -> wasmtime::Result<Option<String>> {
        self.text(Request::Receive(name, timeout_ms)).await
    }

    async fn step_begin(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        let done = self.text(Request::StepBegin(name)).await?;
        self.pieces += 1;
        if done.is_none() {
            let piece = self.numbers.of_piece(self.pieces);
            self.outside = Some(std::mem::replace(&mut self.numbers, piece));
        }
        Ok(done)
    }

    async fn step_end(&mut self, value: String) -> wasmtime::Result<()> {
        if let Some(outside) = self.outside.take() {
            self.numbers = outside;
        }
        self.done(Request::StepEnd(value)).await
    }

    async fn continue_as_new(&mut self, arguments: String) -> wasmtime::Result<()> {
        self.ask(Request::ContinueAsNew(arguments)).await?;
        // It does not return: there is no answer but the end of this execution.
        Err(Mismatch.into())
    }
}

impl HostHandle for Guest {
    fn id(&mut self, handle: Resource<Handle>) -> wasmtime::Result<String> {
        Ok(self.table.get(&handle)?.id.clone())
    }

    async fn get_result(
        &mut self,
        handle: Resource<Handle>,
    ) -> wasmtime::Result<Result<String, Failure>> {
        let number = self.number(&handle)?;
        match self.ask(Request::Result(number)).await? {
            Answer::Result(Outcome::Value(value)) => Ok(Ok(Box::<str>::from(value).into())),
            Answer::Result(Outcome::Error(failure)) => Ok(Err(failure.into())),
            _ => Err(Mismatch.into()),
        }
    }

    async fn status(&mut self, handle: Resource<Handle>) -> wasmtime::Result<State> {
        let number = self.number(&handle)?;
        match self.ask(Request::Status(number)).await? {
            Answer::State(state) => Ok(state.into()),
            _ => Err(Mismatch.into()),
        }
    }

    async fn cancel(&mut self, handle: Resource<Handle>) -> wasmtime::Result<()> {
        let number = self.number(&handle)?;
        self.done(Request::Cancel(number)).await
    }

    fn drop(&mut self, handle: Resource<Handle>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

impl TryFrom<Call> for NamedCall {
    type Error = String;

    fn try_from(call: Call) -> Result<Self, String> {
        let options = call.options;
        let controls = Controls {
            start: options.delay_ms.map_or(Start::Now, Start::After),
            partition: options.partition,
            retries: options.retries.map(retries).transpose()?,
            deadline_ms: options.deadline_ms,
            tags: options.tags.into_iter().collect(),
            ..Controls::default()
        };
        Ok(Self {
            queue: call.queue,
            task: call.task,
            arguments: call.arguments,
            id: options.id,
            priority: options.priority,
            timeout_ms: options.timeout_ms,
            controls: Box::new(controls),
            detached: options.detached,
        })
    }
}

/// What a guest could not have meant: nothing is asked, nothing is recorded.
fn invalid(message: String) -> Refusal {
    Refusal {
        code: "invalid".to_owned(),
        message,
    }
}

/// What is left out is as everywhere.
fn retries(asked: Retries) -> Result<model::retry::Retries, String> {
    let usual = model::retry::Retries::default();
    let on: Result<Vec<_>, String> = asked.on.iter().map(|rule| rule.parse()).collect();
    Ok(model::retry::Retries {
        max: asked.max,
        backoff_ms: asked.backoff_ms.unwrap_or(usual.backoff_ms),
        factor: asked.factor.unwrap_or(usual.factor),
        max_backoff_ms: asked.max_backoff_ms.unwrap_or(usual.max_backoff_ms),
        jitter: asked.jitter.unwrap_or(usual.jitter),
        on: match asked.on.is_empty() {
            true => usual.on,
            false => on.map_err(|why| format!("retries: on: {why}"))?,
        },
    })
}

impl From<model::Failure> for Failure {
    fn from(failure: model::Failure) -> Self {
        Self {
            kind: failure.kind.as_str().to_owned(),
            message: failure.message,
            payload: failure
                .payload
                .map(|payload| Box::<str>::from(payload).into()),
        }
    }
}

impl From<model::State> for State {
    fn from(state: model::State) -> Self {
        match state {
            model::State::Scheduled => Self::Scheduled,
            model::State::Queued => Self::Queued,
            model::State::Running => Self::Running,
            model::State::Waiting => Self::Waiting,
            model::State::Succeeded => Self::Succeeded,
            model::State::Failed => Self::Failed,
            model::State::Cancelled => Self::Cancelled,
        }
    }
}
