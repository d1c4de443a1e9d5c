//! Running a guest until it is quiet, and opening the gates at which it waits one at a time.
//!
//! The guest is polled here, with a waker that only notes that it was called: whatever wakes the
//! guest (a gate, a yield of its own, a look at the limits) does so while it is polled or while a
//! gate is opened. So a guest that is pending and was not woken is quiet: nothing will happen before
//! a gate opens, and which one that is the keeper decides.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use super::Stop;
use super::guest::Watch;
use super::keeper::Keeper;
use crate::engine::durable::Halt;

/// How driving a guest ended.
pub(super) enum Driven<T> {
    /// By itself.
    Ended(T),
    /// From outside.
    Stopped(Stop),
    /// The keeper wants it so.
    Halted(Halt),
    /// It waits, and at no gate.
    Stuck,
}

/// Notes that it was called.
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// Drives `work` to its end.
pub(super) async fn drive<T>(
    mut work: Pin<&mut (impl Future<Output = T> + Send)>,
    keeper: &Keeper,
    watch: &Watch,
) -> Driven<T> {
    let bell = Arc::new(Bell(AtomicBool::new(false)));
    let waker = Waker::from(bell.clone());
    loop {
        // Runs until it is quiet. It may compute for a tick at a time.
        loop {
            if let Err(stop) = watch.look() {
                return Driven::Stopped(stop);
            }
            bell.0.store(false, Ordering::Release);
            let polled = work.as_mut().poll(&mut Context::from_waker(&waker));
            if let Poll::Ready(ended) = polled {
                return Driven::Ended(ended);
            }
            if !bell.0.load(Ordering::Acquire) {
                break;
            }
            tokio::task::yield_now().await;
        }
        if !keeper.has_gates() {
            return Driven::Stuck;
        }
        let quiet_since = Instant::now();
        let opened = tokio::select! {
            biased;
            opened = keeper.open_next() => opened,
            () = watch.fence.broken() => return Driven::Stopped(Stop::Fenced),
            () = watch.cancel.cancelled() => return Driven::Stopped(Stop::Cancelled),
        };
        watch.extend(quiet_since.elapsed());
        if let Err(halt) = opened {
            return Driven::Halted(halt);
        }
    }
}
