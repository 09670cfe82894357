//! The command line of converse-server. Each command is a file in `cli/`.

mod cli;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    // Before anything makes a JID: flags and configuration hold some.
    converse_server::prep::install();
    cli::Cli::parse().run()
}
