//! The cases that every channel passes.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use sluice::channel::{AppendError, Header, Headers, ReadFrom, Receipt, Record, Stored, TopicSpec};

use crate::fixture::{Fixture, QUEUE_RECORDS_MAX, RECORD_BYTES_MAX};

/// Long enough for anything that is under way; a test that passes never waits for it.
const PATIENCE: Duration = Duration::from_secs(30);
/// Long enough to believe that nothing comes.
const MOMENT: Duration = Duration::from_millis(100);

pub(crate) fn record(topic: &Arc<str>, key: &str, value: impl Into<Bytes>) -> Record {
    Record {
        topic: topic.clone(),
        key: Some(Bytes::copy_from_slice(key.as_bytes())),
        value: Some(value.into()),
        headers: vec![Header::new("ce_type", "trip.reported"), Header::new("content-type", "application/json")].into(),
        timestamp_ms: 1_790_000_000_000,
    }
}

impl Fixture {
    /// Records of this many keys, in turn.
    fn records(&self, count: usize, keys: usize) -> Vec<Record> {
        (0..count).map(|n| record(&self.topic, &format!("key-{}", n % keys), format!("{{\"n\":{n}}}"))).collect()
    }

    /// Appends in portions that fit into the queue.
    async fn append_all(&self, records: &[Record]) -> Vec<Receipt> {
        let mut receipts = Vec::new();
        for portion in records.chunks(QUEUE_RECORDS_MAX) {
            receipts.extend(self.channel.append(portion.to_vec()).await.into_iter().map(Result::unwrap));
        }
        receipts
    }

    /// Everything in the topic from there on.
    async fn read(&self, from: ReadFrom) -> Vec<Stored> {
        let mut reader = self.channel.reader(&self.topic, from).await.unwrap();
        let mut stored = Vec::new();
        while let Some(next) = reader.next(Duration::ZERO).await.unwrap() {
            stored.push(next);
        }
        stored
    }

    fn spec(&self) -> TopicSpec {
        TopicSpec { name: self.topic.clone(), partitions: 3, replication: None, compacted: false, retention: None }
    }
}

pub(crate) async fn receipts_say_where_each_record_stands(fixture: &Fixture) {
    let records = fixture.records(50, 7);
    let receipts = fixture.append_all(&records).await;

    let stored: HashMap<(i32, i64), Record> = fixture
        .read(ReadFrom::Beginning)
        .await
        .into_iter()
        .map(|stored| ((stored.receipt.partition, stored.receipt.offset), stored.record))
        .collect();
    assert_eq!(stored.len(), records.len());
    for (receipt, record) in receipts.iter().zip(&records) {
        assert_eq!(stored.get(&(receipt.partition, receipt.offset)), Some(record));
    }

    let mut partitions: BTreeMap<i32, Vec<i64>> = BTreeMap::new();
    for receipt in receipts {
        partitions.entry(receipt.partition).or_default().push(receipt.offset);
    }
    for (partition, offsets) in partitions {
        let without_gaps: Vec<i64> = (0..).take(offsets.len()).collect();
        assert_eq!(offsets, without_gaps, "partition {partition}");
    }
}

pub(crate) async fn records_come_back_as_they_were(fixture: &Fixture) {
    let plain = record(&fixture.topic, "k", "{}");
    let every_byte: Vec<u8> = (0..=255).collect();
    let records = vec![
        Record { value: None, ..plain.clone() },
        Record { value: Some(Bytes::new()), key: Some(Bytes::new()), ..plain.clone() },
        Record { key: None, headers: Headers::default(), ..plain.clone() },
        Record { value: Some(every_byte.clone().into()), key: Some(every_byte.into()), ..plain.clone() },
        Record { value: Some(" {\"a\" : 1.0e2,\n\t\"b\":\"Ä🍎\"} ".into()), ..plain.clone() },
        Record { value: Some("text with a \0 in it".into()), ..plain.clone() },
        Record { timestamp_ms: 1, ..plain.clone() },
        Record {
            headers: vec![
                Header::new("z", "last name first"),
                Header::new("ce_subject", "Straße \"7\" \\ 🍎"),
                Header::new("empty", ""),
            ]
            .into(),
            ..plain
        },
    ];
    let receipts = fixture.append_all(&records).await;

    let stored = fixture.read(ReadFrom::Beginning).await;
    for (receipt, record) in receipts.iter().zip(&records) {
        let found = stored.iter().find(|stored| stored.receipt == *receipt).unwrap();
        assert_eq!(found.record, *record);
    }
}

pub(crate) async fn keys_keep_the_order_of_the_calls(fixture: &Fixture) {
    // Not one of the calls waits for the one before it.
    let records = fixture.records(QUEUE_RECORDS_MAX, 3);
    let under_way: Vec<_> = records.iter().map(|record| fixture.channel.append(vec![record.clone()])).collect();
    for appended in under_way {
        appended.await.pop().unwrap().unwrap();
    }

    let stored = fixture.read(ReadFrom::Beginning).await;
    for key in ["key-0", "key-1", "key-2"] {
        let of_key = |record: &&Record| record.key.as_deref() == Some(key.as_bytes());
        let sent: Vec<&Record> = records.iter().filter(of_key).collect();
        let found: Vec<&Record> = stored.iter().map(|stored| &stored.record).filter(of_key).collect();
        assert_eq!(found, sent);
    }
}

pub(crate) async fn an_append_of_nothing_answers_nothing(fixture: &Fixture) {
    assert_eq!(fixture.channel.append(Vec::new()).await, []);
}

