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

/// What librdkafka puts into one request of a partition, by its own defaults.
const REQUEST_BYTES_MAX: usize = 1_000_000;
const REQUEST_RECORDS_MAX: usize = 10_000;

/// More than Kafka adds to a record, and to each of its headers.
const RECORD_FRAMING: usize = 32;
const HEADER_FRAMING: usize = 4;

/// The records of all topics that were appended and not yet acknowledged.
#[derive(Debug)]
pub(super) struct Accumulator {
    topics: Vec<Topic>,
    numbers: HashMap<Arc<str>, usize>,
    /// Time without an acknowledgement after which records of a topic go even if many are under way.
    linger: Duration,
    /// Bytes of records that go together.
    group_bytes_max: usize,
}

#[derive(Debug)]
struct Topic {
    /// Records that librdkafka has.
    under_way: usize,
    held: VecDeque<(Record, Ticket)>,
    /// When it was last seen that a group went or a record was settled.
    last_progress: Instant,
    /// Whether one was since then.
    has_progress: bool,
}

/// Records that go to librdkafka together.
pub(super) type Group = Vec<(Record, Ticket)>;

impl Accumulator {
    /// Records that are larger than `record_bytes_max` are refused later on.
    pub(super) fn new(linger: Duration, record_bytes_max: usize) -> Self {
        let group_bytes_max = record_bytes_max.min(REQUEST_BYTES_MAX);
        Self { topics: Vec::new(), numbers: HashMap::new(), linger, group_bytes_max }
    }

    /// Adds a record behind those of its topic; returns the topic's number.
    pub(super) fn add(&mut self, record: Record, ticket: Ticket) -> usize {
        let number = match self.numbers.get(&record.topic) {
            Some(number) => *number,
            None => {
                self.numbers.insert(Arc::clone(&record.topic), self.topics.len());
                self.topics.push(Topic::new());
                self.topics.len() - 1
            }
        };
        self.topics[number].held.push_back((record, ticket));
        number
    }

    /// Whether records of a topic need not be held any longer.
    pub(super) fn is_ready(&self, topic: usize) -> bool {
        self.topics[topic].is_quiet()
    }

    /// What is to go next, if anything may.
    pub(super) fn next_group(&mut self) -> Option<Group> {
        let (bytes_max, linger) = (self.group_bytes_max, self.linger);
        self.topics.iter_mut().find_map(|topic| {
            if topic.is_quiet() {
                return Some(topic.take(bytes_max, REQUEST_RECORDS_MAX));
            }
            // Some partitions may be slow, and others wait for nothing.
            topic.is_overdue(linger).then(|| topic.take(usize::MAX, usize::MAX))
        })
    }

    /// Whether there is a [next group](Self::next_group).
    pub(super) fn has_next(&mut self) -> bool {
        self.topics.iter_mut().any(|topic| topic.is_quiet() || topic.is_overdue(self.linger))
    }

    /// Counts a record of a topic that librdkafka has settled, or did not take.
    pub(super) fn settled(&mut self, topic: usize) {
        let topic = &mut self.topics[topic];
        topic.under_way -= 1;
        topic.has_progress = true;
    }

    /// How many records librdkafka has.
    pub(super) fn under_way(&self) -> usize {
        self.topics.iter().map(|topic| topic.under_way).sum()
    }

    /// Everything that is held.
    pub(super) fn take(&mut self) -> Group {
        self.topics.iter_mut().flat_map(|topic| topic.take(usize::MAX, usize::MAX)).collect()
    }
}

impl Topic {
    fn new() -> Self {
        Self { under_way: 0, held: VecDeque::new(), last_progress: Instant::now(), has_progress: false }
    }

    /// Whether what is held would go in one request, and at once.
    fn is_quiet(&self) -> bool {
        !self.held.is_empty() && self.under_way < UNDER_WAY_MAX
    }

    fn is_overdue(&mut self, linger: Duration) -> bool {
        if std::mem::take(&mut self.has_progress) {
            self.last_progress = Instant::now();
        }
        !self.held.is_empty() && self.last_progress.elapsed() >= linger
    }

    /// Takes records of as many bytes, at least one if there is one.
    fn take(&mut self, bytes_max: usize, count_max: usize) -> Group {
        let mut bytes = 0_usize;
        let mut fits = |record: &Record| {
            bytes = bytes.saturating_add(request_bytes(record));
            bytes <= bytes_max
        };
        let count = self.held.iter().take(count_max).take_while(|(record, _)| fits(record)).count();
        let group: Group = self.held.drain(..count.max(1).min(self.held.len())).collect();
        self.under_way += group.len();
        self.has_progress = true;
        group
    }
}

