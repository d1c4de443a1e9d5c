//! `windlass serve` and `windlass config`: seam.
use super::output::Output;
#[derive(Debug, clap::Args)]
pub struct Serve {}
impl Serve {
    pub async fn run(&self) -> anyhow::Result<()> {
        Ok(())
    }
}
#[derive(Debug, clap::Subcommand)]
pub enum Config {
    Show,
}
impl Config {
    pub fn run(&self, _o: Output) -> anyhow::Result<()> {
        Ok(())
    }
}
