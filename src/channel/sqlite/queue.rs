//! The bounded queue between those who append and the thread that writes.
//!
//! A record counts in the depth from its acceptance to its answer, so the bounds hold for what is being committed too.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use super::{Settings, row::Row};
use crate::channel::{AppendError, Appended, Depth};

/// Something for the writer to do.
pub(super) enum Job {
    /// Writes rows and answers for each. Those that were refused on the way in bring their error.
    Write(Vec<Result<Row, AppendError>>, oneshot::Sender<Appended>),
    /// Says whether writing works.
    Probe(oneshot::Sender<Result<(), String>>),
}

#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
    records_max: usize,
    bytes_max: usize,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    depth: Depth,
    closed: bool,
    /// Whether the writer waits for a job. Only then is there somebody to notify, which costs a system call.
    idle: bool,
}

impl Queue {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            state: Mutex::default(),
            arrived: Condvar::new(),
            records_max: settings.queue_records_max,
            bytes_max: settings.queue_bytes_max,
        }
    }

    /// Takes the rows for which there is room; each of the others is answered with [`AppendError::QueueFull`], at once
    /// when no row is left to wait for.
    ///
    /// # Errors
    /// When the queue is closed.
    pub(super) fn push_rows(
        &self,
        mut rows: Vec<Result<Row, AppendError>>,
        answer: oneshot::Sender<Appended>,
    ) -> Result<(), AppendError> {
        let mut state = self.state();
        for row in &mut rows {
            if let Ok(Row { size, .. }) = row {
                let depth = Depth { records: state.depth.records + 1, bytes: state.depth.bytes + *size };
                if depth.records > self.records_max || depth.bytes > self.bytes_max {
                    *row = Err(AppendError::QueueFull);
                } else {
                    state.depth = depth;
                }
            }
        }
        if !state.closed && rows.iter().all(Result::is_err) {
            drop(state);
            // The one who asked holds the other end.
            let _ = answer.send(rows.into_iter().filter_map(Result::err).map(Err).collect());
            return Ok(());
        }
        self.enqueue(state, Job::Write(rows, answer))
    }

    /// Takes a job that needs no room.
    ///
    /// # Errors
    /// When the queue is closed.
    pub(super) fn push(&self, job: Job) -> Result<(), AppendError> {
        self.enqueue(self.state(), job)
    }

    fn enqueue(&self, mut state: MutexGuard<'_, State>, job: Job) -> Result<(), AppendError> {
        if state.closed {
            return Err(closed());
        }
        state.jobs.push_back(job);
        let is_awaited = std::mem::take(&mut state.idle);
        drop(state);
        if is_awaited {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Waits for jobs and moves those at the front into `group`, until it has `records_max` records. Returns whether
    /// there are any: none will come any more when there are not.
    pub(super) fn take(&self, group: &mut Vec<Job>, records_max: usize) -> bool {
        let mut state = self.state();
        while state.jobs.is_empty() && !state.closed {
            state.idle = true;
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let mut records = 0;
        while records < records_max
            && let Some(job) = state.jobs.pop_front()
        {
            records += job.rows().count();
            group.push(job);
        }
        !group.is_empty()
    }

    /// Gives back the room of rows that are about to be answered.
    pub(super) fn release(&self, group: &[Job]) {
        let rows = || group.iter().flat_map(Job::rows);
        let mut state = self.state();
        state.depth.records -= rows().count();
        state.depth.bytes -= rows().map(|row| row.size).sum::<usize>();
    }

    pub(super) fn depth(&self) -> Depth {
        self.state().depth
    }

    /// Lets no more jobs in.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.arrived.notify_all();
    }

    /// Answers everything that the writer has not taken. Returns the number of records without an answer before.
    pub(super) fn give_up(&self) -> usize {
        let mut state = self.state();
        let unanswered = state.depth.records;
        let jobs = Vec::from(std::mem::take(&mut state.jobs));
        drop(state);
        self.release(&jobs);
        for job in jobs {
            match job {
                // Those who asked may be gone.
                Job::Write(rows, answer) => {
                    let _ = answer.send(rows.into_iter().map(|row| row.and(Err(closed()))).collect());
                }
                Job::Probe(answer) => {
                    let _ = answer.send(Err(closed().to_string()));
                }
            }
        }
        unanswered
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Job {
    /// The rows to be written.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        let rows = match self {
            Self::Write(rows, _) => rows.as_slice(),
            Self::Probe(_) => &[],
        };
        rows.iter().flatten()
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("State")
            .field("depth", &self.depth)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

fn closed() -> AppendError {
    AppendError::Unavailable("the channel is closed".to_owned())
}
