//! `def`: definitions as they are written, files unified.

use clap::Args;

use crate::arguments::{Common, Input, Output};
use crate::encode::Encoder;
use crate::failure::Failure;
use crate::file_type::Mode;
use crate::plan::{Data, Plan};
use crate::world::World;

pub(crate) const EXAMPLES: &str = "\
Examples:
  sluice cue def                        the package of this folder as one file
  sluice cue def x.cue -e '#Order'      a definition on its own
  sluice cue def x.cue --out openapi    the definitions as OpenAPI
  sluice cue def x.cue --out jsonschema -e '#Order'
                                        a definition as JSON Schema";

/// Flags of `def`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    output: Output,
    /// Display field attributes
    #[arg(short = 'A', long)]
    show_attributes: bool,
    /// Expand references to packages that are not builtin
    #[arg(long)]
    inline_imports: bool,
}

pub(crate) fn run(arguments: &Arguments, world: &mut World<'_>) -> Result<(), Failure> {
    let mut encoder = Encoder::new(&arguments.output, &arguments.input, Mode::Def, false)?;
    let plan = Plan::new(&arguments.input, Data::Merged, world)?;
    let written = plan.for_each(&arguments.output.expression, |item| encoder.item(item));
    // Values before one that fails are printed.
    encoder.finish(world)?;
    written
}
