//! `windlass replay`: would a workflow do again what it did?

use std::path::PathBuf;
use std::process::ExitCode;

use windlass_client::Client;
use windlass_client::wire::{Difference, Replayed};

use super::failure::Exit;
use super::output::Output;
use super::read_file;

/// How wide the recorded step is shown at most before the present one stands below it.
const SIDE_MAX: usize = 56;

/// Execute a workflow against its journal, and tell whether it does the same. Changes nothing.
#[derive(Debug, clap::Args)]
pub struct Replay {
    /// The workflow.
    id: String,

    /// With this component in place of its own: would a new version replay what is in flight?
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
}

impl Replay {
    /// Has it replayed; the exit code tells whether it differs.
    pub async fn run(&self, client: &Client, output: Output) -> anyhow::Result<ExitCode> {
        let component = self.component.as_deref().map(read_file).transpose()?;
        let replayed = client.replay(&self.id, component.map(Into::into)).await?;
        output.one(&replayed, || text(&self.id, &replayed))?;
        Ok(match replayed.exact {
            true => ExitCode::SUCCESS,
            false => ExitCode::from(Exit::Differs as u8),
        })
    }
}

fn text(id: &str, replayed: &Replayed) -> String {
    let steps = match replayed.steps {
        1 => "1 step".to_owned(),
        steps => format!("{steps} steps"),
    };
    match &replayed.difference {
        None => format!("{id} replays exactly: {steps}"),
        Some(difference) => format!(
            "{id} differs at step {} ({steps} before it are the same)\n{}",
            difference.step,
            beside(difference)
        ),
    }
}

/// What is recorded and what is present, side by side where there is room.
fn beside(difference: &Difference) -> String {
    let width = difference.recorded.chars().count();
    match width <= SIDE_MAX {
        true => {
            let width = width.max("recorded".len());
            format!(
                "  {:<width$}  present\n  {:<width$}  {}",
                "recorded", difference.recorded, difference.present
            )
        }
        false => format!(
            "  recorded  {}\n  present   {}",
            difference.recorded, difference.present
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_shown_side_by_side() {
        let replayed = Replayed {
            exact: false,
            steps: 2,
            difference: Some(Difference {
                step: 3,
                recorded: "sleep {\"ms\":5}".to_owned(),
                present: "now".to_owned(),
            }),
        };

        insta::assert_snapshot!(text("order-7", &replayed), @r#"
        order-7 differs at step 3 (2 steps before it are the same)
          recorded        present
          sleep {"ms":5}  now
        "#);
    }
}
