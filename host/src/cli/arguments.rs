//! The arguments of a call as people type them.
//!
//! What a text means depends on the type of its parameter, so the task's signature is asked for
//! first. Reading is generous in this order: JSON, WAVE, a bare word where text is wanted. Whether
//! the result fits is for the host to say; here only what cannot be read is refused.

use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::{RawValue, to_raw_value};
use windlass_client::{Client, Error as ClientError, wire};

use super::failure::Failure;
use super::{read_file, versioned};
use crate::values::{Function, Type, from_json, to_json};

/// The most that an argument may become here; the host has its own, lower limit and says so.
const ARGUMENT_BYTES_MAX: usize = 256 * 1024 * 1024;

/// The arguments of a call.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The arguments by position: JSON (`[64,128]`), WAVE (`{name: "Ada"}`), a bare word for text,
    /// or @FILE (`@-` is stdin): the bytes for a `list<u8>`, the text for a `string`, else JSON.
    #[arg(value_name = "ARG", allow_negative_numbers = true)]
    by_position: Vec<String>,

    /// All arguments in one JSON document: an array by position, or an object by name.
    #[arg(
        long = "args",
        visible_alias = "args-json",
        value_name = "JSON|@FILE",
        conflicts_with = "by_position"
    )]
    all: Option<String>,
}

/// A task, and its arguments as JSON.
#[derive(Debug)]
pub struct Prepared {
    /// The task, without the arguments of a call in one text.
    pub task: String,
    /// An array by position or an object by name.
    pub args: Box<RawValue>,
}

impl Arguments {
    /// Reads the arguments of `call`, which is a task, or a whole call such as
    /// `images/resize("cat.png", [64])`.
    pub async fn prepare(&self, client: &Client, call: &str) -> anyhow::Result<Prepared> {
        let (task, inline) = match call.find('(') {
            Some(at) => (&call[..at], Some(&call[at..])),
            None => (call, None),
        };
        if inline.is_some() && (self.all.is_some() || !self.by_position.is_empty()) {
            return Err(Failure::usage(format!("{call} has its arguments already"))
                .hint("give them in brackets or apart, not both")
                .into());
        }
        let args = match (&self.all, inline) {
            (Some(all), _) => whole(all)?,
            (None, None) if self.by_position.is_empty() => to_raw_value(&[(); 0])?,
            (None, Some(inline)) => match signature(client, task).await? {
                Some(function) => called(&function, task, inline)?,
                None => return Err(unknown_types(task).into()),
            },
            (None, None) => match signature(client, task).await? {
                Some(function) => typed(&function, task, &self.by_position)?,
                None => untyped(&self.by_position)?,
            },
        };
        Ok(Prepared {
            task: task.to_owned(),
            args,
        })
    }
}

fn unknown_types(task: &str) -> Failure {
    Failure::usage(format!("{task} is not one task whose types are known"))
        .hint("`windlass component list` names the tasks; --args takes JSON")
}

