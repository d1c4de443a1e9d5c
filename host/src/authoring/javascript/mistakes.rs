//! What an author did wrong, as the SDK's runtime and the tools say it, in the author's words.

use std::path::Path;

use serde::Deserialize;

use super::super::{Error, Workshop};

/// With which the SDK's runtime begins the message of an error that is meant for us.
const MARK: &str = "windlass-refused ";

/// After which `componentize-qjs` tells the exception.
const EVALUATION: &str = "JavaScript module evaluation: ";

/// One function that cannot be exported.
#[derive(Deserialize)]
struct Mistake {
    /// `missing`, `async`, `generator` or `not-a-function`.
    kind: String,
    /// Where the WIT has it: `tasks.addUp`.
    function: String,
    /// Its name in JavaScript.
    name: String,
}

/// An error of a tool with the way out.
pub fn hinted(error: Error, hint: &str) -> Error {
    match error {
        Error::Failed { tool, said, .. } => Error::Failed {
            tool,
            said,
            hint: Some(hint.to_owned()),
        },
        other => other,
    }
}

/// What an engine said while it evaluated the bundle: an author's mistake, or the exception.
pub fn explain(workshop: &Workshop, source: &Path, error: Error) -> Error {
    let Error::Failed { tool, said, .. } = error else {
        return error;
    };
    let json = said.find(MARK).map(|at| &said[at + MARK.len()..]);
    let mistakes = json.and_then(|json| {
        let mut values = serde_json::Deserializer::from_str(json).into_iter::<Vec<Mistake>>();
        values.next()?.ok()
    });
    let Some(mistakes) = mistakes else {
        let said = said.rsplit(EVALUATION).next().unwrap_or(&said);
        let said = mapped(workshop, said);
        return Error::Failed {
            tool,
            said,
            hint: Some(
                "a module's top level is evaluated when the component is built: only functions \
                 may ask something of their host"
                    .to_owned(),
            ),
        };
    };
    let text = std::fs::read_to_string(source).unwrap_or_default();
    let shown = source.strip_prefix(&workshop.project.folder);
    let file = shown.unwrap_or(source).display();
    let lines: Vec<_> = mistakes
        .iter()
        .map(|mistake| match line_of(&text, &mistake.name) {
            Some(line) => format!("{file}:{line}: {}", mistake.message()),
            None => format!("{file}: {}", mistake.message()),
        })
        .collect();
    Error::refused(lines.join("\n"), mistakes[0].hint())
}

impl Mistake {
    fn message(&self) -> String {
        let function = &self.function;
        match self.kind.as_str() {
            "missing" => format!("{function} is not implemented, but the WIT exports it"),
            "async" => format!("{function} is async, but `func` in the WIT is not"),
            "generator" => format!("{function} is a generator, but the WIT exports a function"),
            _ => format!("{function} is no function, but the WIT exports one"),
        }
    }

    fn hint(&self) -> String {
        match self.kind.as_str() {
            "async" => "write it without `async`: calls to the host wait by themselves; where a \
                        library needs `await`, say engine = \"starlingmonkey\" in the table [build]"
                .to_owned(),
            _ => {
                let (scope, name) = self.function.split_once('.').unwrap_or(("", &self.name));
                match scope {
                    "" => format!("`export function {name}(…) {{ … }}`"),
                    _ => format!(
                        "`export const {scope} = {{ {name}(…) {{ … }} }}`, or `export function \
                         {name}(…) {{ … }}`"
                    ),
                }
            }
        }
    }
}

/// The line in which a function of this name seems to be defined.
fn line_of(text: &str, name: &str) -> Option<usize> {
    let defines = |line: &str| {
        line.match_indices(name).any(|(at, _)| {
            let before = line[..at].trim_end();
            let after = line[at + name.len()..].trim_start();
            let alone = !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_$.".contains(c));
            let begins = before.is_empty()
                || ["async", "function", "*", "const", "let", "{", ","]
                    .iter()
                    .any(|word| before.ends_with(word));
            alone && begins && after.starts_with(['(', '=', ':', ',', '}'])
        })
    };
    text.lines().position(defines).map(|at| at + 1)
}

/// Places in the bundle, told as places in the author's files.
fn mapped(workshop: &Workshop, said: &str) -> String {
    let table = std::fs::read_to_string(workshop.work().join("bundle.js.lines.json"));
    let table: Option<(String, String)> =
        table.ok().and_then(|text| serde_json::from_str(&text).ok());
    match table {
        Some((files, lines)) => told(&files, &lines, said),
        None => said.to_owned(),
    }
}

/// As [`mapped`], with the table that `tools/lines.mjs` makes.
fn told(files: &str, lines: &str, said: &str) -> String {
    const BUNDLE: &str = "bundle.js:";
    let files: Vec<_> = files.split('\n').collect();
    let lines: Vec<_> = lines.split(',').collect();
    let place_of = |line: usize| {
        let (file, line) = lines.get(line.checked_sub(1)?)?.split_once(':')?;
        Some(format!(
            "{}:{line}",
            files.get(file.parse::<usize>().ok()?)?
        ))
    };
    let mut told = String::new();
    let mut rest = said;
    while let Some(at) = rest.find(BUNDLE) {
        let begin = rest[..at]
            .rfind(['(', ' ', '@', '\n'])
            .map_or(0, |before| before + 1);
        let numbers = &rest[at + BUNDLE.len()..];
        let is_number = |c: char| c.is_ascii_digit() || c == ':';
        let end = numbers.find(|c| !is_number(c)).unwrap_or(numbers.len());
        let line = numbers[..end]
            .split(':')
            .next()
            .and_then(|line| line.parse().ok());
        match line.and_then(place_of) {
            Some(place) => {
                told.push_str(&rest[..begin]);
                told.push_str(&place);
            }
            None => told.push_str(&rest[..at + BUNDLE.len() + end]),
        }
        rest = &numbers[end..];
    }
    told + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_function_is_found_however_it_is_written() {
        let text = "import x;\nexport const tasks = {\n  summarize(letter) {\n  },\n  async addUp(l) {},\n};\n\
                    export async function later() {}\nexport const short = () => 1;";

        assert_eq!(line_of(text, "summarize"), Some(3));
        assert_eq!(line_of(text, "addUp"), Some(5));
        assert_eq!(line_of(text, "later"), Some(7));
        assert_eq!(line_of(text, "short"), Some(8));
        assert_eq!(line_of(text, "letter"), None);
    }

    #[test]
    fn a_place_in_the_bundle_is_told_as_one_in_the_source() {
        let said = "Error: oh\n    at f (/bundle.js:2:7)\n    at g (/bundle.js:1:1)";

        let told = told("\ntasks.js", ",1:12", said);

        assert_eq!(
            told,
            "Error: oh\n    at f (tasks.js:12)\n    at g (/bundle.js:1:1)"
        );
    }
}