/// How many bytes of a request a record takes, at most.
fn request_bytes(record: &Record) -> usize {
    record.size() + RECORD_FRAMING + HEADER_FRAMING * record.headers.len()
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
            Self { accumulator: Accumulator::new(linger, usize::MAX), added: 0 }
        }

        /// Returns the topic's number.
        fn add(&mut self, topic: &str, count: u32, bytes: usize) -> usize {
            let mut number = None;
            for _ in 0..count {
                let value = Some(vec![0; bytes].into());
                let record =
                    Record { topic: topic.into(), key: None, value, headers: Headers::default(), timestamp_ms: 0 };
                number = Some(self.accumulator.add(record, Ticket { batch: self.added, record: 0 }));
                self.added += 1;
            }
            number.unwrap()
        }

        /// The numbers of the records that go now, group by group.
        fn hand_over(&mut self) -> Vec<Vec<u32>> {
            let groups = std::iter::from_fn(|| self.accumulator.next_group());
            groups.map(|group| group.into_iter().map(|(_, ticket)| ticket.batch).collect()).collect()
        }
    }

    #[test]
    fn what_comes_while_records_are_under_way_goes_together_when_they_are_settled() {
        let mut bench = Bench::new(LONG);
        let topic = bench.add("t", 1, 1);
        assert_eq!(bench.hand_over(), [[0]]);
        bench.add("t", 4, 1);
        assert_eq!(bench.hand_over(), [[1, 2, 3, 4]]);
        bench.add("t", 2, 1);
        bench.add("t", 1, 1);
        assert!(!bench.accumulator.has_next() && !bench.accumulator.is_ready(topic));
        assert!(bench.hand_over().is_empty());

        bench.accumulator.settled(topic);
        assert!(bench.accumulator.has_next() && bench.accumulator.is_ready(topic));
        assert_eq!(bench.hand_over(), [[5, 6, 7]]);
        assert_eq!(bench.accumulator.under_way(), 7);
        bench.accumulator.settled(topic);
        assert!(!bench.accumulator.has_next() && !bench.accumulator.is_ready(topic));
    }

    #[test]
    fn topics_do_not_wait_for_one_another() {
        let mut bench = Bench::new(LONG);
        bench.add("one", 5, 1);
        assert_eq!(bench.hand_over().len(), 1);
        bench.add("one", 1, 1);
        bench.add("other", 1, 1);
        assert_eq!(bench.hand_over(), [[6]]);
    }

    #[test]
    fn a_group_fits_in_one_request_and_the_next_waits_for_it() {
        let mut bench = Bench::new(LONG);
        bench.add("t", 3, REQUEST_BYTES_MAX / 2 - RECORD_FRAMING);
        bench.add("t", 1, 2 * REQUEST_BYTES_MAX);
        // Few records are under way each time, so nothing is held.
        assert_eq!(bench.hand_over(), [vec![0, 1], vec![2], vec![3]]);
        bench.add("t", 10, REQUEST_BYTES_MAX / 5 - RECORD_FRAMING);
        assert_eq!(bench.hand_over(), [[4, 5, 6, 7, 8]]);

        bench.add("many", 10_001, 1);
        assert_eq!(bench.hand_over().iter().map(Vec::len).collect::<Vec<_>>(), [REQUEST_RECORDS_MAX]);
    }

    #[test]
    fn nothing_is_held_for_longer_than_it_may() {
        let mut bench = Bench::new(Duration::ZERO);
        bench.add("t", 5, 1);
        assert_eq!(bench.hand_over().len(), 1);
        bench.add("t", 3, REQUEST_BYTES_MAX);
        assert!(bench.accumulator.has_next());
        assert_eq!(bench.hand_over(), [[5, 6, 7]]);
    }

    #[test]
    fn what_is_held_is_taken_at_the_end() {
        let mut bench = Bench::new(LONG);
        bench.add("t", 5, 1);
        assert_eq!(bench.hand_over().len(), 1);
        bench.add("t", 2, REQUEST_BYTES_MAX);
        assert_eq!(bench.accumulator.take().len(), 2);
        assert_eq!(bench.accumulator.under_way(), 7);
    }
}
