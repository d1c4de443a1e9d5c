//! One attempt: a fresh store, a fresh instance, one call.

use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::{ComponentExportIndex, Instance, InstancePre};

use super::capabilities::http::Outgoing;
use super::feed::Feed;
use super::fence::Fence;
use super::limits::{Meter, metered};
use super::sandbox::{Sandbox, Stop};
use super::{Call, Ended, Inner, Program, canonical, reflect, sandbox, verdict};
use crate::model::{Failure, FailureKind, Outcome};
use crate::values::{Function, Value};

/// Makes the attempt on this thread.
pub(super) async fn attempt(
    engine: &Inner,
    program: &Program,
    call: Call,
    feed: Arc<Feed>,
    fence: Arc<Fence>,
) -> Ended {
    let ended = attempt_unfinished(engine, program, &call, &feed, &fence).await;
    feed.finish();
    // The value may have come in the very moment in which the lease went.
    match fence.is_whole() {
        true => ended,
        false => Ended::Fenced,
    }
}

async fn attempt_unfinished(
    engine: &Inner,
    program: &Program,
    call: &Call,
    feed: &Arc<Feed>,
    fence: &Arc<Fence>,
) -> Ended {
    if !fence.is_whole() {
        return Ended::Fenced;
    }
    if call.cancel.is_cancelled() {
        return Ended::Cancelled;
    }
    // One place in the pool. Permits leave some to spare, but a sandbox whose caller went away is
    // dropped only at its next tick.
    let place = tokio::select! {
        biased;
        place = engine.places.acquire() => place,
        () = fence.broken() => return Ended::Fenced,
        () = call.cancel.cancelled() => return Ended::Cancelled,
    };
    let (export, arguments) = match prepare(program, call) {
        Ok(prepared) => prepared,
        Err(failure) => return Ended::Outcome(Outcome::Error(failure)),
    };
    let pre = match program.task() {
        Ok(pre) => pre,
        Err(error) => {
            let failure = Failure::new(FailureKind::Component, error.to_string());
            return Ended::Outcome(Outcome::Error(failure));
        }
    };
    let timeout = call.timeout.unwrap_or_else(|| engine.options.timeout());
    // A timeout beyond what a clock can count is none.
    let began = Instant::now();
    let deadline = began.checked_add(timeout).unwrap_or(began + FOREVER);
    let meter = Arc::new(Meter::new(deadline));
    let outgoing = Outgoing::new(&engine.network, &call.grants, fence);
    let mut store = sandbox::store(
        pre.engine(),
        &engine.options,
        call,
        outgoing,
        feed.clone(),
        fence.clone(),
        meter.clone(),
    );
    let work = metered(
        meter,
        execute(pre, export, &mut store, arguments, &call.signature),
    );
    // The work first: what has ended by itself has ended by itself. A guest that computes is ended
    // by its own look at the same four, a guest that waits is dropped here.
    let executed = tokio::select! {
        biased;
        executed = work => executed,
        () = fence.broken() => Err(Stop::Fenced.into()),
        () = call.cancel.cancelled() => Err(Stop::Cancelled.into()),
        () = tokio::time::sleep_until(deadline.into()) => Err(Stop::Timeout.into()),
    };
    match executed {
        Ok(value) => {
            // The pool gets its memory back before the value is written as JSON.
            drop(store);
            drop(place);
            Ended::Outcome(outcome(engine, call, value))
        }
        Err(error) => verdict::failed(&error, &store.data().space, feed, timeout),
    }
}

/// Longer than anything runs, and short enough for a clock.
pub(super) const FOREVER: std::time::Duration =
    std::time::Duration::from_secs(100 * 365 * 24 * 3600);

/// What to call, and with what.
pub(super) fn prepare(
    program: &Program,
    call: &Call,
) -> Result<(ComponentExportIndex, Vec<Value>), Failure> {
    let export = program.export(call.interface.as_deref(), &call.function);
    let Some(export) = export else {
        let message = format!(
            "the component does not export {}",
            match &call.interface {
                Some(interface) => format!("{interface}#{}", call.function),
                None => call.function.clone(),
            }
        );
        return Err(Failure::new(FailureKind::Component, message));
    };
    let signature = &call.signature;
    // Values are read and written by the one type and cross into the guest by the other.
    let found = export.signature.as_ref();
    if !found.is_some_and(|found| reflect::same(found, signature)) {
        let message = format!(
            "{} is {} in the compiled code, but was uploaded as {signature:#}",
            call.function,
            found.map_or_else(|| "no task".to_owned(), |found| format!("{found:#}"))
        );
        return Err(Failure::new(FailureKind::Component, message));
    }
    let arguments = signature
        .decode(&call.arguments)
        .map_err(|mistakes| Failure::new(FailureKind::Arguments, mistakes.to_string()))?;
    Ok((export.index, arguments))
}

async fn execute(
    pre: &InstancePre<Sandbox>,
    export: ComponentExportIndex,
    store: &mut wasmtime::Store<Sandbox>,
    arguments: Vec<Value>,
    signature: &Function,
) -> wasmtime::Result<Option<Value>> {
    let instance = pre.instantiate_async(&mut *store).await?;
    function(instance, export, store, arguments, signature).await
}

/// Calls an exported function of an instance.
pub(super) async fn function<T: Send>(
    instance: Instance,
    export: ComponentExportIndex,
    store: &mut wasmtime::Store<T>,
    arguments: Vec<Value>,
    signature: &Function,
) -> wasmtime::Result<Option<Value>> {
    let function = instance
        .get_func(&mut *store, export)
        .ok_or_else(|| wasmtime::Error::msg("an exported function is missing in its instance"))?;
    let result = signature.result.as_ref();
    canonical::call(function, store, arguments, result, signature.is_async).await
}

/// The outcome of a call that returned.
pub(super) fn outcome(engine: &Inner, call: &Call, value: Option<Value>) -> Outcome {
    let limit = engine.options.value_max_bytes;
    verdict::returned(call.signature.returned(value.as_ref(), limit), limit)
}
