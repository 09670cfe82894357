//! `cargo xtask demo`: everything built in release form and running, with accounts to sign in with.
//!
//! The chat is `converse-server` with its embedded host. In front stands the back end of an imaginary small business
//! (`demo-site/backend.mjs`), as it would at a real site: it knows who is logged in to the site and signs the visitor's
//! token, and passes everything else on to the chat server. [`children`] starts the two and stops them together.

mod children;
mod data;
mod other;

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use crate::demo::children::Children;
use crate::demo::data::{ACCOUNTS, Data, PASSWORD};
use crate::demo::other::{Kind, Other};
use crate::process::{announce, cargo, command, run as run_program};
use crate::workspace::Workspace;
use crate::{dist, prepare};

/// What our server hosts by itself while another one stands behind it.
const OWN_DOMAIN: &str = "own.localhost";

#[derive(Args)]
pub(crate) struct Options {
    /// The port of the demo, on this machine only
    #[arg(long, default_value_t = 8080, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// The folder for the database, kept between runs
    #[arg(long, default_value = "demo-data", value_name = "FOLDER")]
    data_dir: PathBuf,
    /// Put another XMPP server behind ours, which then relays the pages' sign-ins to it
    #[arg(long, value_enum, value_name = "SERVER")]
    upstream: Option<Kind>,
}

/// Prepares, builds, starts and waits until the demo is stopped with ctrl-c.
///
/// # Errors
/// When the port is taken, something does not build or a part of the demo ends.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<ExitCode> {
    // Before a build of minutes, not after it.
    check_port(options.port)?;
    prepare::for_dist(workspace)?;
    if let Some(kind) = options.upstream {
        prepare::for_upstream(kind.name())?;
    }
    dist::run(workspace)?;
    announce("Building the server (the first time takes some minutes)");
    run_program(command(cargo(), workspace.root()).args([
        "build",
        "--release",
        "--locked",
        "--package",
        "converse-server",
    ]))?;
    let server = workspace.target().join("release/converse-server");
    let folder = workspace.root().join(&options.data_dir);
    let other = options.upstream.map(|kind| Other::prepare(kind, &folder)).transpose()?;
    let data = match options.upstream {
        None => Data::open(&server, &folder, "localhost")?,
        // `localhost` is the other server's then.
        Some(kind) => Data::open(&server, &folder.join(format!("before-{}", kind.name())), OWN_DOMAIN)?,
    };
    data.add_accounts()?;
    let mut children = Children::start(workspace, &data, options.port, other.as_ref())?;
    print_addresses(options, &data);
    children.wait()?;
    Ok(ExitCode::FAILURE)
}

fn check_port(port: u16) -> anyhow::Result<()> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map(drop)
        .with_context(|| format!("port {port} can't be used; choose another one with --port"))
}

fn print_addresses(options: &Options, data: &Data) {
    let address = format!("http://localhost:{}", options.port);
    println!("\nThe demo is at {address}/\n");
    println!(
        "  {address}/shop/     a small business, the chat as an overlay, customers signed in by the shop (alice, carol)"
    );
    println!("  {address}/client/   a full-screen client with a sign-in form");
    println!("  {address}/article/  the chat in the flow of an article\n");
    println!("  Sign in as one of these, with the password {PASSWORD}; two browsers make a conversation:");
    for (account, name) in ACCOUNTS {
        println!("    {account}@localhost  ({name})");
    }
    if let Some(kind) = options.upstream {
        println!(
            "\n  These are {}'s, which stands behind the server: use the client's form. The shop's customers are",
            kind.name()
        );
        println!("  at {OWN_DOMAIN}, which the server hosts by itself.");
    }
    println!("\n  The database is in {}. Stop with ctrl-c.", data.folder().display());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_a_clear_error() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("some port is free");
        let port = taken.local_addr().expect("it is bound").port();
        let error = check_port(port).expect_err("the port is taken");
        let text = format!("{error:#}");
        assert!(text.contains(&format!("port {port}")) && text.contains("--port"), "{text}");
    }
}
