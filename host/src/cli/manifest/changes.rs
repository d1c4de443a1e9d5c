//! What is otherwise on a host than a manifest says, and applying it.
//!
//! What a manifest names is made as it says; what it does not name stays as it is. Of a component,
//! its tasks' defaults and its grants it says all.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::to_raw_value;
use serde_json::{Map, Value, json};
use windlass_client::wire::{Grants, QueueChange, SchedulePlan, Upload};
use windlass_client::{Client, Error as ClientError};

use super::{Component, Loaded, Schedule};
use crate::model::Digest;
use crate::model::queue::Settings;

/// One thing that is otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// What it is: `queue`, `component`, `tasks`, `grants`, `schedule`.
    pub what: &'static str,
    /// Its name.
    pub name: String,
    /// Whether it is not there at all yet.
    pub is_new: bool,
    /// What is otherwise about it, by key: what it is and what it is to be.
    pub fields: BTreeMap<String, (Value, Value)>,
    #[serde(skip)]
    step: Step,
}

/// How a change is made.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    Queue(Value),
    Upload,
    Defaults(Value),
    Grants(Grants),
    Schedule,
}

/// Everything that is otherwise, in the order in which it is applied.
#[derive(Debug)]
pub struct Changes {
    loaded: Loaded,
    /// The changes.
    pub list: Vec<Change>,
}

impl Changes {
    /// Compares a manifest with what is on the host.
    pub async fn of(client: &Client, loaded: Loaded) -> anyhow::Result<Self> {
        let mut list = Vec::new();
        for (name, settings) in &loaded.manifest.queues {
            list.extend(queue(client, &loaded, name, settings).await?);
        }
        if let Some(component) = &loaded.manifest.component {
            list.extend(upload(client, &loaded, component).await?);
            let grants = loaded.manifest.grants.as_ref();
            list.extend(grants_of(client, component, grants).await?);
            list.extend(defaults(client, &loaded, component).await?);
        }
        for (name, schedule) in &loaded.manifest.schedules {
            list.extend(schedule_of(client, name, schedule).await?);
        }
        Ok(Self { loaded, list })
    }

    /// Makes everything as the manifest says.
    pub async fn apply(&self, client: &Client) -> anyhow::Result<()> {
        let manifest = &self.loaded.manifest;
        for change in &self.list {
            match &change.step {
                Step::Queue(settings) => {
                    let put: QueueChange = serde_json::from_value(settings.clone())?;
                    client.queue(&change.name).change(&put).await?;
                }
                Step::Upload => {
                    if let Some(component) = &manifest.component {
                        let upload = Upload {
                            name: component.name.clone(),
                            version: component.version.clone(),
                            bind: component.bind.clone(),
                            workflow: component.workflows.clone(),
                            task: component.tasks.clone(),
                        };
                        client.upload(&upload, self.loaded.bytes.clone()).await?;
                    }
                }
                Step::Defaults(tasks) => {
                    let tasks = serde_json::from_value(tasks.clone())?;
                    client.set_defaults(&change.name, &tasks).await?;
                }
                Step::Grants(grants) => {
                    client.set_grants(&change.name, grants).await?;
                }
                Step::Schedule => {
                    let plan = plan(&manifest.schedules[&change.name])?;
                    client.put_schedule(&change.name, &plan).await?;
                }
            }
        }
        Ok(())
    }
}

impl Change {
    /// Compares two objects key by key; none if they are the same.
    fn of(
        what: &'static str,
        name: &str,
        now: Option<&Map<String, Value>>,
        wanted: &Map<String, Value>,
        step: Step,
    ) -> Option<Self> {
        let mut fields = BTreeMap::new();
        let nothing = Map::new();
        let is = now.unwrap_or(&nothing);
        for key in is.keys().chain(wanted.keys()) {
            let value = |of: &Map<String, Value>| of.get(key).cloned().unwrap_or(Value::Null);
            let (is, wanted) = (value(is), value(wanted));
            if is != wanted {
                fields.insert(key.clone(), (is, wanted));
            }
        }
        let is_new = now.is_none();
        (is_new || !fields.is_empty()).then(|| Self {
            what,
            name: name.to_owned(),
            is_new,
            fields,
            step,
        })
    }

