//! Lines of Python: indentation, names, quotes and comments.

use super::super::Member;
use super::super::names::snake;
use super::scope_of;

/// Words of the language, which cannot be names; and `self`, which is one already.
const WORDS: &[&str] = &[
    "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif",
    "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda",
    "nonlocal", "not", "or", "pass", "raise", "return", "self", "try", "while", "with", "yield",
];

/// Text that grows line by line.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// What is written.
    pub text: String,
    depth: usize,
}

impl Block {
    /// Writes a line at the present depth.
    pub fn line(&mut self, line: &str) {
        for _ in 0..self.depth {
            self.text.push_str("    ");
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Writes lines at the present depth.
    pub fn lines(&mut self, lines: &str) {
        for line in lines.lines() {
            match line.is_empty() {
                true => self.blank(),
                false => self.line(line),
            }
        }
    }

    /// An empty line.
    pub fn blank(&mut self) {
        self.text.push('\n');
    }

    /// Two empty lines, between what stands at the top.
    pub fn gap(&mut self) {
        self.text.push_str("\n\n");
    }

    /// What follows stands one step deeper.
    pub fn begin(&mut self) {
        self.depth += 1;
    }

    /// What follows stands one step less deep.
    pub fn end(&mut self) {
        self.depth -= 1;
    }

    /// Writes the fields of a class: with how built-in types are named in it.
    pub fn fields(
        &mut self,
        fields: &[Member],
        write: impl FnOnce(&mut Self, &'static str, &[Member]),
    ) {
        let scope = scope_of(fields.iter().map(|field| escaped(&field.ident)));
        write(self, scope, fields);
        if fields.is_empty() {
            self.line("pass");
        }
    }
}

/// A name in snake case that is no word of the language.
pub(super) fn escaped(ident: &str) -> String {
    let name = snake(ident);
    match WORDS.contains(&name.as_str()) {
        true => name + "_",
        false => name,
    }
}

/// A name of WIT or of the host as text: letters, digits and `-:/@#.` only.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// What is written about a class or function, as its first lines.
pub(super) fn docstring(out: &mut Block, docs: Option<&str>) {
    let Some(docs) = docs else { return };
    let docs = docs.replace('\\', "\\\\").replace("\"\"\"", "\\\"\\\"\\\"");
    // A quotation mark at the end would end the text one too early.
    let is_short = !docs.contains('\n') && !docs.ends_with('"');
    match is_short {
        true => out.line(&format!("\"\"\"{docs}\"\"\"")),
        false => {
            out.lines(&format!("\"\"\"{docs}"));
            out.line("\"\"\"");
        }
    }
}

/// What is written about a field or a name, before it.
pub(super) fn comment(out: &mut Block, docs: Option<&str>) {
    for line in docs.unwrap_or_default().lines() {
        out.line(format!("#: {line}").trim_end());
    }
}
