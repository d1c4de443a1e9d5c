//! What holds an invocation back, in words: a code for programs, a sentence for people.

use super::Reason;
use crate::model::queue::RateLimit;
use crate::store::{AHEAD_MAX, Holder};

impl Reason {
    /// The word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Scheduled { .. } => "scheduled",
            Self::BackingOff { .. } => "backing-off",
            Self::BehindRetry { .. } => "behind-retry",
            Self::Ahead { .. } => "ahead",
            Self::SlotsTaken { .. } => "slots-taken",
            Self::RateLimited { .. } => "rate-limited",
            Self::PartitionBusy { .. } => "partition-busy",
            Self::PartitionRateLimited { .. } => "partition-rate-limited",
            Self::Reserved { .. } => "reserved",
            Self::Waiting => "waiting",
            Self::NoHost => "no-host",
            Self::ComponentNotReady { .. } => "component-not-ready",
        }
    }

    /// The same for people.
    pub fn message(&self) -> String {
        let rated = |rate: &Option<RateLimit>| match rate {
            Some(rate) => format!("{} starts in {} ms", rate.limit, rate.period_ms),
            None => "so many starts in a period".to_owned(),
        };
        match self {
            Self::Paused => "its queue is paused".to_owned(),
            Self::Scheduled { until } => format!("it is scheduled for {until}"),
            Self::BackingOff { until } => format!("it failed, and is tried again at {until}"),
            Self::BehindRetry { id, until } => {
                format!("its queue is ordered, and {id} before it is tried again at {until}")
            }
            Self::Ahead { count } if *count >= AHEAD_MAX => {
                format!("{AHEAD_MAX} or more are ahead of it")
            }
            Self::Ahead { count: 1 } => "1 is ahead of it".to_owned(),
            Self::Ahead { count } => format!("{count} are ahead of it"),
            Self::SlotsTaken {
                taken,
                limit,
                holders,
            } => format!(
                "{taken} of {limit} slots of its queue are taken{}",
                by(holders, *taken)
            ),
            Self::RateLimited { opens_at, rate } => format!(
                "its queue allows {}: the next one at {opens_at}",
                rated(rate)
            ),
            Self::PartitionBusy {
                taken,
                limit,
                holders,
            } => format!(
                "{taken} of {limit} may run in its partition, and do{}",
                by(holders, *taken)
            ),
            Self::PartitionRateLimited { opens_at, rate } => format!(
                "its partition allows {}: the next one at {opens_at}",
                rated(rate)
            ),
            Self::Reserved { host } => format!("host {host} has it and starts it next"),
            Self::Waiting => "it is a workflow and waits for something: see its steps".to_owned(),
            Self::NoHost => "no live host serves its queue".to_owned(),
            Self::ComponentNotReady { hosts, why } => {
                let hosts: Vec<_> = hosts.iter().map(ToString::to_string).collect();
                let hosts = hosts.join(", ");
                format!("no host that serves its queue can run it now (host {hosts}): {why}")
            }
        }
    }
}

fn by(holders: &[Holder], taken: u64) -> String {
    if holders.is_empty() {
        return String::new();
    }
    let named: Vec<_> = holders.iter().map(|holder| holder.id.as_str()).collect();
    let named = named.join(", ");
    match taken.saturating_sub(holders.len() as u64) {
        0 => format!(", by {named}"),
        more => format!(", by {named} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HostNumber, InvocationId, State};

    #[test]
    fn who_has_the_slots_is_named() {
        let holder = |id: &str| Holder {
            id: InvocationId::parse(id).unwrap(),
            state: State::Running,
            host: Some(HostNumber(1)),
        };
        let taken = Reason::SlotsTaken {
            taken: 3,
            limit: 3,
            holders: vec![holder("a"), holder("b")],
        };

        assert_eq!(
            taken.message(),
            "3 of 3 slots of its queue are taken, by a, b and 1 more"
        );
    }
}
