//! The end of a client, and of the library.

use super::Inner;
use crate::call::{Router, ServerMessage};
use crate::config::{BYE_TIMEOUT, SHUTDOWN_TIMEOUT};
use crate::media::sink;
use crate::runtime::{self, dispatch};
use crate::session::{ClientState, Listener, Session};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// Every client that may still be open, for the library's shutdown.
static CLIENTS: Mutex<Vec<Weak<Inner>>> = Mutex::new(Vec::new());

/// Held by the thread that ends the library.
static ENDING: Mutex<()> = Mutex::new(());

pub(super) fn register(client: &Arc<Inner>) {
    let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
    clients.retain(|client| client.strong_count() > 0);
    clients.push(Arc::downgrade(client));
}

/// Ends a client: bye to every call, then the socket, then the last event. Bounded.
pub(super) async fn close(inner: &Inner) {
    close_parts(inner.session.clone(), Arc::clone(&inner.router)).await;
}

async fn close_parts(session: Session, router: Arc<Router>) {
    let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, async {
        router.message_all(|| ServerMessage::Shutdown);
        let _ = tokio::time::timeout(BYE_TIMEOUT, router.all_calls_over()).await;
        session.close().await;
    })
    .await;
    router.on_state(ClientState::Closed, "");
}

/// For the last handle that was dropped without `disconnect`.
pub(super) fn close_in_background(inner: &Inner) {
    if inner.runtime.check().is_err() || inner.router.state() == ClientState::Closed {
        return;
    }
    let parts = close_parts(inner.session.clone(), Arc::clone(&inner.router));
    let _ = runtime::spawn(parts);
}

/// Ends the library: all clients with their calls, then every thread. At most 8 s.
///
/// Call it before the process exits or the library is unloaded; never from a callback (it gives
/// `false` there and does nothing). Objects made before are closed afterwards; the library may
/// be used again and starts anew. A second call does nothing; one at the same time waits for the
/// first.
pub fn shutdown() -> bool {
    if dispatch::in_callback() || tokio::runtime::Handle::try_current().is_ok() {
        return false;
    }
    // One at a time: the runtime that one call waits on would be ended by the other.
    let _alone = ENDING.lock().unwrap_or_else(PoisonError::into_inner);
    let clients: Vec<Arc<Inner>> = {
        let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
        clients.drain(..).filter_map(|client| client.upgrade()).collect()
    };
    let open: Vec<_> =
        clients.into_iter().filter(|client| client.runtime.check().is_ok()).collect();
    if !open.is_empty() {
        let closing = open.iter().map(|client| close(client));
        let _ = runtime::block_on(async { futures_util::future::join_all(closing).await });
    }
    drop(open);
    sink::shutdown();
    runtime::stop(Duration::from_secs(2));
    // Last: the end of the runtime wakes what still waits, and wakes run on the dispatcher.
    dispatch::stop(Duration::from_secs(1));
    true
}
