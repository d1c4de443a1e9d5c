//! The words of Windlass as types: ids, states, outcomes, queue settings, moments.
//!
//! Pure: nothing here does input or output, and nothing here imports another module of the crate.

pub mod clock;
pub mod controls;
pub mod ids;
pub mod invocation;
pub mod outcome;
pub mod queue;
pub mod retry;
pub mod schedule;

pub use clock::Moment;
pub use controls::Controls;
pub use ids::{
    ComponentName, Digest, Fence, FunctionId, HostNumber, InvalidName, InvocationId, Key,
    Namespace, QueueId, QueueName, ScheduleName,
};
pub use invocation::{Event, IllegalTransition, State};
pub use outcome::{Failure, FailureKind, Outcome};
