//! `vet`: whether packages hold, or documents satisfy a schema.

use clap::Args;
use cue::Validation;

use crate::arguments::{Common, Input};
use crate::failure::Failure;
use crate::plan::{Data, Plan};
use crate::world::World;

pub(crate) const EXAMPLES: &str = "\
Examples:
  sluice cue vet                                  the package of this folder
  sluice cue vet -c ./...                         all packages below, which must be concrete
  sluice cue vet order.cue data.json -d '#Order'  each value of data.json against #Order

Exit status: 0 if all is valid, 1 if not.";

/// Flags of `vet`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    input: Input,
    /// Require values to be concrete, or with =false allow what is incomplete
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    concrete: Option<bool>,
}

const INCOMPLETE: &str =
    "some instances are incomplete; use the -c flag to show errors or -c=false to allow incomplete instances";

pub(crate) fn run(arguments: &Arguments, world: &mut World<'_>) -> Result<(), Failure> {
    let plan = Plan::new(&arguments.input, Data::OneByOne, world)?;
    let mut failed = false;
    if plan.documents.is_some() {
        plan.for_each(&[], |item| {
            if let Err(errors) = item.value().validate(Validation { concrete: true }) {
                world.complain(&errors.into());
                failed = true;
            }
            Ok(())
        })?;
        return told(failed);
    }
    let mut noted = false;
    for unit in plan.units() {
        let value = unit.instance.root();
        value.validate(Validation { concrete: false })?;
        let concrete = Validation { concrete: arguments.concrete.unwrap_or(true) };
        let Err(errors) = value.validate(concrete) else { continue };
        failed = true;
        if arguments.concrete.is_some() {
            world.complain(&errors.into());
        } else if !noted {
            noted = true;
            world.note(INCOMPLETE);
        }
    }
    told(failed)
}

fn told(failed: bool) -> Result<(), Failure> {
    if failed { Err(Failure::Told) } else { Ok(()) }
}
