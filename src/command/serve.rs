//! `varco serve`: the web application.

use super::{Failure, Outcome, Result, open, say};
use crate::register::Register;
use crate::settings::Settings;
use crate::web::{App, routes};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// How often a server looks for imports that another left half done.
const BETWEEN_ROUNDS: Duration = Duration::from_secs(30);

/// What `serve` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Indirizzo e porta su cui ascoltare; la porta 0 ne sceglie una libera
    #[arg(long, value_name = "INDIRIZZO")]
    listen: Option<String>,
}

/// Serves until it is told to stop; requests under way are finished.
pub async fn run(args: Args, mut settings: Settings) -> Result {
    let register = open(&settings).await?;
    if settings.installation.is_empty() {
        settings.installation = register.coordinator().await?;
    }
    let address = args.listen.unwrap_or_else(|| settings.listen.clone());
    let listener = TcpListener::bind(&address)
        .await
        .map_err(|error| Failure::new(format!("Non si può ascoltare su {address}: {error}.")))?;
    register.tidy().await?;
    let store = register.store.clone();
    tokio::spawn(work(register.clone()));
    let app = routes::router(App::new(register.clone(), settings));
    say(format_args!(
        "Varco ascolta su http://{}",
        listener.local_addr()?
    ));
    axum::serve(
        listener,
        app.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .with_graceful_shutdown(stopped())
    .await?;
    if let Err(error) = register.settle().await {
        tracing::error!(%error, "the last readings are not in the history");
    }
    store.close().await;
    Ok(Outcome::Done)
}

/// Goes on with the imports that an earlier run left half done, and looks now and then for those
/// that another server left.
async fn work(register: Register) {
    let mut rounds = tokio::time::interval(BETWEEN_ROUNDS);
    loop {
        rounds.tick().await;
        if let Err(error) = register.work().await {
            tracing::error!(%error, "imports are not worked at");
        }
    }
}

async fn stopped() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
