//! Standard output and error, into the invocation's log. Standard input is empty.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::engine::feed::{Feed, Stream};
use crate::engine::fence::Fence;
use crate::engine::sandbox::Stop;
use crate::engine::workflow::keeper::Keeper;

/// What a guest may write before it asks again, in bytes.
const WRITE_MAX_BYTES: usize = 64 << 10;

/// Gives a sandbox its two streams. What a workflow writes while it is replayed was written before:
/// `keeper` knows whether it is.
pub fn give(
    wasi: &mut WasiCtxBuilder,
    feed: &Arc<Feed>,
    fence: &Arc<Fence>,
    keeper: Option<&Keeper>,
) {
    let log = |stream| Log {
        stream,
        feed: feed.clone(),
        fence: fence.clone(),
        keeper: keeper.cloned(),
    };
    wasi.stdout(log(Stream::Output)).stderr(log(Stream::Error));
}

/// One of the two streams. It takes everything at once, so a guest never waits for it.
#[derive(Clone)]
struct Log {
    stream: Stream,
    feed: Arc<Feed>,
    fence: Arc<Fence>,
    keeper: Option<Keeper>,
}

impl Log {
    fn append(&self, bytes: &[u8]) {
        if !self.keeper.as_ref().is_some_and(Keeper::is_replaying) {
            self.feed.write(self.stream, bytes);
        }
    }
}

impl IsTerminal for Log {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Log {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for Log {
    async fn ready(&mut self) {}
}

impl OutputStream for Log {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if !self.fence.is_whole() {
            return Err(StreamError::Trap(Stop::Fenced.into()));
        }
        self.append(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_MAX_BYTES)
    }
}

impl AsyncWrite for Log {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.append(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
