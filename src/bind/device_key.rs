//! Tokens that are bound to a key of the installation, for the generated languages.

use super::credentials::Credentials;
use super::Result;
use std::sync::Arc;

/// An RSA key of this installation. A token that is bound to it is of no use to anybody else.
///
/// Make it once, keep `to_pkcs8` where the platform keeps secrets, and read it back at the next start.
/// The backend passes `thumbprint` as `fingerprint`, with `scope` = `sat:refresh`, when it makes a
/// token; the client then renews that token by itself. Source: RFC 9449 and RFC 7638.
#[derive(uniffi::Object)]
pub struct DeviceKey(crate::DeviceKey);

#[uniffi::export]
impl DeviceKey {
    /// Makes a new key. It takes some tenths of a second; not for a thread that must not wait.
    ///
    /// Errors: `Internal` if the system has no randomness.
    #[uniffi::constructor]
    pub fn generate() -> Result<Self> {
        Ok(Self(crate::DeviceKey::generate()?))
    }

    /// Reads a key. `pkcs8`: an RSA key of 2048 bits or more, unencrypted, in DER.
    ///
    /// Errors: `InvalidArgument` for anything else.
    #[uniffi::constructor]
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self> {
        Ok(Self(crate::DeviceKey::from_pkcs8(pkcs8)?))
    }

    /// The private key in DER, to be kept in a safe place. A secret.
    pub fn to_pkcs8(&self) -> Vec<u8> {
        self.0.to_pkcs8().to_vec()
    }

    /// The key's thumbprint (RFC 7638, SHA-256): 43 characters of base64url, for the backend.
    pub fn thumbprint(&self) -> String {
        self.0.thumbprint().to_owned()
    }
}

#[uniffi::export]
impl Credentials {
    /// The same credentials for a client that proves with every connection that it has this key.
    ///
    /// A token with the scope `sat:refresh` is exchanged for one that is bound to the key before
    /// `connect` is done, and renewed with the key alone from then on; a provider is asked only for
    /// the first token, and again if the service refuses the bound one. If the exchange fails,
    /// `connect` does. A token without the scope is used as it is, and the event `TokenNotBound` says
    /// so; once a client was bound, that ends the session.
    pub fn bound_to(&self, key: &DeviceKey) -> Arc<Credentials> {
        Arc::new(Credentials(self.0.clone().bound_to(key.0.clone())))
    }
}
