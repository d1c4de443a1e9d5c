//! Waiting for invocations to end, pushed and not polled.
//!
//! A waiter registers the keys it waits for, then reads the store, then waits: whatever ends after
//! the registration is told, whatever ended before it is read, so nothing falls between. What ends
//! on this host wakes its waiters at once. What other hosts did is only announced as "something
//! moved": then one query asks for all keys that anybody waits for, and while it is under way
//! further announcements wait for the next one. A poll is the floor when no announcement comes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, broadcast};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::model::Key;
use crate::store::{Signal, Store};
use crate::telemetry::metrics;

use super::Error;

/// How many keys one look asks for.
const LOOK_KEYS_MAX: usize = 5_000;

/// Who waits for what. Cheap to clone.
#[derive(Clone)]
pub struct Watch {
    shared: Arc<Shared>,
}

struct Shared {
    waiters_max: usize,
    keys_max: usize,
    poll: Duration,
    /// Never held over an await.
    waiters: Mutex<Waiters>,
    next: AtomicU64,
    /// Somebody may have ended on another host.
    look: Notify,
    /// The host stops: nobody waits any longer.
    closed: CancellationToken,
}

#[derive(Default)]
struct Waiters {
    by_key: HashMap<Key, Vec<(u64, Arc<Waiter>)>>,
    count: usize,
    keys: usize,
}

#[derive(Default)]
struct Waiter {
    ended: Mutex<Vec<Key>>,
    woken: Notify,
}

/// A registered wait; dropping it ends it.
pub struct Ticket {
    shared: Arc<Shared>,
    number: u64,
    keys: Vec<Key>,
    waiter: Arc<Waiter>,
}

impl Watch {
    /// A watch with room for so many waiters and keys, which polls at least this often.
    pub(super) fn new(waiters_max: usize, keys_max: usize, poll: Duration) -> Self {
        Self {
            shared: Arc::new(Shared {
                waiters_max,
                keys_max,
                poll,
                waiters: Mutex::default(),
                next: AtomicU64::new(0),
                look: Notify::new(),
                closed: CancellationToken::new(),
            }),
        }
    }

    /// Registers a wait for any of these keys. Read the store afterwards, then wait.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] if as many wait as may.
    pub fn register(&self, keys: Vec<Key>) -> Result<Ticket, Error> {
        let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let waiter = Arc::new(Waiter::default());
        let mut waiters = lock(&self.shared.waiters);
        if waiters.count >= self.shared.waiters_max
            || waiters.keys + keys.len() > self.shared.keys_max
        {
            return Err(Error::Busy(format!(
                "{} requests wait for {} invocations on this host, which is as many as may: ask again later, or without waiting",
                waiters.count, waiters.keys
            )));
        }
        waiters.count += 1;
        waiters.keys += keys.len();
        for key in &keys {
            let list = waiters.by_key.entry(*key).or_default();
            list.push((number, waiter.clone()));
        }
        metrics::WAITERS.add(1);
        Ok(Ticket {
            shared: self.shared.clone(),
            number,
            keys,
            waiter,
        })
    }

    /// Ends every wait, now and from now on: the host stops.
    pub fn close(&self) {
        self.shared.closed.cancel();
    }

    /// When the host stops.
    pub fn closed(&self) -> &CancellationToken {
        &self.shared.closed
    }

    /// Takes note of a signal of the store.
    pub(super) fn hear(&self, signal: &Signal) {
        match signal {
            Signal::Ended(keys) => self.wake(keys),
            Signal::Moved => self.look(),
            Signal::Work(_)
            | Signal::Settings(_)
            | Signal::Catalogue
            | Signal::Cancel
            | Signal::Told(_) => {}
        }
    }

    /// Has the store asked soon: signals were missed, or another host did something.
    pub(super) fn look(&self) {
        self.shared.look.notify_one();
    }

    fn wake(&self, ended: &[Key]) {
        let waiters = lock(&self.shared.waiters);
        if waiters.by_key.is_empty() {
            return;
        }
        for key in ended {
            for (_, waiter) in waiters.by_key.get(key).into_iter().flatten() {
                lock(&waiter.ended).push(*key);
                waiter.woken.notify_one();
            }
        }
    }

