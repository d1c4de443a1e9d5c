//! `windlass component`: look at components, and grant them something.

use std::io;

use clap::Subcommand;
use windlass_client::Client;
use windlass_client::wire::{
    Component as WireComponent, Grants, PageQuery, UpgradeRequest, Upgraded,
};

use super::output::{self, Output};
use super::{key_value, show, versioned};

/// Look at components, and grant them something.
#[derive(Debug, Subcommand)]
pub enum Component {
    /// List every version of every component.
    List,
    /// Show a component with its tasks.
    Show {
        /// NAME or NAME@VERSION.
        name: String,
    },
    /// Print a component's interfaces as WIT.
    Wit {
        /// NAME or NAME@VERSION.
        name: String,
    },
    /// Say what a component may do beyond its sandbox, for every version. Shows it if nothing is
    /// said.
    Grant {
        /// The component.
        name: String,
        #[command(flatten)]
        granting: Granting,
        /// Let its workflows enqueue on this queue, or `*` for all. May be repeated.
        #[arg(long, value_name = "QUEUE")]
        queue: Vec<String>,
        /// Let its workflows call this task by name, such as images/resize, images/* for all of a
        /// component, or `*` for all. May be repeated.
        #[arg(long, value_name = "TASK")]
        task: Vec<String>,
        /// Take back what was granted before.
        #[arg(long)]
        revoke: bool,
    },
    /// Move workflows in flight to another version of their component.
    #[command(after_help = UPGRADE)]
    Upgrade {
        /// The component.
        name: String,
        /// The version to move to; the highest that is no pre-release unless said otherwise.
        #[arg(long)]
        version: Option<String>,
        /// Move those that are in flight. Without it there is nothing to do: what is enqueued from
        /// now on has the highest version anyway.
        #[arg(long, required = true)]
        in_flight: bool,
        /// Only say which would be moved.
        #[arg(long)]
        dry_run: bool,
    },
}

const UPGRADE: &str = "\
Each workflow is executed against its journal with the new version, in private. Those that do the \
same go on with it; the others stay with their version and are listed with the first step that \
differs.";

/// What is granted to a component.
#[derive(Debug, clap::Args)]
pub struct Granting {
    /// Let it call this host by HTTP, such as api.example.com or 127.0.0.1:8080. May be repeated.
    #[arg(long, value_name = "HOST")]
    allow_http: Vec<String>,

    /// Let it see this environment variable. May be repeated.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    env: Vec<(String, String)>,
}

impl Granting {
    /// Whether nothing is granted.
    pub fn is_empty(&self) -> bool {
        self.allow_http.is_empty() && self.env.is_empty()
    }

    /// Adds what is granted to what the component has; its workflows get these queues and tasks.
    pub async fn apply(
        &self,
        client: &Client,
        name: &str,
        queues: &[String],
        tasks: &[String],
    ) -> anyhow::Result<()> {
        if self.added_to(Grants::default(), queues, tasks) != Grants::default() {
            let grants = self.added_to(client.grants(name).await?, queues, tasks);
            client.set_grants(name, &grants).await?;
        }
        Ok(())
    }

    fn added_to(&self, mut grants: Grants, queues: &[String], tasks: &[String]) -> Grants {
        add(&mut grants.http, &self.allow_http);
        add(&mut grants.queues, queues);
        add(&mut grants.tasks, tasks);
        grants.environment.extend(self.env.iter().cloned());
        grants
    }
}

fn add(to: &mut Vec<String>, more: &[String]) {
    for one in more {
        if !to.contains(one) {
            to.push(one.clone());
        }
    }
}

