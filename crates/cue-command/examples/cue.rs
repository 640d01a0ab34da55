//! The commands as a program of their own: `cargo run -p cue-command --example cue -- export x.cue`.

use std::process::ExitCode;

use clap::Parser;
use cue_command::{Arguments, World};

/// That of `sluice`, so that measurements of this program hold for it.
#[path = "../../../src/allocator.rs"]
mod allocator;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    arguments: Arguments,
}

fn main() -> std::io::Result<ExitCode> {
    let cli = Cli::parse();
    allocator::give_back_at_once();
    let folder = std::env::current_dir()?;
    let (stdin, stdout, stderr) = (&mut std::io::stdin(), &mut std::io::stdout(), &mut std::io::stderr());
    Ok(ExitCode::from(cue_command::run(&cli.arguments, &mut World { folder, stdin, stdout, stderr })))
}
