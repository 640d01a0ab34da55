//! The command line: what can be asked of the program, and the settings that flags give.
//!
//! Nothing is done here: each command hands over to the module that does it, and what it returns is printed by `main`.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use serde_json::{Value, json};

use crate::{
    catalog::Catalog,
    channel::{ChannelAddress, ReadFrom},
    config::{self, Effective, LogFormat, LogLevel, REFERENCE},
};

const EXAMPLES: &str = "\
Examples:
  sluice serve                                      serve schemas/, write to data/sluice.db
  sluice serve --schemas schemas/people             serve one product
  sluice serve --channel kafka:localhost:9092 --create-topics
  sluice check schemas                              find every mistake in the descriptions
  sluice read Identity --max 10                     the first ten events of a type
  sluice config --reference                         every setting, with its meaning

Settings are taken from flags, from the environment (--create-topics is SLUICE_CREATE_TOPICS),
from sluice.cue and from the defaults, in this order.

Exit status: 0 if all went well, 1 if not (standard error says why), 2 if the command line is wrong.";

/// Validates the events that producers POST, wraps them in CloudEvents and writes them durably to Kafka or SQLite.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES, arg_required_else_help = true, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the gateway until it is told to stop (SIGTERM or Ctrl-C)
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(Settings),
    /// Compile every description and print every mistake with its place
    #[command(after_help = CHECK_EXAMPLES)]
    Check {
        /// The folder of the descriptions, or of one product [default: the setting "schemas"]
        folder: Option<PathBuf>,
        /// Tell which parts of each schema are not compiled to the fastest check, and why
        #[arg(long, short)]
        verbose: bool,
        #[command(flatten)]
        settings: Sources,
    },
    /// Print events of the channel, each as one CloudEvent in JSON on a line
    #[command(after_help = READ_EXAMPLES)]
    Read {
        /// The event type; without it, the events of all types, one topic after the other
        #[arg(value_name = "TYPE")]
        event_type: Option<String>,
        /// Where to begin in each partition: "beginning", "end" or an offset
        #[arg(long, default_value = "beginning", value_parser = start)]
        from: ReadFrom,
        /// Stop after this many events
        #[arg(long, value_name = "N")]
        max: Option<u64>,
        /// Wait for events that come later instead of stopping at the last one
        #[arg(long)]
        follow: bool,
        #[command(flatten)]
        settings: Reading,
    },
    /// Print the settings that hold and where each comes from
    #[command(after_help = CONFIG_EXAMPLES)]
    Config {
        /// Print the definition of all settings with its comments instead
        #[arg(long)]
        reference: bool,
        #[command(flatten)]
        settings: Settings,
    },
    /// Run a command of CUE: vet, export, eval, def, fmt or import
    #[command(after_help = CUE_EXAMPLES)]
    Cue(cue_command::Arguments),
    /// Print a script that completes commands and flags in a shell
    #[command(after_help = "Example:\n  sluice completions bash > /etc/bash_completion.d/sluice")]
    Completions {
        /// The shell
        shell: Shell,
    },
}

const SERVE_EXAMPLES: &str = "\
Examples:
  sluice serve --schemas schemas/people
  sluice serve --listen 0.0.0.0:8181 --channel kafka:broker1:9092,broker2:9092 --create-topics
  SLUICE_LOG_FORMAT=json sluice serve --channel none";

const CHECK_EXAMPLES: &str = "\
Examples:
  sluice check
  sluice check schemas/people

Each mistake is printed as file:line:column: message; the exit status is then 1.";

const READ_EXAMPLES: &str = "\
Examples:
  sluice read Identity
  sluice read com.acme.order.v1 --from end --follow | jq .data
  sluice read --channel kafka:localhost:9092 --from 1000 --max 1";

const CONFIG_EXAMPLES: &str = "\
Examples:
  sluice config
  sluice config --listen 0.0.0.0:80 > new.cue
  sluice config --reference";

const CUE_EXAMPLES: &str = "\
Examples:
  sluice cue vet -c=false ./...                         validate all packages below
  sluice cue vet schemas/people/identity.cue person.json -d '#Identity'
  sluice cue export config.cue --out yaml
  sluice cue fmt -s

The commands, their flags, output and messages are those of cue 0.17.1.";

/// Where settings and descriptions are.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Settings")]
struct Sources {
    /// Read the settings of this file [default: sluice.cue, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of the descriptions, or of one product [default: schemas/]
    #[arg(long, value_name = "FOLDER")]
    schemas: Option<PathBuf>,
}

/// What is needed to read events.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Settings")]
struct Reading {
    #[command(flatten)]
    sources: Sources,
    /// Where events go: sqlite:PATH, kafka:BROKER[,BROKER] or none [default: sqlite:data/sluice.db]
    #[arg(long, value_name = "ADDRESS")]
    channel: Option<ChannelAddress>,
}

