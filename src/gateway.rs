//! The gateway put together: a catalog, a channel and settings become a server that stops without losing anything.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    catalog::Catalog,
    channel::Channel,
    http::{self, Edge, Health, Site, server, workers::Workers},
    ingest::{self, Ingest, in_flight::InFlight, serving::Serving},
    telemetry::Metrics,
};

/// How often the channel is asked whether it can be reached, for the metrics.
const PROBE_INTERVAL: Duration = Duration::from_secs(5);

/// What the parts of a gateway are told.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How it listens.
    pub http: http::Settings,
    /// How it takes events in.
    pub ingest: ingest::Settings,
}

/// A gateway that listens, and serves when it is run.
#[derive(Debug)]
pub struct Gateway {
    edge: Arc<Edge>,
    listener: TcpListener,
    workers: Workers,
    channel: Option<Arc<dyn Channel>>,
}

/// What was left behind by a gateway that stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stopped {
    /// Connections that were cut off with a request under way.
    pub connections_cut: usize,
    /// Records that were given up; whoever sent them was told, or cut off.
    pub records_left: usize,
}

impl Stopped {
    /// Whether everything under way was finished.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

impl Gateway {
    /// Begins to listen at an address. Without a channel events are judged and not written.
    ///
    /// # Errors
    /// When the address can't be listened on, or no threads can be started.
    pub async fn bind(
        listen: SocketAddr,
        settings: Settings,
        catalog: Arc<Catalog>,
        channel: Option<Arc<dyn Channel>>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let workers = Workers::start(settings.http.threads.unwrap_or_else(cores))?;
        let public_url = match &settings.http.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => own_url(listener.local_addr()?),
        };
        let metrics = Arc::new(Metrics::new());
        let serving = Serving::new(catalog, &public_url, &settings.ingest.source, &metrics);
        let edge = Edge {
            ingest: Ingest::new(settings.ingest, serving, channel.clone(), Arc::clone(&metrics)),
            health: Health::new(channel.clone()),
            metrics,
            in_flight: InFlight::new(settings.http.in_flight_bytes_max),
            settings: settings.http,
        };
        Ok(Self { edge: Arc::new(edge), listener, workers, channel })
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// What operators see.
    #[must_use]
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.edge.metrics)
    }

    /// Serves until `stop` resolves; then says that it is not ready, finishes what is under way and closes the channel,
    /// all within `unready_delay` and twice `shutdown_timeout`.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Stopped {
        let probe = probe(Arc::clone(&self.edge));
        let settings = &self.edge.settings;
        let (health, unready_delay) = (&self.edge.health, settings.unready_delay);
        let stopping = async {
            stop.await;
            health.drain();
            tracing::info!("stopping");
            tokio::time::sleep(unready_delay).await;
        };
        let site = Arc::new(Site::new(Arc::clone(&self.edge)));
        let connections_cut = server::serve(site, self.listener, &self.workers, stopping).await;
        probe.abort();
        let records_left = match &self.channel {
            Some(channel) => channel.close(settings.shutdown_timeout).await,
            None => 0,
        };
        tracing::info!(connections_cut, records_left, "stopped");
        Stopped { connections_cut, records_left }
    }
}

/// Where this machine reaches the gateway.
fn own_url(listen: SocketAddr) -> String {
    if !listen.ip().is_unspecified() {
        return format!("http://{listen}");
    }
    let url = format!("http://localhost:{}", listen.port());
    tracing::warn!("events will say that their schemas are served at {url}: set http.public_url for readers elsewhere");
    url
}

/// Keeps the metrics about the channel fresh.
fn probe(edge: Arc<Edge>) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            edge.health.readiness(&edge.ingest.serving(), &edge.metrics).await;
            tokio::time::sleep(PROBE_INTERVAL).await;
        }
    })
}

/// Resolves when the process is asked to stop: SIGTERM, or SIGINT from a terminal.
///
/// # Errors
/// When the system does not let us listen for signals.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
