//! Compares what senders were told with what the channel holds.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use sluice::channel::{self, ReadFrom, Stored, kafka, sqlite};

use crate::{
    gateway::Ground,
    load::{Sent, Told},
};

/// Everything that the channel holds.
pub(crate) async fn stored(ground: &Ground) -> Vec<Stored> {
    let address = ground.channel.parse().unwrap();
    let channel = channel::open(&address, &sqlite::Settings::default(), &kafka::Settings::default()).unwrap().unwrap();
    let mut reader = channel.reader(&ground.topic, ReadFrom::Beginning).await.unwrap();
    let mut stored = Vec::new();
    while let Some(next) = reader.next(Duration::ZERO).await.unwrap() {
        stored.push(next);
    }
    stored
}

/// Fails unless the channel holds what the senders were told.
pub(crate) fn holds(sent: &[Sent], stored: &[Stored]) {
    let mut found: HashMap<&[u8], Vec<&Stored>> = HashMap::new();
    for stored in stored {
        found.entry(stored.record.value.as_deref().unwrap()).or_default().push(stored);
    }
    let mut told = [0; 3];
    for Sent { payload, told: outcome, .. } in sent {
        let copies = found.remove(payload.as_bytes()).unwrap_or_default();
        match outcome {
            Told::Acknowledged { partition, offset } => {
                told[0] += 1;
                assert_eq!(copies.len(), 1, "acknowledged: {payload}");
                let receipt = copies[0].receipt;
                assert_eq!((i64::from(receipt.partition), receipt.offset), (*partition, *offset), "{payload}");
            }
            Told::Refused => {
                told[1] += 1;
                assert_eq!(copies.len(), 0, "refused: {payload}");
            }
            Told::Nothing => {
                told[2] += 1;
                assert!(copies.len() <= 1, "without an answer, {} times there: {payload}", copies.len());
            }
        }
    }
    assert!(found.is_empty(), "nobody sent {:?}", found.values().next());
    order_is_kept(sent);
    no_place_is_given_twice(sent);
    let [acknowledged, refused, nothing] = told;
    println!("{acknowledged} acknowledged, {refused} refused, {nothing} without an answer, {} stored", stored.len());
    assert!(acknowledged > 100 && refused > 10 && nothing > 0, "the load was too light to say anything");
}

/// What one sender sent stands in that order, since its name is the key and it waits for each answer.
fn order_is_kept(sent: &[Sent]) {
    let mut last: HashMap<&str, (i64, i64)> = HashMap::new();
    for Sent { sender, payload, told } in sent {
        if let Told::Acknowledged { partition, offset } = *told
            && let Some((last_partition, last_offset)) = last.insert(sender, (partition, offset))
        {
            assert!(partition == last_partition && offset > last_offset, "out of order: {payload}");
        }
    }
}

fn no_place_is_given_twice(sent: &[Sent]) {
    let mut places = HashSet::new();
    for Sent { payload, told, .. } in sent {
        if let Told::Acknowledged { partition, offset } = told {
            assert!(places.insert((partition, offset)), "its place was given before: {payload}");
        }
    }
}
