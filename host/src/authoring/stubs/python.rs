//! Stubs in Python, over `windlass_client`.
//!
//! Records are dataclasses, enums and flags those of `enum`, a variant is a union of dataclasses.
//! The classes of a component with and without `async` only enqueue what `…Calls` makes, which is
//! there for `enqueue_many` as well. Everything of the file's own begins with `_`, as no name of
//! WIT does.

mod shapes;
mod text;

use super::names::{pascal, shouting, snake};
use super::{Case, Definition, Label, Member, Named, Shape, Stubs, Task};
use shapes::{annotation, codec, codec_name};
use text::{Block, comment, docstring, escaped, quoted};

/// Names that no type may have.
pub(super) const RESERVED: &[&str] = &["None", "True", "False"];

/// The names of built-in types that annotations use. In a class that has a member of such a name,
/// the member is meant.
const BUILTINS: &[&str] = &[
    "bool", "int", "float", "str", "bytes", "list", "dict", "tuple",
];

/// The module of a component.
pub(super) fn write(stubs: &Stubs) -> String {
    let mut out = Block::default();
    head(&mut out, stubs);
    for named in &stubs.types {
        define(&mut out, stubs, named);
        codec_of(&mut out, stubs, named);
    }
    out.gap();
    for task in tasks(stubs) {
        reads(&mut out, stubs, task);
    }
    calls(&mut out, stubs);
    for face in [Face::Blocking, Face::Async] {
        methods(&mut out, stubs, face);
    }
    out.text
}

fn tasks(stubs: &Stubs) -> impl Iterator<Item = &Task> {
    stubs.interfaces.iter().flat_map(|one| &one.tasks)
}

