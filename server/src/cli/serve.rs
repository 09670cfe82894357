//! `serve`: from a checked configuration to a running server, and down again in order.

use std::sync::Arc;

use anyhow::Context as _;
use converse_server::config::Config;
use converse_server::http::{Server, ServerError, app};
use converse_server::places::Places;
use converse_server::session::Hub;
use converse_server::storage::Storage;
use converse_server::tcp::{Certificate, Listener};
use converse_server::telemetry;
use converse_server::upstream::Upstreams;

use super::Failure;

pub(super) fn run(config: Config) -> Result<(), Failure> {
    telemetry::start(&config.log);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot be started")?;
    runtime.block_on(serve(config))
}

async fn serve(config: Config) -> Result<(), Failure> {
    // The port first: it fails most often, and nothing has been touched then.
    let places = Places::new(&config);
    let server = Server::bind(&config, Arc::clone(&places)).await.map_err(cannot_listen)?;
    let native = Listener::bind(&config, places).await.map_err(cannot_listen)?;
    let address = server.address().context("the listening socket has no address")?;
    let storage = Storage::open(&config.database()).context("the database cannot be used")?;
    let _lock = storage.lock().context("the data directory cannot be used")?;
    let certificate = native.is_on().then(|| Certificate::open(&config)).transpose();
    let certificate = certificate.context("native clients cannot be served")?;
    let domain = config.top.domain.0.clone();
    let upstreams = Upstreams::open(&config).context("another server cannot be relayed to")?;
    let hub = Hub::start(config, storage, upstreams).await.context("the host cannot be started")?;
    let app = app(Arc::clone(&hub)).context("a directory of files cannot be served")?;

    // Scripts wait for this line.
    let native_addresses = native.addresses();
    let lines: String = native_addresses.iter().map(|address| format!("\nlistening on {address}")).collect();
    println!("listening on http://{address}{lines}");
    tracing::info!(%address, ?native_addresses, domain, "ready");
    let running = tokio::spawn(server.run(app, hub.shutdown_signal()));
    reload_at_signal(certificate.clone()).context("signals cannot be received")?;
    if let Some(certificate) = certificate {
        tokio::spawn(native.run(Arc::clone(&hub), certificate, hub.shutdown_signal()));
    }
    let reason = stop_signal().await.context("signals cannot be received")?;
    tracing::info!(reason, sessions = hub.session_count(), "shutting down");
    hub.shut_down().await;
    running.await.context("the listener failed")?;
    tracing::info!("stopped");
    Ok(())
}

fn cannot_listen(error: ServerError) -> Failure {
    match error {
        error @ ServerError::InUse(_) => Failure::AddressInUse(error.to_string()),
        error => Failure::Other(error.into()),
    }
}

/// Reads the certificate again at SIGHUP, as programs that renew certificates send it. Without one the signal does no harm.
fn reload_at_signal(certificate: Option<Arc<Certificate>>) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut hangup = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                match &certificate {
                    Some(certificate) => certificate.reload(),
                    None => tracing::info!("SIGHUP: there is nothing to read again"),
                }
            }
        });
    }
    #[cfg(not(unix))]
    drop(certificate);
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
