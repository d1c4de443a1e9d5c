//! How people name tasks: `images/resize`, `images@1.2.0/resize`, or in full
//! `images/demo:images/tasks@0.1.0#resize`.
//!
//! What stands before the first `/` names the component, what follows a function of it.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use semver::Version;

use super::describe::{Description, Task};

/// The longest name of a task, in bytes.
const MAX_TASK_NAME: usize = 1_024;

/// The longest name of a component, in bytes.
const MAX_COMPONENT_NAME: usize = 64;

/// How many known names a message lists.
const MAX_LISTED: usize = 10;

/// Why a name is none, or names no task.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no `/`.
    #[error("`{0}` names no function; write `component/function`, as in `images/resize`")]
    NoFunction(String),
    /// It is too long to be the name of anything.
    #[error("the name of a task has {0} bytes, at most {MAX_TASK_NAME} are allowed")]
    TooLong(usize),
    /// No component can be called so.
    #[error(
        "`{0}` cannot be the name of a component; use 1 to {MAX_COMPONENT_NAME} of a-z, 0-9, `-`, \
         `_` and `.`, beginning with a letter or a digit"
    )]
    Component(String),
    /// What follows the `@` is no version.
    #[error("`{version}` in `{task}` is not a version; write all three parts, as in `1.2.0`")]
    Version {
        /// The name as given.
        task: String,
        /// What should be a version.
        version: String,
    },
    /// Several interfaces have a function of that name.
    #[error("`{function}` is ambiguous; write one of {}", .candidates.join(", "))]
    Ambiguous {
        /// The name as given.
        function: String,
        /// The full names that it may mean.
        candidates: Vec<String>,
    },
    /// The component has no such task.
    #[error("there is no task `{function}`{}", and_has(.known, *.more))]
    Unknown {
        /// The name as given.
        function: String,
        /// The tasks that the component has, the most similar first.
        known: Vec<String>,
        /// How many it has besides.
        more: usize,
    },
    /// It is exported, but cannot be a task.
    #[error("`{function}` is exported, but is no task: {reason}")]
    Skipped {
        /// The name as given.
        function: String,
        /// Why it is none.
        reason: String,
    },
}

/// The name of a task as a caller writes it, taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TaskName {
    /// The component.
    pub component: String,
    /// Its version; without one, the highest that is no pre-release is meant.
    pub version: Option<Version>,
    /// The function: `resize`, `tasks#resize` or `demo:images/tasks#resize`.
    pub function: String,
}

impl FromStr for TaskName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.len() > MAX_TASK_NAME {
            return Err(Error::TooLong(text.len()));
        }
        let (component, function) = match text.split_once('/') {
            Some((component, function)) if !function.is_empty() => (component, function),
            _ => return Err(Error::NoFunction(text.to_owned())),
        };
        let (component, version) = match component.split_once('@') {
            None => (component, None),
            Some((component, version)) => match Version::parse(version) {
                Ok(parsed) => (component, Some(parsed)),
                Err(_) => {
                    return Err(Error::Version {
                        task: text.to_owned(),
                        version: version.to_owned(),
                    });
                }
            },
        };
        check_component_name(component)?;
        Ok(Self {
            component: component.to_owned(),
            version,
            function: function.to_owned(),
        })
    }
}

impl Display for TaskName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.component)?;
        if let Some(version) = &self.version {
            write!(f, "@{version}")?;
        }
        write!(f, "/{}", self.function)
    }
}

/// Checks that a component may be called `name`.
///
/// # Errors
///
/// If it holds anything that would have to be escaped in a path, or is too long.
pub fn check_component_name(name: &str) -> Result<(), Error> {
    let is_plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let fits = (1..=MAX_COMPONENT_NAME).contains(&name.len())
        && name.as_bytes().first().is_some_and(is_plain)
        && name
            .bytes()
            .all(|byte| is_plain(&byte) || matches!(byte, b'-' | b'_' | b'.'));
    match fits {
        true => Ok(()),
        false => Err(Error::Component(
            name.chars().take(MAX_COMPONENT_NAME).collect(),
        )),
    }
}

