//! Why an import is not bound, with what would do.

/// Why an import is not bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// What the uploader said cannot be read.
    #[error(
        "`{0}` binds nothing; write INTERFACE=COMPONENT[@RULE][:QUEUE], as in \
         demo:images/tasks=thumbnails@^0.1:thumbs"
    )]
    Syntax(String),
    /// What the uploader said of versions is no rule.
    #[error("`{rule}` is no rule about versions ({reason}); write it as in ^1.2 or =1.2.3")]
    Rule {
        /// The text.
        rule: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The queue's name is none.
    #[error("{0}")]
    Queue(String),
    /// It is said how to bind what is not imported.
    #[error("the component does not import {interface}{}", and_imports(.imports))]
    NotImported {
        /// What was to be bound.
        interface: String,
        /// What it does import.
        imports: Vec<String>,
    },
    /// Nobody exports it.
    #[error(
        "no component exports {interface}{}: push it first, or name one with --bind {interface}=COMPONENT",
        but_exports(.near)
    )]
    NoProvider {
        /// The interface.
        interface: String,
        /// Who exports it in another version.
        near: Vec<String>,
    },
    /// Several export it.
    #[error(
        "several components export {interface}: {}; say which with --bind {interface}=COMPONENT",
        .components.join(", ")
    )]
    Several {
        /// The interface.
        interface: String,
        /// Who exports it.
        components: Vec<String>,
    },
    /// There is no such component.
    #[error(
        "{interface} cannot be bound to `{component}`: there is no such component; push it first"
    )]
    NoComponent {
        /// The interface.
        interface: String,
        /// Who should provide it.
        component: String,
    },
    /// No version of it fits.
    #[error("no version of `{component}` fits {rule}; there is {}", .known.join(", "))]
    NoVersion {
        /// The component.
        component: String,
        /// The rule.
        rule: String,
        /// The versions that there are.
        known: Vec<String>,
    },
    /// It does not export the interface.
    #[error("{component}@{version} does not export {interface}{}", but_exports(.exports))]
    NotExported {
        /// The interface.
        interface: String,
        /// The component.
        component: String,
        /// Its version.
        version: String,
        /// What it exports.
        exports: Vec<String>,
    },
    /// A function of the import cannot be called through a queue.
    #[error("{place} cannot be called through a queue: {reason}")]
    Unfit {
        /// The function.
        place: String,
        /// Why.
        reason: String,
    },
    /// A function of the import is not exported.
    #[error("{place} is imported, but {component}@{version} exports no such task")]
    NoFunction {
        /// The function.
        place: String,
        /// The component.
        component: String,
        /// Its version.
        version: String,
    },
    /// Two types are not the same.
    #[error("{place}: imported {imported}, exported {exported}")]
    Types {
        /// Where.
        place: String,
        /// The type that is imported.
        imported: String,
        /// The type that is exported.
        exported: String,
    },
    /// Components wait for each other's tasks.
    #[error("the components call each other in a circle: {}", .0.join(" → "))]
    Cycle(Vec<String>),
}

impl Error {
    /// What it is about, for the place of the mistake.
    pub fn place(&self) -> String {
        match self {
            Self::Syntax(_) | Self::Rule { .. } | Self::Queue(_) => "bind".to_owned(),
            Self::NotImported { interface, .. } => format!("bind {interface}"),
            Self::NoProvider { interface, .. }
            | Self::Several { interface, .. }
            | Self::NoComponent { interface, .. }
            | Self::NotExported { interface, .. } => format!("import {interface}"),
            Self::NoVersion { component, .. } => format!("component {component}"),
            Self::Unfit { place, .. }
            | Self::NoFunction { place, .. }
            | Self::Types { place, .. } => format!("import {place}"),
            Self::Cycle(_) => "bind".to_owned(),
        }
    }
}

fn and_imports(imports: &[String]) -> String {
    match imports.is_empty() {
        true => "; it imports no tasks".to_owned(),
        false => format!("; it imports {}", imports.join(", ")),
    }
}

fn but_exports(exports: &[String]) -> String {
    match exports.is_empty() {
        true => String::new(),
        false => format!(", but there is {}", exports.join(", ")),
    }
}
