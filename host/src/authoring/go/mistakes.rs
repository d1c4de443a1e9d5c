//! What the Go compiler says, in the author's words.
//!
//! Mistakes in the author's files are told as Go tells them. Those that show in generated files,
//! a function that is missing or of another type, are led back to the author's.

use super::Package;
use super::names::{MODULE, Names};
use super::source::Source;
use crate::authoring::Error;

/// An error of `go build` for people.
pub fn explain(error: Error, names: &Names<'_>, package: &Package) -> Error {
    let Error::Failed { tool, said, .. } = error else {
        return error;
    };
    if said.contains("is a program, not an importable package") {
        return Error::refused(
            format!(
                "{} is `package main`, which nothing can import",
                package.folder.display()
            ),
            "give it a name of its own, such as `package tasks`; it needs no func main",
        );
    }
    let wrong: Vec<_> = said
        .lines()
        .filter_map(|line| wrong(line, names, package))
        .collect();
    if !wrong.is_empty() {
        let hints: Vec<_> = wrong.iter().map(|(_, wanted)| wanted.as_str()).collect();
        let messages: Vec<_> = wrong.iter().map(|(message, _)| message.as_str()).collect();
        return Error::refused(
            messages.join("\n"),
            format!("write\n  {}", hints.join("\n  ")),
        );
    }
    let hint = hint(&said);
    Error::Failed {
        tool,
        said: of_author(&said),
        hint,
    }
}

/// A function that is not there, or not as it should be: what is wrong, and what it should be.
fn wrong(line: &str, names: &Names<'_>, package: &Package) -> Option<(String, String)> {
    let (place, said) = line.split_once(": ")?;
    if !place.contains("/check/check.go:") && !place.contains("check/check.go:") {
        return None;
    }
    let at = said.find("author.")? + "author.".len();
    let name = said[at..].split(|c: char| !c.is_alphanumeric()).next()?;
    let (interface, wanted) = wanted(name, names)?;
    if said.starts_with("undefined") {
        let message = format!(
            "{} has no function {name}, which {interface} exports",
            package.path
        );
        return Some((message, wanted));
    }
    let is = said.split_once("of type ").map(|(_, rest)| rest);
    let is = is.and_then(|rest| rest.split_once(") as ").map(|(is, _)| is));
    let is = is.map_or_else(|| said.to_owned(), |is| format!("{name} is {is}"));
    let place = place_of(name, package).unwrap_or_else(|| package.path.clone());
    Some((
        format!("{place}: {is}, which is not what {interface} exports"),
        wanted,
    ))
}

/// The function of this name: its interface, and how it is written.
fn wanted(name: &str, names: &Names<'_>) -> Option<(String, String)> {
    names.exports.iter().find_map(|owner| {
        let functions = names.functions(*owner, true);
        let function = functions
            .iter()
            .find(|f| names.function(*owner, f) == name)?;
        let mut source = Source::new("");
        let signature = names.signature(function, &mut source);
        let signature = signature.replace("t_", "");
        let package = names.bindings(*owner);
        let signature = signature.replace(&package, &names.package(*owner));
        Some((names.title(*owner), format!("func {name}{signature}")))
    })
}

/// Where the author declares a function: `tasks.go:12`.
fn place_of(name: &str, package: &Package) -> Option<String> {
    let head = format!("func {name}(");
    package.files.iter().find_map(|(file, text)| {
        let line = text.lines().position(|line| line.starts_with(&head))?;
        Some(format!("{file}:{}", line + 1))
    })
}

/// What was said of the author's files, if anything was: what follows from it elsewhere is noise.
fn of_author(said: &str) -> String {
    let is_ours = |line: &&str| !line.contains(".windlass/") && !line.contains(MODULE);
    let of_author: Vec<_> = said.lines().filter(is_ours).collect();
    match of_author.iter().any(|line| line.contains(".go:")) {
        true => of_author.join("\n"),
        false => said.to_owned(),
    }
}

fn hint(said: &str) -> Option<String> {
    if said.contains("module lookup disabled by GOPROXY=off") || said.contains("no required module")
    {
        return Some("`go get MODULE` adds a module to go.mod".to_owned());
    }
    if said.contains("updates to go.mod needed") || said.contains("missing go.sum entry") {
        return Some("`go mod tidy` mends go.mod and go.sum".to_owned());
    }
    None
}
