//! What can be asked, with the flags of the reference.

use clap::{Args, Subcommand};

use crate::{World, def, eval, export, failure::Failure, fmt, import, vet};

/// A command over CUE files and data.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Validate data, or whole packages
    #[command(after_help = vet::EXAMPLES)]
    Vet(vet::Arguments),
    /// Print concrete values as JSON, YAML, CUE or text
    #[command(after_help = export::EXAMPLES)]
    Export(export::Arguments),
    /// Evaluate and print values, complete or not, as CUE
    #[command(after_help = eval::EXAMPLES)]
    Eval(eval::Arguments),
    /// Print definitions: files unified, references kept
    #[command(after_help = def::EXAMPLES)]
    Def(def::Arguments),
    /// Format CUE files
    #[command(after_help = fmt::EXAMPLES)]
    Fmt(fmt::Arguments),
    /// Convert data files to CUE files
    #[command(after_help = import::EXAMPLES)]
    Import(import::Arguments),
}

impl Arguments {
    pub(crate) fn run(&self, world: &mut World<'_>) -> Result<(), Failure> {
        match &self.command {
            Command::Vet(arguments) => vet::run(arguments, world),
            Command::Export(arguments) => export::run(arguments, world),
            Command::Eval(arguments) => eval::run(arguments, world),
            Command::Def(arguments) => def::run(arguments, world),
            Command::Fmt(arguments) => fmt::run(arguments, world),
            Command::Import(arguments) => import::run(arguments, world),
        }
    }
}

/// Flags that each command takes.
#[derive(Debug, Default, Args)]
pub(crate) struct Common {
    /// Simplify output
    #[arg(short, long)]
    pub(crate) simplify: bool,
    /// Proceed in the presence of errors
    #[arg(short, long)]
    pub(crate) ignore: bool,
    /// Print all available errors
    #[arg(short = 'E', long)]
    pub(crate) all_errors: bool,
}

/// What is read, and as what.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct Input {
    /// Packages (folders such as ./x or ./x:name), CUE files and data files; "-" is standard input. A word such as
    /// "json:" before files says what they are
    #[arg(value_name = "INPUT", allow_hyphen_values = false)]
    pub(crate) inputs: Vec<String>,
    /// Package name for non-CUE files
    #[arg(short, long, value_name = "NAME")]
    pub(crate) package: Option<String>,
    /// Expression to select the schema for values in non-CUE files
    #[arg(short = 'd', long, value_name = "EXPRESSION", overrides_with = "schema")]
    pub(crate) schema: Option<String>,
    /// Where to place values of non-CUE files: a CUE expression for one component, or labels with colons
    #[arg(short = 'l', long, value_name = "EXPRESSION")]
    pub(crate) path: Vec<String>,
    /// Concatenate multiple objects into a list
    #[arg(long)]
    pub(crate) list: bool,
    /// Let expressions of --path see data, filename, index and recordCount
    #[arg(long)]
    pub(crate) with_context: bool,
    /// Regular expression for names of non-CUE files in folders
    #[arg(short = 'n', long = "name", value_name = "REGEXP")]
    pub(crate) glob: Option<String>,
    /// Merge non-CUE files
    #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true")]
    pub(crate) merge: bool,
    /// Set the value of a field with @tag: KEY=VALUE, or a shorthand
    #[arg(short = 't', long, value_name = "TAG")]
    pub(crate) inject: Vec<String>,
    /// Inject system variables in tags
    #[arg(short = 'T', long)]
    pub(crate) inject_vars: bool,
    /// Overwrite existing files, and the names of packages
    #[arg(short, long)]
    pub(crate) force: bool,
}

/// What is printed, and where.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Output {
    /// Print only the values of these expressions
    #[arg(short, long, value_name = "EXPRESSION")]
    pub(crate) expression: Vec<String>,
    /// Output format: json, yaml, cue, text
    #[arg(long, value_name = "FORMAT")]
    pub(crate) out: Option<String>,
    /// File name or - for standard output, with an optional format before it as in yaml:FILE
    #[arg(short = 'o', long, value_name = "FILE")]
    pub(crate) outfile: Option<String>,
}
