//! Events of bank accounts, one task a piece, for a queue that processes them in order.
//!
//! The task keeps nothing: the order is the queue's doing. What it does can be followed in the
//! invocation's log and, where a collector is named, in what arrives there.

/// What happens to accounts.
#[windlass_guest::tasks(package = "demo:events@0.1.0", interface = "tasks")]
pub mod tasks {
    use windlass_guest::{log, this_invocation};
    use windlass_guest_http as http;

    /// What happened.
    #[derive(PartialEq)]
    pub enum Kind {
        Opened,
        /// So many cents came in.
        Deposited(u64),
        /// So many cents went out.
        Withdrawn(u64),
        Closed,
    }

    /// Something that happened to an account.
    #[derive(PartialEq)]
    pub struct Event {
        /// Given by whoever saw it happen.
        pub id: u64,
        pub account: String,
        pub kind: Kind,
    }

    /// What was done about an event.
    #[derive(PartialEq)]
    pub struct Receipt {
        /// The event's.
        pub id: u64,
        /// The line that was logged and sent.
        pub line: String,
    }

    /// Why an event was not processed.
    #[derive(PartialEq)]
    pub enum Problem {
        /// The account has no name.
        NoAccount,
        /// The host does not let this component reach the collector.
        CollectorDenied(String),
        /// The collector was not there, or did not answer with a status from 200 to 299.
        CollectorFailed(String),
    }

    /// Processes an event: writes a line to the log and, if there is a collector, sends it there.
    pub fn process(event: Event, collector: Option<String>) -> Result<Receipt, Problem> {
        if event.account.is_empty() {
            return Err(Problem::NoAccount);
        }
        let line = describe(&event);
        log::info(&line);
        if let Some(url) = collector {
            report(&url, &line)?;
        }
        Ok(Receipt { id: event.id, line })
    }

    fn describe(event: &Event) -> String {
        let Event { id, account, kind } = event;
        match kind {
            Kind::Opened => format!("{id}: {account} was opened"),
            Kind::Deposited(cents) => format!("{id}: {cents} cents came into {account}"),
            Kind::Withdrawn(cents) => format!("{id}: {cents} cents left {account}"),
            Kind::Closed => format!("{id}: {account} was closed"),
        }
    }

    /// The invocation's id goes along, so that the collector can tell a second attempt from a
    /// second event.
    fn report(url: &str, line: &str) -> Result<(), Problem> {
        let body = format!("{} {line}", this_invocation().id);
        match http::post(url, "text/plain; charset=utf-8", body.as_bytes()) {
            Ok(response) if (200..300).contains(&response.status) => Ok(()),
            Ok(response) => Err(Problem::CollectorFailed(format!(
                "{url} answered with status {}",
                response.status
            ))),
            Err(http::Error::Denied(url)) => Err(Problem::CollectorDenied(url)),
            Err(error) => Err(Problem::CollectorFailed(error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::tasks::{Event, Kind, Problem, Receipt, process};

    fn event(account: &str, kind: Kind) -> Event {
        Event {
            id: 7,
            account: account.to_owned(),
            kind,
        }
    }

    #[test]
    fn an_event_is_described_in_its_receipt() {
        let receipt = process(event("ada", Kind::Deposited(250)), None);

        let line = "7: 250 cents came into ada".to_owned();
        assert_eq!(receipt, Ok(Receipt { id: 7, line }));
    }

    #[test]
    fn an_event_without_an_account_is_refused() {
        assert_eq!(
            process(event("", Kind::Opened), None),
            Err(Problem::NoAccount)
        );
    }

    #[test]
    fn a_collector_that_was_not_granted_is_named() {
        let collector = "http://collector.example/".to_owned();

        let result = process(event("ada", Kind::Closed), Some(collector.clone()));

        assert_eq!(result, Err(Problem::CollectorDenied(collector)));
    }
}
