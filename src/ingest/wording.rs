//! How much time goes into wording refusals.
//!
//! A schema's own evaluator finds all violations of an event and words them, which takes a thousand times as long as to
//! accept one. A flood of bad events must not take that time from good ones, so there is a budget of time per second.
//! While it is used up, a refusal tells the first violation only, as the compiled check found it.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Time that flows in evenly, and out as it is spent. What is spent in one go may pass what is left: then the next has
/// to wait for longer.
#[derive(Debug)]
pub(super) struct Budget {
    per_second: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Nanoseconds; below zero there is a debt.
    left: i128,
    counted: Instant,
}

impl Budget {
    /// So much time in each second, and no more than that at once after a pause.
    pub(super) fn new(per_second: Duration) -> Self {
        let state = State { left: nanos(per_second), counted: Instant::now() };
        Self { per_second, state: Mutex::new(state) }
    }

    /// Whether there is time left now.
    pub(super) fn is_left(&self) -> bool {
        self.is_left_at(Instant::now())
    }

    fn is_left_at(&self, now: Instant) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let earned = nanos(now.saturating_duration_since(state.counted)) * nanos(self.per_second) / 1_000_000_000;
        state.left = (state.left + earned).min(nanos(self.per_second));
        state.counted = now;
        state.left > 0
    }

    /// Takes what was spent.
    pub(super) fn spend(&self, spent: Duration) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).left -= nanos(spent);
    }
}

fn nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_overspent_is_paid_back_over_time() {
        let budget = Budget::new(Duration::from_millis(250));
        let start = Instant::now();
        let is_left_after = |millis| budget.is_left_at(start + Duration::from_millis(millis));
        assert!(is_left_after(0));
        budget.spend(Duration::from_millis(240));
        assert!(is_left_after(0));
        budget.spend(Duration::from_millis(260));
        assert!(!is_left_after(900));
        assert!(is_left_after(1100));
        assert!(is_left_after(1_000_000));
        budget.spend(Duration::from_millis(251));
        assert!(!is_left_after(1_000_000), "a pause gives no more than one second's time");
    }

    #[test]
    fn without_time_nothing_is_left() {
        assert!(!Budget::new(Duration::ZERO).is_left());
    }
}
