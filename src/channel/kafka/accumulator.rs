//! Which records go to librdkafka now, and which wait for others to go with them.
//!
//! Its idempotent producer has one request of a partition under way as soon as five records are, and its thread spins
//! while further records are ready behind that request. So what is appended while records of its topic are under way
//! is held here until these are acknowledged, and goes in one request. A lone record never waits; under load the
//! requests grow by themselves.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use super::delivery::Ticket;
use crate::channel::Record;

/// Records of a topic under way that hold up those after them: at as many, librdkafka builds no further request.
const UNDER_WAY_MAX: usize = 5;

/// Bytes of records that go together, as librdkafka puts them into one request of a partition.
const GROUP_BYTES_MAX: usize = 1_000_000;

/// The records of all topics that were appended and not yet acknowledged.
#[derive(Debug)]
pub(super) struct Accumulator {
    topics: HashMap<Arc<str>, Topic>,
    /// Longest time that a record is held while those before it are not acknowledged.
    linger: Duration,
}

#[derive(Debug, Default)]
struct Topic {
    /// Records that librdkafka has.
    under_way: usize,
    held: VecDeque<Held>,
    /// Whether a thread hands records over. Others leave theirs to it, so that records keep their order.
    handing_over: bool,
}

#[derive(Debug)]
struct Held {
    record: Record,
    ticket: Ticket,
    since: Instant,
}

/// Records that go to librdkafka together.
pub(super) type Group = Vec<(Record, Ticket)>;

impl Accumulator {
    pub(super) fn new(linger: Duration) -> Self {
        Self { topics: HashMap::new(), linger }
    }

    /// Adds a record behind those of its topic.
    pub(super) fn add(&mut self, record: Record, ticket: Ticket, since: Instant) {
        let topic = match self.topics.get_mut(&record.topic) {
            Some(topic) => topic,
            None => self.topics.entry(Arc::clone(&record.topic)).or_default(),
        };
        topic.held.push_back(Held { record, ticket, since });
    }

    /// What to hand over now. Whoever gets a group hands it over and calls [`go_on`](Self::go_on).
    pub(super) fn begin(&mut self, topic: &str) -> Option<Group> {
        let linger = self.linger;
        let topic = self.topics.get_mut(topic).filter(|topic| !topic.handing_over)?;
        topic.next_group(linger)
    }

    /// What to hand over after a group was.
    pub(super) fn go_on(&mut self, topic: &str) -> Option<Group> {
        let linger = self.linger;
        let topic = self.topics.get_mut(topic)?;
        topic.handing_over = false;
        topic.next_group(linger)
    }

    /// Counts a record that librdkafka has settled, or did not take. Says whether there is something to hand over.
    pub(super) fn settled(&mut self, topic: &str) -> bool {
        let Some(topic) = self.topics.get_mut(topic) else { return false };
        topic.under_way -= 1;
        topic.under_way < UNDER_WAY_MAX && !topic.held.is_empty()
    }

    /// The topics with a record that was held for longer than it may be.
    pub(super) fn overdue(&self) -> Vec<Arc<str>> {
        let is_overdue = |topic: &Topic| topic.held.front().is_some_and(|first| first.since.elapsed() >= self.linger);
        self.topics.iter().filter(|(_, topic)| is_overdue(topic)).map(|(name, _)| Arc::clone(name)).collect()
    }

    /// Everything that is held.
    pub(super) fn take(&mut self) -> Group {
        self.topics.values_mut().flat_map(|topic| topic.take(usize::MAX)).collect()
    }
}

impl Topic {
    fn next_group(&mut self, linger: Duration) -> Option<Group> {
        let first = self.held.front()?;
        if self.under_way >= UNDER_WAY_MAX && first.since.elapsed() < linger {
            return None;
        }
        self.handing_over = true;
        Some(self.take(GROUP_BYTES_MAX))
    }

