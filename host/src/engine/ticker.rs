//! The thread that interrupts guests: every tick it moves wasmtime's epoch, upon which each
//! sandbox looks at its limits and yields, and it looks at every fence.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::fence::Fence;

/// How long a guest computes before it is looked at.
const TICK: Duration = Duration::from_millis(10);

#[derive(Default)]
struct Shared {
    stopped: AtomicBool,
    engines: Mutex<Vec<wasmtime::Engine>>,
    fences: Mutex<Vec<Weak<Fence>>>,
}

/// Ticks until it is dropped.
pub(super) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub fn start() -> std::io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let thread = thread::Builder::new()
            .name("windlass-ticker".to_owned())
            .spawn({
                let shared = shared.clone();
                move || {
                    while !shared.stopped.load(Ordering::Acquire) {
                        thread::park_timeout(TICK);
                        shared.tick();
                        shared.look_at_fences();
                    }
                }
            })?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Interrupts the guests of this engine from now on.
    pub fn tick(&self, engine: &wasmtime::Engine) {
        let engines = self.shared.engines.lock();
        let mut engines = engines.unwrap_or_else(PoisonError::into_inner);
        engines.push(engine.clone());
    }

    /// Looks at this fence from now on, as long as anybody holds it.
    pub fn watch(&self, fence: &Arc<Fence>) {
        if !fence.watched.swap(true, Ordering::AcqRel) {
            let fences = self.shared.fences.lock();
            let mut fences = fences.unwrap_or_else(PoisonError::into_inner);
            fences.push(Arc::downgrade(fence));
        }
    }
}

impl Shared {
    fn tick(&self) {
        let engines = self.engines.lock();
        for engine in engines.unwrap_or_else(PoisonError::into_inner).iter() {
            engine.increment_epoch();
        }
    }

    fn look_at_fences(&self) {
        let mut fences = self.fences.lock().unwrap_or_else(PoisonError::into_inner);
        fences.retain(|fence| match fence.upgrade() {
            Some(fence) => {
                fence.tick();
                true
            }
            None => false,
        });
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It panics nowhere; and if it had, there would be nothing left to end.
            thread.join().ok();
        }
    }
}
