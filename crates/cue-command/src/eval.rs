//! `eval`: values as they are after evaluation, complete or not.

use clap::Args;

use crate::arguments::{Common, Input, Output};
use crate::encode::Encoder;
use crate::failure::Failure;
use crate::file_type::Mode;
use crate::plan::{Data, Plan};
use crate::world::World;

pub(crate) const EXAMPLES: &str = "\
Examples:
  sluice cue eval                       the package of this folder as CUE
  sluice cue eval x.cue -e '#Order' -a  with optional, hidden fields and attributes
  sluice cue eval -c x.cue              fail if a value is not concrete";

/// Flags of `eval`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    output: Output,
    /// Require the evaluation to be concrete
    #[arg(short, long)]
    concrete: bool,
    /// Display hidden fields
    #[arg(short = 'H', long)]
    show_hidden: bool,
    /// Display optional fields
    #[arg(short = 'O', long)]
    show_optional: bool,
    /// Display field attributes
    #[arg(short = 'A', long)]
    show_attributes: bool,
    /// Show optional and hidden fields
    #[arg(short, long)]
    all: bool,
}

pub(crate) fn run(arguments: &Arguments, world: &mut World<'_>) -> Result<(), Failure> {
    let mut encoder = Encoder::new(&arguments.output, Mode::Eval, false)?;
    let plan = Plan::new(&arguments.input, Data::Merged, world)?;
    let many = plan.units().len() > 1 || arguments.output.expression.len() > 1;
    plan.for_each(&arguments.output.expression, |item| {
        let header = item.expression.unwrap_or(item.name);
        if many && !header.is_empty() {
            encoder.text(&format!("// {header}\n"));
        }
        encoder.value(&item.value)
    })?;
    encoder.finish(world)
}