/// Settings that are often given by flags; every other one can be set in sluice.cue and in the environment.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Settings")]
struct Settings {
    #[command(flatten)]
    reading: Reading,
    /// Create topics that are missing in Kafka, as they are described
    #[arg(long)]
    create_topics: bool,
    /// Where to serve HTTP [default: 127.0.0.1:8181]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// How the log is written [default: text]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
    /// The least severity that is logged [default: info]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<LogLevel>,
}

impl Cli {
    /// Whether all memory serves one evaluation, after which the process ends.
    #[must_use]
    pub fn evaluates_once(&self) -> bool {
        matches!(self.command, Command::Cue(_))
    }

    /// Does what was asked, and tells how the process ends.
    ///
    /// # Errors
    /// What went wrong, in words for the user.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let done = match self.command {
            Command::Cue(arguments) => return cue(&arguments),
            Command::Serve(settings) => crate::serve::serve(settings.effective()?.config),
            Command::Check { folder, verbose, settings } => check(folder, verbose, settings),
            Command::Read { event_type, from, max, follow, settings } => {
                let wanted = crate::read::Wanted { event_type, from, max, follow };
                crate::serve::read(&Settings::from(settings).effective()?.config, &wanted)
            }
            Command::Config { reference: true, .. } => print(REFERENCE),
            Command::Config { reference: false, settings } => print(&settings.effective()?.to_cue()),
            Command::Completions { shell } => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Self::command(), "sluice", &mut script);
                print(&String::from_utf8_lossy(&script))
            }
        };
        done.map(|()| ExitCode::SUCCESS)
    }
}

/// Runs a command of CUE in the current folder; it tells by itself what is wrong.
fn cue(arguments: &cue_command::Arguments) -> anyhow::Result<ExitCode> {
    let folder = std::env::current_dir().context("the current folder can't be told")?;
    let (stdin, stdout, stderr) = (&mut io::stdin(), &mut io::stdout(), &mut io::stderr());
    let mut world = cue_command::World { folder, stdin, stdout, stderr };
    Ok(ExitCode::from(cue_command::run(arguments, &mut world)))
}

fn check(folder: Option<PathBuf>, verbose: bool, settings: Sources) -> anyhow::Result<()> {
    let folder = match folder {
        Some(folder) => folder,
        None => Settings::from(settings).effective()?.config.schemas,
    };
    let catalog = Catalog::load(&folder)?;
    let mut report = String::new();
    for product in &catalog.products {
        for kind in product.types.iter().filter_map(|name| catalog.types.get(name)) {
            let key = kind.key.as_ref().map(|path| format!(", key {}", path.join("."))).unwrap_or_default();
            report += &format!("{}: {} → topic {}{key}\n", product.name, kind.name, kind.topic.name);
            for part in kind.validator.interpreted().iter().filter(|_| verbose) {
                report += &format!("    not compiled: {part}\n");
            }
        }
    }
    let counts =
        format!("ok: {} and {}\n", count(catalog.products.len(), "product"), count(catalog.types.len(), "event type"));
    print(&(report + &counts))
}

/// Such as `1 product` or `2 products`.
fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn start(text: &str) -> Result<ReadFrom, String> {
    match text {
        "beginning" => Ok(ReadFrom::Beginning),
        "end" => Ok(ReadFrom::End),
        offset => match offset.parse() {
            Ok(offset @ 0i64..) => Ok(ReadFrom::Offset(offset)),
            _ => Err("expected \"beginning\", \"end\" or an offset from 0".to_owned()),
        },
    }
}

/// Writes to standard output; a reader that has seen enough (`| head`) is no error.
fn print(text: &str) -> anyhow::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("standard output can't be written"),
    }
}

impl From<Sources> for Settings {
    fn from(sources: Sources) -> Self {
        Reading { sources, ..Reading::default() }.into()
    }
}

impl From<Reading> for Settings {
    fn from(reading: Reading) -> Self {
        Self { reading, ..Self::default() }
    }
}

impl Settings {
    fn effective(self) -> anyhow::Result<Effective> {
        let Reading { sources: Sources { config, schemas }, channel } = self.reading;
        let mut sources = config::Sources::of_process(config);
        let flags: [(&[&str], Option<Value>, &'static str); 6] = [
            (&["schemas"], schemas.map(|folder| json!(folder.to_string_lossy())), "--schemas"),
            (&["channel"], channel.map(|channel| json!(channel)), "--channel"),
            (&["create_topics"], self.create_topics.then_some(Value::Bool(true)), "--create-topics"),
            (&["listen"], self.listen.map(|address| json!(address)), "--listen"),
            (&["log", "format"], self.log_format.map(|format| json!(format)), "--log-format"),
            (&["log", "level"], self.log_level.map(|level| json!(level)), "--log-level"),
        ];
        for (path, value, flag) in flags {
            let path = path.iter().map(ToString::to_string).collect();
            sources.flags.extend(value.map(|value| (path, value, flag)));
        }
        Ok(sources.read()?)
    }
}
