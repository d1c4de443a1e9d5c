//! What an execution waits for, and what of it has come.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use bytes::Bytes;

use crate::engine::{Answer, Gate, HandleNumber, NamedCall};
use crate::model::{Key, Moment};
use crate::store::Wait;

/// What stands behind a gate.
#[derive(Debug, Clone)]
pub enum Pending {
    /// How an invocation ends. The name is set where that is a call by type, which has no words for
    /// most failures.
    Result(HandleNumber, Option<String>),
    /// Until one has ended.
    Any(Vec<HandleNumber>, Option<Moment>),
    /// Until all have ended.
    All(Vec<HandleNumber>, Option<Moment>),
    /// Until a moment.
    Sleep(Moment),
    /// A message.
    Receive(String, Option<Moment>),
    /// Where an invocation is in its life.
    Status(HandleNumber),
    /// An invocation by its id.
    Find(String),
    /// A call that needs a look at the store: at what was uploaded, or at whether its id is taken.
    Enqueue(NamedCall),
    /// A batch of calls that needs such a look.
    EnqueueMany(Vec<NamedCall>),
    /// That what was done so far is recorded, before more is done: then the answer that there is.
    Settled(Box<Answer>),
    /// To go on as new.
    Restart(Bytes),
}

/// A gate that waits: the step that it belongs to, and what stands behind it.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The step, where it is one.
    pub step: Option<u32>,
    /// What it waits for.
    pub pending: Pending,
    /// How many of the invocations that it waits for have not ended.
    left: usize,
    /// When it was noticed that it can be opened, counted.
    noticed: Option<u64>,
}

/// All gates of an execution.
#[derive(Debug, Default)]
pub struct Waits {
    next: u32,
    gates: BTreeMap<Gate, Waiting>,
    /// Which gates wait for an invocation.
    by_key: HashMap<Key, Vec<Gate>>,
    /// Which wait for one that the store has not numbered yet.
    by_handle: HashMap<HandleNumber, Vec<Gate>>,
    /// Those that can be opened, in the order in which what they wait for was noticed.
    open: BTreeSet<(u64, Gate)>,
    /// Those that are over by the clock.
    timers: BTreeSet<(Moment, Gate)>,
    noticed: u64,
    /// The invocations that are known to have ended.
    ended: HashSet<Key>,
}

impl Waits {
    /// A new gate, whose invocations are these.
    pub fn add(&mut self, step: Option<u32>, pending: Pending, keys: &[Option<Key>]) -> Gate {
        let gate = Gate(self.next);
        self.next += 1;
        let mut left = 0;
        for (handle, key) in pending.handles().iter().zip(keys) {
            match key {
                Some(key) if self.ended.contains(key) => continue,
                Some(key) => self.by_key.entry(*key).or_default().push(gate),
                None => self.by_handle.entry(*handle).or_default().push(gate),
            }
            left += 1;
        }
        if let Some(at) = pending.at() {
            self.timers.insert((at, gate));
        }
        let waiting = Waiting {
            step,
            pending,
            left,
            noticed: None,
        };
        let is_open = match &waiting.pending {
            Pending::Result(..) | Pending::All(..) => left == 0,
            Pending::Any(..) => left < keys.len() || keys.is_empty(),
            Pending::Sleep(_) | Pending::Receive(..) => false,
            // The store is to be asked, whenever there is nothing else to do.
            Pending::Status(_)
            | Pending::Find(_)
            | Pending::Enqueue(_)
            | Pending::EnqueueMany(_)
            | Pending::Settled(_)
            | Pending::Restart(_) => true,
        };
        self.gates.insert(gate, waiting);
        if is_open {
            self.notice(gate);
        }
        gate
    }

    /// How many gates wait.
    pub fn len(&self) -> usize {
        self.gates.len()
    }

    /// Whether this gate waits.
    pub fn get(&self, gate: Gate) -> Option<&Waiting> {
        self.gates.get(&gate)
    }

    /// All that wait.
    pub fn iter(&self) -> impl Iterator<Item = (Gate, &Waiting)> {
        self.gates.iter().map(|(gate, waiting)| (*gate, waiting))
    }

    /// The only one that waits.
    pub fn only(&self) -> Option<(Gate, &Waiting)> {
        match self.gates.len() {
            1 => self.iter().next(),
            _ => None,
        }
    }

    /// The first that can be opened.
    pub fn first_open(&self) -> Option<Gate> {
        self.open.first().map(|(_, gate)| *gate)
    }

    /// This gate opens: it waits no more.
    pub fn remove(&mut self, gate: Gate) -> Option<Waiting> {
        let waiting = self.gates.remove(&gate)?;
        if let Some(noticed) = waiting.noticed {
            self.open.remove(&(noticed, gate));
        }
        if let Some(at) = waiting.pending.at() {
            self.timers.remove(&(at, gate));
        }
        Some(waiting)
    }

    /// A gate can be opened.
    pub fn notice(&mut self, gate: Gate) {
        if let Some(waiting) = self.gates.get_mut(&gate)
            && waiting.noticed.is_none()
        {
            self.noticed += 1;
            waiting.noticed = Some(self.noticed);
            self.open.insert((self.noticed, gate));
        }
    }

