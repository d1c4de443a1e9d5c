//! Calls by type: a workflow imports the very interface that another component exports, and every
//! call of it becomes a request. The functions are made from the types of the import alone.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::value::RawValue;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, LinkerInstance};

use super::guest::Guest;
use super::keeper::Mismatch;
use crate::engine::canonical::{Given, Taken, flat_count_of};
use crate::engine::durable::{Answer, Request};
use crate::engine::limits::Reached;
use crate::engine::{reflect, stubs};
use crate::model::{Failure, FailureKind, Outcome};
use crate::values::{Function, Type, Value, from_json};

/// Why a function with such a type cannot be called.
const UNTYPED: &str = "a call by type takes and gives values, and its type has something else in it \
     (a resource, a stream, a future): export a function without";

/// What the called task ended with cannot be given to the workflow.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the call of {call} failed ({kind}): {message}")]
    Failed {
        call: String,
        kind: FailureKind,
        message: String,
    },
    #[error("the value of {call} is not of the type with which it is imported: {mistakes}")]
    Unfit { call: String, mistakes: String },
}

/// Whether an import is one of another component's, rather than of the host's.
pub(in crate::engine) fn is_of_a_component(interface: &str) -> bool {
    !interface.starts_with("wasi:") && !interface.starts_with("windlass:")
}

/// Links what a component imports from other components.
pub(super) fn link(linker: &mut Linker<Guest>, component: &Component) -> wasmtime::Result<()> {
    stubs::resources(linker, component, is_of_a_component)?;
    let engine = linker.engine().clone();
    for (interface, item) in component.component_type().imports(&engine) {
        let ComponentItem::ComponentInstance(instance) = item.ty else {
            continue;
        };
        if !is_of_a_component(interface) {
            continue;
        }
        for (name, item) in instance.exports(&engine) {
            let ComponentItem::ComponentFunc(ty) = item.ty else {
                continue;
            };
            match reflect::signature(&ty) {
                Ok(signature) => {
                    let import = Arc::new(Import {
                        interface: interface.to_owned(),
                        name: name.to_owned(),
                        signature,
                    });
                    import.link(&mut linker.instance(interface)?)?;
                }
                Err(_) => stubs::function(linker, interface, name, ty.async_(), UNTYPED)?,
            }
        }
    }
    Ok(())
}

/// An imported function.
struct Import {
    interface: String,
    name: String,
    signature: Function,
}

impl Import {
    fn link(self: Arc<Self>, instance: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
        /// One instance for each number of core values in which parameters can come.
        macro_rules! with_slots {
            ($slots:expr, $($n:literal)*) => {
                match $slots {
                    $($n => self.link_with::<$n>(instance),)*
                    _ => self.link_with::<1>(instance),
                }
            };
        }
        let params = self.signature.params.iter().map(|param| &param.ty);
        // Those that are not flat lie in memory.
        with_slots!(flat_count_of(params).unwrap_or(1), 0 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
    }

    fn link_with<const PARAMS: usize>(
        self: Arc<Self>,
        instance: &mut LinkerInstance<'_, Guest>,
    ) -> wasmtime::Result<()> {
        match flat_count_of(&self.signature.result) {
            Some(0) => self.link_as::<PARAMS, 0>(instance),
            _ => self.link_as::<PARAMS, 1>(instance),
        }
    }

    fn link_as<const PARAMS: usize, const RESULTS: usize>(
        self: Arc<Self>,
        instance: &mut LinkerInstance<'_, Guest>,
    ) -> wasmtime::Result<()> {
        let name = self.name.clone();
        if !self.signature.is_async {
            return instance.func_wrap_async(&name, move |store, Taken::<PARAMS>(arguments)| {
                let asked = self.ask(store.data(), &arguments);
                let import = self.clone();
                Box::new(async move { import.give(asked?.await?).map(Given::<RESULTS>) })
            });
        }
        instance.func_wrap_concurrent(&name, move |accessor, Taken::<PARAMS>(arguments)| {
            let import = self.clone();
            Box::pin(async move {
                // Asked before anything is waited for, so that requests have the order of the calls.
                let answer = accessor.with(|mut access| import.ask(access.get(), &arguments))?;
                import.give(answer.await?).map(Given::<RESULTS>)
            })
        })
    }

    fn ask(
        &self,
        guest: &Guest,
        arguments: &[Value],
    ) -> wasmtime::Result<impl Future<Output = wasmtime::Result<Answer>> + Send + use<>> {
        let request = self.request(arguments, guest.value_max_bytes)?;
        Ok(guest.ask(request))
    }

    fn request(&self, arguments: &[Value], limit: usize) -> wasmtime::Result<Request> {
        let arguments = self.signature.canonical(arguments, limit).map_err(|_| {
            let message = format!(
                "the arguments of {self} are longer than {limit} bytes as JSON: hand over less, or \
                 raise value_max_bytes"
            );
            Reached::new("value_max_bytes", message)
        })?;
        Ok(Request::Call {
            interface: self.interface.clone(),
            function: self.name.clone(),
            arguments: Bytes::from(arguments),
        })
    }

    /// What the function gives to the workflow: its result, if it has one.
    fn give(&self, answer: Answer) -> wasmtime::Result<Vec<Value>> {
        let Answer::Result(outcome) = answer else {
            return Err(Mismatch.into());
        };
        let value = match outcome {
            Outcome::Value(json) => self.value(&json)?,
            Outcome::Error(failure) => Some(self.error(failure)?),
        };
        Ok(value.into_iter().collect())
    }

    /// What the function returned: of a `result<T, E>` the T was kept.
    fn value(&self, json: &RawValue) -> wasmtime::Result<Option<Value>> {
        Ok(match &self.signature.result {
            None => None,
            Some(Type::Result { ok, .. }) => {
                Some(Value::Result(Ok(self.read(json, ok.as_deref())?)))
            }
            Some(ty) => self.read(json, Some(ty))?.map(|value| *value),
        })
    }

    /// The error that the function returned: of a `result<T, E>` the E was kept.
    fn error(&self, failure: Failure) -> wasmtime::Result<Value> {
        match (&self.signature.result, &failure.payload) {
            (Some(Type::Result { err, .. }), Some(payload))
                if failure.kind == FailureKind::Guest =>
            {
                Ok(Value::Result(Err(self.read(payload, err.as_deref())?)))
            }
            _ => Err(Error::Failed {
                call: self.to_string(),
                kind: failure.kind,
                message: failure.message,
            }
            .into()),
        }
    }

    fn read(&self, json: &RawValue, ty: Option<&Type>) -> wasmtime::Result<Option<Box<Value>>> {
        let Some(ty) = ty else {
            return Ok(None);
        };
        match from_json(json, ty, "value") {
            Ok(value) => Ok(Some(Box::new(value))),
            Err(mistakes) => Err(Error::Unfit {
                call: self.to_string(),
                mistakes: mistakes.to_string(),
            }
            .into()),
        }
    }
}

impl std::fmt::Display for Import {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}#{}", self.interface, self.name)
    }
}
