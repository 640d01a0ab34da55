//! The command `sluice`.

use std::process::ExitCode;

use clap::Parser as _;
use sluice::cli::Cli;

/// Measured against the system's allocator under load; librdkafka uses it too where it is linked over `malloc`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
