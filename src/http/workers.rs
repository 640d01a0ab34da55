//! The threads that serve connections. Each has a runtime of its own, and a connection stays on its thread.
//!
//! Nothing of a request moves between threads on its way in or out, which saves a third of what HTTP costs. The price is
//! that whatever takes long on such a thread holds up its other connections: such work belongs into
//! [`tokio::task::spawn_blocking`].

use std::{
    io,
    sync::{Arc, mpsc},
    thread,
};

use tokio::{
    net::TcpStream,
    runtime::{Builder, Handle},
    sync::oneshot,
};

use super::wakeups::Wakeups;

/// Threads of one worker for work that takes long. More would only take turns on the same cores.
const BLOCKING_THREADS_MAX: usize = 4;

/// The threads that serve connections. Dropping them ends the connections that are left.
#[derive(Debug)]
pub struct Workers(Vec<Worker>);

#[derive(Debug)]
struct Worker {
    runtime: Handle,
    wakeups: Arc<Wakeups>,
    /// Cloned into each of its connections, so that its count tells how many there are.
    connections: Arc<()>,
    /// Dropped, it ends the thread.
    _run: oneshot::Sender<()>,
}

impl Workers {
    /// Starts as many threads, at least one.
    ///
    /// # Errors
    /// When the system does not let us.
    pub fn start(threads: usize) -> io::Result<Self> {
        (0..threads.max(1)).map(Worker::start).collect::<io::Result<_>>().map(Self)
    }

    /// Serves a connection on the thread that has the fewest.
    ///
    /// # Errors
    /// When the connection can't be moved to another thread.
    pub(super) fn serve<F>(
        &self,
        stream: TcpStream,
        serve: impl FnOnce(TcpStream) -> F + Send + 'static,
    ) -> io::Result<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let worker = self.0.iter().min_by_key(|worker| Arc::strong_count(&worker.connections));
        let worker = worker.expect("there is at least one");
        // Taken out of the event loop of this thread, and put into that of the other.
        let stream = stream.into_std()?;
        let counted = Arc::clone(&worker.connections);
        let served = async move {
            let _counted = counted;
            match TcpStream::from_std(stream) {
                Ok(stream) => serve(stream).await,
                Err(error) => tracing::warn!(%error, "can't serve a connection"),
            }
        };
        worker.runtime.spawn(Arc::clone(&worker.wakeups).bundle(served));
        Ok(())
    }
}

impl Worker {
    fn start(index: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .thread_name(format!("worker-{index}-blocking"))
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            .build()?;
        let handle = runtime.handle().clone();
        let (run, stop) = oneshot::channel::<()>();
        let (started, wakeups) = mpsc::channel();
        thread::Builder::new().name(format!("worker-{index}")).spawn(move || {
            let wakeups = Wakeups::of_this_thread();
            // Whoever starts the thread waits for it.
            let _ = started.send(Arc::clone(&wakeups));
            runtime.spawn(async move { wakeups.pass_on().await });
            // An error says that the sender was dropped, which is the signal.
            let _ = runtime.block_on(stop);
            runtime.shutdown_background();
        })?;
        let wakeups = wakeups.recv().map_err(io::Error::other)?;
        Ok(Self { runtime: handle, wakeups, connections: Arc::default(), _run: run })
    }
}
