//! `cargo xtask demo`.

use std::process::ExitCode;

use clap::Args;

use crate::workspace::Workspace;

#[derive(Args)]
pub(crate) struct Options {
    /// The port of the demo
    #[arg(long, default_value_t = 8080)]
    port: u16,
}

pub(crate) fn run(_workspace: &Workspace, options: &Options) -> anyhow::Result<ExitCode> {
    anyhow::bail!("port {}", options.port)
}
