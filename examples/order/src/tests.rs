//! Orders without a host: its tasks run in place, and messages are sent before.

use windlass_guest::workflow::testing;

use super::tasks::{Approval, Order, Outcome, Receipt, Status, place_order};

fn order() -> Order {
    Order {
        customer: "ada".to_owned(),
        item: "a difference engine".to_owned(),
        quantity: 1,
        cents: 900_000,
        address: "12 St James's Square".to_owned(),
    }
}

fn decide(approved: bool) {
    let by = "charles".to_owned();
    testing::send("approval", &Approval { by, approved });
}

fn tasks() -> Vec<String> {
    testing::enqueued()
        .into_iter()
        .map(|call| call.task)
        .collect()
}

#[test]
fn an_approved_order_is_shipped() {
    decide(true);

    let outcome = place_order(order());

    let receipt = Receipt {
        payment: "payment-no-host".to_owned(),
        parcel: "parcel-no-host".to_owned(),
        approved_by: "charles".to_owned(),
    };
    assert_eq!(outcome, Outcome::Shipped(receipt));
    assert_eq!(tasks(), ["reserve", "charge", "ship"]);
    assert_eq!(testing::published("status"), Some(Status::Ended));
}

#[test]
fn a_declined_order_is_undone_last_thing_first() {
    decide(false);

    let outcome = place_order(order());

    assert_eq!(outcome, Outcome::Declined("charles".to_owned()));
    assert_eq!(tasks(), ["reserve", "charge", "refund", "release"]);
}

#[test]
fn an_order_that_nobody_approves_expires_after_three_days() {
    let before = windlass_guest::workflow::now();

    let outcome = place_order(order());

    let passed = windlass_guest::workflow::now()
        .duration_since(before)
        .unwrap();
    assert_eq!((outcome, passed.as_secs()), (Outcome::Expired, 3 * 86_400));
    assert_eq!(tasks(), ["reserve", "charge", "refund", "release"]);
}

#[test]
fn what_was_not_done_is_not_undone() {
    let dear = Order {
        cents: 1_000_001,
        ..order()
    };

    let outcome = place_order(dear);

    let reason = "the card of ada does not pay that much".to_owned();
    assert_eq!(outcome, Outcome::Failed(reason));
    assert_eq!(tasks(), ["reserve", "charge", "release"]);
}

#[test]
fn an_order_that_cannot_be_shipped_is_undone() {
    decide(true);
    let nowhere = Order {
        address: String::new(),
        ..order()
    };

    let outcome = place_order(nowhere);

    assert_eq!(outcome, Outcome::Failed("there is no address".to_owned()));
    assert_eq!(tasks(), ["reserve", "charge", "ship", "refund", "release"]);
}
