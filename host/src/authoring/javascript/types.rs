//! The declarations of a project's WIT, for TypeScript and for editors: a module for each interface,
//! in the shapes that the SDK's runtime hands to the author, documentation included.

use std::fmt::Write as _;

use heck::{ToLowerCamelCase, ToUpperCamelCase};
use serde_json::json;
use wit_parser::{
    Docs, Function, InterfaceId, Resolve, Type, TypeDef, TypeDefKind, TypeId, TypeOwner,
};

use super::super::{Engine, Error, Workshop};
use super::model::{Scope, World, is_option};

/// Writes `wit.d.ts` and the `tsconfig.json` that a project's own extends.
///
/// # Errors
///
/// If they cannot be written.
pub fn write(workshop: &Workshop, world: &World, engine: Engine) -> Result<(), Error> {
    let folder = workshop.generated();
    let text = declarations(&workshop.resolve, world, engine);
    workshop.write(&folder.join("wit.d.ts"), text)?;
    let library = match engine {
        Engine::QuickJs => json!(["ES2023"]),
        Engine::StarlingMonkey => json!(["ES2023", "DOM"]),
    };
    let config = json!({
        "compilerOptions": {
            "target": "ES2023",
            "module": "ESNext",
            "moduleResolution": "bundler",
            "allowImportingTsExtensions": true,
            "noEmit": true,
            "strict": true,
            "skipLibCheck": true,
            "lib": library,
            "types": [],
            "paths": {
                "@windlass/guest": ["../sdk/src/index.d.ts"],
                "@windlass/guest/workflow": ["../sdk/src/workflow.d.ts"],
                "@windlass/guest/testing": ["../sdk/testing/index.d.ts"],
            },
        },
        "files": files(engine),
    });
    let config = serde_json::to_string_pretty(&config).expect("it is plain JSON");
    workshop.write(&folder.join("tsconfig.json"), config + "\n")
}

/// The text of `wit.d.ts`.
pub fn declarations(resolve: &Resolve, world: &World, engine: Engine) -> String {
    Declarations {
        resolve,
        waits: engine == Engine::StarlingMonkey,
        within: None,
        text: String::new(),
    }
    .all(world)
}

/// What a check reads besides the source, seen from the folder of what is made.
pub fn files(engine: Engine) -> Vec<&'static str> {
    match engine {
        Engine::QuickJs => vec!["wit.d.ts", "../sdk/src/globals.d.ts"],
        Engine::StarlingMonkey => vec!["wit.d.ts"],
    }
}

struct Declarations<'a> {
    resolve: &'a Resolve,
    /// Whether a function may return a promise.
    waits: bool,
    /// The interface whose module is written.
    within: Option<InterfaceId>,
    text: String,
}

