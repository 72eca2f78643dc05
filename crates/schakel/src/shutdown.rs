//! When to stop: Ctrl-C, or the request of whoever runs the service.

use tokio::signal::unix::{SignalKind, signal as unix_signal};

/// Resolves when the process is asked to stop.
pub(crate) async fn signal() {
    let terminated = async {
        match unix_signal(SignalKind::terminate()) {
            Ok(mut signals) => drop(signals.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
