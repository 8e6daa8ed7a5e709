//! The device key, if the client has one: the one place that knows whether that was built.

#[cfg(feature = "dpop")]
use super::device_key::DeviceKey;
use crate::error::Result;
use crate::util::redact::Secret;

/// Makes the proofs that go along with requests.
#[derive(Clone, Default)]
pub(crate) struct Prover {
    #[cfg(feature = "dpop")]
    pub(crate) key: Option<DeviceKey>,
}

#[cfg(feature = "dpop")]
impl Prover {
    pub(crate) fn thumbprint(&self) -> Option<&str> {
        self.key.as_ref().map(DeviceKey::thumbprint)
    }

    /// The value of `dpop_token` for one request; `None` without a key.
    pub(crate) fn for_rpc(&self, method: &str) -> Result<Option<Secret>> {
        self.key.as_ref().map(|key| key.for_rpc(method)).transpose()
    }
}

#[cfg(not(feature = "dpop"))]
impl Prover {
    pub(crate) fn thumbprint(&self) -> Option<&str> {
        None
    }

    pub(crate) fn for_rpc(&self, _: &str) -> Result<Option<Secret>> {
        Ok(None)
    }
}
