//! What things look like as text: the rows of tables, and the details of one thing.

use windlass_client::wire::{
    Attempt, Component, Invocation, Keep, Kind, Outcome, Queue, RateLimit, Retries, Task, Why,
};

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
    let partition = settings.partitions.and_then(|limits| limits.concurrency);
    let one = concurrency == Some(1) || partition == Some(1);
    let ordered = settings.ordered.unwrap_or(one);
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

/// A queue with everything that it allows.
pub fn queue_in_full(queue: &Queue) -> String {
    let settings = &queue.settings;
    let row = [self::queue(queue)].into_iter();
    let mut lines = vec![super::output::table(&QUEUE_HEADER, row)];
    let mut field = |name: &str, value: Option<String>| {
        lines.extend(value.map(|value| format!("{name:<24}{value}")));
    };
    let count = |count: u32| count.to_string();
    field("per host", settings.worker_concurrency.map(count));
    field("rate limit", settings.rate_limit.map(rate));
    if let Some(limits) = settings.partitions {
        let concurrency = limits.concurrency.map_or("no limit".to_owned(), count);
        field("per partition", Some(concurrency));
        field("rate per partition", limits.rate_limit.map(rate));
    }
    field("timeout", settings.timeout_ms.map(span));
    field("retries", settings.retries.as_ref().map(retries));
    let kept = settings.retention.unwrap_or_default();
    for (name, keep) in [
        ("keeps succeeded", kept.succeeded),
        ("keeps failed", kept.failed),
        ("keeps cancelled", kept.cancelled),
    ] {
        field(name, keep.map(self::keep));
    }
    field("oldest queued", queue.counts.oldest_queued_ms.map(span));
    lines.join("\n")
}

fn rate(rate: RateLimit) -> String {
    format!("{}/{}", rate.limit, span(rate.period_ms))
}

fn retries(retries: &Retries) -> String {
    let backoff = retries.backoff_ms.map_or_else(String::new, |backoff_ms| {
        format!(", the first after {}", span(backoff_ms))
    });
    let on = retries
        .on
        .as_deref()
        .map_or_else(String::new, |on| format!(", of {}", on.join(",")));
    format!("{}{backoff}{on}", retries.max)
}

fn keep(keep: Keep) -> String {
    let age = keep.age_ms.map(|age| format!("for {}", span(age)));
    let count = keep.count.map(|count| format!("the newest {count}"));
    let said: Vec<_> = [age, count].into_iter().flatten().collect();
    match said.is_empty() {
        true => "for ever".to_owned(),
        false => said.join(", "),
    }
}

/// A length of time in its largest unit without a rest: `15m`.
pub fn span(ms: u64) -> String {
    let units = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "m"),
        (1_000, "s"),
    ];
    let fits = |(unit, _): &&(u64, &str)| ms >= *unit && ms.is_multiple_of(*unit);
    match units.iter().find(fits) {
        Some((unit, name)) => format!("{}{name}", ms / unit),
        None => format!("{ms}ms"),
    }
}

/// What holds an invocation back, a line each.
pub fn why(why: &Why) -> String {
    let mut lines = vec![format!("it is {}", why.state)];
    lines.extend(
        why.reasons
            .iter()
            .map(|reason| format!("  {}", reason.message)),
    );
    if why.reasons.is_empty() && why.state == windlass_client::wire::State::Queued {
        lines.push("  nothing holds it back: a host takes it as soon as it has room".to_owned());
    }
    lines.join("\n")
}

/// The titles of the columns of attempts.
pub const ATTEMPT_HEADER: [&str; 6] = ["attempt", "host", "started at", "ended at", "kind", "lost"];

/// The columns of an attempt.
pub fn attempt(attempt: &Attempt) -> Vec<String> {
    vec![
        attempt.attempt.to_string(),
        attempt
            .host
            .map_or_else(String::new, |host| host.to_string()),
        attempt.started_at.clone().unwrap_or_default(),
        attempt.ended_at.clone().unwrap_or_default(),
        attempt
            .kind
            .map_or_else(String::new, |kind| kind.to_string()),
        attempt.lost.clone().unwrap_or_default(),
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
    for (name, value) in [
        ("retry of", &invocation.retry_of),
        ("retried as", &invocation.retried_as),
        ("partition", &invocation.partition),
        ("due at", &invocation.due_at),
        ("deadline at", &invocation.deadline_at),
    ] {
        if let Some(value) = value {
            field(name, value.clone());
        }
    }
    if let Some(given) = &invocation.retries {
        field("retries", retries(given));
    }
    if invocation.retried > 0 {
        field("retried", invocation.retried.to_string());
    }
    for (name, value) in &invocation.tags {
        field("tag", format!("{name}:{value}"));
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
    fn a_length_of_time_is_told_in_its_largest_unit() {
        let told: Vec<_> = [0, 250, 1_000, 90_000, 900_000, 172_800_000]
            .map(span)
            .into();

        assert_eq!(told, ["0ms", "250ms", "1s", "90s", "15m", "2d"]);
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
