//! `windlass schedule`: make schedules, look at them, pause and trigger them.

use clap::{Subcommand, ValueEnum};
use serde_json::value::RawValue;
use windlass_client::wire::{Missed, Overlap, PageQuery, Schedule as WireSchedule, SchedulePlan};
use windlass_client::{Client, Error as ClientError};

use super::arguments::Arguments;
use super::failure::Failure;
use super::output::Output;

const EXAMPLES: &str = "\
Examples:
  windlass schedule set nightly '0 3 * * *' reports/build --queue reports --timezone Europe/Berlin
  windlass schedule set tick '*/10 * * * * *' hello/greet Ada --queue mail --overlap skip
  windlass schedule set due '@hourly' bills/send --options '{\"retries\": {\"max\": 5}}'

A line that names some hours fires once at each local time: one that the clocks skip, at the next
instant that there is; one that they show twice, the first time. A line that names every hour fires
whenever the clock shows what it names.";

/// Make schedules, look at them, pause and trigger them.
#[derive(Debug, Subcommand)]
pub enum Schedule {
    /// Make a schedule, or change it: what is not said has its default then.
    #[command(after_help = EXAMPLES)]
    Set(Box<Set>),
    /// List the schedules.
    List,
    /// Show a schedule with its next firings.
    Show {
        /// The schedule.
        name: String,
    },
    /// Delete a schedule. What it enqueued stays.
    Delete {
        /// The schedule.
        name: String,
    },
    /// Have a schedule not fire until it is resumed.
    Pause {
        /// The schedule.
        name: String,
    },
    /// Have a schedule that is paused fire again from now on.
    Resume {
        /// The schedule.
        name: String,
    },
    /// Enqueue a schedule's call now, and print its id.
    Trigger {
        /// The schedule.
        name: String,
    },
}

/// A schedule to be made.
#[derive(Debug, clap::Args)]
pub struct Set {
    /// Its name.
    name: String,

    /// When it fires: minute, hour, day of month, month, day of week; with seconds first if there are
    /// six fields; or @hourly and the like.
    cron: String,

    /// The task, such as images/resize, or a whole call in WAVE. Resolved anew at each firing.
    task: String,

    #[command(flatten)]
    arguments: Arguments,

    /// The queue; what the task's manifest says unless said otherwise.
    #[arg(long)]
    queue: Option<String>,

    /// The time zone, such as Europe/Berlin; UTC unless said otherwise.
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,

    /// What else is said about its calls, as the JSON fields of a call: '{"priority": 5}'.
    #[arg(long, value_name = "JSON")]
    options: Option<String>,

    /// What becomes of times at which no host looked for over a minute.
    #[arg(long, value_enum, default_value_t = MissedArg::Skip)]
    missed: MissedArg,

    /// What becomes of a firing while the invocation of the one before has not ended.
    #[arg(long, value_enum, default_value_t = OverlapArg::Queue)]
    overlap: OverlapArg,