impl Task {
    /// What names the task in its component without doubt: `demo:images/tasks@0.1.0#resize`, or
    /// only `resize` for a function of the world.
    pub fn full_name(&self) -> String {
        match &self.interface {
            Some(interface) => format!("{interface}#{}", self.name),
            None => self.name.clone(),
        }
    }
}

impl Description {
    /// The task that `function` names: `resize`, `tasks#resize`, or `demo:images/tasks#resize`
    /// with or without a version.
    ///
    /// # Errors
    ///
    /// If there is none, or more than one.
    pub fn find(&self, function: &str) -> Result<&Task, Error> {
        let found = |task: &&Task| names(function, task.interface.as_deref(), &task.name);
        let tasks = self.tasks.iter().filter(found).collect::<Vec<_>>();
        if let [task] = tasks[..] {
            return Ok(task);
        }
        if let Some(task) = tasks.iter().find(|task| task.full_name() == function) {
            return Ok(task);
        }
        if !tasks.is_empty() {
            let candidates = tasks.iter().take(MAX_LISTED).map(|task| task.full_name());
            return Err(Error::Ambiguous {
                function: function.to_owned(),
                candidates: candidates.collect(),
            });
        }
        let mut skipped = self.skipped.iter();
        if let Some(skipped) =
            skipped.find(|skipped| names(function, skipped.interface.as_deref(), &skipped.name))
        {
            return Err(Error::Skipped {
                function: function.to_owned(),
                reason: skipped.reason.clone(),
            });
        }
        Err(self.unknown(function))
    }

    /// Says of a function, whatever the component says of it, whether it is a workflow.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find).
    pub fn say(&mut self, function: &str, workflow: bool) -> Result<(), Error> {
        let full = self.find(function)?.full_name();
        let said = |task: &&mut Task| task.full_name() == full;
        self.tasks
            .iter_mut()
            .find(said)
            .expect("what was found is there")
            .workflow = workflow;
        Ok(())
    }

    fn unknown(&self, function: &str) -> Error {
        let bare = function.rsplit_once('#').map_or(function, |(_, name)| name);
        let mut known = self.tasks.iter().collect::<Vec<_>>();
        known.sort_by_cached_key(|task| distance(bare, &task.name));
        // The short name will do where it is the only one.
        let name = |task: &&Task| match self.find(&task.name) {
            Ok(found) if std::ptr::eq(found, *task) => task.name.clone(),
            _ => task.full_name(),
        };
        Error::Unknown {
            function: function.to_owned(),
            known: known.iter().take(MAX_LISTED).map(name).collect(),
            more: known.len().saturating_sub(MAX_LISTED),
        }
    }
}

/// Whether `function` can mean the function `name` of `interface`.
pub(super) fn names(function: &str, interface: Option<&str>, name: &str) -> bool {
    let Some((wanted, bare)) = function.rsplit_once('#') else {
        return function == name;
    };
    let Some(interface) = interface else {
        return false;
    };
    let path = interface
        .split_once('@')
        .map_or(interface, |(path, _)| path);
    let short = path.rsplit_once('/').map_or(path, |(_, short)| short);
    bare == name && (wanted == interface || wanted == path || wanted == short)
}

fn and_has(names: &[String], more: usize) -> String {
    match (names.len(), more) {
        (0, _) => "; the component has no tasks".to_owned(),
        (_, 0) => format!("; the component has {}", names.join(", ")),
        _ => format!("; the component has {} and {more} more", names.join(", ")),
    }
}

/// How many characters must be put in, left out or replaced to get from `a` to `b` (Levenshtein).
/// Looks at their beginnings only: it costs the product of their lengths.
fn distance(a: &str, b: &str) -> usize {
    const BEGINNING: usize = 64;
    let b = b.chars().take(BEGINNING).collect::<Vec<_>>();
    let mut row = (0..=b.len()).collect::<Vec<_>>();
    for (i, from) in a.chars().take(BEGINNING).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests;
