//! Requests at a constant rate, whether or not the answers keep up: latency as senders see it that don't wait for each
//! other.
//!
//! ```text
//! cargo bench --bench steady -- http://127.0.0.1:18181/v1/events/Order 10000 10 [CONNECTIONS]
//! ```
//!
//! Takes the address, requests per second, seconds, and connections (64). A request is due at its time in the plan; its
//! latency counts from there, also while all connections wait for answers (no coordinated omission). Prints the rate
//! that was reached, the latencies, and how many answers were not 2xx.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Uri, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::Semaphore, task::JoinSet};

const ORDERS: &str = include_str!("data/order.valid.ndjson");
/// How often requests that are due are let go: well below the latencies that are to be told.
const TICK: Duration = Duration::from_micros(200);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [address, rate, seconds] => run(address, rate, seconds, "64"),
        [address, rate, seconds, connections] => run(address, rate, seconds, connections),
        _ => println!("steady: ADDRESS REQUESTS_PER_SECOND SECONDS [CONNECTIONS]"),
    }
}

fn run(address: &str, rate: &str, seconds: &str, connections: &str) {
    let (rate, seconds): (u64, u64) = (rate.parse().unwrap(), seconds.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let load = runtime.block_on(Load::connect(address.parse().unwrap(), connections.parse().unwrap()));
    let plan = Arc::new(Plan {
        start: Instant::now(),
        rate,
        total: rate * seconds,
        due: Semaphore::new(0),
        next: AtomicU64::new(0),
    });
    let pacer = std::thread::spawn({
        let plan = Arc::clone(&plan);
        move || plan.pace()
    });
    let (latencies, refused) = runtime.block_on(load.follow(&plan));
    pacer.join().unwrap();
    report(&plan, latencies, refused);
}

/// When which request is due.
struct Plan {
    start: Instant,
    rate: u64,
    total: u64,
    /// Requests that are due and not sent yet.
    due: Semaphore,
    next: AtomicU64,
}

impl Plan {
    /// Lets requests go as they become due. On a thread of its own: the runtime's clock ticks once a millisecond.
    fn pace(&self) {
        let mut released = 0;
        while released < self.total {
            std::thread::sleep(TICK);
            let due = (self.start.elapsed().as_micros() as u64 * self.rate / 1_000_000).min(self.total);
            self.due.add_permits((due - released) as usize);
            released = due;
        }
        self.due.close();
    }

    /// Waits for the next request; returns its number and when it was due.
    async fn next(&self) -> Option<(u64, Instant)> {
        match self.due.acquire().await {
            Ok(permit) => permit.forget(),
            // What was let go before the end is still to be sent.
            Err(_) if self.next.load(Ordering::Relaxed) >= self.total => return None,
            Err(_) => {}
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let due = self.start + Duration::from_micros(number * 1_000_000 / self.rate);
        (number < self.total).then_some((number, due))
    }
}

struct Load {
    address: Uri,
    connections: Vec<http1::SendRequest<Full<Bytes>>>,
}

impl Load {
    async fn connect(address: Uri, count: usize) -> Self {
        let authority = address.authority().unwrap().as_str();
        let mut connections = Vec::with_capacity(count);
        for _ in 0..count {
            let stream = TcpStream::connect(authority).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            connections.push(sender);
        }
        Self { address, connections }
    }

    /// Sends what the plan says; returns the latencies in microseconds and the number of answers that were not 2xx.
    async fn follow(self, plan: &Arc<Plan>) -> (Vec<u64>, u64) {
        let orders: Arc<Vec<Bytes>> =
            Arc::new(ORDERS.lines().map(|line| Bytes::from_static(line.as_bytes())).collect());
        let mut senders = JoinSet::new();
        for mut connection in self.connections {
            let (plan, orders, address) = (Arc::clone(plan), Arc::clone(&orders), self.address.clone());
            senders.spawn(async move {
                let (mut latencies, mut refused) = (Vec::new(), 0);
                while let Some((number, due)) = plan.next().await {
                    let order = orders[number as usize % orders.len()].clone();
                    let request = Request::post(address.path()).header("host", address.authority().unwrap().as_str());
                    let request = request.header("content-type", "application/json").body(Full::new(order)).unwrap();
                    connection.ready().await.unwrap();
                    let answer = connection.send_request(request).await.unwrap();
                    refused += u64::from(!answer.status().is_success());
                    answer.into_body().collect().await.unwrap();
                    latencies.push(due.elapsed().as_micros() as u64);
                }
                (latencies, refused)
            });
        }
        let mut all = (Vec::new(), 0);
        while let Some(part) = senders.join_next().await {
            let (latencies, refused) = part.unwrap();
            all.0.extend(latencies);
            all.1 += refused;
        }
        all
    }
}

fn report(plan: &Plan, mut latencies: Vec<u64>, refused: u64) {
    latencies.sort_unstable();
    let reached = latencies.len() as f64 / plan.start.elapsed().as_secs_f64();
    let quantile = |part: f64| latencies[((latencies.len() - 1) as f64 * part) as usize] as f64 / 1000.0;
    print!("steady {:>8} requests/s asked {reached:>8.0} reached", plan.rate);
    for (name, part) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)] {
        print!("   {name} {:.2} ms", quantile(part));
    }
    println!("   {refused} not 2xx");
}
