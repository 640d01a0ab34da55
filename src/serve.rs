//! Puts the settings that hold into a catalog, a channel and a gateway, and runs them.

use std::{io, sync::Arc};

use anyhow::Context as _;
use tracing_subscriber::filter::LevelFilter;

use crate::{
    catalog::Catalog,
    channel::{Channel, ChannelAddress, sqlite::Sqlite},
    config::{Config, Log, LogFormat, LogLevel},
    read::{self, Wanted},
};

/// Prints events of the channel.
pub(crate) fn read(config: &Config, wanted: &Wanted) -> anyhow::Result<()> {
    start_log(&config.log);
    let catalog = Catalog::load(&config.schemas)?;
    runtime()?.block_on(async {
        let channel = open(config)?.context("there is no channel to read from: name one with --channel")?;
        match read::run(channel.as_ref(), &catalog, wanted, &mut io::stdout()).await {
            Err(read::ReadError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            outcome => Ok(outcome?),
        }
    })
}

/// Runs the gateway until it is told to stop.
pub(crate) fn serve(config: &Config) -> anyhow::Result<()> {
    start_log(&config.log);
    let catalog = Catalog::load(&config.schemas)?;
    runtime()?.block_on(async {
        open(config)?;
        anyhow::bail!("{} event types compiled; HTTP is not part of this build", catalog.types.len())
    })
}

/// The channel that the settings name; none to validate only.
fn open(config: &Config) -> anyhow::Result<Option<Arc<dyn Channel>>> {
    match &config.channel {
        ChannelAddress::None => Ok(None),
        ChannelAddress::Sqlite(path) => Ok(Some(Arc::new(Sqlite::open(path, &config.sqlite)?))),
        other => anyhow::bail!("channel {other} is not part of this build"),
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    built.context("the threads of the gateway can't be started")
}

fn start_log(log: &Log) {
    let level = match log.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let subscriber = tracing_subscriber::fmt().with_max_level(level).with_writer(io::stderr);
    match log.format {
        LogFormat::Text => subscriber.init(),
        LogFormat::Json => subscriber.json().flatten_event(true).init(),
    }
}