impl Declarations<'_> {
    fn all(mut self, world: &World) -> String {
        self.text += "// Made of the WIT by `windlass build`.\n";
        let mut done: Vec<InterfaceId> = Vec::new();
        for scope in world.imports.iter().chain(&world.exports) {
            let _ = writeln!(self.text, "\ndeclare module {} {{", json!(scope.id));
            self.text += "  import type { Result } from \"@windlass/guest\";\n";
            self.within = scope.interface;
            if let Some(interface) = scope.interface
                && !done.contains(&interface)
            {
                for id in self.resolve.interfaces[interface].types.values() {
                    self.define(*id);
                }
                done.push(interface);
            }
            if world
                .imports
                .iter()
                .any(|import| std::ptr::eq(import, scope))
            {
                self.called(scope);
            } else {
                self.implemented(scope);
            }
            self.text += "}\n";
        }
        self.text
    }

    /// What the author calls.
    fn called(&mut self, scope: &Scope) {
        for (at, entry) in scope.functions.iter().enumerate() {
            self.docs(&entry.wit.docs, "  ");
            let signature = self.signature(&entry.wit, false);
            let _ = writeln!(self.text, "  function function{at}{signature};");
            let _ = writeln!(self.text, "  export {{ function{at} as {} }};", entry.name);
        }
    }

    /// What the author implements.
    fn implemented(&mut self, scope: &Scope) {
        let name = scope.name.to_upper_camel_case();
        let docs = scope
            .interface
            .map(|id| self.resolve.interfaces[id].docs.clone());
        self.docs(&docs.unwrap_or_default(), "  ");
        let _ = writeln!(self.text, "  export interface {name} {{");
        for entry in &scope.functions {
            self.docs(&entry.wit.docs, "    ");
            let signature = self.signature(&entry.wit, self.waits);
            let _ = writeln!(self.text, "    {}{signature};", entry.name);
        }
        self.text += "  }\n";
    }

    fn signature(&self, function: &Function, waits: bool) -> String {
        let params = function.params.iter().map(|param| {
            let name = param.name.to_lower_camel_case();
            let name = if RESERVED.contains(&name.as_str()) {
                format!("{name}_")
            } else {
                name
            };
            format!("{name}: {}", self.named(&param.ty))
        });
        let params: Vec<_> = params.collect();
        // An `err` is thrown.
        let value = match &function.result {
            None => "void".to_owned(),
            Some(ty) => match self.as_result(ty) {
                Some(ok) => ok.map_or("void".to_owned(), |ty| self.named(&ty)),
                None => self.named(ty),
            },
        };
        let value = if waits {
            format!("{value} | Promise<{value}>")
        } else {
            value
        };
        format!("({}): {value}", params.join(", "))
    }

    fn as_result(&self, ty: &Type) -> Option<Option<Type>> {
        let Type::Id(id) = ty else { return None };
        match &self.resolve.types[*id].kind {
            TypeDefKind::Result(result) => Some(result.ok),
            TypeDefKind::Type(ty) => self.as_result(ty),
            _ => None,
        }
    }

    fn define(&mut self, id: TypeId) {
        let TypeDef {
            name: Some(name),
            kind,
            docs,
            ..
        } = &self.resolve.types[id]
        else {
            return;
        };
        let name = name.to_upper_camel_case();
        self.docs(docs, "  ");
        match kind {
            TypeDefKind::Record(record) => {
                let _ = writeln!(self.text, "  export interface {name} {{");
                for field in &record.fields {
                    self.docs(&field.docs, "    ");
                    let optional = if self.may_be_left_out(&field.ty) {
                        "?"
                    } else {
                        ""
                    };
                    let ty = self.named(&field.ty);
                    let field = field.name.to_lower_camel_case();
                    let _ = writeln!(self.text, "    {field}{optional}: {ty};");
                }
                self.text += "  }\n";
            }
            TypeDefKind::Flags(flags) => {
                let _ = writeln!(self.text, "  export interface {name} {{");
                for flag in &flags.flags {
                    self.docs(&flag.docs, "    ");
                    let _ = writeln!(
                        self.text,
                        "    {}?: boolean;",
                        flag.name.to_lower_camel_case()
                    );
                }
                self.text += "  }\n";
            }
            _ => {
                let ty = self.anonymous(kind);
                let _ = writeln!(self.text, "  export type {name} = {ty};");
            }
        }
    }

    fn may_be_left_out(&self, ty: &Type) -> bool {
        let Type::Id(id) = ty else { return false };
        match &self.resolve.types[*id].kind {
            TypeDefKind::Option(inner) => !is_option(self.resolve, inner),
            TypeDefKind::Type(ty) => self.may_be_left_out(ty),
            _ => false,
        }
    }

    fn named(&self, ty: &Type) -> String {
        let name = match ty {
            Type::Bool => "boolean",
            Type::U8 | Type::U16 | Type::U32 | Type::S8 | Type::S16 | Type::S32 => "number",
            Type::F32 | Type::F64 => "number",
            Type::U64 | Type::S64 => "bigint",
            Type::Char | Type::String => "string",
            Type::ErrorContext => "unknown",
            Type::Id(id) => {
                let defined = &self.resolve.types[*id];
                return match (&defined.name, &defined.owner) {
                    (Some(name), TypeOwner::Interface(owner)) => {
                        let name = name.to_upper_camel_case();
                        match self.resolve.id_of(*owner) {
                            Some(id) if self.within != Some(*owner) => {
                                format!("import({}).{name}", json!(id))
                            }
                            _ => name,
                        }
                    }
                    _ => self.anonymous(&defined.kind),
                };
            }
        };
        name.to_owned()
    }

    fn anonymous(&self, kind: &TypeDefKind) -> String {
        match kind {
            TypeDefKind::Type(ty) => self.named(ty),
            TypeDefKind::List(Type::U8) | TypeDefKind::FixedLengthList(Type::U8, _) => {
                "Uint8Array".to_owned()
            }
            TypeDefKind::List(ty) | TypeDefKind::FixedLengthList(ty, _) => {
                format!("Array<{}>", self.named(ty))
            }
            TypeDefKind::Tuple(tuple) => {
                let types: Vec<_> = tuple.types.iter().map(|ty| self.named(ty)).collect();
                format!("[{}]", types.join(", "))
            }
            TypeDefKind::Option(inner) if is_option(self.resolve, inner) => {
                format!(
                    "{{ tag: \"some\"; val: {} }} | {{ tag: \"none\" }}",
                    self.named(inner)
                )
            }
            TypeDefKind::Option(inner) => format!("{} | undefined", self.named(inner)),
            TypeDefKind::Result(result) => {
                let side = |ty: Option<Type>| ty.map_or("void".to_owned(), |ty| self.named(&ty));
                format!("Result<{}, {}>", side(result.ok), side(result.err))
            }
            TypeDefKind::Enum(all) => {
                let names: Vec<_> = all
                    .cases
                    .iter()
                    .map(|case| json!(case.name).to_string())
                    .collect();
                names.join(" | ")
            }
            TypeDefKind::Variant(variant) => {
                let cases = variant.cases.iter().map(|case| match &case.ty {
                    Some(ty) => format!("{{ tag: {}; val: {} }}", json!(case.name), self.named(ty)),
                    None => format!("{{ tag: {} }}", json!(case.name)),
                });
                cases.collect::<Vec<_>>().join(" | ")
            }
            _ => "unknown".to_owned(),
        }
    }

    fn docs(&mut self, docs: &Docs, indent: &str) {
        let Some(docs) = &docs.contents else { return };
        let lines: Vec<_> = docs
            .trim()
            .lines()
            .map(|line| line.trim().replace("*/", "* /"))
            .collect();
        match lines.as_slice() {
            [line] => {
                let _ = writeln!(self.text, "{indent}/** {line} */");
            }
            lines => {
                let _ = writeln!(self.text, "{indent}/**");
                for line in lines {
                    let _ = writeln!(self.text, "{}", format!("{indent} * {line}").trim_end());
                }
                let _ = writeln!(self.text, "{indent} */");
            }
        }
    }
}

/// Words that cannot name a parameter.
const RESERVED: [&str; 40] = [
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
    "import",
    "in",
    "instanceof",
    "let",
    "new",
    "null",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "var",
    "void",
    "while",
];
