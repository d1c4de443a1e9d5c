//! Watching one invocation: its log on stderr, its progress in a bar where somebody looks.

use futures::StreamExt;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use windlass_client::wire::{Event, Invocation, Outcome};
use windlass_client::{Client, Handle};

use super::failure::Failure;
use super::output::{Format, Output};
use super::{connection, show};

/// Waits for the end of an invocation, telling meanwhile what happens to it.
pub async fn follow(client: &Client, id: &str, output: Output) -> anyhow::Result<Invocation> {
    let handle = connection::patient(client).handle(id);
    let mut events = handle.events();
    let bar = bar(output, 0);
    let mut told = None;
    while let Some(event) = events.next().await {
        match event? {
            Event::State(invocation) => {
                let now = (invocation.state, invocation.attempt);
                if told != Some(now) {
                    told = Some(now);
                    let state = invocation.state;
                    bar.suspend(|| match invocation.attempt {
                        0 | 1 => output.say(format!("{id}: {state}")),
                        attempt => output.say(format!("{id}: {state}, attempt {attempt}")),
                    });
                }
            }
            Event::Progress(progress) => {
                bar.set_length(progress.total);
                bar.set_position(progress.done);
                bar.set_message(progress.note);
            }
            Event::Log(chunk) => bar.suspend(|| eprint!("{}", chunk.text)),
            Event::Published(published) => bar.suspend(|| {
                output.say(format!("{}: {}", published.name, published.value.get()));
            }),
        }
    }
    bar.finish_and_clear();
    Ok(handle.wait().await?)
}

/// A bar of so many steps, drawn only where somebody looks at stderr.
pub fn bar(output: Output, steps: u64) -> ProgressBar {
    let visible = output.is_terminal() && output.format() == Format::Text;
    let target = if visible {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let style = ProgressStyle::with_template("  {bar:32} {pos}/{len} {msg}")
        .expect("the template is well formed");
    ProgressBar::with_draw_target(Some(steps), target).with_style(style)
}

/// Waits for the end of an invocation without a word.
pub async fn wait(client: &Client, id: &str) -> anyhow::Result<Invocation> {
    let handle: Handle = connection::patient(client).handle(id);
    Ok(handle.wait().await?)
}

/// As [`finish`], on a host that stays, so that the log can be asked for.
pub fn finish_here(invocation: &Invocation, output: Output) -> anyhow::Result<()> {
    finish(invocation, output).map_err(|error| match error.downcast::<Failure>() {
        Ok(failure) if invocation.state.is_final() => {
            let id = &invocation.id;
            let hint = format!("`windlass invocation log {id}` shows what it wrote");
            failure.hint(hint).into()
        }
        Ok(failure) => failure.into(),
        Err(error) => error,
    })
}

/// Prints how an invocation ended: the value, or the error that it makes of this command.
pub fn finish(invocation: &Invocation, output: Output) -> anyhow::Result<()> {
    match &invocation.outcome {
        Some(Outcome::Value(value)) => {
            output.one(invocation, || show::value(value.get()))?;
            Ok(())
        }
        Some(Outcome::Error(failure)) => {
            if output.format() != Format::Text {
                output.one(invocation, String::new)?;
            }
            Err(Failure::of_task(invocation, failure).into())
        }
        None => {
            if output.format() != Format::Text {
                output.one(invocation, String::new)?;
            }
            let state = invocation.state;
            Err(Failure::other(format!("{} is {state}", invocation.id))
                .hint("--wait waits for its end")
                .into())
        }
    }
}