pub(crate) async fn a_reader_begins_where_it_is_told(fixture: &Fixture) {
    // One key, so that all of it is in one partition.
    let records = fixture.records(10, 1);
    fixture.append_all(&records).await;

    let offsets = async |from| -> Vec<i64> { fixture.read(from).await.iter().map(|s| s.receipt.offset).collect() };
    assert_eq!(offsets(ReadFrom::Beginning).await, (0..10).collect::<Vec<_>>());
    assert_eq!(offsets(ReadFrom::Offset(7)).await, [7, 8, 9]);
    assert_eq!(offsets(ReadFrom::Offset(-5)).await.len(), 10);
    assert_eq!(offsets(ReadFrom::Offset(10)).await, [0_i64; 0]);
    assert_eq!(offsets(ReadFrom::Offset(1_000_000)).await, [0_i64; 0]);
    assert_eq!(offsets(ReadFrom::End).await, [0_i64; 0]);
}

pub(crate) async fn a_reader_gets_what_is_written_later(fixture: &Fixture) {
    let records = fixture.records(4, 1);
    fixture.append_all(&records[..2]).await;
    let mut reader = fixture.channel.reader(&fixture.topic, ReadFrom::End).await.unwrap();
    assert_eq!(reader.next(MOMENT).await.unwrap(), None);

    let (next, _) = tokio::join!(reader.next(PATIENCE), fixture.append_all(&records[2..3]));
    assert_eq!(next.unwrap().unwrap().record, records[2]);
    fixture.append_all(&records[3..]).await;
    assert_eq!(reader.next(PATIENCE).await.unwrap().unwrap().record, records[3]);
}

pub(crate) async fn a_record_that_is_too_large_is_refused_alone(fixture: &Fixture) {
    let mut records = fixture.records(3, 1);
    records[1].value = Some(vec![b'x'; RECORD_BYTES_MAX + 1].into());
    let appended = fixture.channel.append(records.clone()).await;

    assert!(
        matches!(&appended[1], Err(AppendError::TooLarge { size, .. }) if *size > RECORD_BYTES_MAX),
        "{appended:?}"
    );
    assert!(!appended[1].as_ref().unwrap_err().retriable());
    assert!(appended[0].is_ok() && appended[2].is_ok(), "{appended:?}");
    let stored: Vec<Record> = fixture.read(ReadFrom::Beginning).await.into_iter().map(|s| s.record).collect();
    assert_eq!(stored, [records[0].clone(), records[2].clone()]);
}

pub(crate) async fn a_full_queue_refuses_at_once_and_loses_nothing(fixture: &Fixture) {
    let records = fixture.records(QUEUE_RECORDS_MAX + 1, 1);
    fixture.fault.stall();
    let waiting = fixture.channel.append(records[..QUEUE_RECORDS_MAX].to_vec());
    let depth = fixture.channel.depth();
    assert_eq!(depth.records, QUEUE_RECORDS_MAX);
    assert_eq!(depth.bytes, records[..QUEUE_RECORDS_MAX].iter().map(Record::size).sum::<usize>());
    let refused = fixture.channel.append(records[QUEUE_RECORDS_MAX..].to_vec()).await;
    assert_eq!(refused, [Err(AppendError::QueueFull)]);
    assert!(AppendError::QueueFull.retriable());

    fixture.fault.resume();
    assert!(waiting.await.iter().all(Result::is_ok));
    assert_eq!(fixture.channel.depth().records, 0);
    assert_eq!(fixture.channel.depth().bytes, 0);
    let stored: Vec<Record> = fixture.read(ReadFrom::Beginning).await.into_iter().map(|s| s.record).collect();
    assert_eq!(stored, records[..QUEUE_RECORDS_MAX]);
}

pub(crate) async fn an_append_that_nobody_awaits_is_written(fixture: &Fixture) {
    let records = fixture.records(2, 1);
    drop(fixture.channel.append(records[..1].to_vec()));
    fixture.append_all(&records[1..]).await;
    let stored: Vec<Record> = fixture.read(ReadFrom::Beginning).await.into_iter().map(|s| s.record).collect();
    assert_eq!(stored, records);
}

pub(crate) async fn a_channel_that_works_is_ready(fixture: &Fixture) {
    let readiness = fixture.channel.readiness(&[fixture.spec()]).await;
    assert!(readiness.is_ready(), "{readiness:?}");
}

pub(crate) async fn closing_waits_for_what_is_under_way(fixture: &Fixture) {
    let records = fixture.records(QUEUE_RECORDS_MAX, 2);
    let under_way = fixture.channel.append(records.clone());
    assert_eq!(fixture.channel.close(PATIENCE).await, 0);
    assert!(under_way.await.iter().all(Result::is_ok));

    let late = fixture.channel.append(records[..1].to_vec()).await;
    assert!(matches!(&late[..], [Err(AppendError::Unavailable(_))]), "{late:?}");
    assert_eq!(fixture.channel.close(PATIENCE).await, 0);
}

pub(crate) async fn closing_gives_up_at_the_deadline_and_says_so(fixture: &Fixture) {
    fixture.fault.stall();
    let records = fixture.records(3, 1);
    let first = fixture.channel.append(records[..1].to_vec());
    let others = fixture.channel.append(records[1..].to_vec());
    assert_eq!(fixture.channel.close(MOMENT).await, 3);
    fixture.fault.resume();

    // What was being written when the deadline passed may still come to its end: the answer says so.
    for answer in first.await.into_iter().chain(others.await) {
        assert!(matches!(answer, Ok(_) | Err(AppendError::Unavailable(_) | AppendError::Unconfirmed(_))), "{answer:?}");
    }
}