fn head(out: &mut Block, stubs: &Stubs) {
    let Stubs {
        component,
        version,
        digest,
        ..
    } = stubs;
    let class = pascal(&stubs.ident);
    out.lines(&format!(
        r#""""Typed calls of the tasks of `{component}`, written by `windlass client generate`.

Made from {component} {version} with the sha-256 {digest}.
Generate it anew rather than change it.

`{class}` enqueues with a `Client`, `Async{class}` with an `AsyncClient`; `{class}Calls` makes calls
for `enqueue_many`.
"""

from __future__ import annotations

import builtins as _builtins
import dataclasses as _dataclasses
import enum as _enum

import windlass_client as _windlass
from windlass_client import codecs as _codecs"#
    ));
}

/// The definition of a type.
fn define(out: &mut Block, stubs: &Stubs, named: &Named) {
    let name = pascal(&named.ident);
    match &named.definition {
        Definition::Record(fields) => {
            dataclass(out, &name, named.docs.as_deref());
            out.fields(fields, |out, scope, fields| {
                for (index, field) in fields.iter().enumerate() {
                    let ty = annotation(stubs, &field.shape, scope);
                    let default = default(fields, index);
                    comment(out, field.docs.as_deref());
                    out.line(&format!("{}: {ty}{default}", escaped(&field.ident)));
                }
            });
            out.end();
        }
        Definition::Variant(cases) => {
            for case in cases {
                dataclass(out, &pascal(&case.full), case.docs.as_deref());
                match &case.shape {
                    Some(shape) => {
                        out.line(&format!("value: {}", annotation(stubs, shape, "")));
                    }
                    None if case.docs.is_none() => out.line("pass"),
                    None => {}
                }
                out.end();
            }
            let cases: Vec<_> = cases.iter().map(|case| pascal(&case.full)).collect();
            out.gap();
            comment(out, named.docs.as_deref());
            out.line(&format!("{name} = {}", cases.join(" | ")));
        }
        Definition::Enum(labels) => enumeration(out, &name, "Enum", named, labels, |_, label| {
            quoted(&label.wit)
        }),
        Definition::Flags(labels) => enumeration(out, &name, "Flag", named, labels, |bit, _| {
            format!("1 << {bit}")
        }),
    }
}

fn dataclass(out: &mut Block, name: &str, docs: Option<&str>) {
    out.gap();
    out.line("@_dataclasses.dataclass(frozen=True, slots=True)");
    out.line(&format!("class {name}:"));
    out.begin();
    docstring(out, docs);
}

fn enumeration(
    out: &mut Block,
    name: &str,
    base: &str,
    named: &Named,
    labels: &[Label],
    value: impl Fn(usize, &Label) -> String,
) {
    out.gap();
    out.line(&format!("class {name}(_enum.{base}):"));
    out.begin();
    docstring(out, named.docs.as_deref());
    for (index, label) in labels.iter().enumerate() {
        comment(out, label.docs.as_deref());
        out.line(&format!(
            "{} = {}",
            shouting(&label.ident),
            value(index, label)
        ));
    }
    if labels.is_empty() {
        out.line("pass");
    }
    out.end();
}

/// The codec of a type, beside it.
fn codec_of(out: &mut Block, stubs: &Stubs, named: &Named) {
    let name = pascal(&named.ident);
    out.gap();
    let (call, parts): (&str, Vec<String>) = match &named.definition {
        Definition::Record(fields) => {
            let field = |field: &Member| {
                let (wit, name) = (quoted(&field.wit), quoted(&escaped(&field.ident)));
                format!("({wit}, {name}, {})", codec(stubs, &field.shape))
            };
            let parts = std::iter::once(name.clone()).chain(fields.iter().map(field));
            ("record", parts.collect())
        }
        Definition::Variant(cases) => {
            let case = |case: &Case| {
                let shape = case.shape.as_ref();
                let payload = shape.map_or("None".to_owned(), |shape| codec(stubs, shape));
                format!("({}, {}, {payload})", quoted(&case.wit), pascal(&case.full))
            };
            ("variant", cases.iter().map(case).collect())
        }
        Definition::Enum(_) => ("enumeration", vec![name.clone()]),
        Definition::Flags(labels) => {
            let names = labels.iter().map(|label| quoted(&label.wit));
            (
                "flags",
                std::iter::once(name.clone()).chain(names).collect(),
            )
        }
    };
    let codec = codec_name(named);
    out.line(&format!("{codec}: _codecs.Codec[{name}] = _codecs.{call}("));
    out.begin();
    for part in parts {
        out.line(&format!("{part},"));
    }
    out.end();
    out.line(")");
}

/// How the outcome of a task is read.
fn reads(out: &mut Block, stubs: &Stubs, task: &Task) {
    let codec_or_unit = |shape: &Option<Shape>| match shape {
        Some(shape) => codec(stubs, shape),
        None => "_codecs.unit".to_owned(),
    };
    let mut parts = vec![codec_or_unit(&task.ok)];
    if task.err.is_some() {
        parts.push(codec_or_unit(&task.err));
    }
    out.line(&format!(
        "_{}_reads: _windlass.Reads[{}] = _codecs.reads({})",
        snake(&task.ident),
        value(stubs, task, ""),
        parts.join(", ")
    ));
}

/// What a task's handle gives.
fn value(stubs: &Stubs, task: &Task, scope: &str) -> String {
    match &task.ok {
        Some(shape) => annotation(stubs, shape, scope),
        None => "None".to_owned(),
    }
}

/// Of a class with a method for each task: how built-in types are named in it.
fn class_scope(stubs: &Stubs) -> &'static str {
    scope_of(tasks(stubs).map(|task| escaped(&task.ident)))
}

fn scope_of(mut members: impl Iterator<Item = String>) -> &'static str {
    match members.any(|member| BUILTINS.contains(&member.as_str())) {
        true => "_builtins.",
        false => "",
    }
}

fn calls(out: &mut Block, stubs: &Stubs) {
    let scope = class_scope(stubs);
    out.gap();
    out.line(&format!("class {}Calls:", pascal(&stubs.ident)));
    out.begin();
    let docs = format!(
        "Calls of the tasks of `{}`, for `enqueue_many`.",
        stubs.component
    );
    docstring(out, Some(&docs));
    for task in tasks(stubs) {
        out.blank();
        out.line("@staticmethod");
        let result = format!("_windlass.Call[{}]", value(stubs, task, scope));
        signature(out, stubs, task, scope, ("def", None), &result);
        docstring(out, task.docs.as_deref());
        out.line("return _codecs.call(");
        out.begin();
        out.line(&format!("{},", quoted(&task.called)));
        let arguments = task.params.iter().map(|param| {
            let codec = codec(stubs, &param.shape);
            format!("{codec}.encode({})", param_name(param))
        });
        out.line(&format!("[{}],", arguments.collect::<Vec<_>>().join(", ")));
        out.line(&format!("_{}_reads,", snake(&task.ident)));
        out.line("queue,");
        out.line("options,");
        out.end();
        out.line(")");
        out.end();
    }
    out.end();
}

#[derive(Clone, Copy)]
enum Face {
    Blocking,
    Async,
}

fn methods(out: &mut Block, stubs: &Stubs, face: Face) {
    let scope = class_scope(stubs);
    let class = pascal(&stubs.ident);
    let (prefix, def, client, wait) = match face {
        Face::Blocking => ("", "def", "Client", ""),
        Face::Async => ("Async", "async def", "AsyncClient", "await "),
    };
    out.gap();
    out.line(&format!("class {prefix}{class}:"));
    out.begin();
    let mut docs = format!(
        "Enqueues the tasks of `{}`.\n\nThey go to the queue of the call, else to that of this \
         object, else to that of the task's manifest.",
        stubs.component
    );
    for interface in &stubs.interfaces {
        if let (Some(name), Some(about)) = (&interface.name, &interface.docs) {
            docs.push_str(&format!("\n\n{name}: {about}"));
        }
    }
    docstring(out, Some(&docs));
    out.blank();
    out.line(&format!(
        "def __init__(self, client: _windlass.{client}, queue: {scope}str | None = None) -> None:"
    ));
    out.begin();
    out.line("self._client = client");
    out.line("self._queue = queue");
    out.end();
    for task in tasks(stubs) {
        out.blank();
        let result = format!("_windlass.{prefix}Handle[{}]", value(stubs, task, scope));
        signature(out, stubs, task, scope, (def, Some("self")), &result);
        docstring(out, task.docs.as_deref());
        let mut arguments: Vec<_> = task.params.iter().map(param_name).collect();
        arguments.push("queue=queue or self._queue".to_owned());
        arguments.push("options=options".to_owned());
        let method = escaped(&task.ident);
        let arguments = arguments.join(", ");
        out.line(&format!("call = {class}Calls.{method}({arguments})"));
        out.line(&format!("return {wait}self._client.call(call)"));
        out.end();
    }
    out.end();
}

/// The head of a method, and its block begun.
fn signature(
    out: &mut Block,
    stubs: &Stubs,
    task: &Task,
    scope: &str,
    (def, first): (&str, Option<&str>),
    result: &str,
) {
    out.line(&format!("{def} {}(", escaped(&task.ident)));
    out.begin();
    if let Some(first) = first {
        out.line(&format!("{first},"));
    }
    for (index, param) in task.params.iter().enumerate() {
        let ty = annotation(stubs, &param.shape, scope);
        let default = default(&task.params, index);
        out.line(&format!("{}: {ty}{default},", param_name(param)));
    }
    out.line("*,");
    out.line(&format!("queue: {scope}str | None = None,"));
    out.line("options: _windlass.Options | None = None,");
    out.end();
    out.line(&format!(") -> {result}:"));
    out.begin();
}

/// A parameter beside those that every method has.
fn param_name(param: &Member) -> String {
    let name = escaped(&param.ident);
    match name.as_str() {
        "queue" | "options" | "call" => name + "_",
        _ => name,
    }
}

/// Options at the end may be left out, as in a call to the host.
fn default(members: &[Member], index: usize) -> &'static str {
    let is_option = |member: &Member| matches!(member.shape, Shape::Option(_));
    match members[index..].iter().all(is_option) {
        true => " = None",
        false => "",
    }
}
