//! Stubs in Rust, over the crate `windlass-client`.
//!
//! Types are structs and enums with serde, whose fields pass through `windlass_client::wit`: bytes
//! are `Vec<u8>`, options `Option`, results `Result`, flags structs of `bool`. A method gives a call
//! that is enqueued when it is awaited.

use super::names::{pascal, snake};
use super::{Definition, Label, Member, Named, Shape, Stubs, Task};

/// What the output uses at the level of types, and what every Rust program does.
pub const RESERVED: &[&str] = &[
    "BTreeMap",
    "Box",
    "Client",
    "Err",
    "Into",
    "None",
    "Ok",
    "Option",
    "Result",
    "Self",
    "Some",
    "String",
    "TypedCall",
    "Vec",
];

/// Words that cannot name a field, a parameter or a method, and the names that a method uses itself.
const TAKEN: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "wit", "yield",
];

/// Methods that the stubs have themselves.
const METHODS: &[&str] = &["clone", "fmt", "new", "on"];

/// Writes the file.
pub fn write(stubs: &Stubs) -> String {
    let writer = Writer { stubs };
    let mut parts = vec![writer.head()];
    parts.extend(stubs.types.iter().map(|named| writer.declaration(named)));
    parts.extend(writer.values());
    parts.push(writer.tasks());
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
        let uses = match self.stubs.types.iter().any(is_with_serde) {
            true => "use windlass_client::wit::serde::{Deserialize, Serialize};\n",
            false => "",
        };
        let takes_nothing = self.all_tasks().all(|task| task.params.is_empty());
        let wit = match self.stubs.types.is_empty() && takes_nothing {
            true => "",
            false => ", wit",
        };
        format!(
            "// Made by `windlass client generate --lang rust {component}`: do not edit.\n\
             // {component} {version}, sha-256 {digest}\n\n\
             {uses}use windlass_client::{{Client, TypedCall{wit}}};\n"
        )
    }

    fn all_tasks(&self) -> impl Iterator<Item = &Task> {
        let interfaces = self.stubs.interfaces.iter();
        interfaces.flat_map(|interface| &interface.tasks)
    }

    fn declaration(&self, named: &Named) -> String {
        let name = pascal(&named.ident);
        let docs = comment("", named.docs.as_deref(), &format!("`{}`.", named.wit));
        match &named.definition {
            Definition::Record(fields) => {
                let fields: String = fields.iter().map(|field| self.field(field)).collect();
                format!("{docs}{SERDE}pub struct {name} {{\n{fields}}}\n")
            }
            Definition::Variant(cases) => {
                let mut text = format!("{docs}{SERDE}pub enum {name} {{\n");
                for case in cases {
                    text += &comment("    ", case.docs.as_deref(), &format!("`{}`.", case.wit));
                    let ident = case_name(&case.ident);
                    text += &match &case.shape {
                        None => format!("    #[serde(rename = {:?})]\n    {ident},\n", case.wit),
                        Some(shape) => {
                            let ty = self.ty(shape);
                            format!("    {}    {ident}({ty}),\n", through(&case.wit, shape))
                        }
                    };
                }
                text + "}\n"
            }
            Definition::Enum(labels) => {
                let one = |label: &Label| {
                    let docs = comment("    ", label.docs.as_deref(), &format!("`{}`.", label.wit));
                    let ident = case_name(&label.ident);
                    format!(
                        "{docs}    #[serde(rename = {:?})]\n    {ident},\n",
                        label.wit
                    )
                };
                let labels: String = labels.iter().map(one).collect();
                format!("{docs}{SERDE_ENUM}pub enum {name} {{\n{labels}}}\n")
            }
            Definition::Flags(flags) => {
                let mut fields = String::new();
                let mut names = String::new();
                for flag in flags {
                    let docs = comment("    ", flag.docs.as_deref(), &format!("`{}`.", flag.wit));
                    let ident = variable(&flag.ident);
                    fields += &format!("{docs}    pub {ident}: bool,\n");
                    names += &format!("    {ident}: {:?},\n", flag.wit);
                }
                format!(
                    "{docs}{FLAGS}pub struct {name} {{\n{fields}}}\n\n\
                     wit::flags!({name} {{\n{names}}});\n"
                )
            }
        }
    }

    fn field(&self, field: &Member) -> String {
        let docs = comment("    ", field.docs.as_deref(), &format!("`{}`.", field.wit));
        let ident = variable(&field.ident);
        let through = through(&field.wit, &field.shape);
        format!(
            "{docs}    {through}    pub {ident}: {},\n",
            self.ty(&field.shape)
        )
    }

    /// Makes the types that serde knows values.
    fn values(&self) -> Option<String> {
        let names = self.stubs.types.iter().filter(|named| is_with_serde(named));
        let names: Vec<_> = names.map(|named| pascal(&named.ident)).collect();
        (!names.is_empty()).then(|| format!("wit::values!({});\n", names.join(", ")))
    }

    fn tasks(&self) -> String {
        let name = pascal(&self.stubs.ident);
        let mut docs = format!("The tasks of `{}`.", self.stubs.component);
        for interface in &self.stubs.interfaces {
            if let (Some(name), Some(about)) = (&interface.name, &interface.docs) {
                docs += &format!("\n\n`{name}`: {about}");
            }
        }
        let docs = comment("", None, &docs);
        let methods: String = self.all_tasks().map(|task| self.method(task)).collect();
        format!(
            "{docs}#[derive(Debug, Clone)]\n\
             pub struct {name} {{\n    client: Client,\n    queue: Option<String>,\n}}\n\n\
             impl {name} {{\n    \
             /// On this client's host; a call goes to the queue of its task's manifest.\n    \
             pub fn new(client: &Client) -> Self {{\n        \
             Self {{\n            client: client.clone(),\n            queue: None,\n        }}\n    }}\n\n    \
             /// The same, whose calls go to this queue.\n    \
             pub fn on(client: &Client, queue: impl Into<String>) -> Self {{\n        \
             Self {{\n            client: client.clone(),\n            queue: Some(queue.into()),\n        }}\n    \
             }}\n{methods}}}\n"
        )
    }

    fn method(&self, task: &Task) -> String {
        let docs = comment("    ", task.docs.as_deref(), &format!("`{}`.", task.wit));
        let ident = snake(&task.ident);
        let name = match METHODS.contains(&ident.as_str()) {
            true => ident + "_",
            false => variable(&task.ident),
        };
        let mut params = String::new();
        let mut args = String::new();
        for param in &task.params {
            let ident = variable(&param.ident);
            match param.shape {
                Shape::String => {
                    params += &format!(", {ident}: impl Into<String>");
                    args += &format!("            wit::argument::<String>(&{ident}.into()),\n");
                }
                _ => {
                    params += &format!(", {ident}: {}", self.ty(&param.shape));
                    args += &format!("            wit::argument(&{ident}),\n");
                }
            }
        }
        let types = self.outcome(task);
        let args = match args.is_empty() {
            true => "Ok(Vec::new())".to_owned(),
            false => format!("[\n{args}        ]\n        .into_iter()\n        .collect()"),
        };
        let called = format!("{:?}", task.called);
        format!(
            "\n{docs}    pub fn {name}(&self{params}) -> TypedCall<{types}> {{\n        \
             let args = {args};\n        \
             TypedCall::new(&self.client, self.queue.as_deref(), {called}, args)\n    }}\n"
        )
    }

    /// What a call of a task gives, and with what it fails.
    fn outcome(&self, task: &Task) -> String {
        let ok = self.side(task.ok.as_ref());
        match &task.err {
            None => ok,
            Some(err) => format!("{ok}, {}", self.ty(err)),
        }
    }

    fn side(&self, side: Option<&Shape>) -> String {
        side.map_or_else(|| "()".to_owned(), |shape| self.ty(shape))
    }

    fn ty(&self, shape: &Shape) -> String {
        match shape {
            Shape::Bool => "bool".to_owned(),
            Shape::S8 => "i8".to_owned(),
            Shape::U8 => "u8".to_owned(),
            Shape::S16 => "i16".to_owned(),
            Shape::U16 => "u16".to_owned(),
            Shape::S32 => "i32".to_owned(),
            Shape::U32 => "u32".to_owned(),
            Shape::S64 => "i64".to_owned(),
            Shape::U64 => "u64".to_owned(),
            Shape::F32 => "f32".to_owned(),
            Shape::F64 => "f64".to_owned(),
            Shape::Char => "char".to_owned(),
            Shape::String => "String".to_owned(),
            Shape::Bytes => "Vec<u8>".to_owned(),
            Shape::List(element) | Shape::FixedList(element, _) => {
                format!("Vec<{}>", self.ty(element))
            }
            Shape::Map(key, value) => format!(
                "std::collections::BTreeMap<{}, {}>",
                self.ty(key),
                self.ty(value)
            ),
            Shape::Tuple(elements) => {
                let types: Vec<_> = elements.iter().map(|one| self.ty(one)).collect();
                match &types[..] {
                    [one] => format!("({one},)"),
                    _ => format!("({})", types.join(", ")),
                }
            }
            Shape::Option(some) => format!("Option<{}>", self.ty(some)),
            Shape::Result { ok, err } => {
                format!(
                    "Result<{}, {}>",
                    self.side(ok.as_deref()),
                    self.side(err.as_deref())
                )
            }
            Shape::Named(index) => pascal(&self.stubs.types[*index].ident),
        }
    }
}

