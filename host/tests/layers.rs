//! Holds what ARCHITECTURE.md says: who may import whom, and how long a file may be.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::fs;
use std::path::{Path, PathBuf};

/// A module imports only from rows below its own; siblings do not import each other.
const ROWS: [&[&str]; 15] = [
    &["main"],
    &["cli"],
    &["authoring"],
    &["server"],
    &["config"],
    &["api"],
    &["http"],
    &["queue"],
    &["workflow"],
    &["control"],
    &["registry"],
    &["engine", "store"],
    &["values"],
    &["model"],
    &["telemetry"],
];

const LINES_MAX: usize = 600;

#[test]
fn a_module_imports_only_from_rows_below_its_own() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();

    for file in files(&source) {
        let Some(module) = module_of(&source, &file) else {
            continue;
        };
        let text = fs::read_to_string(&file).unwrap();
        let row = row_of(&module).unwrap_or_else(|| panic!("ARCHITECTURE.md has no {module}"));
        for import in imports(&module, outside_tests(&text)) {
            match row_of(&import) {
                Some(other) if other > row || import == module => {}
                _ => wrong.push(format!("{}: {module} imports {import}", file.display())),
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_is_longer_than_one_reads_at_a_sitting() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let kinds = ["rs", "sql", "py", "ts", "js", "html", "go"];
    let long: Vec<String> = files(&root)
        .into_iter()
        .filter(|file| {
            file.extension()
                .is_some_and(|kind| kinds.iter().any(|k| kind == *k))
        })
        .map(|file| (fs::read_to_string(&file).unwrap().lines().count(), file))
        .filter(|(lines, _)| *lines > LINES_MAX)
        .map(|(lines, file)| format!("{}: {lines} lines", file.display()))
        .collect();

    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// Every file below the folder, but for what is built, fetched or hidden.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with('.') || ["target", "node_modules", "generated"].contains(&&*name) {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// The module at the crate's root that the file belongs to; none for `lib.rs`, which lists them.
fn module_of(source: &Path, file: &Path) -> Option<String> {
    let first = file.strip_prefix(source).ok()?.components().next()?;
    let name = first.as_os_str().to_str()?.trim_end_matches(".rs");
    (file.extension()? == "rs" && name != "lib").then(|| name.to_owned())
}

fn row_of(module: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&module))
}

/// The code before the module's own tests, which may look wherever they need to.
fn outside_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or(text)
}

/// The modules named by `crate::x` and `use crate::{x, y::z}`; in the binary, by `windlass::x`.
fn imports(module: &str, text: &str) -> Vec<String> {
    let prefix = if module == "main" {
        "windlass::"
    } else {
        "crate::"
    };
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut found = Vec::new();
    for (place, _) in code.match_indices(prefix) {
        // `$crate::x` and `my_crate::x` are not ours.
        if code[..place].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[place + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(first_words(group)),
            None => found.push(word(rest)),
        }
    }
    found.retain(|name| name.starts_with(|c: char| c.is_lowercase()));
    found
}

/// Of `a, b::{c, d}, e}` the words a, b and e.
fn first_words(group: &str) -> Vec<String> {
    let (mut depth, mut words, mut at_start) = (1, Vec::new(), true);
    for (place, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => break,
            '}' => depth -= 1,
            ',' if depth == 1 => at_start = true,
            c if at_start && c.is_alphanumeric() => {
                words.push(word(&group[place..]));
                at_start = false;
            }
            _ => {}
        }
    }
    words
}

fn word(text: &str) -> String {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_'));
    text[..end.unwrap_or(text.len())].to_owned()
}