/// The signature of a task; none if the host does not know exactly one such task, which it will
/// say itself, and better, when the call is enqueued.
async fn signature(client: &Client, task: &str) -> anyhow::Result<Option<Function>> {
    let Some((component, function)) = task.split_once('/') else {
        return Ok(None);
    };
    let (name, version) = versioned(component);
    let component = match client.component(name, version).await {
        Ok(component) => component,
        Err(ClientError::Problem(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(one_task(&component, function)
        .and_then(|task| serde_json::from_value(task.signature.clone()).ok()))
}

fn one_task<'a>(component: &'a wire::Component, function: &str) -> Option<&'a wire::Task> {
    let mut found = component
        .tasks
        .iter()
        .filter(|task| match function.split_once('#') {
            None => task.name == function,
            Some((interface, name)) => {
                let whole = task.interface.as_deref().unwrap_or_default();
                task.name == name && (whole == interface || versioned(whole).0 == interface)
            }
        });
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// `--args`: JSON, or a file of it.
fn whole(text: &str) -> anyhow::Result<Box<RawValue>> {
    let text = match text.strip_prefix('@') {
        Some(path) => String::from_utf8(contents(path)?)
            .map_err(|_| Failure::usage(format!("{path} is not text, and JSON is")))?,
        None => text.to_owned(),
    };
    RawValue::from_string(text.trim().to_owned()).map_err(|error| {
        Failure::usage(format!("--args is not JSON: {error}"))
            .hint("an array by position, such as '[\"Ada\"]', or an object by name")
            .into()
    })
}

/// A whole call in WAVE: `("cat.png", [64])`, with its brackets.
fn called(function: &Function, task: &str, inline: &str) -> anyhow::Result<Box<RawValue>> {
    // The name of a task is no name in WAVE, and what is called is known already.
    let values = function
        .parse_call(&format!("f{inline}"))
        .map_err(|error| {
            let column = task.chars().count() + error.span.start.max(1);
            Failure::usage(format!(
                "{task}{inline}, column {column}: {}",
                error.message
            ))
            .hint(wanted(function, task))
        })?;
    let json = function
        .canonical(&values, ARGUMENT_BYTES_MAX)
        .map_err(|error| Failure::usage(error.to_string()))?;
    Ok(RawValue::from_string(String::from_utf8(json)?)?)
}

fn typed(function: &Function, task: &str, texts: &[String]) -> anyhow::Result<Box<RawValue>> {
    if texts.len() > function.params.len() {
        return Err(Failure::usage(format!(
            "{task} takes {} arguments, got {}",
            function.params.len(),
            texts.len()
        ))
        .hint(wanted(function, task))
        .into());
    }
    let values = texts.iter().zip(&function.params).map(|(text, param)| {
        argument(text, &param.ty).map_err(|message| {
            Failure::usage(format!("{}: {message}", param.name)).hint(wanted(function, task))
        })
    });
    Ok(to_raw_value(&values.collect::<Result<Vec<_>, _>>()?)?)
}

fn argument(text: &str, ty: &Type) -> Result<Box<RawValue>, String> {
    if let Some(path) = text.strip_prefix('@') {
        return file(path, ty);
    }
    let as_json = RawValue::from_string(text.trim().to_owned()).ok();
    let mistakes = match as_json.map(|json| (from_json(&json, ty, "value").err(), json)) {
        Some((None, json)) => return Ok(json),
        Some((Some(mistakes), _)) => Some(mistakes.to_string()),
        None => None,
    };
    match ty.parse_wave(text) {
        Ok(value) => {
            let json =
                to_json(&value, ty, ARGUMENT_BYTES_MAX).map_err(|error| error.to_string())?;
            let json = String::from_utf8(json).map_err(|error| error.to_string())?;
            RawValue::from_string(json).map_err(|error| error.to_string())
        }
        Err(_) if takes_text(ty) => to_raw_value(text).map_err(|error| error.to_string()),
        // Of the two readings, the one that got further: JSON that is JSON but does not fit.
        Err(error) => Err(mistakes.unwrap_or_else(|| format!("{text:?}, {error}"))),
    }
}

fn file(path: &str, ty: &Type) -> Result<Box<RawValue>, String> {
    let bytes = contents(path).map_err(|error| error.to_string())?;
    if takes_bytes(ty) {
        return to_raw_value(&STANDARD.encode(bytes)).map_err(|error| error.to_string());
    }
    let text = String::from_utf8(bytes).map_err(|_| {
        format!("{path} is not text, and only a list<u8> takes bytes; expected {ty}")
    })?;
    if takes_text(ty) {
        return to_raw_value(&text).map_err(|error| error.to_string());
    }
    RawValue::from_string(text.trim().to_owned()).map_err(|error| format!("{path}: {error}"))
}

fn takes_text(ty: &Type) -> bool {
    match ty {
        Type::String | Type::Char => true,
        Type::Option(some) => takes_text(some),
        _ => false,
    }
}

fn takes_bytes(ty: &Type) -> bool {
    match ty {
        Type::Option(some) => takes_bytes(some),
        ty => ty.is_bytes(),
    }
}

/// Without types: JSON where it is JSON, else text.
fn untyped(texts: &[String]) -> anyhow::Result<Box<RawValue>> {
    let values = texts.iter().map(|text| {
        if let Some(path) = text.strip_prefix('@') {
            return Ok(RawValue::from_string(
                String::from_utf8(contents(path)?)?.trim().to_owned(),
            )?);
        }
        match RawValue::from_string(text.trim().to_owned()) {
            Ok(json) => Ok(json),
            Err(_) => Ok(to_raw_value(text)?),
        }
    });
    Ok(to_raw_value(&values.collect::<anyhow::Result<Vec<_>>>()?)?)
}

fn contents(path: &str) -> anyhow::Result<Vec<u8>> {
    if path != "-" {
        return read_file(Path::new(path));
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What a task takes, for hints.
fn wanted(function: &Function, task: &str) -> String {
    let params = function.params.iter();
    let params: Vec<_> = params
        .map(|param| format!("{}: {:#}", param.name, param.ty))
        .collect();
    format!("{task}({})", params.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{Field, Param, Record};

    fn resize() -> Function {
        let param = |name: &str, ty| Param {
            name: name.to_owned(),
            ty,
        };
        Function {
            params: vec![
                param("name", Type::String),
                param("sizes", Type::List(Box::new(Type::U32))),
                param("options", Type::Option(Box::new(options()))),
            ],
            result: None,
            is_async: false,
        }
    }

    fn options() -> Type {
        Type::Record(Record {
            name: Some("options".to_owned()),
            fields: vec![Field {
                name: "keep-ratio".to_owned(),
                ty: Type::Bool,
            }],
        })
    }

    fn read(texts: &[&str]) -> Result<String, String> {
        let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
        typed(&resize(), "images/resize", &texts)
            .map(|json| json.get().to_owned())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn json_wave_and_bare_words_are_read_by_their_types() {
        assert_eq!(
            read(&["cat.png", "[64, 128]", "{keep-ratio: true}"]).unwrap(),
            r#"["cat.png",[64, 128],{"keep-ratio":true}]"#
        );
        assert_eq!(read(&["\"cat.png\""]).unwrap(), r#"["cat.png"]"#);
        assert_eq!(read(&["42"]).unwrap(), r#"["42"]"#);
    }

    #[test]
    fn an_argument_that_does_not_fit_is_named_by_its_parameter() {
        let error = read(&["cat.png", "[64, -1]"]).unwrap_err();

        assert!(error.starts_with("sizes: "), "{error}");
        assert!(error.contains("expected u32, got -1"), "{error}");
    }

    #[test]
    fn more_arguments_than_parameters_are_refused() {
        let error = read(&["a", "[]", "null", "4"]).unwrap_err();

        assert_eq!(error, "images/resize takes 3 arguments, got 4");
    }

    #[test]
    fn a_whole_call_is_read_as_wasmtime_reads_it() {
        let args = called(&resize(), "images/resize", r#"("cat.png", [1, 2])"#).unwrap();

        assert_eq!(args.get(), r#"["cat.png",[1,2],null]"#);
    }

    #[test]
    fn a_mistake_in_a_whole_call_has_its_column() {
        let error = called(&resize(), "images/resize", r#"("cat.png", [1, x])"#).unwrap_err();

        assert!(error.to_string().contains(", column 30: "), "{error}");
    }

    #[test]
    fn a_file_is_bytes_for_bytes_and_text_for_text() {
        let path = std::env::temp_dir().join(format!("windlass-arguments-{}", std::process::id()));
        std::fs::write(&path, b"\x01\x02").unwrap();
        let at = format!("@{}", path.display());

        let bytes = argument(&at, &Type::List(Box::new(Type::U8))).unwrap();
        let text = argument(&at, &Type::String).unwrap();

        std::fs::remove_file(&path).unwrap();
        assert_eq!(bytes.get(), "\"AQI=\"");
        assert_eq!(text.get(), "\"\\u0001\\u0002\"");
    }
}
