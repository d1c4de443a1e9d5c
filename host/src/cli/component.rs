//! `windlass component`: look at components, and grant them something.

use std::io;

use clap::Subcommand;
use windlass_client::Client;
use windlass_client::wire::{Component as WireComponent, Grants, PageQuery};

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
        /// Take back what was granted before.
        #[arg(long)]
        revoke: bool,
    },
}

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

    /// Adds what is granted to what the component has.
    pub async fn apply(&self, client: &Client, name: &str) -> anyhow::Result<()> {
        if !self.is_empty() {
            let grants = self.added_to(client.grants(name).await?);
            client.set_grants(name, &grants).await?;
        }
        Ok(())
    }

    fn added_to(&self, mut grants: Grants) -> Grants {
        for host in &self.allow_http {
            if !grants.http.contains(host) {
                grants.http.push(host.clone());
            }
        }
        grants.environment.extend(self.env.iter().cloned());
        grants
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
                revoke,
            } => {
                let before = client.grants(name).await?;
                let base = if *revoke {
                    Grants::default()
                } else {
                    before.clone()
                };
                let mut grants = granting.added_to(base);
                if grants != before {
                    grants = client.set_grants(name, &grants).await?;
                }
                output.one(&grants, || granted(&grants))?;
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
    let rows: Vec<_> = http.chain(environment).collect();
    if rows.is_empty() {
        return "nothing beyond its sandbox".to_owned();
    }
    output::table(&["may use", "what"], rows.into_iter())
}
