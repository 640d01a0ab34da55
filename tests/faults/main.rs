//! Real processes that die under load: what was acknowledged is in the channel, once and byte for byte; what was refused
//! is not; what got no answer is there at most once.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod check;
mod gateway;
mod load;

use std::{path::Path, process::Command, time::Duration};

use self::{
    check::stored,
    gateway::{Gateway, Ground},
    load::{Load, Sent},
};

const GATEWAY_ROUNDS: u64 = 20;
const BROKER_ROUNDS: u64 = 5;

/// Kills the gateway in each round while senders send, a little earlier or later each time.
async fn kill_the_gateway(ground: &Ground) -> Vec<Sent> {
    let mut sent = Vec::new();
    for round in 0..GATEWAY_ROUNDS {
        let gateway = Gateway::start(ground).await;
        let load = Load::start(&gateway.address, round);
        tokio::time::sleep(Duration::from_millis(100 + round * 37 % 200)).await;
        gateway.kill();
        sent.extend(load.stop().await);
    }
    sent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_gateway_loses_nothing_on_sqlite() {
    let ground = Ground::on_sqlite();
    let sent = kill_the_gateway(&ground).await;
    check::holds(&sent, &stored(&ground).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kafka broker: scripts/kafka up"]
async fn a_killed_gateway_loses_nothing_on_kafka() {
    let ground = Ground::on_kafka();
    let sent = kill_the_gateway(&ground).await;
    check::holds(&sent, &stored(&ground).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kafka broker that it may stop: scripts/kafka up"]
async fn a_broker_that_goes_and_comes_loses_nothing() {
    let ground = Ground::on_kafka();
    let gateway = Gateway::start(&ground).await;
    let load = Load::start(&gateway.address, 0);
    for round in 0..BROKER_ROUNDS {
        load.until_acknowledged_more().await;
        // Every other time the broker has no chance to say goodbye.
        kafka(if round % 2 == 0 { "stop" } else { "kill" }).await;
        tokio::time::sleep(Duration::from_millis(500 * (round % 3))).await;
        kafka("start").await;
    }
    load.until_acknowledged_more().await;
    let sent = load.stop().await;
    gateway.kill();
    check::holds(&sent, &stored(&ground).await);
}

/// Does something to the first node.
async fn kafka(command: &'static str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/kafka");
    let run = move || Command::new(script).args([command, "1"]).status().unwrap();
    assert!(tokio::task::spawn_blocking(run).await.unwrap().success(), "scripts/kafka {command} 1");
}
