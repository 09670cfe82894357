//! The log: `tracing` to standard error, as text or JSON. What must not be in it is never given to it.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Starts logging. More calls, as in tests, do nothing.
pub fn start(config: &Log) {
    // The configuration was checked before; a filter that does not parse cannot come here.
    let filter = EnvFilter::try_new(&config.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let result = match config.format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if let Err(error) = result {
        tracing::debug!(%error, "logging was started before");
    }
}
