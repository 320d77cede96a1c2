//! `varco serve`: the web application.

use super::{Failure, Outcome, Result, open, say};
use crate::settings::Settings;
use crate::web::{App, routes};
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

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
    let store = register.store.clone();
    let app = routes::router(App::new(register, settings));
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
    store.close().await;
    Ok(Outcome::Done)
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
