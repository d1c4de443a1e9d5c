//! One value over another: defaults, the file, the environment, flags.
//!
//! The layers meet as a JSON tree whose leaves are the settings; what is a leaf, and of which type,
//! is what the defaults say. After every value the tree is read as [`Settings`], so that a mistake
//! is told with its key and where it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Error, Flags, Settings};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// This file.
    File(PathBuf),
    /// This variable.
    Environment(String),
    /// This flag.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => path.display().fmt(f),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its key, as in `queue.lease_ms`.
    pub key: String,
    /// Its value as it may be shown: without what is secret.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
}

/// Variables with a name of their own, beside `WINDLASS_` and the key in capitals.
const SHORT_NAMES: [(&str, &str); 6] = [
    ("RUST_LOG", "log.filter"),
    ("WINDLASS_LOG", "log.filter"),
    ("WINDLASS_LOG_FORMAT", "log.format"),
    ("WINDLASS_QUEUES", "queue.queues"),
    ("WINDLASS_SANDBOXES", "engine.sandboxes_max"),
    (
        "WINDLASS_DECLARED_QUEUES_ONLY",
        "control.declared_queues_only",
    ),
];

/// The settings that these layers make, and where each comes from.
pub(super) fn merge(
    flags: &Flags,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<(Settings, Vec<Entry>), Error> {
    let environment: BTreeMap<String, String> = environment.collect();
    let mut layers = Layers::new();

    // The file may lie in the data folder, which only flags and environment can move.
    let mut first = Layers::new();
    first.environment(&environment)?;
    first.flags(flags)?;
    let usual = first.read()?.data.join("config.toml");
    match &flags.config {
        Some(path) => layers.file(path)?,
        None if usual.is_file() => layers.file(&usual)?,
        None => {}
    }
    layers.environment(&environment)?;
    layers.flags(flags)?;
    let settings = layers.read()?;
    Ok((settings, layers.entries()))
}

struct Layers {
    /// By key, flat.
    defaults: BTreeMap<String, Value>,
    values: BTreeMap<String, (Value, Origin)>,
}

impl Layers {
    fn new() -> Self {
        let tree =
            serde_json::to_value(Settings::default()).expect("settings are texts and numbers");
        let mut defaults = BTreeMap::new();
        flatten("", tree, &mut defaults);
        Self {
            defaults,
            values: BTreeMap::new(),
        }
    }

    fn file(&mut self, path: &Path) -> Result<(), Error> {
        let fail = |reason: String| Error::File {
            path: path.to_owned(),
            reason,
        };
        let text = std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let line = error
                .span()
                .map(|span| text[..span.start].lines().count().max(1));
            match line {
                Some(line) => fail(format!("line {line}: {}", error.message())),
                None => fail(error.message().to_owned()),
            }
        })?;
        let tree = serde_json::to_value(table).map_err(|error| fail(error.to_string()))?;
        let mut values = BTreeMap::new();
        flatten("", tree, &mut values);
        for (key, value) in values {
            self.set(key, value, Origin::File(path.to_owned()))?;
        }
        Ok(())
    }

    fn environment(&mut self, environment: &BTreeMap<String, String>) -> Result<(), Error> {
        let long = self.defaults.keys().map(|key| {
            let name = format!("WINDLASS_{}", key.replace('.', "_").to_uppercase());
            (name, key.clone())
        });
        let short = SHORT_NAMES.map(|(name, key)| (name.to_owned(), key.to_owned()));
        let names: Vec<_> = short.into_iter().chain(long).collect();
        for (name, key) in names {
            if let Some(text) = environment.get(&name) {
                self.set_text(&key, text, Origin::Environment(name))?;
            }
        }
        Ok(())
    }

    fn flags(&mut self, flags: &Flags) -> Result<(), Error> {
        for (flag, key, text) in flags.values() {
            self.set_text(key, &text, Origin::Flag(flag.to_owned()))?;
        }
        Ok(())
    }

    /// Sets a value that came as text, of the type that the default has.
    fn set_text(&mut self, key: &str, text: &str, origin: Origin) -> Result<(), Error> {
        let fail = |expected: &str| Error::Value {
            key: key.to_owned(),
            origin: origin.clone(),
            message: format!("expected {expected}, got {text:?}"),
        };
        let number = || {
            let number: u64 = text.parse().map_err(|_| fail("a whole number"))?;
            Ok(Value::from(number))
        };
        let value = match self.defaults.get(key) {
            Some(Value::Bool(_)) => match text {
                "true" | "1" => Value::Bool(true),
                "false" | "0" => Value::Bool(false),
                _ => return Err(fail("true or false")),
            },
            Some(Value::Number(_)) => number()?,
            // A default that follows from others; only the name tells of which type it is.
            Some(Value::Null) if key.ends_with("_ms") => number()?,
            Some(Value::Null) if key.ends_with("queues") => text
                .split(',')
                .map(|name| Value::from(name.trim()))
                .collect(),
            _ => Value::from(text),
        };
        self.set(key.to_owned(), value, origin)
    }

    fn set(&mut self, key: String, value: Value, origin: Origin) -> Result<(), Error> {
        if !self.defaults.contains_key(&key) {
            let similar = self.similar(&key);
            return Err(Error::UnknownKey {
                key,
                origin,
                similar,
            });
        }
        self.values.insert(key.clone(), (value, origin.clone()));
        match self.read() {
            Ok(_) => Ok(()),
            Err(Error::Together(message)) => Err(Error::Value {
                key,
                origin,
                message,
            }),
            Err(error) => Err(error),
        }
    }

    /// The key that has the same last word, or the same beginning.
    fn similar(&self, key: &str) -> Option<String> {
        let last = key.rsplit('.').next().unwrap_or(key);
        let is_similar = |known: &&String| {
            let name = known.rsplit('.').next().unwrap_or(known);
            name == last || name.starts_with(last) || last.starts_with(name)
        };
        self.defaults.keys().find(is_similar).cloned()
    }

    fn read(&self) -> Result<Settings, Error> {
        let mut tree = Value::Object(serde_json::Map::new());
        for (key, (value, _)) in &self.values {
            let mut at = &mut tree;
            for part in key.split('.') {
                at = &mut at[part];
            }
            *at = value.clone();
        }
        serde_json::from_value(tree).map_err(|error| Error::Together(error.to_string()))
    }

    fn entries(self) -> Vec<Entry> {
        let mut values = self.values;
        let entry = |(key, default): (String, Value)| {
            let (value, origin) = values.remove(&key).unwrap_or((default, Origin::Default));
            let value = match (key.as_str(), &value) {
                ("token" | "code_key", Value::String(_)) => Value::from("(hidden)"),
                ("database", Value::String(url)) => Value::from(without_password(url)),
                _ => value,
            };
            Entry { key, value, origin }
        };
        self.defaults.into_iter().map(entry).collect()
    }
}

