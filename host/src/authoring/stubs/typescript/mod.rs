//! Stubs in TypeScript, over the package `@windlass/client`.
//!
//! The types are those of a task author in JavaScript: records are interfaces in camelCase, variants
//! `{ tag, val }`, flags objects of booleans, an option `T | undefined`, 64-bit integers `bigint`. For
//! each type with a name stands a codec, and for each task an entry of `tasks` and a method of the
//! component's class.
//!
//! - `shapes`: the type and the codec of every shape

mod shapes;

use super::names::{camel, pascal};
use super::{Definition, Interface, Label, Member, Named, Stubs, Task};
use shapes::{constant, is_plain_option};

/// What the output uses at the level of types.
pub const RESERVED: &[&str] = &[
    "Handle",
    "Map",
    "Promise",
    "RequestOptions",
    "StubOptions",
    "Stubs",
    "TypedTask",
    "Uint8Array",
];

/// Words that cannot name a parameter, and the names that a method uses itself.
const TAKEN: &[&str] = &[
    "arguments",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "new",
    "null",
    "options",
    "package",
    "private",
    "protected",
    "public",
    "request",
    "return",
    "static",
    "super",
    "switch",
    "tasks",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "undefined",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

/// Writes the file.
pub fn write(stubs: &Stubs) -> String {
    let writer = Writer { stubs };
    let mut parts = vec![writer.head()];
    for named in &stubs.types {
        parts.push(writer.declaration(named));
        parts.push(writer.codec_of(named));
    }
    parts.push(writer.tasks());
    parts.push(writer.class());
    parts.join("\n")
}

struct Writer<'a> {
    stubs: &'a Stubs,
}

impl Writer<'_> {
    fn head(&self) -> String {
        let Stubs {
            component,
            version,
            digest,
            ..
        } = self.stubs;
        let imports = match self.all_tasks().next() {
            None => "Stubs",
            Some(_) => {
                "Stubs, TypedTask, codec, type Handle, type RequestOptions, type StubOptions"
            }
        };
        format!(
            "// Made by `windlass client generate --lang typescript {component}`: do not edit.\n\
             // {component} {version}, sha-256 {digest}\n\n\
             import {{ {imports} }} from \"@windlass/client\";\n"
        )
    }

    fn all_tasks(&self) -> impl Iterator<Item = &Task> {
        let interfaces = self.stubs.interfaces.iter();
        interfaces.flat_map(|interface| &interface.tasks)
    }

    fn declaration(&self, named: &Named) -> String {
        let name = pascal(&named.ident);
        let docs = comment("", named.docs.as_deref());
        match &named.definition {
            Definition::Record(fields) => {
                let fields: String = fields.iter().map(|field| self.field(field)).collect();
                format!("{docs}export interface {name} {{\n{fields}}}\n")
            }
            Definition::Flags(flags) => {
                let field = |flag: &Label| {
                    let docs = comment("  ", flag.docs.as_deref());
                    format!("{docs}  {}?: boolean | undefined;\n", camel(&flag.ident))
                };
                let flags: String = flags.iter().map(field).collect();
                format!("{docs}export interface {name} {{\n{flags}}}\n")
            }
            Definition::Enum(labels) => {
                let one = |label: &Label| alternative(label.docs.as_deref(), &quoted(&label.wit));
                let labels: String = labels.iter().map(one).collect();
                format!("{docs}export type {name} ={labels};\n")
            }
            Definition::Variant(cases) => {
                let mut text = format!("{docs}export type {name} =");
                for case in cases {
                    let tag = quoted(&case.wit);
                    let one = match &case.shape {
                        None => format!("{{ tag: {tag} }}"),
                        Some(shape) => format!("{{ tag: {tag}; val: {} }}", self.ty(shape)),
                    };
                    text += &alternative(case.docs.as_deref(), &one);
                }
                text + ";\n"
            }
        }
    }

    fn field(&self, field: &Member) -> String {
        let docs = comment("  ", field.docs.as_deref());
        let mark = if is_plain_option(&field.shape) {
            "?"
        } else {
            ""
        };
        format!(
            "{docs}  {}{mark}: {};\n",
            camel(&field.ident),
            self.ty(&field.shape)
        )
    }

    fn codec_of(&self, named: &Named) -> String {
        let name = pascal(&named.ident);
        let mut entries = String::new();
        let maker = match &named.definition {
            Definition::Record(fields) => {
                for field in fields {
                    let codec = self.codec(&field.shape);
                    entries += &entry(&field.ident, &format!("[{}, {codec}]", quoted(&field.wit)));
                }
                "record"
            }
            Definition::Flags(flags) => {
                for flag in flags {
                    entries += &entry(&flag.ident, &quoted(&flag.wit));
                }
                "flags"
            }
            Definition::Variant(cases) => {
                for case in cases {
                    let codec = case.shape.as_ref().map(|shape| self.codec(shape));
                    let codec = codec.unwrap_or_else(|| "null".to_owned());
                    entries += &format!("  {}: {codec},\n", quoted(&case.wit));
                }
                "variant"
            }
            Definition::Enum(labels) => {
                for label in labels {
                    entries += &format!("  {},\n", quoted(&label.wit));
                }
                let codec = constant(named);
                return format!("const {codec} = codec.oneOf<{name}>(\n{entries});\n");
            }
        };
        let codec = constant(named);
        format!("const {codec} = codec.{maker}<{name}>({{\n{entries}}});\n")
    }

    fn tasks(&self) -> String {
        let mut text =
            "/** The tasks, with what they take and give. */\nexport const tasks = {\n".to_owned();
        for task in self.all_tasks() {
            let name = camel(&task.ident);
            let types: Vec<_> = task.params.iter().map(|param| self.param(param)).collect();
            let types = types.join(", ");
            let (result, ok) = self.outcome(task.ok.as_ref());
            let error = match &task.err {
                None => String::new(),
                Some(shape) => format!(", {}", self.ty(shape)),
            };
            let mut lines = vec![quoted(&task.called)];
            let params = task.params.iter();
            let params: String = params
                .map(|param| {
                    let codec = self.codec(&param.shape);
                    format!("\n      [{}, {codec}],", quoted(&param.wit))
                })
                .collect();
            lines.push(match params.is_empty() {
                true => "[]".to_owned(),
                false => format!("[{params}\n    ]"),
            });
            lines.push(ok);
            lines.extend(task.err.as_ref().map(|shape| self.codec(shape)));
            let lines: String = lines.iter().map(|line| format!("    {line},\n")).collect();
            text += &format!("  {name}: new TypedTask<[{types}], {result}{error}>(\n{lines}  ),\n");
        }
        text + "};\n"
    }

    fn class(&self) -> String {
        let docs: Vec<_> = self.stubs.interfaces.iter().map(about).collect();
        let docs = match docs.is_empty() {
            true => format!(
                "The component `{}`, which has no task.",
                self.stubs.component
            ),
            false => docs.join("\n\n"),
        };
        let name = pascal(&self.stubs.ident);
        let methods: Vec<_> = self.all_tasks().map(|task| self.method(task)).collect();
        let docs = comment("", Some(&docs));
        format!(
            "{docs}export class {name} extends Stubs {{\n{}}}\n",
            methods.join("\n")
        )
    }

    fn method(&self, task: &Task) -> String {
        let docs = comment("  ", task.docs.as_deref());
        let name = camel(&task.ident);
        let method = match name.as_str() {
            "constructor" => "constructor_",
            name => name,
        };
        let params = task.params.iter();
        let params: String = params
            .map(|param| format!("    {},\n", self.param(param)))
            .collect();
        let args: Vec<_> = task.params.iter().map(variable).collect();
        let args = args.join(", ");
        let (result, _) = self.outcome(task.ok.as_ref());
        format!(
            "{docs}  {method}(\n{params}    options?: StubOptions,\n    request?: RequestOptions,\n  \
             ): Promise<Handle<{result}>> {{\n    \
             return this._enqueue(tasks.{name}, [{args}], options, request);\n  }}\n"
        )
    }

    fn param(&self, param: &Member) -> String {
        format!("{}: {}", variable(param), self.ty(&param.shape))
    }
}