impl Component {
    /// Does it.
    pub async fn run(&self, client: &Client, output: Output) -> anyhow::Result<()> {
        match self {
            Self::List => print(output, &all(client).await?)?,
            Self::Show { name } => {
                let (name, version) = versioned(name);
                let component = client.component(name, version).await?;
                output.one(&component, || show::component(&component))?;
            }
            Self::Wit { name } => {
                let (name, version) = versioned(name);
                let version = match version {
                    Some(version) => version.to_owned(),
                    None => client.component(name, None).await?.version,
                };
                let wit = client.wit(name, &version).await?;
                output.one(&wit, || wit.clone())?;
            }
            Self::Grant {
                name,
                granting,
                queue,
                task,
                revoke,
            } => {
                let before = client.grants(name).await?;
                let base = if *revoke {
                    Grants::default()
                } else {
                    before.clone()
                };
                let mut grants = granting.added_to(base, queue, task);
                if grants != before {
                    grants = client.set_grants(name, &grants).await?;
                }
                output.one(&grants, || granted(&grants))?;
            }
            Self::Upgrade {
                name,
                version,
                dry_run,
                in_flight: _,
            } => {
                let request = UpgradeRequest {
                    version: version.clone(),
                    dry_run: *dry_run,
                };
                let upgraded = client.upgrade(name, &request).await?;
                output.one(&upgraded, || upgrade(&upgraded, *dry_run))?;
            }
        }
        Ok(())
    }
}

async fn all(client: &Client) -> anyhow::Result<Vec<WireComponent>> {
    let mut items = Vec::new();
    let mut query = PageQuery::default();
    loop {
        let page = client.components(&query).await?;
        items.extend(page.items);
        query.page = page.next;
        if query.page.is_none() {
            return Ok(items);
        }
    }
}

fn print(output: Output, components: &[WireComponent]) -> io::Result<()> {
    if components.is_empty() {
        output.say("No components yet: upload one with `windlass push FILE.wasm`.");
    }
    let header = ["name", "version", "size", "tasks", "uploaded at"];
    output.many(components, &header, |component| {
        let tasks = component.tasks.iter().map(|task| task.name.as_str());
        vec![
            component.name.clone(),
            component.version.clone(),
            show::bytes(component.size),
            tasks.collect::<Vec<_>>().join(", "),
            component.uploaded_at.clone(),
        ]
    })
}

fn granted(grants: &Grants) -> String {
    let http = grants.http.iter();
    let http = http.map(|host| vec!["http".to_owned(), host.clone()]);
    // Values may be secrets; -o json shows them to who asks for them.
    let environment = grants.environment.keys();
    let environment = environment.map(|name| vec!["environment".to_owned(), name.clone()]);
    let queues = grants.queues.iter();
    let queues = queues.map(|queue| vec!["queue".to_owned(), queue.clone()]);
    let tasks = grants.tasks.iter();
    let tasks = tasks.map(|task| vec!["task".to_owned(), task.clone()]);
    let rows: Vec<_> = http.chain(environment).chain(queues).chain(tasks).collect();
    if rows.is_empty() {
        return "nothing beyond its sandbox".to_owned();
    }
    output::table(&["may use", "what"], rows.into_iter())
}

fn upgrade(upgraded: &Upgraded, dry_run: bool) -> String {
    let moved = if dry_run { "would move" } else { "moved" };
    let row = |what: &str, id: &str, why: String| vec![what.to_owned(), id.to_owned(), why];
    let mut rows = Vec::new();
    rows.extend(
        upgraded
            .moved
            .iter()
            .map(|id| row(moved, id, String::new())),
    );
    rows.extend(upgraded.differ.iter().map(|one| {
        let difference = &one.difference;
        let why = format!(
            "step {}: recorded {}, now {}",
            difference.step, difference.recorded, difference.present
        );
        row("differs", &one.id, why)
    }));
    let busy = upgraded.busy.iter();
    rows.extend(busy.map(|id| row("busy", id, "it goes on meanwhile: ask again".to_owned())));
    match rows.is_empty() {
        true => "no workflow of another version is in flight".to_owned(),
        false => output::table(&["what", "id", "why"], rows.into_iter()),
    }
}
