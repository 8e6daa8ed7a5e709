//! The library as a whole: its version and its end.

use super::guard::guard;
use super::handle;
use super::observer::wait_for_pumps;
use super::status::sw_status;
use crate::client;
use crate::error::{Error, ErrorKind};
use crate::runtime::{self, dispatch};
use std::ffi::c_char;
use std::time::Duration;

/// How long the shutdown waits for the last events to be delivered.
const LAST_EVENTS: Duration = Duration::from_secs(1);

/// Gives the version of the library that runs: `major * 1000000 + minor * 1000 + patch`.
///
/// `SW_VERSION_NUMBER` is the version of the header that was compiled; `SW_VERSION_CHECK()`
/// compares the two. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_version_number() -> u32 {
    const fn number(text: &str) -> u32 {
        let (bytes, mut value, mut at) = (text.as_bytes(), 0, 0);
        while at < bytes.len() {
            value = value * 10 + (bytes[at] - b'0') as u32;
            at += 1;
        }
        value
    }
    const NUMBER: u32 = number(env!("CARGO_PKG_VERSION_MAJOR")) * 1_000_000
        + number(env!("CARGO_PKG_VERSION_MINOR")) * 1_000
        + number(env!("CARGO_PKG_VERSION_PATCH"));
    NUMBER
}

/// Gives the version of the library that runs as text, such as `0.1.0`.
///
/// Never NULL; static, never free it. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_version_string() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Ends the library: hangs up all calls, closes all clients, calls what is owed to completions
/// and observers, then ends every thread. Blocks, normally well below 1 s, 10 s at most.
///
/// Call it before `main` returns or the library is unloaded. Handles stay valid and must still be
/// freed; their clients are closed. The library may be used again afterwards and starts anew. A
/// second call does nothing. No other thread may use the library meanwhile.
/// Errors: `SW_ERR_IN_CALLBACK` inside a callback, where nothing is done.
#[no_mangle]
pub extern "C" fn sw_shutdown() -> sw_status {
    guard(|| {
        if dispatch::in_callback() {
            return Err(in_callback());
        }
        let clients = handle::clients();
        if !clients.is_empty() {
            let closing = clients.iter().map(|object| object.client.disconnect());
            runtime::block_on(async { futures_util::future::join_all(closing).await })?;
        }
        drop(clients);
        wait_for_pumps(LAST_EVENTS);
        if !client::shutdown() {
            return Err(in_callback());
        }
        // Ending the runtime cancels what was under way: tell those completions too.
        dispatch::stop(LAST_EVENTS);
        Ok(())
    })
}

fn in_callback() -> Error {
    Error::new(
        ErrorKind::InCallback,
        "sw_shutdown would wait for the callback that it is called from; call it elsewhere",
    )
}
