//! The text of a manifest, and where a key stands in it.

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Manifest;
use crate::cli::failure::Failure;

/// A manifest's text.
pub struct Source {
    file: PathBuf,
    text: String,
}

impl Source {
    /// The text of this file.
    pub fn new(file: &Path, text: String) -> Self {
        Self {
            file: file.to_owned(),
            text,
        }
    }

    /// The folder in which it stands.
    pub fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// If it is no TOML, or says what no manifest says; with file, line and key.
    pub fn read(&self) -> Result<Manifest, Failure> {
        let reader = toml::Deserializer::parse(&self.text)
            .map_err(|error| self.failure(error.span(), error.message()))?;
        serde_path_to_error::deserialize(reader).map_err(|error| {
            let key = error.path().to_string();
            let (span, message) = (error.inner().span(), error.inner().message());
            match key.as_str() {
                "." => self.failure(span, message),
                key => self.failure(span, &format!("{key}: {message}")),
            }
        })
    }

    /// What is wrong at this key.
    pub fn at(&self, keys: &[&str], message: impl std::fmt::Display) -> Failure {
        let span = self.span(keys);
        self.failure(span, &format!("{}: {message}", keys.join(".")))
    }

    /// Whether this key is there.
    pub fn says(&self, keys: &[&str]) -> bool {
        let Ok(table) = DeTable::parse(&self.text) else {
            return false;
        };
        let mut at = table.get_ref();
        for (index, key) in keys.iter().enumerate() {
            match find(at, key) {
                Some(_) if index + 1 == keys.len() => return true,
                Some((_, DeValue::Table(inner))) => at = inner,
                _ => return false,
            }
        }
        false
    }

    /// Where the innermost of these keys stands that is there.
    fn span(&self, keys: &[&str]) -> Option<std::ops::Range<usize>> {
        let table = DeTable::parse(&self.text).ok()?;
        let mut at = table.get_ref();
        let mut span = None;
        for key in keys {
            let Some((found, value)) = find(at, key) else {
                break;
            };
            span = Some(found);
            match value {
                DeValue::Table(inner) => at = inner,
                _ => break,
            }
        }
        span
    }

    fn failure(&self, span: Option<std::ops::Range<usize>>, message: &str) -> Failure {
        let file = self.file.display();
        let start = span.map_or(0, |span| span.start.min(self.text.len()));
        let line = self.text.as_bytes()[..start]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        Failure::usage(format!("{file}:{}: {message}", line + 1))
            .hint("nothing was changed; the page docs/reference/manifest.md has every key")
    }
}

fn find<'t, 'i>(
    table: &'t DeTable<'i>,
    key: &str,
) -> Option<(std::ops::Range<usize>, &'t DeValue<'i>)> {
    let is_it = |name: &Spanned<toml::de::DeString<'_>>| name.get_ref() == key;
    let (name, value) = table.iter().find(|(name, _)| is_it(name))?;
    Some((name.span(), value.get_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new(Path::new("a/windlass.toml"), text.to_owned())
    }

    #[test]
    fn an_unknown_key_is_told_with_file_line_and_key() {
        let text = "[queues.mail]\nconcurrency = 1\nconcurency = 2\n";

        let error = source(text).read().unwrap_err().to_string();

        assert!(
            error.starts_with(
                "a/windlass.toml:3: queues.mail.concurency: unknown field `concurency`"
            ),
            "{error}"
        );
    }

    #[test]
    fn a_value_of_the_wrong_type_is_told_with_its_place() {
        let text = "\n[schedules.s]\ncron = 5\ntask = \"a/b\"\n";

        let error = source(text).read().unwrap_err().to_string();

        assert!(
            error.starts_with("a/windlass.toml:3: schedules.s.cron: "),
            "{error}"
        );
    }

    #[test]
    fn text_that_is_no_toml_is_told_with_its_line() {
        let error = source("a = 1\nb = \n").read().unwrap_err().to_string();

        assert!(error.starts_with("a/windlass.toml:2: "), "{error}");
    }

    #[test]
    fn a_key_is_found_where_it_stands_or_its_table_where_it_does_not() {
        let source = source("[queues.mail]\n\nconcurrency = 0\n");

        let there = source
            .at(&["queues", "mail", "concurrency"], "no")
            .to_string();
        let absent = source.at(&["queues", "mail", "ordered"], "no").to_string();

        assert_eq!(there, "a/windlass.toml:3: queues.mail.concurrency: no");
        assert_eq!(absent, "a/windlass.toml:1: queues.mail.ordered: no");
        assert!(source.says(&["queues", "mail", "concurrency"]));
        assert!(!source.says(&["queues", "mail", "paused"]));
    }
}
