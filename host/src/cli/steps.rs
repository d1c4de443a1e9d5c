//! The steps of a workflow as a table.

use serde_json::value::RawValue;
use windlass_client::Client;
use windlass_client::wire::{PageQuery, Step};

use super::output::{Format, Output};

/// How many steps one request brings.
const PAGE: u32 = 1_000;

/// How much of a request or a result a row shows, in characters.
const SHOWN_MAX: usize = 60;

const HEADER: [&str; 7] = [
    "step",
    "kind",
    "request",
    "result",
    "asked at",
    "answered at",
    "child",
];

/// Prints all steps of a workflow.
pub async fn print(client: &Client, id: &str, output: Output) -> anyhow::Result<()> {
    let mut steps = Vec::new();
    let mut query = PageQuery {
        limit: Some(PAGE),
        page: None,
    };
    loop {
        let page = client.steps(id, &query).await?;
        steps.extend(page.items);
        query.page = page.next;
        if query.page.is_none() {
            break;
        }
    }
    if steps.is_empty() && output.format() == Format::Text {
        output.say("It has taken no step yet.");
        return Ok(());
    }
    Ok(output.many(&steps, &HEADER, row)?)
}

fn row(step: &Step) -> Vec<String> {
    let short = |json: Option<&RawValue>| json.map_or_else(String::new, |json| cut(json.get()));
    let children = match &step.children[..] {
        [] => String::new(),
        [child] => child.clone(),
        [first, .., last] => format!("{first} … {last} ({})", step.children.len()),
    };
    vec![
        step.number.to_string(),
        step.kind.clone(),
        short(Some(&step.request)),
        short(step.result.as_deref()),
        step.asked_at.clone(),
        step.answered_at.clone().unwrap_or_default(),
        children,
    ]
}

/// The beginning of a text, on one line.
fn cut(text: &str) -> String {
    let mut chars = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let start: String = chars.by_ref().take(SHOWN_MAX).collect();
    match chars.next() {
        Some(_) => format!("{start}…"),
        None => start,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_one_line_however_long_its_values_are() {
        let step: Step = serde_json::from_value(serde_json::json!({
            "number": 3, "kind": "enqueue-many", "request": {"text": "x".repeat(100)},
            "result": null, "children": ["a~1", "a~2", "a~3"],
            "asked_at": "2026-01-01T00:00:00Z", "answered_at": null,
        }))
        .unwrap();

        let row = row(&step);

        assert_eq!(row[2].chars().count(), SHOWN_MAX + 1);
        assert_eq!(row[6], "a~1 … a~3 (3)");
        assert_eq!((row[3].as_str(), row[5].as_str()), ("", ""));
    }
}
