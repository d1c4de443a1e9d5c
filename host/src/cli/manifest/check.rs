//! What must hold between the parts of a manifest, and with its component, before any of it is
//! applied. The host checks all of it again.

use std::collections::BTreeSet;

use serde_json::value::to_raw_value;

use super::source::Source;
use super::{Component, Manifest, Schedule};
use crate::cli::failure::Failure;
use crate::control::{Defaults, check_options};
use crate::model::queue::InvalidSetting;
use crate::model::schedule::Timetable;
use crate::model::{QueueName, ScheduleName};
use crate::registry::describe::{self, Description};

/// A manifest that was read and checked.
#[derive(Debug)]
pub struct Loaded {
    /// What it says.
    pub manifest: Manifest,
    /// The bytes of its component.
    pub bytes: Vec<u8>,
    /// The queues of which it says whether they are paused.
    pub pausing: BTreeSet<String>,
}

/// Checks a manifest, and reads its component.
pub fn check(source: &Source, manifest: Manifest) -> Result<Loaded, Failure> {
    let (bytes, description) = match &manifest.component {
        Some(component) => component_of(source, component, manifest.build.is_some())?,
        None => {
            for (key, is_there) in [
                ("tasks", !manifest.tasks.is_empty()),
                ("grants", manifest.grants.is_some()),
            ] {
                if is_there {
                    return Err(source.at(&[key], "there is no [component] to which this belongs"));
                }
            }
            Default::default()
        }
    };
    for (name, task) in &manifest.tasks {
        description
            .find(name)
            .map_err(|error| source.at(&["tasks", name], error))?;
        let json = serde_json::to_value(task).expect("a task is texts and numbers");
        let defaults: Defaults = serde_json::from_value(json).expect("it has the same fields");
        defaults
            .checked()
            .map_err(|wrong| setting(source, &["tasks", name], &wrong))?;
    }
    let mut pausing = BTreeSet::new();
    for (name, settings) in &manifest.queues {
        QueueName::parse(name).map_err(|error| source.at(&["queues", name], error))?;
        settings
            .clone()
            .checked()
            .map_err(|wrong| setting(source, &["queues", name], &wrong))?;
        if source.says(&["queues", name, "paused"]) {
            pausing.insert(name.clone());
        }
    }
    for (name, schedule) in &manifest.schedules {
        check_schedule(source, name, schedule, &manifest, &description)?;
    }
    Ok(Loaded {
        manifest,
        bytes,
        pausing,
    })
}

fn component_of(
    source: &Source,
    component: &Component,
    is_built: bool,
) -> Result<(Vec<u8>, Description), Failure> {
    let path = source.folder().join(component.file());
    let bytes = std::fs::read(&path).map_err(|error| {
        let why = format!("cannot read {}: {error}", path.display());
        let failure = source.at(&["component", "file"], why);
        match is_built && !path.exists() {
            true => failure.hint("`windlass build` makes it"),
            false => failure,
        }
    })?;
    if let Some(version) = &component.version {
        version.parse::<semver::Version>().map_err(|error| {
            let why = format!("{version:?} is no version ({error}): write all three parts");
            source.at(&["component", "version"], why)
        })?;
    }
    let described = describe::describe(&bytes);
    let mut description = described.map_err(|error| source.at(&["component", "file"], error))?;
    for function in &component.workflows {
        description
            .say(function, true)
            .map_err(|error| source.at(&["component", "workflows"], error))?;
    }
    for function in &component.tasks {
        description
            .say(function, false)
            .map_err(|error| source.at(&["component", "tasks"], error))?;
    }
    Ok((bytes, description))
}

fn check_schedule(
    source: &Source,
    name: &str,
    schedule: &Schedule,
    manifest: &Manifest,
    description: &Description,
) -> Result<(), Failure> {
    let place = ["schedules", name];
    ScheduleName::parse(name).map_err(|error| source.at(&place, error))?;
    let timezone = schedule.timezone.as_deref().unwrap_or("UTC");
    Timetable::parse(&schedule.cron, timezone).map_err(|wrong| setting(source, &place, &wrong))?;
    check_options(&schedule.options)
        .map_err(|wrong| setting(source, &["schedules", name, "options"], &wrong))?;
    if let Some(queue) = &schedule.queue {
        QueueName::parse(queue).map_err(|error| source.at(&["schedules", name, "queue"], error))?;
    }
    let own = manifest.component.as_ref();
    let Some((component, function)) = schedule.task.split_once('/') else {
        let why = format!("{:?} is no task: write component/function", schedule.task);
        return Err(source.at(&["schedules", name, "task"], why));
    };
    // Tasks of other components are the host's to know.
    if own.is_none_or(|own| own.name != component) {
        return Ok(());
    }
    let task = description
        .find(function)
        .map_err(|error| source.at(&["schedules", name, "task"], error))?;
    let declared = manifest.tasks.values().any(|task| task.queue.is_some());
    if schedule.queue.is_none() && !declared {
        let why = "no queue is said, neither here nor under [tasks]: add `queue = \"…\"`";
        return Err(source.at(&place, why));
    }
    let arguments = to_raw_value(&schedule.args).expect("JSON is JSON");
    task.function
        .arguments(&arguments)
        .map_err(|mistakes| source.at(&["schedules", name, "args"], mistakes))?;
    Ok(())
}