    /// Asks the store whenever there is reason to, until the host stops.
    pub(super) async fn run(self, store: Arc<dyn Store>, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            tokio::select! {
                () = self.shared.look.notified() => {}
                () = tokio::time::sleep(self.shared.poll) => {}
                () = shutdown.cancelled() => break,
            }
            let keys: Vec<Key> = lock(&self.shared.waiters).by_key.keys().copied().collect();
            let began = Instant::now();
            for keys in keys.chunks(LOOK_KEYS_MAX) {
                match store.ended(keys).await {
                    Ok(ended) => self.wake(&ended),
                    Err(error) => {
                        tracing::warn!(%error, "cannot ask which invocations ended");
                        break;
                    }
                }
            }
            // As long as it took: however often others move something, asking about it takes at
            // most half of one connection's time.
            if !keys.is_empty() {
                tokio::time::sleep(began.elapsed().min(self.shared.poll)).await;
            }
        }
        self.close();
    }
}

impl Ticket {
    /// Waits for these as well. Read the store afterwards.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] if as many are waited for as may.
    pub fn add(&mut self, keys: &[Key]) -> Result<(), Error> {
        let mut waiters = lock(&self.shared.waiters);
        if waiters.keys + keys.len() > self.shared.keys_max {
            return Err(Error::Busy(format!(
                "{} invocations are waited for on this host, which is as many as may",
                waiters.keys
            )));
        }
        waiters.keys += keys.len();
        for key in keys {
            let list = waiters.by_key.entry(*key).or_default();
            list.push((self.number, self.waiter.clone()));
        }
        self.keys.extend_from_slice(keys);
        Ok(())
    }

    /// The keys that ended since the last call; waits until there is one. Empty if the host stops.
    pub async fn ended(&self) -> Vec<Key> {
        loop {
            let woken = self.waiter.woken.notified();
            let ended = std::mem::take(&mut *lock(&self.waiter.ended));
            if !ended.is_empty() {
                return ended;
            }
            tokio::select! {
                () = woken => {}
                () = self.shared.closed.cancelled() => return Vec::new(),
            }
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut waiters = lock(&self.shared.waiters);
        waiters.count -= 1;
        waiters.keys -= self.keys.len();
        for key in &self.keys {
            if let Some(list) = waiters.by_key.get_mut(key) {
                list.retain(|(number, _)| *number != self.number);
                if list.is_empty() {
                    waiters.by_key.remove(key);
                }
            }
        }
        metrics::WAITERS.add(-1);
    }
}

/// Hands the store's signals on to `hear`, and says when some were missed, until the host stops.
pub(super) async fn pump(
    mut signals: broadcast::Receiver<Signal>,
    shutdown: CancellationToken,
    mut hear: impl FnMut(Heard),
) {
    loop {
        let signal = tokio::select! {
            signal = signals.recv() => signal,
            () = shutdown.cancelled() => return,
        };
        match signal {
            Ok(signal) => hear(Heard::Signal(signal)),
            Err(broadcast::error::RecvError::Lagged(_)) => hear(Heard::Missed),
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}

/// What the pump brings.
pub(super) enum Heard {
    /// A signal of the store.
    Signal(Signal),
    /// Some signals were lost.
    Missed,
}

/// What the lock guards is consistent after every statement, so a panic elsewhere spoils nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(waiters_max: usize) -> Watch {
        Watch::new(waiters_max, 100, Duration::from_millis(500))
    }

    #[tokio::test]
    async fn what_ends_after_the_registration_is_told_even_if_nobody_waits_yet() {
        let watch = watch(1);
        let ticket = watch.register(vec![Key(1), Key(2)]).unwrap();

        watch.hear(&Signal::Ended(Arc::from([Key(2), Key(3)])));

        assert_eq!(ticket.ended().await, [Key(2)]);
    }

    #[tokio::test]
    async fn everybody_who_waits_for_a_key_is_woken() {
        let watch = watch(2);
        let first = watch.register(vec![Key(1)]).unwrap();
        let second = watch.register(vec![Key(1)]).unwrap();
        let (a, b) = (first.ended(), second.ended());

        watch.hear(&Signal::Ended(Arc::from([Key(1)])));

        assert_eq!(
            futures::future::join(a, b).await,
            (vec![Key(1)], vec![Key(1)])
        );
    }

    #[test]
    fn a_waiter_too_many_is_refused_until_another_leaves() {
        let watch = watch(1);
        let ticket = watch.register(vec![Key(1)]).unwrap();

        assert!(matches!(watch.register(vec![Key(2)]), Err(Error::Busy(_))));
        drop(ticket);

        assert!(watch.register(vec![Key(2)]).is_ok());
        assert!(lock(&watch.shared.waiters).by_key.is_empty());
    }

    #[tokio::test]
    async fn nobody_waits_on_a_host_that_stops() {
        let watch = watch(1);
        let ticket = watch.register(vec![Key(1)]).unwrap();

        watch.close();

        assert!(ticket.ended().await.is_empty());
    }
}