const SERDE: &str = "#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]\n\
                     #[serde(crate = \"windlass_client::wit::serde\")]\n";

const SERDE_ENUM: &str = "#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]\n\
                          #[serde(crate = \"windlass_client::wit::serde\")]\n";

const FLAGS: &str = "#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]\n";

/// Whether a type's JSON is serde's.
fn is_with_serde(named: &Named) -> bool {
    !matches!(named.definition, Definition::Flags(_))
}

/// How a field becomes JSON.
fn through(wit: &str, shape: &Shape) -> String {
    let default = match shape {
        Shape::Option(_) => "default, ",
        _ => "",
    };
    format!("#[serde(rename = {wit:?}, {default}with = \"windlass_client::wit\")]\n")
}

fn variable(ident: &str) -> String {
    let name = snake(ident);
    match TAKEN.contains(&name.as_str()) {
        true => name + "_",
        false => name,
    }
}

fn case_name(ident: &str) -> String {
    match pascal(ident).as_str() {
        "Self" => "Self_".to_owned(),
        name => name.to_owned(),
    }
}

/// A comment on lines of its own: what the author wrote, or else what there is to say.
fn comment(indent: &str, docs: Option<&str>, otherwise: &str) -> String {
    let docs = docs.map(str::trim).filter(|docs| !docs.is_empty());
    let lines = docs.unwrap_or(otherwise).lines();
    lines
        .map(|line| format!("{indent}/// {line}").trim_end().to_owned() + "\n")
        .collect()
}
