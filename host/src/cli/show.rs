//! What things look like as text: the rows of tables, and the details of one thing.

use windlass_client::wire::{Component, Invocation, Kind, Outcome, Queue, Task};

/// A task as its author would write it: `resize(name: string) -> list<u32>`.
pub fn signature(task: &Task) -> String {
    let params: Vec<_> = task
        .params
        .iter()
        .map(|param| format!("{}: {}", param.name, param.ty))
        .collect();
    let result = match &task.result {
        Some(result) => format!(" -> {result}"),
        None => String::new(),
    };
    format!("{}({}){result}", task.name, params.join(", "))
}

/// A component with its tasks, and why the rest are none.
pub fn component(component: &Component) -> String {
    let mut lines = vec![format!(
        "{}@{}  {}  sha256:{}",
        component.name,
        component.version,
        bytes(component.size),
        &component.digest.get(..12).unwrap_or(&component.digest)
    )];
    for task in &component.tasks {
        let kind = match task.kind {
            Kind::Workflow => "  (workflow)",
            Kind::Task => "",
        };
        lines.push(format!("  {}/{}{kind}", component.name, signature(task)));
        if let Some(first) = task.docs.as_deref().and_then(|docs| docs.lines().next()) {
            lines.push(format!("      {}", first.trim()));
        }
    }
    for binding in &component.bindings {
        lines.push(format!(
            "  calls {}: {}@{} on the queue {}",
            binding.interface, binding.component, binding.version, binding.queue
        ));
    }
    for skipped in &component.skipped {
        let interface = skipped.interface.as_deref().map(|name| format!("{name}#"));
        let interface = interface.unwrap_or_default();
        lines.push(format!(
            "  not a task: {interface}{}: {}",
            skipped.name, skipped.reason
        ));
    }
    if component.tasks.is_empty() {
        lines.push("  no tasks".to_owned());
    }
    lines.join("\n")
}

/// The titles of the columns of queues.
pub const QUEUE_HEADER: [&str; 8] = [
    "name",
    "concurrency",
    "order",
    "state",
    "queued",
    "running",
    "succeeded",
    "failed",
];

/// The columns of a queue.
pub fn queue(queue: &Queue) -> Vec<String> {
    let settings = &queue.settings;
    let concurrency = settings.concurrency;
    let ordered = settings.ordered.unwrap_or(concurrency == Some(1));
    vec![
        queue.name.clone(),
        concurrency.map_or("no limit".to_owned(), |limit| limit.to_string()),
        (if ordered { "strict" } else { "by place" }).to_owned(),
        (if settings.paused { "paused" } else { "open" }).to_owned(),
        (queue.counts.queued + queue.counts.scheduled).to_string(),
        (queue.counts.running + queue.counts.waiting).to_string(),
        queue.counts.succeeded.to_string(),
        (queue.counts.failed + queue.counts.cancelled).to_string(),
    ]
}

/// The titles of the columns of invocations.
pub const INVOCATION_HEADER: [&str; 6] = ["id", "queue", "task", "state", "attempt", "enqueued at"];

/// The columns of an invocation.
pub fn invocation(invocation: &Invocation) -> Vec<String> {
    vec![
        invocation.id.clone(),
        invocation.queue.clone(),
        invocation.task.clone(),
        invocation.state.to_string(),
        invocation.attempt.to_string(),
        invocation.enqueued_at.clone(),
    ]
}

/// Everything about an invocation.
pub fn invocation_in_full(invocation: &Invocation) -> String {
    let mut lines = Vec::new();
    let mut field = |name: &str, value: String| lines.push(format!("{name:<12}{value}"));
    field("id", invocation.id.clone());
    field("queue", invocation.queue.clone());
    field("task", invocation.task.clone());
    field("kind", invocation.kind.as_str().to_owned());
    field("digest", invocation.digest.clone());
    let ending = if invocation.cancelling {
        ", somebody asked for its end"
    } else {
        ""
    };
    field("state", format!("{}{ending}", invocation.state));
    field("attempt", invocation.attempt.to_string());
    field("priority", invocation.priority.to_string());
    field("enqueued at", invocation.enqueued_at.clone());
    if let Some(started_at) = &invocation.started_at {
        field("started at", started_at.clone());
    }
    if let Some(finished_at) = &invocation.finished_at {
        field("finished at", finished_at.clone());
    }
    if let Some(host) = invocation.host {
        field("host", host.to_string());
    }
    if let Some(parent) = &invocation.parent {
        field("enqueued by", parent.clone());
    }
    if let Some(forked_from) = &invocation.forked_from {
        field("forked from", forked_from.clone());
    }
    if let Some(progress) = &invocation.progress {
        let note = &progress.note;
        field(
            "progress",
            format!("{} of {} {note}", progress.done, progress.total),
        );
    }
    if let Some(args) = &invocation.args {
        field("args", args.get().to_owned());
    }
    match &invocation.outcome {
        Some(Outcome::Value(value)) => field("value", value.get().to_owned()),
        Some(Outcome::Error(failure)) => {
            field("error", format!("{}: {}", failure.kind, failure.message));
            if let Some(payload) = &failure.payload {
                field("payload", payload.get().to_owned());
            }
            for frame in &failure.backtrace {
                field("", format!("at {frame}"));
            }
        }
        None => {}
    }
    lines.join("\n")
}

/// A value as text: a string as it is, everything else as JSON.
pub fn value(json: &str) -> String {
    serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_owned())
}

/// A number of bytes for people.
pub fn bytes(count: u64) -> String {
    match count {
        0..1_024 => format!("{count} B"),
        1_024..1_048_576 => format!("{:.1} KiB", count as f64 / 1_024.0),
        _ => format!("{:.1} MiB", count as f64 / 1_048_576.0),
    }
}

/// A number with its thousands apart: `20,000`.
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_000), "1,000");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }

    #[test]
    fn text_is_printed_bare_and_everything_else_as_json() {
        assert_eq!(value("\"Hello, Ada!\""), "Hello, Ada!");
        assert_eq!(value("[1,2]"), "[1,2]");
    }

    #[test]
    fn a_component_is_shown_with_its_tasks_and_what_is_none() {
        let component: Component = serde_json::from_value(serde_json::json!({
            "name": "images", "version": "1.2.0", "digest": "0123456789abcdef", "size": 2048,
            "uploaded_at": "2026-01-01T00:00:00Z",
            "tasks": [{
                "name": "resize", "interface": "demo:images/tasks",
                "params": [{"name": "name", "type": "string"}, {"name": "to", "type": "u32"}],
                "result": "list<u8>", "docs": "Makes it smaller.\n\nMuch.",
            }, {
                "name": "gallery", "interface": null, "kind": "workflow", "params": [], "result": null,
            }],
            "bindings": [{
                "interface": "demo:thumbs/tasks@0.1.0", "component": "thumbs", "version": "^0.1", "queue": "slow",
            }],
            "skipped": [{"name": "open", "interface": "demo:images/files", "reason": "it returns a resource"}],
        }))
        .unwrap();

        insta::assert_snapshot!(super::component(&component), @r"
        images@1.2.0  2.0 KiB  sha256:0123456789ab
          images/resize(name: string, to: u32) -> list<u8>
              Makes it smaller.
          images/gallery()  (workflow)
          calls demo:thumbs/tasks@0.1.0: thumbs@^0.1 on the queue slow
          not a task: demo:images/files#open: it returns a resource
        ");
    }
}
