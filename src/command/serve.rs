//! `varco serve`: the web application.
//!
//! Told to stop, it takes no more requests and waits for those under way, but not for ever: what does
//! not end is named in the log and interrupted, and so is the closing of the database. Enforced by
//! `tests/it/serving.rs`; the program's `main` does the same with work on threads aside.

use super::{Failure, Outcome, Result, open, say};
use crate::register::Register;
use crate::settings::Settings;
use crate::storage::Store;
use crate::web::{App, routes};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// How often a server looks for imports that another left half done.
const BETWEEN_ROUNDS: Duration = Duration::from_secs(30);

/// How long requests under way are waited for, once it was told to stop.
const GRACE: Duration = Duration::from_secs(30);

/// How long the history and the database are waited for after that.
const CLOSING: Duration = Duration::from_secs(20);

/// What `serve` takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Indirizzo e porta su cui ascoltare; la porta 0 ne sceglie una libera
    #[arg(long, value_name = "INDIRIZZO")]
    listen: Option<String>,
}

/// Serves until it is told to stop; requests under way are finished, unless they take too long or it is
/// told once more.
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
    let mut stops = Stops::listen()?;
    let store = register.store.clone();
    tokio::spawn(work(register.clone()));
    let underway = Underway::default();
    let app = routes::router(App::new(register.clone(), settings))
        .layer(from_fn_with_state(underway.clone(), Underway::count));
    say(format_args!(
        "Varco ascolta su http://{}",
        listener.local_addr()?
    ));
    let (tell, told) = oneshot::channel();
    let serving = axum::serve(
        listener,
        app.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .with_graceful_shutdown(async move {
        stops.told().await;
        tracing::info!("told to stop: requests under way are finished; told again, interrupted");
        let _waited_for = tell.send(stops);
    });
    tokio::select! {
        served = serving.into_future() => served?,
        () = overdue(told) => tracing::warn!(requests = %underway.names(), "requests are interrupted"),
    }
    let closing = close(&register, &store);
    if tokio::time::timeout(CLOSING, closing).await.is_err() {
        tracing::warn!("the database is still in use: it is left as it is");
    }
    Ok(Outcome::Done)
}

/// Writes what the history waits for, and closes the database.
async fn close(register: &Register, store: &Store) {
    if let Err(error) = register.settle().await {
        tracing::error!(%error, "the last readings are not in the history");
    }
    store.close().await;
}

/// Waits until requests were waited for long enough after it was told to stop, or it is told again.
async fn overdue(told: oneshot::Receiver<Stops>) {
    let Ok(mut stops) = told.await else {
        // Nobody will tell any more, because all is served.
        return std::future::pending().await;
    };
    tokio::select! {
        () = tokio::time::sleep(GRACE) => {}
        () = stops.told() => {}
    }
}

/// The requests that have no answer yet: how many of each route. Of an address only the form is kept,
/// never what somebody asked.
#[derive(Debug, Clone, Default)]
struct Underway(Arc<Mutex<BTreeMap<String, usize>>>);

impl Underway {
    async fn count(State(underway): State<Self>, request: Request, next: Next) -> Response {
        let path = request.extensions().get::<MatchedPath>();
        let path = path.map_or("?", MatchedPath::as_str);
        let _begun = underway.begin(format!("{} {path}", request.method()));
        next.run(request).await
    }

    fn begin(&self, name: String) -> Begun {
        *self.lock().entry(name.clone()).or_default() += 1;
        Begun(self.clone(), name)
    }

    fn names(&self) -> String {
        let names = self.lock();
        let names: Vec<String> = names
            .iter()
            .map(|(name, count)| format!("{name} ({count})"))
            .collect();
        if names.is_empty() {
            // Answers that nobody goes on reading.
            "only answers on their way".to_owned()
        } else {
            names.join(", ")
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request, until it is answered or nobody waits for the answer.
struct Begun(Underway, String);

impl Drop for Begun {
    fn drop(&mut self) {
        let mut names = self.0.lock();
        if let Some(count) = names.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                names.remove(&self.1);
            }
        }
    }
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

/// The signals that stop a server. One that comes while nobody waits for it is not lost.
struct Stops {
    terminate: Signal,
    interrupt: Signal,
}

impl Stops {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next one.
    async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
