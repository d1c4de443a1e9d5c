//! The host that a command speaks to.

use std::time::Duration;

use windlass_client::{Client, DEFAULT_SERVER, Error};

/// Which host, and with which token.
#[derive(Debug, Clone, clap::Args)]
pub struct Connection {
    /// The host's address.
    #[arg(long, global = true, env = "WINDLASS_SERVER", value_name = "URL", default_value = DEFAULT_SERVER, help_heading = "Global options")]
    server: String,

    /// The token to show, where the host wants one.
    #[arg(
        long,
        global = true,
        env = "WINDLASS_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true,
        help_heading = "Global options"
    )]
    token: Option<String>,
}

impl Connection {
    /// The host's address.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// A client of that host, which reports a host that is away at once: somebody waits.
    pub fn client(&self) -> Result<Client, Error> {
        let client = Client::new(&self.server)?.with_patience(Duration::ZERO);
        Ok(match &self.token {
            Some(token) => client.with_token(token),
            None => client,
        })
    }
}

/// The same client for a long wait, during which its host may restart.
pub fn patient(client: &Client) -> Client {
    client.clone().with_patience(Duration::from_secs(30))
}
