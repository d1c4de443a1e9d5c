//! What goes wrong when a project is made or built, and the way out.

use std::path::{Path, PathBuf};

/// Why a project was not made, or its component not built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A tool is not there.
    #[error("{tool} is missing, with which {what}")]
    Missing {
        /// The tool and its version.
        tool: String,
        /// What it is for: `Python is made into a component`.
        what: String,
        /// The command that installs it.
        install: String,
    },
    /// A tool is there, but too old.
    #[error("{tool} is version {found}, at least {needed} is needed")]
    TooOld {
        /// The tool.
        tool: String,
        /// Its version.
        found: String,
        /// The least version.
        needed: String,
        /// The command that installs another.
        install: String,
    },
    /// The project's WIT cannot be read.
    #[error("the WIT does not parse: {0}")]
    Wit(String),
    /// A tool did not do its work; what it said names the place.
    #[error("{tool} failed:\n{said}")]
    Failed {
        /// The tool.
        tool: String,
        /// What it printed.
        said: String,
        /// What to do, where that is known.
        hint: Option<String>,
    },
    /// The author's code, or the project, cannot be built.
    #[error("{message}")]
    Refused {
        /// What, with its place.
        message: String,
        /// The way out.
        hint: String,
    },
    /// What came out is no component that a host takes.
    #[error("the component cannot be used: {0}")]
    Component(String),
    /// A file cannot be read or written.
    #[error("cannot {verb} {}: {source}", path.display())]
    File {
        /// `read`, `write`, `make` …
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Error {
    /// A mistake of the author's, with the way out.
    pub fn refused(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Refused {
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// The way out, where there is one to tell.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { install, .. } | Self::TooOld { install, .. } => {
                Some(format!("`{install}` installs it"))
            }
            Self::Failed { hint, .. } => hint.clone(),
            Self::Refused { hint, .. } => Some(hint.clone()),
            Self::Wit(_) => Some(
                "mend it; what it takes from other packages belongs into wit/deps, a folder a package"
                    .to_owned(),
            ),
            Self::Component(_) | Self::File { .. } => None,
        }
    }

    /// Says which file could not be read, written …
    pub(super) fn file(
        verb: &'static str,
        path: &Path,
    ) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { verb, path, source }
    }
}
