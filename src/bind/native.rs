//! The bridge to the C interface, through which languages that can call C cheaply move audio.

use super::{Call, Result};

// A block of its own, because a `cfg` inside an exported block is not looked at.
#[uniffi::export]
impl Call {
    /// This call as an `sw_call` of the C interface, for audio. Each call of this method makes a
    /// handle with one reference; the receiver ends it with `sw_call_unref`.
    pub fn native_handle(&self) -> Result<u64> {
        Ok(crate::ffi::handle::insert_call(self.0.clone())?)
    }
}