/// The leaves of a tree, by the path to them. Lists are leaves.
fn flatten(prefix: &str, tree: Value, out: &mut BTreeMap<String, Value>) {
    match tree {
        Value::Object(fields) => {
            for (name, value) in fields {
                let key = match prefix {
                    "" => name,
                    _ => format!("{prefix}.{name}"),
                };
                flatten(&key, value, out);
            }
        }
        value => {
            out.insert(prefix.to_owned(), value);
        }
    }
}

/// An address of a database as it may be shown.
pub(super) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let authority = rest.find(['/', '?']).unwrap_or(rest.len());
    // A password may hold an `@` that nobody escaped: the last one ends it.
    let (user, host) = match rest[..authority].rsplit_once('@') {
        Some((user, host)) => (user, host),
        None => return without_password_parameter(url.to_owned()),
    };
    let user = match user.split_once(':') {
        Some((name, _)) => format!("{name}:***"),
        None => user.to_owned(),
    };
    without_password_parameter(format!("{scheme}://{user}@{host}{}", &rest[authority..]))
}

fn without_password_parameter(url: String) -> String {
    let Some((address, query)) = url.split_once('?') else {
        return url;
    };
    let shown: Vec<_> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if name.contains("password") => format!("{name}=***"),
            _ => pair.to_owned(),
        })
        .collect();
    format!("{address}?{}", shown.join("&"))
}