fn setting(source: &Source, place: &[&str], wrong: &InvalidSetting) -> Failure {
    let mut keys = place.to_vec();
    keys.extend(wrong.field.split('.'));
    source.at(&keys, &wrong.message)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const HELLO: &[u8] = include_bytes!("../../../assets/hello.wasm");

    fn checked(text: &str) -> Result<Loaded, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("hello.wasm"), HELLO).unwrap();
        let file = folder.path().join("windlass.toml");
        let source = Source::new(&file, text.to_owned());
        let manifest = source.read().map_err(|error| error.to_string())?;
        check(&source, manifest).map_err(|error| {
            let folder = folder.path().display().to_string();
            error.to_string().replace(&format!("{folder}/"), "")
        })
    }

    const COMPONENT: &str = "[component]\nname = \"hello\"\nfile = \"hello.wasm\"\n";

    #[test]
    fn what_cannot_be_is_told_with_file_line_and_key() {
        for (text, said) in [
            (
                "[queues.q]\nconcurrency = 0\n",
                "windlass.toml:2: queues.q.concurrency: expected 1 to",
            ),
            (
                "[queues.q]\n[queues.q.rate_limit]\nlimit = 0\nperiod_ms = 5\n",
                "windlass.toml:2: queues.q.rate_limit: expected 1 to",
            ),
            (
                "[tasks.greet]\n",
                "windlass.toml:1: tasks: there is no [component]",
            ),
            (
                "[schedules.s]\ncron = \"0 0 30 2 *\"\ntask = \"a/b\"\n",
                "windlass.toml:2: schedules.s.cron: \"0 0 30 2 *\" never comes",
            ),
            (
                "[schedules.s]\ncron = \"@daily\"\ntask = \"a/b\"\ntimezone = \"Mars\"\n",
                "windlass.toml:4: schedules.s.timezone: \"Mars\" is no time zone",
            ),
            (
                "[schedules.s]\ncron = \"@daily\"\ntask = \"a/b\"\noptions = { partition = \"\" }\n",
                "windlass.toml:4: schedules.s.options.partition: is empty",
            ),
            (
                "[component]\nname = \"a\"\nfile = \"gone.wasm\"\n",
                "windlass.toml:3: component.file: cannot read gone.wasm",
            ),
        ] {
            let error = checked(text).unwrap_err();
            assert!(error.starts_with(said), "{text}: {error}");
        }
    }

    #[test]
    fn tasks_and_arguments_are_held_against_the_component() {
        for (text, said) in [
            (
                "[tasks.greeet]\n",
                "windlass.toml:4: tasks.greeet: there is no task",
            ),
            (
                "[tasks.greet]\ntimeout_ms = 0\n",
                "windlass.toml:5: tasks.greet.timeout_ms: expected 1 to",
            ),
            (
                "[schedules.s]\ncron = \"@daily\"\nqueue = \"q\"\ntask = \"hello/greet\"\nargs = [7]\n",
                "windlass.toml:8: schedules.s.args: args[0]",
            ),
        ] {
            let error = checked(&format!("{COMPONENT}{text}")).unwrap_err();
            assert!(error.starts_with(said), "{text}: {error}");
        }
    }

    #[test]
    fn the_manifest_of_the_reference_is_one() {
        let page = include_str!("../../../../docs/reference/manifest.md");
        let (_, text) = page.split_once("```toml\n").unwrap();
        let (text, _) = text.split_once("```").unwrap();

        let loaded = checked(text).unwrap();

        let mail = &loaded.manifest.queues["mail"];
        assert!(mail.retention.is_some() && mail.partitions.is_some());
        assert_eq!(
            loaded.manifest.schedules["nightly"]
                .options
                .partition
                .as_deref(),
            Some("ada")
        );
    }

    #[test]
    fn a_manifest_without_a_mistake_is_taken_whole() {
        let text = format!(
            "{COMPONENT}[tasks.greet]\nqueue = \"mail\"\nretries = {{ max = 3, on = [\"trap\"] }}\n\
             [queues.mail]\nconcurrency = 2\npaused = false\npartitions = {{ concurrency = 1 }}\n\
             [queues.slow]\n[grants]\nhttp = [\"a.example\"]\n\
             [schedules.s]\ncron = \"@daily\"\ntask = \"hello/greet\"\nargs = {{ name = \"Ada\" }}\n"
        );

        let loaded = checked(&text).unwrap();

        assert_eq!(loaded.bytes, HELLO);
        assert_eq!(loaded.pausing.iter().collect::<Vec<_>>(), ["mail"]);
        assert_eq!(loaded.manifest.queues["mail"].concurrency, Some(2));
        assert!(Path::new(&loaded.manifest.component.unwrap().file()).ends_with("hello.wasm"));
    }
}
