//! Data on stdout, as `-o` says; what decorates it depends on the terminal.

use std::io::{self, ErrorKind, IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document.
    Json,
    /// One JSON document a line.
    Jsonl,
}

/// Where and how to print.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    format: Format,
    color: bool,
    terminal: bool,
}

impl Output {
    /// Prints in this format, to the stdout and stderr of this process.
    pub fn new(format: Format) -> Self {
        let terminal = io::stderr().is_terminal();
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            format,
            color: terminal && wanted,
            terminal,
        }
    }

    /// The format.
    pub fn format(self) -> Format {
        self.format
    }

    /// Whether somebody looks at stderr, so that progress may move there.
    pub fn is_terminal(self) -> bool {
        self.terminal
    }

    /// The text in an SGR style, where colors are wanted.
    pub fn paint(self, text: &str, style: &str) -> String {
        if self.color {
            format!("\u{1b}[{style}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// Says something about what is going on, to people only.
    pub fn say(self, text: impl AsRef<str>) {
        if self.format == Format::Text {
            eprintln!("{}", text.as_ref());
        }
    }

    /// Prints one thing.
    pub fn one<T: Serialize>(self, thing: &T, text: impl FnOnce() -> String) -> io::Result<()> {
        match self.format {
            Format::Text => line(&text()),
            Format::Json => line(&serde_json::to_string_pretty(thing)?),
            Format::Jsonl => line(&serde_json::to_string(thing)?),
        }
    }

    /// Prints a list; as text, a table of rows under a header.
    pub fn many<T: Serialize>(
        self,
        things: &[T],
        header: &[&str],
        row: impl Fn(&T) -> Vec<String>,
    ) -> io::Result<()> {
        match self.format {
            Format::Text => line(&table(header, things.iter().map(row))),
            Format::Json => line(&serde_json::to_string_pretty(things)?),
            Format::Jsonl => things
                .iter()
                .try_for_each(|thing| line(&serde_json::to_string(thing)?)),
        }
    }
}

/// Rows under a header, without lines between.
pub fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header.iter().map(|title| title.to_uppercase()));
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines: Vec<_> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    lines.join("\n")
}

/// Writes a line to stdout, as [`bytes`] does.
pub fn line(text: &str) -> io::Result<()> {
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    bytes(format!("{text}{newline}").as_bytes())
}

/// Writes to stdout. A reader that has gone (`| head`) wanted no more, which is no failure.
pub fn bytes(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_neither_lines_nor_blanks_at_the_end() {
        let rows = [
            vec!["images".to_owned(), "1".to_owned()],
            vec!["a".to_owned(), "12".to_owned()],
        ];

        let text = table(&["name", "size"], rows.into_iter());

        assert_eq!(text, "NAME    SIZE\nimages  1\na       12");
    }
}
