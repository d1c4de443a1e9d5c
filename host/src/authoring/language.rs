//! The languages in which a component can be written.

use serde::{Deserialize, Serialize};

use super::{Toolchain, c, go, javascript, python, rust};

/// A language of task authors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the variants are languages")]
pub enum Language {
    Rust,
    Python,
    #[serde(alias = "js")]
    #[value(name = "javascript", alias = "js")]
    JavaScript,
    #[serde(alias = "ts")]
    #[value(name = "typescript", alias = "ts")]
    TypeScript,
    Go,
    C,
    #[serde(alias = "c++")]
    #[value(alias = "c++")]
    Cpp,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Rust,
        Self::Python,
        Self::JavaScript,
        Self::TypeScript,
        Self::Go,
        Self::C,
        Self::Cpp,
    ];

    /// As in `windlass.toml` and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::TypeScript => "typescript",
            Self::Go => "go",
            Self::C => "c",
            Self::Cpp => "cpp",
        }
    }

    /// As people write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::TypeScript => "TypeScript",
            Self::Go => "Go",
            Self::C => "C",
            Self::Cpp => "C++",
        }
    }

    /// Whether an engine executes it.
    pub(super) fn is_javascript(self) -> bool {
        matches!(self, Self::JavaScript | Self::TypeScript)
    }

    /// The folder of its template below `guest-sdk/`.
    pub(super) fn template(self, workflow: bool) -> String {
        let which = if workflow { "workflow" } else { "task" };
        match self {
            Self::Rust | Self::Python | Self::Go => {
                format!("{}/templates/{which}", self.folder())
            }
            Self::JavaScript => format!("js/templates/js-{which}"),
            Self::TypeScript => format!("js/templates/ts-{which}"),
            Self::C => format!("c/templates/c-{which}"),
            Self::Cpp => format!("c/templates/cpp-{which}"),
        }
    }

    /// The folder of its SDK below `guest-sdk/`.
    pub(super) fn folder(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::JavaScript | Self::TypeScript => "js",
            Self::Go => "go",
            Self::C | Self::Cpp => "c",
        }
    }

    /// What it does differently.
    pub(super) fn toolchain(self) -> Box<dyn Toolchain> {
        match self {
            Self::Rust => Box::new(rust::Rust),
            Self::Python => Box::new(python::Python),
            Self::JavaScript => Box::new(javascript::JavaScript { typed: false }),
            Self::TypeScript => Box::new(javascript::JavaScript { typed: true }),
            Self::Go => Box::new(go::Go),
            Self::C => Box::new(c::C { plus_plus: false }),
            Self::Cpp => Box::new(c::C { plus_plus: true }),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn a_language_has_one_name_everywhere_and_short_ones_besides() {
        for language in Language::ALL {
            let on_command_line = language.to_possible_value().unwrap();
            assert_eq!(on_command_line.get_name(), language.name());
            assert_eq!(serde_json::json!(language), language.name());
        }
        for (short, language) in [
            ("js", Language::JavaScript),
            ("ts", Language::TypeScript),
            ("c++", Language::Cpp),
        ] {
            assert_eq!(Language::from_str(short, false), Ok(language));
            assert_eq!(serde_json::from_value(short.into()).ok(), Some(language));
        }
    }
}
