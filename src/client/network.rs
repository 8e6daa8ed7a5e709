//! What a change of the device's network means for a client.

use super::Inner;
use crate::call::ServerMessage;
use crate::error::Result;
use crate::net::interfaces;
use crate::runtime;
use std::sync::{Arc, Weak};

/// The session first: calls need it to make their media anew.
pub(super) fn changed(client: &Inner) {
    let addresses = interfaces::addresses();
    client.session.network_changed(addresses.clone());
    client.router.message_all(|| ServerMessage::NetworkChanged(addresses.clone()));
}

/// Notices changes by itself for as long as the client lives, where the platform tells.
pub(super) fn watch(client: &Arc<Inner>) -> Result<()> {
    let client: Weak<Inner> = Arc::downgrade(client);
    let task = runtime::spawn(interfaces::watch({
        let client = client.clone();
        move || match client.upgrade() {
            Some(client) => {
                tracing::info!("the device's network changed");
                changed(&client);
                true
            }
            None => false,
        }
    }))?;
    if let Some(client) = client.upgrade() {
        *client.watch.lock().unwrap_or_else(std::sync::PoisonError::into_inner) =
            Some(task.abort_handle());
    }
    Ok(())
}
