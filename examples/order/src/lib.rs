//! A business process that takes days: reserve, charge, wait for an approval, ship; and what was
//! done is undone, last thing first, if it cannot be finished.
//!
//! The tasks stand for services of a shop. What each is given is enough for the service to know a
//! call that it has seen: a task may be attempted again when its host dies.

mod services;

/// An order, and what it takes.
#[windlass_guest::tasks(package = "demo:order@0.1.0", interface = "tasks")]
pub mod tasks {
    use std::time::Duration;

    use windlass_guest::workflow::{self, Failure, Queue};
    use windlass_guest::{log, this_invocation};

    use crate::services;

    /// How long an order waits for its approval: three days.
    const APPROVAL_TIMEOUT: Duration = Duration::from_secs(3 * 24 * 60 * 60);

    /// What is ordered.
    #[derive(Clone)]
    pub struct Order {
        pub customer: String,
        pub item: String,
        pub quantity: u32,
        pub cents: u64,
        pub address: String,
    }

    /// The message `approval`.
    pub struct Approval {
        /// Who decided.
        pub by: String,
        pub approved: bool,
    }

    /// How an order ended.
    #[derive(PartialEq)]
    pub enum Outcome {
        /// It is on its way.
        Shipped(Receipt),
        /// Somebody said no: who.
        Declined(String),
        /// Nobody said anything for three days.
        Expired,
        /// A service refused, and why.
        Failed(String),
    }

    /// What the customer gets.
    #[derive(PartialEq)]
    pub struct Receipt {
        pub payment: String,
        pub parcel: String,
        /// Who approved it.
        pub approved_by: String,
    }

    /// Where an order stands; published as `status`.
    #[derive(PartialEq)]
    pub enum Status {
        Reserving,
        Charging,
        WaitingForApproval,
        Shipping,
        Undoing,
        Ended,
    }

    /// What was done, and with what it is undone.
    enum Done {
        Reserved(String),
        Charged(String),
    }

    /// Takes an order to its end. Waits at most three days for the message `approval`.
    #[workflow]
    pub fn place_order(order: Order) -> Outcome {
        let mut done = Vec::new();
        let ended = advance(&order, &mut done);
        let outcome = ended.unwrap_or_else(|failure| Outcome::Failed(reason(&failure)));
        if !matches!(outcome, Outcome::Shipped(_)) {
            undo(done);
        }
        workflow::publish("status", &Status::Ended);
        outcome
    }

    fn advance(order: &Order, done: &mut Vec<Done>) -> Result<Outcome, Failure> {
        let queue = Queue::own();
        let id = this_invocation().id;

        workflow::publish("status", &Status::Reserving);
        let what = (id.clone(), order.item.clone(), order.quantity);
        let reservation = queue.enqueue(reserve, what).get_result()?;
        done.push(Done::Reserved(reservation));

        workflow::publish("status", &Status::Charging);
        let what = (id.clone(), order.customer.clone(), order.cents);
        let payment = queue.enqueue(charge, what).get_result()?;
        done.push(Done::Charged(payment.clone()));

        workflow::publish("status", &Status::WaitingForApproval);
        let approved_by = match workflow::receive::<Approval>("approval", APPROVAL_TIMEOUT) {
            Some(approval) if approval.approved => approval.by,
            Some(approval) => return Ok(Outcome::Declined(approval.by)),
            None => return Ok(Outcome::Expired),
        };

        workflow::publish("status", &Status::Shipping);
        let parcel = queue
            .enqueue(ship, (id, order.address.clone()))
            .get_result()?;
        Ok(Outcome::Shipped(Receipt {
            payment,
            parcel,
            approved_by,
        }))
    }

    /// Undoes what was done, last thing first. What cannot be undone is left to people.
    fn undo(done: Vec<Done>) {
        workflow::publish("status", &Status::Undoing);
        let queue = Queue::own();
        for step in done.into_iter().rev() {
            let undone = match step {
                Done::Charged(payment) => queue.enqueue(refund, payment).get_result(),
                Done::Reserved(reservation) => queue.enqueue(release, reservation).get_result(),
            };
            if let Err(failure) = undone {
                log::error(&format!("this has to be undone by hand: {failure}"));
            }
        }
    }

    /// The words of the service itself, where it refused.
    fn reason(failure: &Failure) -> String {
        failure.payload().unwrap_or_else(|| failure.to_string())
    }

    /// Sets goods aside: the reservation.
    pub fn reserve(order: String, item: String, quantity: u32) -> Result<String, String> {
        services::reserve(&order, &item, quantity)
    }

    /// Gives a reservation back.
    pub fn release(reservation: String) -> Result<(), String> {
        log::info(&format!("{reservation} is released"));
        Ok(())
    }

    /// Takes the money: the payment.
    pub fn charge(order: String, customer: String, cents: u64) -> Result<String, String> {
        services::charge(&order, &customer, cents)
    }

    /// Gives the money of a payment back.
    pub fn refund(payment: String) -> Result<(), String> {
        log::info(&format!("{payment} is refunded"));
        Ok(())
    }

    /// Hands the goods to a carrier: the parcel.
    pub fn ship(order: String, address: String) -> Result<String, String> {
        services::ship(&order, &address)
    }
}

#[cfg(test)]
mod tests;
