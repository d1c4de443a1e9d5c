//! One attempt: a fresh store, a fresh instance, one call.

use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::{InstancePre, Val};

use super::capabilities::http::Outgoing;
use super::convert::{from_wasm, to_wasm};
use super::feed::Feed;
use super::fence::Fence;
use super::limits::{Meter, metered};
use super::program::Export;
use super::sandbox::{Sandbox, Stop};
use super::{Call, Ended, Inner, Program, sandbox, verdict};
use crate::model::{Failure, FailureKind, Outcome};

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
    let mut results = vec![Val::Bool(false); export.results];
    let work = metered(
        meter,
        execute(pre, &export, &mut store, &arguments, &mut results),
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
        Ok(()) => {
            // The pool gets its memory back before the value is written as JSON.
            drop(store);
            drop(place);
            Ended::Outcome(value(engine, call, results))
        }
        Err(error) => verdict::failed(&error, &store.data().space, feed, timeout),
    }
}

/// Longer than anything runs, and short enough for a clock.
pub(super) const FOREVER: std::time::Duration =
    std::time::Duration::from_secs(100 * 365 * 24 * 3600);

/// What to call, and with what.
pub(super) fn prepare(program: &Program, call: &Call) -> Result<(Export, Vec<Val>), Failure> {
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
    let fits = export.params == signature.params.len()
        && export.results == usize::from(signature.result.is_some());
    if !fits {
        let message = format!(
            "{} has {} parameters and {} results, but was uploaded as {signature}",
            call.function, export.params, export.results
        );
        return Err(Failure::new(FailureKind::Component, message));
    }
    let arguments = signature
        .decode(&call.arguments)
        .map_err(|mistakes| Failure::new(FailureKind::Arguments, mistakes.to_string()))?;
    let arguments = arguments
        .into_iter()
        .zip(&signature.params)
        .map(|(value, param)| to_wasm(value, &param.ty));
    let arguments = arguments
        .collect::<Result<_, _>>()
        .map_err(|unfit| Failure::new(FailureKind::Component, unfit.to_string()))?;
    Ok((export, arguments))
}

async fn execute(
    pre: &InstancePre<Sandbox>,
    export: &Export,
    store: &mut wasmtime::Store<Sandbox>,
    arguments: &[Val],
    results: &mut [Val],
) -> wasmtime::Result<()> {
    let instance = pre.instantiate_async(&mut *store).await?;
    let function = instance
        .get_func(&mut *store, export.index)
        .ok_or_else(|| wasmtime::Error::msg("an exported function is missing in its instance"))?;
    function.call_async(&mut *store, arguments, results).await
}

/// The outcome of a call that returned.
pub(super) fn value(engine: &Inner, call: &Call, results: Vec<Val>) -> Outcome {
    let value = match (results.into_iter().next(), &call.signature.result) {
        (Some(value), Some(ty)) => match from_wasm(value, ty) {
            Ok(value) => Some(value),
            Err(unfit) => {
                return Outcome::Error(Failure::new(FailureKind::Component, unfit.to_string()));
            }
        },
        _ => None,
    };
    let limit = engine.options.value_max_bytes;
    verdict::returned(call.signature.returned(value.as_ref(), limit), limit)
}