    /// It could not be opened after all.
    pub fn unnotice(&mut self, gate: Gate) {
        if let Some(waiting) = self.gates.get_mut(&gate)
            && let Some(noticed) = waiting.noticed.take()
        {
            self.open.remove(&(noticed, gate));
        }
    }

    /// An invocation has ended.
    pub fn end(&mut self, key: Key) {
        if !self.ended.insert(key) {
            return;
        }
        for gate in self.by_key.remove(&key).unwrap_or_default() {
            let Some(waiting) = self.gates.get_mut(&gate) else {
                continue;
            };
            waiting.left -= 1;
            let is_open = match &waiting.pending {
                Pending::Any(..) => true,
                _ => waiting.left == 0,
            };
            if is_open {
                self.notice(gate);
            }
        }
    }

    /// Whether an invocation is known to have ended.
    pub fn has_ended(&self, key: Key) -> bool {
        self.ended.contains(&key)
    }

    /// An invocation that had no number has one now.
    pub fn know(&mut self, handle: HandleNumber, key: Key) {
        if let Some(gates) = self.by_handle.remove(&handle) {
            self.by_key.entry(key).or_default().extend(gates);
        }
    }

    /// The invocations that somebody waits for and that are not known to have ended.
    pub fn awaited(&self) -> Vec<Key> {
        let waited = |gates: &[Gate]| gates.iter().any(|gate| self.gates.contains_key(gate));
        let awaited = self.by_key.iter().filter(|(_, gates)| waited(gates));
        let mut keys: Vec<Key> = awaited.map(|(key, _)| *key).collect();
        keys.sort_unstable();
        keys
    }

    /// When the first of them is over by the clock.
    pub fn next_at(&self) -> Option<Moment> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Opens those whose time has come.
    pub fn tick(&mut self, now: Moment) {
        let due = self.timers.iter().take_while(|(at, _)| *at <= now);
        let due: Vec<Gate> = due.map(|(_, gate)| *gate).collect();
        due.into_iter().for_each(|gate| self.notice(gate));
    }

    /// The names of the messages that somebody waits for.
    pub fn messages(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .gates
            .values()
            .filter_map(|waiting| match &waiting.pending {
                Pending::Receive(name, _) => Some(name.clone()),
                _ => None,
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// All of it, for the store.
    pub fn to_store(&self) -> Wait {
        let all = matches!(
            self.only(),
            Some((
                _,
                Waiting {
                    pending: Pending::All(..),
                    ..
                }
            ))
        );
        Wait {
            awaited: self.awaited(),
            all,
            messages: self.messages(),
            at: self.next_at(),
        }
    }
}

impl Pending {
    /// The invocations that it waits for.
    pub fn handles(&self) -> &[HandleNumber] {
        match self {
            Self::Result(handle, _) | Self::Status(handle) => std::slice::from_ref(handle),
            Self::Any(handles, _) | Self::All(handles, _) => handles,
            _ => &[],
        }
    }

    /// When it is over by the clock.
    pub fn at(&self) -> Option<Moment> {
        match self {
            Self::Sleep(at) => Some(*at),
            Self::Any(_, at) | Self::All(_, at) | Self::Receive(_, at) => *at,
            _ => None,
        }
    }

    /// Whether what it brings follows from the store and the clock alone, so that a journal need
    /// not have it where nothing else waits beside it.
    pub fn is_derived(&self) -> bool {
        matches!(
            self,
            Self::Result(..) | Self::All(_, None) | Self::Sleep(_) | Self::Settled(_)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_for_all_opens_with_the_last() {
        let mut waits = Waits::default();
        let handles = vec![HandleNumber(0), HandleNumber(1)];
        let keys = [Some(Key(5)), Some(Key(6))];
        let gate = waits.add(None, Pending::All(handles, None), &keys);

        waits.end(Key(6));
        assert_eq!(waits.first_open(), None);
        assert!(waits.to_store().all);
        assert_eq!(waits.to_store().awaited, [Key(5)]);

        waits.end(Key(5));
        assert_eq!(waits.first_open(), Some(gate));
    }

    #[test]
    fn a_gate_for_any_opens_with_the_first() {
        let mut waits = Waits::default();
        let handles = vec![HandleNumber(0), HandleNumber(1)];
        let keys = [Some(Key(5)), Some(Key(6))];
        let gate = waits.add(Some(1), Pending::Any(handles, None), &keys);

        waits.end(Key(6));

        assert_eq!(waits.first_open(), Some(gate));
    }

    #[test]
    fn what_ended_before_it_was_waited_for_opens_at_once() {
        let mut waits = Waits::default();
        waits.end(Key(5));

        let gate = waits.add(
            None,
            Pending::Result(HandleNumber(0), None),
            &[Some(Key(5))],
        );

        assert_eq!(waits.first_open(), Some(gate));
    }

    #[test]
    fn a_sleep_opens_when_its_time_has_come() {
        let mut waits = Waits::default();
        let gate = waits.add(Some(1), Pending::Sleep(Moment(10)), &[]);

        waits.tick(Moment(9));
        assert_eq!(waits.first_open(), None);
        assert_eq!(waits.next_at(), Some(Moment(10)));

        waits.tick(Moment(10));
        assert_eq!(waits.first_open(), Some(gate));
    }
}
