//! Puts the settings that hold into a catalog, a channel and a gateway, and runs them.

use std::{
    io::{self, IsTerminal as _},
    sync::Arc,
};

use anyhow::Context as _;
use tracing_subscriber::filter::LevelFilter;

use crate::{
    catalog::Catalog,
    channel::{self, Channel, ChannelAddress, ChannelError},
    config::{Config, Log, LogFormat, LogLevel},
    gateway::{self, Gateway, Stopped},
    read::{self, Wanted},
};

/// Prints events of the channel.
pub(crate) fn read(config: &Config, wanted: &Wanted) -> anyhow::Result<()> {
    start_log(&config.log);
    let catalog = Catalog::load(&config.schemas)?;
    if let ChannelAddress::Sqlite(path) = &config.channel {
        // Opening creates the file, which whoever only reads does not want.
        anyhow::ensure!(path.exists(), "nothing was written yet: there is no file {}", path.display());
    }
    runtime()?.block_on(async {
        let channel = open(config)?.context("there is no channel to read from: name one with --channel")?;
        match read::run(channel.as_ref(), &catalog, wanted, &mut io::stdout()).await {
            Err(read::ReadError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            outcome => Ok(outcome?),
        }
    })
}

/// Runs the gateway until it is told to stop.
pub(crate) fn serve(config: Config) -> anyhow::Result<()> {
    start_log(&config.log);
    let catalog = Arc::new(Catalog::load(&config.schemas)?);
    runtime()?.block_on(async {
        let stop = gateway::stop_signal().context("signals can't be listened for")?;
        let channel = open(&config)?;
        if let Some(channel) = channel.as_ref().filter(|_| config.create_topics) {
            channel.create_topics(&catalog.topics()).await.context("topics can't be created")?;
        }
        let (products, types) = (catalog.products.len(), catalog.types.len());
        let settings = gateway::Settings { http: config.http, ingest: config.ingest };
        let gateway = Gateway::bind(config.listen, settings, catalog, channel).await;
        let gateway = gateway.with_context(|| format!("can't listen on {}", config.listen))?;
        tracing::info!(address = %gateway.address()?, channel = %config.channel, products, types, "serving");
        let stopped = gateway.run(stop).await;
        anyhow::ensure!(stopped.is_clean(), "stopped with {} left", left(stopped));
        Ok(())
    })
}

/// What was given up.
fn left(stopped: Stopped) -> String {
    format!("{} connections and {} records", stopped.connections_cut, stopped.records_left)
}

/// The channel that the settings name; none to validate only.
fn open(config: &Config) -> Result<Option<Arc<dyn Channel>>, ChannelError> {
    channel::open(&config.channel, &config.sqlite, &config.kafka)
}

/// For what happens once or now and then; connections have threads of their own.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.context("the gateway can't wait for events of the system")
}

fn start_log(log: &Log) {
    let level = match log.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let subscriber =
        tracing_subscriber::fmt().with_max_level(level).with_ansi(io::stderr().is_terminal()).with_writer(io::stderr);
    match log.format {
        LogFormat::Text => subscriber.init(),
        LogFormat::Json => subscriber.json().flatten_event(true).init(),
    }
}
