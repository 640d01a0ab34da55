//! Running the engine so that neither a panic nor an endless evaluation stops the run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::Duration;

/// Deep enough for any case; the engine's own limits come first.
const STACK_BYTES: usize = 256 << 20;
/// What takes longer is given up; its thread goes on until the program ends.
const TIME_MAX: Duration = Duration::from_secs(120);

/// Why there is no result.
#[derive(Clone, Copy)]
pub(crate) enum Failure {
    Panicked,
    TimedOut,
}

/// Runs a job in a thread of its own.
pub(crate) fn run<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    let (sender, receiver) = mpsc::channel();
    let work = move || sender.send(catch_unwind(AssertUnwindSafe(job))).unwrap_or_default();
    let started = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work);
    started.expect("the system starts threads");
    match receiver.recv_timeout(TIME_MAX) {
        Ok(Ok(result)) => Ok(result),
        Ok(Err(_)) | Err(mpsc::RecvTimeoutError::Disconnected) => Err(Failure::Panicked),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(Failure::TimedOut),
    }
}
