//! The workflows of `flows`, of which `fickle` enqueues in another order: the new version that does
//! not replay what is in flight.

#[path = "../../flows/src/flows.rs"]
mod flows;

/// What `fickle` enqueues first: in `flows` it is `add-one`.
const NOOP_FIRST: bool = true;
