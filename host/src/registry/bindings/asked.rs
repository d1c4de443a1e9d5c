//! What an uploader says of an import: `demo:images/tasks=thumbnails@^0.1:queue`.

use std::str::FromStr;

use semver::VersionReq;

use super::{Error, split};
use crate::registry::name::check_component_name;

/// How an import is to be bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The interface, with or without its version.
    pub interface: String,
    /// The component that is to provide it.
    pub component: String,
    /// Which of its versions.
    pub rule: Option<VersionReq>,
    /// The queue on which its calls are to be enqueued.
    pub queue: Option<String>,
}

impl Asked {
    /// Whether it is about this import.
    pub fn means(&self, interface: &str) -> bool {
        self.interface == interface || self.interface == split(interface).0
    }
}

impl FromStr for Asked {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let syntax = || Error::Syntax(text.chars().take(200).collect());
        let (interface, provider) = text.split_once('=').ok_or_else(syntax)?;
        let (provider, queue) = match provider.split_once(':') {
            Some((provider, queue)) => (provider, Some(queue.to_owned())),
            None => (provider, None),
        };
        let (component, rule) = match provider.split_once('@') {
            Some((component, rule)) => (component, Some(rule)),
            None => (provider, None),
        };
        if interface.is_empty() || check_component_name(component).is_err() {
            return Err(syntax());
        }
        let rule = rule.map(|rule| {
            rule.parse().map_err(|error: semver::Error| Error::Rule {
                rule: rule.to_owned(),
                reason: error.to_string(),
            })
        });
        Ok(Self {
            interface: interface.to_owned(),
            component: component.to_owned(),
            rule: rule.transpose()?,
            queue,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_names_a_component_and_may_name_versions_and_a_queue() {
        let asked: Asked = "demo:images/tasks=thumbnails@^0.1:thumbs".parse().unwrap();

        assert_eq!(asked.component, "thumbnails");
        assert_eq!(asked.rule, Some("^0.1".parse().unwrap()));
        assert_eq!(asked.queue.as_deref(), Some("thumbs"));
        assert!(asked.means("demo:images/tasks@0.1.0"));
        assert!(!asked.means("demo:images/others@0.1.0"));
        let exact: Asked = "a:b/c@0.1.0=d@=1.2.3".parse().unwrap();
        assert_eq!(exact.rule, Some("=1.2.3".parse().unwrap()));
        assert_eq!(exact.queue, None);
    }

    #[test]
    fn what_binds_nothing_is_refused() {
        for text in ["", "a:b/c", "=d", "a:b/c=", "a:b/c=D", "a:b/c=d@one"] {
            assert!(text.parse::<Asked>().is_err(), "{text}");
        }
    }
}
