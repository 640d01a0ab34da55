//! `export`: concrete values in other formats.

use clap::Args;

use crate::arguments::{Common, Input, Output};
use crate::encode::Encoder;
use crate::failure::Failure;
use crate::file_type::Mode;
use crate::plan::{Data, Plan};
use crate::world::World;

pub(crate) const EXAMPLES: &str = "\
Examples:
  sluice cue export                          the package of this folder as JSON
  sluice cue export x.cue -e config --out yaml
  sluice cue export schema.cue data.yaml     data unified with a schema
  sluice cue export x.cue -e motd --out text";

/// Flags of `export`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    output: Output,
    /// Escape <, > and & in JSON for use in HTML
    #[arg(long)]
    escape: bool,
}

pub(crate) fn run(arguments: &Arguments, world: &mut World<'_>) -> Result<(), Failure> {
    let mut encoder = Encoder::new(&arguments.output, &arguments.input, Mode::Export, arguments.escape)?;
    let plan = Plan::new(&arguments.input, Data::Merged, world)?;
    let written = plan.for_each(&arguments.output.expression, |item| encoder.item(item));
    // Values before one that fails are printed.
    encoder.finish(world)?;
    written
}
