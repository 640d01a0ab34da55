//! Connections: HTTP/1.1 and cleartext HTTP/2 on one port, so many at once, each with a time for its first request.

use std::{
    convert::Infallible,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};

use super::{Edge, Site, head, patience::Patient, problem::Problem, workers::Workers};

/// Takes connections until `stop` resolves, and then waits for requests under way, at most `shutdown_timeout`.
/// Returns how many connections were not finished by then; they are cut off when the workers are dropped.
pub async fn serve(site: Arc<Site>, listener: TcpListener, workers: &Workers, stop: impl Future<Output = ()>) -> usize {
    let edge = &site.edge;
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(edge.settings.connections_max));
    let builder = Arc::new(builder(edge));
    tokio::pin!(stop);
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    wait_after(&error).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        match Arc::clone(&places).try_acquire_owned() {
            Ok(place) => {
                let (site, builder, watcher) = (Arc::clone(&site), Arc::clone(&builder), connections.watcher());
                let served = workers.serve(stream, |stream| connection(site, builder, stream, place, watcher));
                if let Err(error) = served {
                    wait_after(&error).await;
                }
            }
            Err(_) => drop(tokio::spawn(turn_away(stream))),
        }
    }
    // Nobody new gets in, and nobody waits in the backlog for an answer that won't come.
    drop(listener);
    let count = places.available_permits();
    tracing::info!(connections = edge.settings.connections_max - count, "finishing requests under way");
    let finished = tokio::time::timeout(edge.settings.shutdown_timeout, connections.shutdown()).await;
    finished.map_or_else(|_| edge.settings.connections_max - places.available_permits(), |()| 0)
}

fn builder(edge: &Edge) -> auto::Builder<TokioExecutor> {
    let settings = &edge.settings;
    let head_bytes_max = settings.header_bytes_max.saturating_add(head::MARGIN_BYTES);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_read_timeout)
        .max_buf_size(head_bytes_max);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(settings.streams_max)
        .max_header_list_size(u32::try_from(head_bytes_max).unwrap_or(u32::MAX))
        // A peer that is gone is noticed.
        .keep_alive_interval(settings.header_read_timeout)
        .keep_alive_timeout(settings.header_read_timeout);
    builder
}

async fn connection(
    site: Arc<Site>,
    builder: Arc<auto::Builder<TokioExecutor>>,
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let metrics = Arc::clone(&site.edge.metrics);
    metrics.connections.inc();
    // Acknowledgements are small and waited for.
    stream.set_nodelay(true).ok();
    let begun = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&begun);
    let header_read_timeout = site.edge.settings.header_read_timeout;
    let stream = Patient::new(stream, site.edge.settings.write_timeout);
    let service = service_fn(move |request: Request<Incoming>| {
        seen.store(true, Ordering::Relaxed);
        let site = Arc::clone(&site);
        async move { Ok::<_, Infallible>(site.answer(request).await) }
    });
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    let served = watcher.watch(connection);
    tokio::pin!(served);
    // Which protocol a connection speaks is read without a time limit of its own.
    let ended = tokio::time::timeout(header_read_timeout, &mut served).await;
    match ended {
        Ok(result) => log_end(result),
        Err(_) if begun.load(Ordering::Relaxed) => log_end(served.await),
        Err(_) => tracing::debug!("connection closed: it sent no request in time"),
    }
    metrics.connections.dec();
}

fn log_end(result: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(error) = result {
        tracing::debug!(%error, "connection ended early");
    }
}

/// Says why, in HTTP/1.1, and closes.
async fn turn_away(mut stream: TcpStream) {
    let body = Problem::no_more_connections().json();
    let mut answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 1\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend(body);
    let told = async {
        stream.write_all(&answer).await?;
        stream.shutdown().await
    };
    // The client may be gone already, or never read.
    tokio::time::timeout(Duration::from_secs(1), told).await.ok();
}

/// A connection that broke before it was taken is nobody's concern; a lack of file descriptors passes.
async fn wait_after(error: &io::Error) {
    if !matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
        tracing::warn!(%error, "can't take a connection");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