/// What is written about an interface in the comment of the class.
fn about(interface: &Interface) -> String {
    let name = match &interface.name {
        Some(name) => format!("`{name}`"),
        None => "The functions of the world itself".to_owned(),
    };
    match &interface.docs {
        Some(docs) => format!("{name}: {docs}"),
        None => name,
    }
}

/// One of the alternatives of a union, on a line of its own.
fn alternative(docs: Option<&str>, one: &str) -> String {
    format!("\n{}  | {one}", comment("  ", docs))
}

/// A property of an object, on a line of its own.
fn entry(ident: &str, value: &str) -> String {
    format!("  {}: {value},\n", camel(ident))
}

/// What a parameter is called.
fn variable(param: &Member) -> String {
    let name = camel(&param.ident);
    match TAKEN.contains(&name.as_str()) {
        true => name + "_",
        false => name,
    }
}

fn quoted(text: &str) -> String {
    // JSON escapes whatever a string of JavaScript must not hold.
    serde_json::Value::from(text).to_string()
}

/// A comment on lines of its own.
fn comment(indent: &str, docs: Option<&str>) -> String {
    let Some(docs) = docs else {
        return String::new();
    };
    let docs = docs.trim().replace("*/", "*\\/");
    let lines: Vec<_> = docs.lines().map(str::trim_end).collect();
    match lines[..] {
        [] => String::new(),
        [line] => format!("{indent}/** {line} */\n"),
        _ => {
            let lines = lines.iter();
            let lines: String = lines
                .map(|line| format!("{indent} * {line}").trim_end().to_owned() + "\n")
                .collect();
            format!("{indent}/**\n{lines}{indent} */\n")
        }
    }
}
