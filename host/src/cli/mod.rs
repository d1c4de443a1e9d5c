//! The command line: a file per noun or verb, all of them speaking to a host over HTTP.
//!
//! Nothing here reaches into a host's insides; `serve` starts one, and `run`, `demo` and `bench`
//! start a private one as a child process. What the command line can do, the API can.
//!
//! - `arguments`: the arguments of a call, from JSON, WAVE, files and bare words
//! - `calls`: what is said about a call; `settings`: what is changed of a queue; `select`: which
//!   invocations are meant
//! - `connection`: the host that the command speaks to
//! - `output`: data on stdout as text, JSON or JSON lines; `show`: its tables and lines
//! - `failure`: errors, hints and exit codes
//! - `follow`: progress and logs while something runs
//! - `private_host`: a host of one's own for a while
//! - `manifest`: the file `windlass.toml`, what it would change and applying it

mod arguments;
mod bench;
mod build;
mod bulk;
mod calls;
mod client;
mod component;
mod connection;
mod demo;
mod dev;
mod diff;
mod doctor;
mod enqueue;
mod failure;
mod follow;
mod invocation;
mod manifest;
mod measure;
mod new;
mod output;
mod private_host;
mod push;
mod queue;
mod replay;
mod result;
mod run;
mod schedule;
mod select;
mod serve;
mod settings;
mod show;
mod steps;
mod workflow;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use connection::Connection;
use failure::Failure;
use output::{Format, Output};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  something else went wrong
  2  the command line is not understood, or the arguments do not fit the task
  3  no host can be reached
  4  the task failed, or was cancelled
  5  the host refused the request
  6  a replay differs from what is recorded

Data goes to stdout, everything else to stderr. NO_COLOR is respected.";

/// A durable task queue whose tasks are WebAssembly components.
#[derive(Debug, Parser)]
#[command(name = "windlass", version, after_help = EXIT_CODES, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    connection: Connection,

    /// How data is printed.
    #[arg(short, long, global = true, value_enum, default_value_t = Format::Text, help_heading = "Global options")]
    output: Format,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a host: the API and the workers in one process.
    Serve(serve::Serve),
    /// Make a project: a WIT file, a task, a test and a README.
    New(new::New),
    /// Build a project's component.
    Build(build::Build),
    /// Build a project whenever it changes, and run it on a private host.
    Dev(dev::Dev),
    /// Upload a component, or apply a manifest.
    Push(push::Push),
    /// Show what pushing a manifest would change.
    Diff(diff::Diff),
    /// Run one function of a component on a private host, and print its value.
    Run(run::Run),
    /// Enqueue a call of a task.
    Enqueue(enqueue::Enqueue),
    /// Print the result of an invocation.
    Result(result::Result),
    /// Write typed stubs for programs that enqueue.
    #[command(subcommand)]
    Client(client::Client),
    /// Look at components, and grant them something.
    #[command(subcommand)]
    Component(component::Component),
    /// Look at queues, and change what they allow.
    #[command(subcommand)]
    Queue(queue::Queue),
    /// Make schedules, look at them, pause and trigger them.
    #[command(subcommand)]
    Schedule(schedule::Schedule),
    /// Execute a workflow against its journal, and tell whether it does the same.
    Replay(replay::Replay),
    /// Look at invocations, and at what goes to and from workflows.
    #[command(subcommand)]
    Invocation(invocation::Invocation),
    /// Look at the configuration of a host.
    #[command(subcommand)]
    Config(serve::Config),
    /// Check whether this machine can run a host, and whether one can be reached.
    Doctor(doctor::Doctor),
    /// Show a thousand calls surviving the death of their host.
    Demo(demo::Demo),
    /// Measure a host beside the bare commits of its disk.
    Bench(bench::Bench),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let matches = match Cli::command().try_get_matches() {
        Ok(matches) => matches,
        // Help and version are printed to stdout and are no failure; clap knows which is which.
        Err(error) => error.exit(),
    };
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let output = Output::new(cli.output);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return failure::report(&error.into(), output),
    };
    let result = runtime.block_on(dispatch(cli, output));
    // A blocked read of stdin, or a command's last log line, must not hold the process.
    runtime.shutdown_background();
    match result {
        Ok(code) => code,
        Err(error) => failure::report(&error, output),
    }
}

async fn dispatch(cli: Cli, output: Output) -> anyhow::Result<ExitCode> {
    let connection = &cli.connection;
    match cli.command {
        Command::Serve(serve) => serve.run().await?,
        Command::Config(config) => config.run(output)?,
        Command::New(new) => new.run(output)?,
        Command::Build(build) => build.run(output).await?,
        Command::Dev(dev) => dev.run(output).await?,
        Command::Push(push) => push.run(&connection.client()?, output).await?,
        Command::Diff(diff) => return diff.run(&connection.client()?, output).await,
        Command::Run(run) => run.run(output).await?,
        Command::Enqueue(enqueue) => enqueue.run(&connection.client()?, output).await?,
        Command::Result(result) => result.run(&connection.client()?, output).await?,
        Command::Client(client) => client.run(|| connection.client(), output).await?,
        Command::Component(component) => component.run(&connection.client()?, output).await?,
        Command::Queue(queue) => queue.run(&connection.client()?, output).await?,
        Command::Schedule(schedule) => schedule.run(&connection.client()?, output).await?,
        Command::Invocation(one) => one.run(&connection.client()?, output).await?,
        Command::Replay(replay) => return replay.run(&connection.client()?, output).await,
        Command::Doctor(doctor) => return doctor.run(connection, output).await,
        Command::Demo(demo) => demo.run(output).await?,
        Command::Bench(bench) => bench.run(connection, output).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads `KEY=VALUE`.
fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("{text:?} is not of the form KEY=VALUE")),
    }
}

/// `NAME` or `NAME@VERSION`.
fn versioned(text: &str) -> (&str, Option<&str>) {
    match text.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (text, None),
    }
}

/// Reads a file that the command line names.
fn read_file(path: &std::path::Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_version_stands_behind_an_at_sign() {
        assert_eq!(versioned("images@1.2.0"), ("images", Some("1.2.0")));
        assert_eq!(versioned("images"), ("images", None));
    }

    #[test]
    fn a_variable_without_a_value_is_refused() {
        assert!(key_value("A").is_err());
        assert_eq!(key_value("A=b=c"), Ok(("A".to_owned(), "b=c".to_owned())));
    }
}
