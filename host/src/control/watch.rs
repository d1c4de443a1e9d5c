//! Waiting for invocations to end, or to tell something new, pushed and not polled.
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

/// How long there is at least between two times that followers are told to look for themselves,
/// because other hosts did something.
const FOLLOWERS_PAUSE: Duration = Duration::from_millis(20);

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
    /// How many of them follow.
    followers: usize,
}

#[derive(Default)]
struct Waiter {
    /// Whether it is woken by more than an end.
    follows: bool,
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
        self.take(keys, Waiter::default())
    }

    /// Registers a wait for whatever this invocation may have to tell: its end, or what it published.
    /// Being woken means to look.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] if as many wait as may.
    pub fn follow(&self, key: Key) -> Result<Ticket, Error> {
        let follower = Waiter {
            follows: true,
            ..Waiter::default()
        };
        self.take(vec![key], follower)
    }

    fn take(&self, keys: Vec<Key>, waiter: Waiter) -> Result<Ticket, Error> {
        let number = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let waiter = Arc::new(waiter);
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
        waiters.followers += usize::from(waiter.follows);
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
            Signal::Ended(keys) => self.wake(keys, |_| true),
            Signal::Told(key) => self.wake(&[*key], |waiter| waiter.follows),
            Signal::Moved => self.look(),
            Signal::Work(_)
            | Signal::Settings(_)
            | Signal::Catalogue
            | Signal::Cancel
            | Signal::Due(_) => {}
        }
    }

    /// Has the store asked soon: signals were missed, or another host did something.
    pub(super) fn look(&self) {
        self.shared.look.notify_one();
    }

    fn wake(&self, keys: &[Key], whom: impl Fn(&Waiter) -> bool) {
        let waiters = lock(&self.shared.waiters);
        if waiters.by_key.is_empty() {
            return;
        }
        for key in keys {
            let waiting = waiters.by_key.get(key).into_iter().flatten();
            for (_, waiter) in waiting.filter(|(_, waiter)| whom(waiter)) {
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
            let (keys, followers): (Vec<Key>, usize) = {
                let waiters = lock(&self.shared.waiters);
                (waiters.by_key.keys().copied().collect(), waiters.followers)
            };
            let began = Instant::now();
            if followers > 0 {
                self.wake(&keys, |waiter| waiter.follows);
            }
            for keys in keys.chunks(LOOK_KEYS_MAX) {
                match store.ended(keys).await {
                    Ok(ended) => self.wake(&ended, |_| true),
                    Err(error) => {
                        tracing::warn!(%error, "cannot ask which invocations ended");
                        break;
                    }
                }
            }
            // As long as it took: however often others move something, asking about it takes at
            // most half of one connection's time.
            if !keys.is_empty() {
                let mut pause = began.elapsed();
                if followers > 0 {
                    pause = pause.max(FOLLOWERS_PAUSE);
                }
                tokio::time::sleep(pause.min(self.shared.poll)).await;
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

    /// The keys that ended since the last call, or that there may be something to see of, for one
    /// who follows; waits until there is one. Empty if the host stops.
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
        waiters.followers -= usize::from(self.waiter.follows);
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

    #[tokio::test]
    async fn who_follows_is_woken_by_what_is_told_and_who_waits_for_the_end_is_not() {
        let watch = watch(2);
        let waits = watch.register(vec![Key(1)]).unwrap();
        let follows = watch.follow(Key(1)).unwrap();

        watch.hear(&Signal::Told(Key(1)));
        let told = follows.ended().await;
        watch.hear(&Signal::Ended(Arc::from([Key(1)])));

        assert_eq!(told, [Key(1)]);
        assert_eq!(
            (waits.ended().await, follows.ended().await),
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
