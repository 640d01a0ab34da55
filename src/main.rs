//! The command `sluice`.

mod allocator;

use std::process::ExitCode;

use clap::Parser as _;
use sluice::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.evaluates_once() {
        allocator::give_back_at_once();
    }
    match cli.run() {
        Ok(status) => status,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
