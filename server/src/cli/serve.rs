//! `serve`: from a checked configuration to a running server, and down again in order.

use anyhow::Context as _;
use converse_server::config::Config;
use converse_server::http::{Server, ServerError, app};
use converse_server::session::Hub;
use converse_server::storage::Storage;
use converse_server::telemetry;

use super::Failure;

pub(super) fn run(config: Config) -> Result<(), Failure> {
    telemetry::start(&config.log);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot be started")?;
    runtime.block_on(serve(config))
}

async fn serve(config: Config) -> Result<(), Failure> {
    // The port first: it fails most often, and nothing has been touched then.
    let server = match Server::bind(&config).await {
        Ok(server) => server,
        Err(error @ ServerError::InUse(_)) => return Err(Failure::AddressInUse(error.to_string())),
        Err(error) => return Err(Failure::Other(error.into())),
    };
    let address = server.address().context("the listening socket has no address")?;
    let storage = Storage::open(&config.database()).context("the database cannot be used")?;
    let _lock = storage.lock().context("the data directory cannot be used")?;
    let domain = config.top.domain.0.clone();
    let hub = Hub::start(config, storage).await.context("the host cannot be started")?;
    let app = app(std::sync::Arc::clone(&hub)).context("a directory of files cannot be served")?;

    // Scripts wait for this line.
    println!("listening on http://{address}");
    tracing::info!(%address, domain, "ready");
    let running = tokio::spawn(server.run(app, hub.shutdown_signal()));
    let reason = stop_signal().await.context("signals cannot be received")?;
    tracing::info!(reason, sessions = hub.session_count(), "shutting down");
    hub.shut_down().await;
    running.await.context("the listener failed")?;
    tracing::info!("stopped");
    Ok(())
}

/// Waits for ctrl-c or SIGTERM.
async fn stop_signal() -> std::io::Result<&'static str> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok("SIGTERM"),
            result = tokio::signal::ctrl_c() => result.map(|()| "ctrl-c"),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.map(|()| "ctrl-c")
}
