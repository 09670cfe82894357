//! Developer commands, run as `cargo xtask <command>`.
//!
//! One file or folder per command: [`demo`], [`test`], [`dist`], [`tidy`], [`size`], [`new_xep`], [`profile`]; what they share is in [`prepare`]
//! (what a fresh machine lacks), [`process`] (running programs) and [`workspace`] (where things are). Knows nothing of XMPP.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a developer tool talks to its terminal, looks at clocks and reads the environment"
)]

mod demo;
mod dist;
mod new_xep;
mod prepare;
mod process;
mod profile;
mod size;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Developer commands", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build everything in release form and start the server with the demo site and demo accounts
    Demo(demo::Options),
    /// Prepare what is missing and run every check there is
    Test(test::Options),
    /// Build the element, pack the npm tarball and lay out the files that the server serves
    Dist,
    /// Check the rules of the house: layers, names, file sizes, registries
    Tidy,
    /// Write what a new XEP starts with in each layer, and its registry lines
    NewXep(new_xep::Options),
    /// Find out in a browser which functions draw the sign-in form, for the splitting of the module
    Profile,
    /// Print what a page loads in bytes and compare it with the limits
    Size,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::locate()?;
    match command {
        Command::Demo(options) => demo::run(&workspace, &options),
        Command::Test(options) => test::run(&workspace, &options),
        Command::Dist => {
            prepare::for_dist(&workspace)?;
            dist::run(&workspace)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Tidy => tidy::run(&workspace),
        Command::NewXep(options) => new_xep::run(&workspace, &options),
        Command::Profile => profile::run(&workspace),
        Command::Size => {
            prepare::for_dist(&workspace)?;
            dist::run(&workspace)?;
            size::run(&workspace)
        }
    }
}
