//! `eval`: values as they are after evaluation, complete or not.

use clap::Args;
use cue::Validation;
use cue::export::syntax::Profile;

use crate::arguments::{Common, Input, Output};
use crate::encode::Encoder;
use crate::failure::Failure;
use crate::file_type::{Encoding, Interpretation, Mode};
use crate::plan::{Data, Item, Plan};
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
    let mut encoder = Encoder::new(&arguments.output, &arguments.input, Mode::Eval, false)?;
    let plan = Plan::new(&arguments.input, Data::Merged, world)?;
    let expressions = &arguments.output.expression;
    let names_instances = plan.units().len() > 1;
    let mut failed = false;
    let done = plan.for_each(expressions, |item| {
        let name = if names_instances { item.name } else { "" };
        match show(arguments, item, &mut encoder) {
            Ok(()) => Ok(()),
            Err(Shown::Stop(failure)) => {
                header(name, world);
                Err(failure)
            }
            Err(Shown::GoOn(failure)) => {
                header(name, world);
                world.complain(&failure);
                failed = true;
                Ok(())
            }
        }
    });
    encoder.finish(world)?;
    done?;
    if failed { Err(Failure::Told) } else { Ok(()) }
}

/// What follows from an error of one value.
enum Shown {
    Stop(Failure),
    GoOn(Failure),
}

fn header(name: &str, world: &mut World<'_>) {
    if !name.is_empty() {
        world.note(&format!("// {name}"));
    }
}

fn show(arguments: &Arguments, item: &Item<'_>, encoder: &mut Encoder) -> Result<(), Shown> {
    if encoder.kind.interpretation == Interpretation::JsonSchema {
        if encoder.kind.encoding == Encoding::Cue {
            // The reference derives these from what is left of the value when it is shown.
            return Err(Shown::Stop(Failure::unsupported("JSON Schema as CUE of what is evaluated")));
        }
        return encoder.item(item).map_err(Shown::GoOn);
    }
    let value = &item.value();
    if encoder.kind.encoding != Encoding::Cue {
        return encoder.value(value).map_err(Shown::GoOn);
    }
    if !arguments.common.ignore {
        value.validate(Validation { concrete: false }).map_err(|errors| Shown::Stop(errors.into()))?;
        if arguments.concrete {
            value.validate(Validation { concrete: true }).map_err(|errors| Shown::GoOn(errors.into()))?;
        }
    }
    let file = value.to_syntax(Profile {
        defaults: true,
        optional: (arguments.all || arguments.show_optional) && !arguments.concrete,
        definitions: !arguments.concrete,
        hidden: (arguments.all || arguments.show_hidden) && !arguments.concrete,
        attributes: arguments.show_attributes,
        errors: arguments.common.ignore,
        docs: false,
    });
    let many = arguments.output.expression.len() > 1;
    encoder.evaluated(file, value.sources(), item.expression.filter(|_| many).unwrap_or_default());
    Ok(())
}
