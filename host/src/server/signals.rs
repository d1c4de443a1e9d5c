//! When somebody says stop: the first time drain, the second time leave.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The exit status of a process that was told to leave at once, as shells have it for ctrl-c.
const LEFT: i32 = 130;

/// Cancelled by the first SIGINT or SIGTERM. The second ends the process at once: everything that
/// matters is on disk, and other hosts take over what ran.
pub(super) fn stop() -> CancellationToken {
    let stopping = CancellationToken::new();
    let token = stopping.clone();
    let signals = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    );
    let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
        tracing::warn!("cannot hear signals: a signal ends the host at once");
        return stopping;
    };
    // It ends with the process: there is nothing to wait for.
    tokio::spawn(async move {
        next(&mut interrupt, &mut terminate).await;
        token.cancel();
        eprintln!("stopping: letting what runs come to its end; once more leaves at once");
        next(&mut interrupt, &mut terminate).await;
        std::process::exit(LEFT);
    });
    stopping
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
