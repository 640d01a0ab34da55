//! Wakes the connections of one thread together.
//!
//! A channel acknowledges many requests at once, from a thread of its own. Each of these wake-ups would cost a system
//! call to interrupt the event loop of the connection's thread; here the first one does, and those that follow before
//! the loop has turned only stand in a list. Wake-ups on the thread itself go straight to the task.

use std::{
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
    thread::{self, ThreadId},
};

use tokio::sync::Notify;

/// The wake-ups of one thread that came from others.
#[derive(Debug)]
pub(super) struct Wakeups {
    thread: ThreadId,
    waiting: Mutex<Vec<Waker>>,
    arrived: Notify,
}

impl Wakeups {
    /// For the thread that calls.
    pub(super) fn of_this_thread() -> Arc<Self> {
        Arc::new(Self { thread: thread::current().id(), waiting: Mutex::default(), arrived: Notify::new() })
    }

    /// Passes wake-ups on, for ever. Must run on the thread.
    pub(super) async fn pass_on(&self) {
        loop {
            self.arrived.notified().await;
            mem::take(&mut *self.waiting()).into_iter().for_each(Waker::wake);
        }
    }

    /// A future that is woken this way.
    pub(super) fn bundle<F: Future>(self: Arc<Self>, future: F) -> Bundled<F> {
        Bundled { future: Box::pin(future), wakeups: self, waker: None }
    }

    fn add(&self, task: Waker) {
        let mut waiting = self.waiting();
        waiting.push(task);
        if waiting.len() == 1 {
            drop(waiting);
            self.arrived.notify_one();
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A future whose wake-ups from other threads are bundled.
pub(super) struct Bundled<F> {
    future: Pin<Box<F>>,
    wakeups: Arc<Wakeups>,
    /// The waker of the task, and the one that stands in for it.
    waker: Option<(Waker, Waker)>,
}

impl<F: Future> Future for Bundled<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Self { future, wakeups, waker } = &mut *self;
        let is_known = waker.as_ref().is_some_and(|(task, _)| task.will_wake(context.waker()));
        if !is_known {
            *waker = None;
        }
        let (_, bundled) = waker.get_or_insert_with(|| {
            let task = context.waker().clone();
            (task.clone(), Waker::from(Arc::new(Bundler { task, wakeups: Arc::clone(wakeups) })))
        });
        future.as_mut().poll(&mut Context::from_waker(bundled))
    }
}

struct Bundler {
    task: Waker,
    wakeups: Arc<Wakeups>,
}

impl Wake for Bundler {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if thread::current().id() == self.wakeups.thread {
            self.task.wake_by_ref();
        } else {
            self.wakeups.add(self.task.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn wakeups_from_elsewhere_and_from_here_arrive() {
        let wakeups = Wakeups::of_this_thread();
        let passing = Arc::clone(&wakeups);
        tokio::spawn(async move { passing.pass_on().await });
        let woken = Arc::new(AtomicUsize::new(0));
        let (senders, tasks): (Vec<_>, Vec<_>) = (0..100)
            .map(|_| {
                let (sender, receiver) = oneshot::channel::<()>();
                let woken = Arc::clone(&woken);
                let task = async move {
                    receiver.await.unwrap();
                    tokio::task::yield_now().await;
                    woken.fetch_add(1, Ordering::Relaxed);
                };
                (sender, tokio::spawn(Arc::clone(&wakeups).bundle(task)))
            })
            .unzip();
        tokio::task::yield_now().await;
        thread::spawn(move || senders.into_iter().for_each(|sender| sender.send(()).unwrap()));
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(woken.load(Ordering::Relaxed), 100);
    }
}