    /// The change as a line: `~ queue mail: concurrency 1 -> 2`.
    pub fn line(&self) -> String {
        let sign = if self.is_new { '+' } else { '~' };
        let fields = self.fields.iter().map(|(key, (is, wanted))| {
            // Values of the environment may be secrets.
            if (self.what, key.as_str()) == ("grants", "environment") {
                let names = |value: &Value| match value {
                    Value::Object(fields) => fields.keys().cloned().collect::<Vec<_>>().join(" "),
                    _ => String::new(),
                };
                return format!("{key} [{}] -> [{}]", names(is), names(wanted));
            }
            match (self.is_new, is) {
                (true, _) => format!("{key} {}", shown(wanted)),
                (false, is) => format!("{key} {} -> {}", shown(is), shown(wanted)),
            }
        });
        let fields: Vec<_> = fields.collect();
        match fields.is_empty() {
            true => format!("{sign} {} {}", self.what, self.name),
            false => format!("{sign} {} {}: {}", self.what, self.name, fields.join(", ")),
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// What the host has; none where it says that there is no such thing.
fn found<T>(answer: Result<T, ClientError>, code: &str) -> Result<Option<T>, ClientError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(ClientError::Problem(problem)) if problem.code == code => Ok(None),
        Err(error) => Err(error),
    }
}

fn object(value: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

async fn queue(
    client: &Client,
    loaded: &Loaded,
    name: &str,
    settings: &Settings,
) -> anyhow::Result<Option<Change>> {
    let now = found(client.queue(name).get().await, "queue-unknown")?;
    // What the host answers leaves out what has its default, as the manifest does.
    let now = now
        .map(|queue| serde_json::from_value::<Settings>(serde_json::to_value(&queue.settings)?))
        .transpose()?;
    let (mut now, mut wanted) = (now.as_ref().map(object), object(settings));
    // Whether it is paused is for whoever runs it to say, unless the manifest does.
    if !loaded.pausing.contains(name) {
        wanted.remove("paused");
        now.as_mut().and_then(|now| now.remove("paused"));
    }
    let step = Step::Queue(Value::Object(wanted.clone()));
    if now.is_none() {
        wanted.retain(|_, value| !value.is_null());
    }
    Ok(Change::of("queue", name, now.as_ref(), &wanted, step))
}

async fn upload(
    client: &Client,
    loaded: &Loaded,
    component: &Component,
) -> anyhow::Result<Option<Change>> {
    let digest = Digest::of(&loaded.bytes);
    let versions = found(client.versions(&component.name).await, "component-unknown")?;
    let is_it = |one: &windlass_client::wire::Component| {
        let version = component.version.as_ref();
        one.digest == digest.as_str() && version.is_none_or(|version| *version == one.version)
    };
    if versions.into_iter().flatten().any(|one| is_it(&one)) {
        return Ok(None);
    }
    let version = component.version.as_deref().unwrap_or("as its WIT says");
    let wanted = object(&json!({
        "version": version,
        "sha256": digest.as_str().get(..12),
    }));
    Ok(Change::of(
        "component",
        &component.name,
        None,
        &wanted,
        Step::Upload,
    ))
}

async fn grants_of(
    client: &Client,
    component: &Component,
    grants: Option<&Grants>,
) -> anyhow::Result<Option<Change>> {
    let Some(grants) = grants else {
        return Ok(None);
    };
    let now = object(&client.grants(&component.name).await?);
    let step = Step::Grants(grants.clone());
    let wanted = object(grants);
    Ok(Change::of(
        "grants",
        &component.name,
        Some(&now),
        &wanted,
        step,
    ))
}

async fn defaults(
    client: &Client,
    loaded: &Loaded,
    component: &Component,
) -> anyhow::Result<Option<Change>> {
    let now = object(&client.defaults(&component.name).await?);
    let wanted = object(&loaded.manifest.tasks);
    let step = Step::Defaults(Value::Object(wanted.clone()));
    let now = now.into_iter().map(|(task, json)| (task, whole(json)));
    let wanted = wanted.into_iter().map(|(task, json)| (task, whole(json)));
    let (now, wanted) = (now.collect(), wanted.collect());
    Ok(Change::of(
        "tasks",
        &component.name,
        Some(&now),
        &wanted,
        step,
    ))
}

/// A task's defaults with everything said that they say, so that they can be compared.
fn whole(json: Value) -> Value {
    match serde_json::from_value::<super::Task>(json.clone()) {
        Ok(task) => Value::Object(object(&task)),
        Err(_) => json,
    }
}

async fn schedule_of(
    client: &Client,
    name: &str,
    schedule: &Schedule,
) -> anyhow::Result<Option<Change>> {
    let now = found(client.schedule(name).await, "schedule-unknown")?;
    let mut wanted = object(&json!({
        "cron": schedule.cron.trim(),
        "timezone": schedule.timezone.as_deref().unwrap_or("UTC"),
        "task": schedule.task,
        "args": schedule.args,
        "options": schedule.options,
        "missed": schedule.missed,
        "overlap": schedule.overlap,
    }));
    if let Some(queue) = &schedule.queue {
        wanted.insert("queue".to_owned(), json!(queue));
    }
    if let Some(paused) = schedule.paused {
        wanted.insert("paused".to_owned(), json!(paused));
    }
    let now = now.map(|now| {
        let mut now = object(&now);
        now.retain(|key, _| wanted.contains_key(key));
        now
    });
    Ok(Change::of(
        "schedule",
        name,
        now.as_ref(),
        &wanted,
        Step::Schedule,
    ))
}

fn plan(schedule: &Schedule) -> anyhow::Result<SchedulePlan> {
    Ok(SchedulePlan {
        timezone: schedule.timezone.clone(),
        queue: schedule.queue.clone(),
        args: to_raw_value(&schedule.args)?,
        options: Some(to_raw_value(&schedule.options)?),
        missed: serde_json::from_value(json!(schedule.missed))?,
        overlap: serde_json::from_value(json!(schedule.overlap))?,
        paused: schedule.paused,
        ..SchedulePlan::new(&schedule.cron, &schedule.task)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(now: Option<Value>, wanted: Value) -> Option<Change> {
        let now = now.map(|now| object(&now));
        Change::of(
            "queue",
            "mail",
            now.as_ref(),
            &object(&wanted),
            Step::Upload,
        )
    }

    #[test]
    fn what_is_the_same_is_no_change() {
        let same = json!({"concurrency": 2, "rate_limit": null});

        assert_eq!(change(Some(same.clone()), same), None);
        assert_eq!(change(Some(json!({})), json!({"concurrency": null})), None);
    }

    #[test]
    fn a_change_is_told_with_what_it_was_and_what_it_is_to_be() {
        let is = json!({"concurrency": 1, "timeout_ms": 500});

        let changed = change(Some(is), json!({"concurrency": 2})).unwrap();
        let new = change(None, json!({"concurrency": 2})).unwrap();

        assert_eq!(
            changed.line(),
            "~ queue mail: concurrency 1 -> 2, timeout_ms 500 -> none"
        );
        assert_eq!(new.line(), "+ queue mail: concurrency 2");
        assert_eq!(change(None, json!({})).unwrap().line(), "+ queue mail");
    }

    #[test]
    fn values_of_the_environment_are_not_shown() {
        let wanted = object(&json!({"environment": {"TOKEN": "secret"}}));
        let change = Change::of("grants", "mail", Some(&Map::new()), &wanted, Step::Upload);

        assert_eq!(
            change.unwrap().line(),
            "~ grants mail: environment [] -> [TOKEN]"
        );
    }
}
