//! What every channel promises, run on each of them, and what only one of them has.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod fixture;
mod kafka;
mod sqlite;
mod suite;

/// Runs cases of the suite on a channel.
macro_rules! suite {
    ($channel:ident, $open:path $(, $ignore:meta)?: [$($case:ident),* $(,)?]) => {
        mod $channel {
            suite!(@tests $open $(, $ignore)?: $($case)*);
        }
    };
    (@tests $open:path: $($case:ident)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            crate::suite::$case(&$open().await).await;
        })*
    };
    (@tests $open:path, $ignore:meta: $($case:ident)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        #[$ignore]
        async fn $case() {
            crate::suite::$case(&$open().await).await;
        })*
    };
}

/// Runs every case of the suite on a channel that can be stalled.
macro_rules! whole_suite {
    ($channel:ident, $open:path) => {
        suite!($channel, $open: [
            receipts_say_where_each_record_stands,
            records_come_back_as_they_were,
            keys_keep_the_order_of_the_calls,
            an_append_of_nothing_answers_nothing,
            a_reader_begins_where_it_is_told,
            a_reader_gets_what_is_written_later,
            a_record_that_is_too_large_is_refused_alone,
            a_full_queue_refuses_at_once_and_loses_nothing,
            an_append_that_nobody_awaits_is_written,
            a_channel_that_works_is_ready,
            closing_waits_for_what_is_under_way,
            closing_gives_up_at_the_deadline_and_says_so,
        ]);
    };
}

whole_suite!(on_memory, crate::fixture::memory);
whole_suite!(on_sqlite, crate::fixture::sqlite);
whole_suite!(on_mock_kafka, crate::fixture::mock_kafka);

// A real broker can't be stalled for one test without stalling the others.
suite!(on_real_kafka, crate::fixture::real_kafka, ignore = "needs a Kafka broker: scripts/kafka up": [
    receipts_say_where_each_record_stands,
    records_come_back_as_they_were,
    keys_keep_the_order_of_the_calls,
    a_reader_begins_where_it_is_told,
    a_reader_gets_what_is_written_later,
    a_record_that_is_too_large_is_refused_alone,
    an_append_that_nobody_awaits_is_written,
    a_channel_that_works_is_ready,
    closing_waits_for_what_is_under_way,
]);
