//! Which functions are workflows.
//!
//! A component may say so of each of its functions, in custom sections `windlass:kinds` anywhere in
//! it, also in the core modules inside: lines `workflow demo:x/tasks@0.1.0#name` and `task …`, for a
//! function of the world `#name`. Of what it does not say this holds: a component that imports
//! `windlass:host/workflow` or other components' tasks exports workflows, any other exports tasks.

use wasmparser::{Parser, Payload};

use super::{Description, Error, MAX_NAME, Task, cut};
use crate::registry::name;

const SECTION: &str = "windlass:kinds";

/// The interface that only workflows have a use for.
const WORKFLOW: &str = "windlass:host/workflow@";

/// Decides of every task whether it is a workflow.
pub(super) fn decide(bytes: &[u8], description: &mut Description) -> Result<(), Error> {
    let calls = |import: &String| import.starts_with(WORKFLOW);
    let usual = !description.task_imports.is_empty() || description.imports.iter().any(calls);
    for task in &mut description.tasks {
        task.workflow = usual;
    }
    for said in said(bytes)? {
        // A line about what is not exported belongs to a library that was linked in.
        for task in &mut description.tasks {
            if said.names(task) {
                task.workflow = said.workflow;
            }
        }
    }
    Ok(())
}

/// What a component says of one of its functions.
struct Said {
    function: String,
    workflow: bool,
}

impl Said {
    fn parse(line: &str) -> Result<Self, Error> {
        let refuse = || Error::Kind(cut(line, MAX_NAME));
        let (kind, function) = line.split_once(' ').ok_or_else(refuse)?;
        let workflow = match kind {
            "workflow" => true,
            "task" => false,
            _ => return Err(refuse()),
        };
        Ok(Self {
            function: function.trim().to_owned(),
            workflow,
        })
    }

    fn names(&self, task: &Task) -> bool {
        match (&task.interface, self.function.strip_prefix('#')) {
            (None, Some(function)) => function == task.name,
            (None, None) => self.function == task.name,
            (Some(_), Some(_)) => false,
            (Some(interface), None) => name::names(&self.function, Some(interface), &task.name),
        }
    }
}

fn said(bytes: &[u8]) -> Result<Vec<Said>, Error> {
    let mut said = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| Error::Invalid(error.to_string()))?;
        let Payload::CustomSection(section) = payload else {
            continue;
        };
        if section.name() != SECTION {
            continue;
        }
        let text = String::from_utf8_lossy(section.data());
        // Linkers join the sections of several objects, and may pad them.
        let lines = text.split(['\n', '\0']).map(str::trim);
        for line in lines.filter(|line| !line.is_empty()) {
            said.push(Said::parse(line)?);
        }
    }
    Ok(said)
}