    /// Whether it does not fire; as before unless said otherwise.
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    paused: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MissedArg {
    /// They are left out.
    Skip,
    /// Each of them is enqueued late.
    Backfill,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OverlapArg {
    /// It is enqueued all the same.
    Queue,
    /// It is left out.
    Skip,
    /// The one before is cancelled, and it is enqueued.
    Replace,
}

impl Set {
    async fn plan(&self, client: &Client) -> anyhow::Result<SchedulePlan> {
        let prepared = self.arguments.prepare(client, &self.task).await?;
        let options = self.options.clone().map(RawValue::from_string).transpose();
        let options = options.map_err(|error| {
            Failure::usage(format!("--options is not JSON: {error}"))
                .hint("an object of the fields of a call, such as '{\"priority\": 5}'")
        })?;
        Ok(SchedulePlan {
            timezone: self.timezone.clone(),
            queue: self.queue.clone(),
            args: prepared.args,
            options,
            missed: match self.missed {
                MissedArg::Skip => Missed::Skip,
                MissedArg::Backfill => Missed::Backfill,
            },
            overlap: match self.overlap {
                OverlapArg::Queue => Overlap::Queue,
                OverlapArg::Skip => Overlap::Skip,
                OverlapArg::Replace => Overlap::Replace,
            },
            paused: self.paused,
            ..SchedulePlan::new(&self.cron, prepared.task)
        })
    }
}

impl Schedule {
    /// Does it.
    pub async fn run(&self, client: &Client, output: Output) -> anyhow::Result<()> {
        let schedule = match self {
            Self::List => {
                let schedules = all(client).await?;
                if schedules.is_empty() {
                    output.say("No schedules yet: make one with `windlass schedule set`.");
                }
                output.many(&schedules, &HEADER, row)?;
                return Ok(());
            }
            Self::Delete { name } => {
                client.delete_schedule(name).await?;
                output.say(format!("deleted {name}; what it enqueued stays"));
                return Ok(());
            }
            Self::Trigger { name } => {
                let invocation = client.trigger(name).await?;
                return Ok(output.one(&invocation, || invocation.id.clone())?);
            }
            Self::Set(set) => {
                let plan = set.plan(client).await?;
                client.put_schedule(&set.name, &plan).await?
            }
            Self::Show { name } => client.schedule(name).await?,
            Self::Pause { name } => client.pause_schedule(name, true).await?,
            Self::Resume { name } => client.pause_schedule(name, false).await?,
        };
        Ok(output.one(&schedule, || in_full(&schedule))?)
    }
}

/// Every schedule, by name.
pub async fn all(client: &Client) -> Result<Vec<WireSchedule>, ClientError> {
    let mut items = Vec::new();
    let mut query = PageQuery::default();
    loop {
        let page = client.schedules(&query).await?;
        items.extend(page.items);
        query.page = page.next;
        if query.page.is_none() {
            return Ok(items);
        }
    }
}

const HEADER: [&str; 7] = ["name", "cron", "timezone", "queue", "task", "next", "last"];

fn row(schedule: &WireSchedule) -> Vec<String> {
    let next = match schedule.next.first() {
        _ if schedule.paused => "paused".to_owned(),
        Some(next) => next.clone(),
        None => "never".to_owned(),
    };
    let last = match (&schedule.last_error, &schedule.last_at) {
        (Some(_), Some(at)) => format!("nothing at {at}"),
        (_, at) => at.clone().unwrap_or_default(),
    };
    vec![
        schedule.name.clone(),
        schedule.cron.clone(),
        schedule.timezone.clone(),
        schedule.queue.clone(),
        schedule.task.clone(),
        next,
        last,
    ]
}

fn in_full(schedule: &WireSchedule) -> String {
    let mut lines = Vec::new();
    let mut field = |name: &str, value: &str| lines.push(format!("{name:<12}{value}"));
    field("name", &schedule.name);
    field(
        "cron",
        &format!("{} ({})", schedule.cron, schedule.timezone),
    );
    field("queue", &schedule.queue);
    field("task", &schedule.task);
    field("args", schedule.args.get());
    if schedule.options.get() != "{}" {
        field("options", schedule.options.get());
    }
    field(
        "missed",
        word(schedule.missed == Missed::Skip, "skip", "backfill"),
    );
    field(
        "overlap",
        match schedule.overlap {
            Overlap::Queue => "queue",
            Overlap::Skip => "skip",
            Overlap::Replace => "replace",
        },
    );
    if schedule.paused {
        field("state", "paused");
    }
    for (index, next) in schedule.next.iter().enumerate() {
        field(word(index == 0, "next", ""), next);
    }
    if let Some(at) = &schedule.last_at {
        field("last", at);
    }
    if let Some(id) = &schedule.last_id {
        field("enqueued", id);
    }
    if let Some(error) = &schedule.last_error {
        field("nothing", error);
    }
    lines.join("\n")
}

fn word(is: bool, yes: &'static str, no: &'static str) -> &'static str {
    if is { yes } else { no }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_shown_with_its_next_firings_and_what_became_of_the_last() {
        let schedule: WireSchedule = serde_json::from_value(serde_json::json!({
            "name": "nightly", "cron": "0 3 * * *", "timezone": "Europe/Berlin",
            "queue": "reports", "task": "reports/build", "args": [1], "options": {"priority": 5},
            "missed": "skip", "overlap": "replace", "paused": false,
            "next": ["2026-03-29T01:00:00.000000Z", "2026-03-30T01:00:00.000000Z"],
            "last_at": "2026-03-28T02:00:00.000000Z", "last_error": "there is no task",
            "created_at": "2026-01-01T00:00:00.000000Z",
        }))
        .unwrap();

        insta::assert_snapshot!(in_full(&schedule), @r#"
        name        nightly
        cron        0 3 * * * (Europe/Berlin)
        queue       reports
        task        reports/build
        args        [1]
        options     {"priority":5}
        missed      skip
        overlap     replace
        next        2026-03-29T01:00:00.000000Z
                    2026-03-30T01:00:00.000000Z
        last        2026-03-28T02:00:00.000000Z
        nothing     there is no task
        "#);
    }
}
