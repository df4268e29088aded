//! `/livez`, `/readyz`, `/metrics`: read only, and nothing else.

use super::metrics::Metrics;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

/// A loop that has not turned for so long is dead.
const DEAD_SECONDS: i64 = 300;

/// What the probes tell.
#[derive(Debug, Default)]
pub struct Health {
    turned: AtomicI64,
    ready: AtomicU8,
}

impl Health {
    /// The loop has turned at that time (seconds since 1970).
    pub fn turned(&self, now: i64) {
        self.turned.store(now, Ordering::Relaxed);
    }

    /// Everything is listed and policies are read.
    pub fn ready(&self, ready: bool) {
        self.ready.store(u8::from(ready), Ordering::Relaxed);
    }
}

#[derive(Clone)]
struct Shared {
    health: Arc<Health>,
    metrics: Arc<Metrics>,
}

/// Serves until the process ends.
///
/// # Errors
/// The address cannot be listened on.
pub async fn serve(address: SocketAddr, health: Arc<Health>, metrics: Arc<Metrics>) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind(address).await?;
    let routes = Router::new()
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics_text))
        .with_state(Shared { health, metrics });
    axum::serve(listener, routes).await
}

async fn live(State(shared): State<Shared>) -> (StatusCode, &'static str) {
    let turned = shared.health.turned.load(Ordering::Relaxed);
    let now = crate::observe::watch::now();
    if turned == 0 || now.saturating_sub(turned) < DEAD_SECONDS {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the loop does not turn")
    }
}

async fn ready(State(shared): State<Shared>) -> (StatusCode, &'static str) {
    if shared.health.ready.load(Ordering::Relaxed) == 1 {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not everything is listed yet")
    }
}

async fn metrics_text(State(shared): State<Shared>) -> String {
    shared.metrics.text()
}
