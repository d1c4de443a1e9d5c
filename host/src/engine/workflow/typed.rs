//! Calls by type: a workflow imports the very interface that another component exports, and every
//! call of it becomes a request. The functions are made from the types of the import alone.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::value::RawValue;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, LinkerInstance, Val};

use super::guest::Guest;
use super::keeper::Mismatch;
use crate::engine::convert::{from_wasm, to_wasm};
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
        let name = self.name.clone();
        if !self.signature.is_async {
            return instance.func_new_async(&name, move |store, _, params, results| {
                let import = self.clone();
                Box::new(async move {
                    let answer = import.ask(store.data(), params)?;
                    import.give(answer.await?, results)
                })
            });
        }
        instance.func_new_concurrent(&name, move |accessor, _, params, results| {
            let import = self.clone();
            Box::pin(async move {
                // Asked before anything is waited for, so that requests have the order of the calls.
                let answer = accessor.with(|mut access| import.ask(access.get(), params))?;
                import.give(answer.await?, results)
            })
        })
    }

    fn ask(
        &self,
        guest: &Guest,
        params: &[Val],
    ) -> wasmtime::Result<impl Future<Output = wasmtime::Result<Answer>> + Send + use<>> {
        let request = self.request(params, guest.value_max_bytes)?;
        Ok(guest.ask(request))
    }

    fn request(&self, params: &[Val], limit: usize) -> wasmtime::Result<Request> {
        let params = params.iter().zip(&self.signature.params);
        let arguments = params
            .map(|(value, param)| from_wasm(value.clone(), &param.ty))
            .collect::<Result<Vec<_>, _>>()?;
        let arguments = self.signature.canonical(&arguments, limit).map_err(|_| {
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

    fn give(&self, answer: Answer, results: &mut [Val]) -> wasmtime::Result<()> {
        let Answer::Result(outcome) = answer else {
            return Err(Mismatch.into());
        };
        let value = match outcome {
            Outcome::Value(json) => self.value(&json)?,
            Outcome::Error(failure) => Some(self.error(failure)?),
        };
        if let (Some(slot), Some(value), Some(ty)) =
            (results.first_mut(), value, &self.signature.result)
        {
            *slot = to_wasm(value, ty)?;
        }
        Ok(())
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
