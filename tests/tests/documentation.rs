//! What the pages say is so: links lead somewhere, and defaults are the defaults.
#![allow(
    clippy::unwrap_used,
    reason = "a test that panics says what went wrong"
)]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use windlass_tests::binary;

fn pages() -> Vec<PathBuf> {
    let root = xtask::commands::root();
    let top = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
    ];
    let mut pages: Vec<PathBuf> = top.iter().map(|name| root.join(name)).collect();
    for folder in ["docs/guides", "docs/concepts", "docs/reference"] {
        let entries = fs::read_dir(root.join(folder)).unwrap();
        pages.extend(entries.map(|entry| entry.unwrap().path()));
    }
    pages
}

#[test]
fn every_link_leads_to_a_file() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            if link.starts_with("http") || link.starts_with('#') {
                continue;
            }
            let target = link.split('#').next().unwrap();
            let target = page.parent().unwrap().join(target);
            assert!(target.exists(), "{}: {link}", page.display());
        }
    }
}

/// A block under a comment with the path of a template is what `windlass new letters` makes of it.
#[test]
fn the_code_of_the_guide_is_that_of_the_templates() {
    let root = xtask::commands::root();
    let page = fs::read_to_string(root.join("docs/guides/first-task.md")).unwrap();
    let mut blocks = 0;
    for part in page.split("<!-- guest-sdk/").skip(1) {
        let (path, rest) = part.split_once(" -->").unwrap();
        let block = rest.split("```").nth(1).unwrap();
        let (_, block) = block.split_once('\n').unwrap();
        let template = fs::read_to_string(root.join("guest-sdk").join(path)).unwrap();
        let made = template
            .replace("{{name}}", "letters")
            .replace("{{snake}}", "letters");
        assert!(
            made.contains(block.trim_end()),
            "{path} does not hold\n{block}"
        );
        blocks += 1;
    }
    assert_eq!(blocks, 8, "the interface, and a block for each language");
}

/// Keys whose defaults depend on the machine, or are nothing.
const OWN_WORDS: [&str; 8] = [
    "code_key",
    "data",
    "database",
    "token",
    "name",
    "queue.queues",
    "queue.margin_ms",
    "listen",
];

#[test]
fn the_reference_names_every_setting_with_its_default() {
    let page = xtask::commands::root().join("docs/reference/configuration.md");
    let page = fs::read_to_string(page).unwrap();
    let mut show = Command::new(binary());
    show.args(["config", "show", "-o", "json"]).env_clear();
    let shown = show.output().unwrap();
    assert!(
        shown.status.success(),
        "{}",
        String::from_utf8_lossy(&shown.stderr)
    );
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();

    let entries = shown.as_array().unwrap();
    assert!(!entries.is_empty());
    for entry in entries {
        let key = entry["setting"].as_str().unwrap();
        let value = entry["value"].to_string();
        let value = value.trim_matches('"');
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| `{key}` |")));
        let row = row.unwrap_or_else(|| panic!("the page does not name {key} ({value})"));
        let default = row.split('|').nth(2).unwrap().trim().trim_matches('`');
        assert!(
            OWN_WORDS.contains(&key) || default == value,
            "{row}: it is {value}"
        );
    }
}
