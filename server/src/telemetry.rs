//! The log: `tracing` to standard error, as text or JSON.
//!
//! Our own crates never give a secret to it, whatever the filter. Libraries underneath write whole frames and headers at their more
//! talkative levels; these are cut off, so that no filter can put passwords into a log.

use std::io::IsTerminal as _;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt, registry};

use crate::config::{Log, LogFormat};

/// Starts logging. More calls, as in tests, do nothing.
pub fn start(config: &Log) {
    // The configuration was checked before; a filter that does not parse cannot come here.
    let filter = EnvFilter::try_new(&config.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match config.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    if let Err(error) = registry().with(filter).with(filter_fn(is_discreet)).with(lines).try_init() {
        tracing::debug!(%error, "logging was started before");
    }
}

fn is_discreet(metadata: &Metadata<'_>) -> bool {
    let ours = ["converse_server", "xmpp"].iter().any(|name| metadata.target().starts_with(name));
    ours || *metadata.level() <= Level::INFO
}