    /// Takes records of as many bytes, at least one.
    fn take(&mut self, bytes_max: usize) -> Group {
        let mut bytes = 0;
        let mut fits = |held: &Held| {
            bytes += held.record.size();
            bytes <= bytes_max
        };
        let count = self.held.iter().take_while(|held| fits(held)).count().max(1).min(self.held.len());
        self.under_way += count;
        self.held.drain(..count).map(|held| (held.record, held.ticket)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Headers;

    const LONG: Duration = Duration::from_secs(60);

    struct Bench {
        accumulator: Accumulator,
        added: u32,
    }

    impl Bench {
        fn new(linger: Duration) -> Self {
            Self { accumulator: Accumulator::new(linger), added: 0 }
        }

        fn add(&mut self, topic: &str, count: u32, bytes: usize) {
            for _ in 0..count {
                let value = Some(vec![0; bytes].into());
                let record =
                    Record { topic: topic.into(), key: None, value, headers: Headers::default(), timestamp_ms: 0 };
                self.accumulator.add(record, Ticket { batch: self.added, record: 0 }, Instant::now());
                self.added += 1;
            }
        }

        /// The numbers of the records that go now, group by group.
        fn hand_over(&mut self, topic: &str) -> Vec<Vec<u32>> {
            let first = self.accumulator.begin(topic);
            let groups = std::iter::successors(first, |_| self.accumulator.go_on(topic));
            groups.map(|group| group.into_iter().map(|(_, ticket)| ticket.batch).collect()).collect()
        }
    }

    #[test]
    fn what_comes_while_records_are_under_way_goes_together_when_they_are_settled() {
        let mut bench = Bench::new(LONG);
        bench.add("t", 1, 1);
        assert_eq!(bench.hand_over("t"), [[0]]);
        bench.add("t", 4, 1);
        assert_eq!(bench.hand_over("t"), [[1, 2, 3, 4]]);
        bench.add("t", 2, 1);
        bench.add("t", 1, 1);
        assert!(bench.hand_over("t").is_empty());

        assert!(bench.accumulator.settled("t"));
        assert_eq!(bench.hand_over("t"), [[5, 6, 7]]);
        assert!(!bench.accumulator.settled("t"));
    }

    #[test]
    fn topics_do_not_wait_for_one_another() {
        let mut bench = Bench::new(LONG);
        bench.add("one", 5, 1);
        assert_eq!(bench.hand_over("one").len(), 1);
        bench.add("one", 1, 1);
        bench.add("other", 1, 1);
        assert!(bench.hand_over("one").is_empty());
        assert_eq!(bench.hand_over("other"), [[6]]);
    }

    #[test]
    fn a_group_is_bounded_and_the_next_waits_for_it() {
        let mut bench = Bench::new(LONG);
        bench.add("t", 3, GROUP_BYTES_MAX / 2);
        bench.add("t", 1, 2 * GROUP_BYTES_MAX);
        // Few records are under way each time, so nothing is held.
        assert_eq!(bench.hand_over("t"), [vec![0, 1], vec![2], vec![3]]);
        bench.add("t", 10, GROUP_BYTES_MAX / 5);
        assert_eq!(bench.hand_over("t"), [[4, 5, 6, 7, 8]]);
    }

    #[test]
    fn one_thread_at_a_time_hands_records_of_a_topic_over() {
        let mut bench = Bench::new(LONG);
        bench.add("t", 1, 1);
        assert_eq!(bench.accumulator.begin("t").map(|group| group.len()), Some(1));
        bench.add("t", 1, 1);
        assert!(bench.accumulator.begin("t").is_none());
        assert_eq!(bench.accumulator.go_on("t").map(|group| group.len()), Some(1));
        assert!(bench.accumulator.go_on("t").is_none());
    }

    #[test]
    fn nothing_is_held_for_longer_than_it_may() {
        let mut bench = Bench::new(Duration::ZERO);
        bench.add("t", 5, 1);
        assert_eq!(bench.hand_over("t").len(), 1);
        assert!(bench.accumulator.overdue().is_empty());
        bench.add("t", 1, 1);
        assert_eq!(bench.accumulator.overdue(), ["t".into()]);
        assert_eq!(bench.hand_over("t"), [[5]]);
    }
}
