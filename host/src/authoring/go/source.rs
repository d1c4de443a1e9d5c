//! A Go file that is being written.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use super::names::{Owner, SDK};

/// A Go file: its imports come together while its code is written.
pub struct Source {
    /// Of which owner it holds the types, if it is one of the packages that authors import.
    pub here: Option<Owner>,
    head: String,
    imports: BTreeMap<String, String>,
    body: String,
}

impl Source {
    /// A file that begins with this: a comment, build tags, and the package.
    pub fn new(head: impl Into<String>) -> Self {
        Self {
            here: None,
            head: head.into(),
            imports: BTreeMap::new(),
            body: String::new(),
        }
    }

    /// Imports a package.
    pub fn import(&mut self, alias: &str, path: &str) {
        self.imports.insert(path.to_owned(), alias.to_owned());
    }

    /// Imports the SDK's package, and returns its name.
    pub fn sdk(&mut self) -> &'static str {
        self.import("windlass", SDK);
        "windlass"
    }

    /// Imports the types of the bindings' runtime, and returns their package's name.
    pub fn wit(&mut self) -> &'static str {
        self.import("wit", &format!("{SDK}/bytecodealliance/wit/types"));
        "wit"
    }

    /// Imports what generated code calls, and returns its name.
    pub fn runtime(&mut self) -> &'static str {
        self.import("component", &format!("{SDK}/component"));
        "component"
    }

    /// Appends code.
    pub fn push(&mut self, code: fmt::Arguments<'_>) {
        self.body.write_fmt(code).expect("a text can be written to");
        self.body.push('\n');
    }

    /// The file.
    pub fn finish(self) -> String {
        let mut text = self.head;
        text.push('\n');
        let import = |(path, alias): (&String, &String)| {
            let last = path.rsplit('/').next().unwrap_or(path);
            if alias == last {
                format!("\t\"{path}\"\n")
            } else {
                format!("\t{alias} \"{path}\"\n")
            }
        };
        if !self.imports.is_empty() {
            let imports: String = self.imports.iter().map(import).collect();
            text.push_str(&format!("\nimport (\n{imports})\n"));
        }
        text.push_str(&self.body);
        text
    }
}

/// A documentation comment; `otherwise` where the WIT has none.
pub fn comment(docs: &wit_parser::Docs, indent: &str, otherwise: &str) -> String {
    let text = docs.contents.as_deref().map(str::trim);
    let text = text.filter(|text| !text.is_empty()).unwrap_or(otherwise);
    let line = |line: &str| match line.trim_end() {
        "" => format!("{indent}//\n"),
        line => format!("{indent}// {line}\n"),
    };
    text.lines().map(line).collect()
}
