//! The key of an installation, to which tokens can be bound, and the proofs that it is there.

use super::schedule;
use crate::error::{Error, Result};
use crate::util::redact::Secret;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use ring::digest::{digest, SHA256};
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::RSA_PKCS1_SHA256;
use rsa::pkcs8::EncodePrivateKey;
use serde_json::{json, Value};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The size that the service's own SDK uses, in bits.
const BITS: usize = 2_048;

/// An RSA key of this installation. A token that is bound to it is of no use to anybody else.
///
/// Make it once, keep [`DeviceKey::to_pkcs8`] where the platform keeps secrets, and read it back at
/// the next start. The backend passes [`DeviceKey::thumbprint`] as `fingerprint`, with `scope` =
/// `sat:refresh`, when it makes a token; the client then renews that token by itself. A handle:
/// cloning it is cheap.
/// Source: RFC 9449 and RFC 7638, as in signalwire-js CryptoController.ts.
#[derive(Clone)]
pub struct DeviceKey(Arc<Inner>);

struct Inner {
    pair: KeyPair,
    pkcs8: Zeroizing<Vec<u8>>,
    jwk: Value,
    thumbprint: String,
}

impl DeviceKey {
    /// Makes a new key. It takes some tenths of a second; not for a thread that must not wait.
    ///
    /// Errors: `Internal` if the system has no randomness.
    pub fn generate() -> Result<Self> {
        let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, BITS)
            .map_err(|error| Error::internal(format!("cannot make a device key: {error}")))?;
        let pkcs8 = key
            .to_pkcs8_der()
            .map_err(|error| Error::internal(format!("cannot write a device key: {error}")))?;
        Self::from_pkcs8(pkcs8.as_bytes())
    }

    /// Reads a key. `pkcs8`: an RSA key of 2048 bits or more, unencrypted, in DER; copied.
    ///
    /// Errors: `InvalidArgument` for anything else.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self> {
        let pair = KeyPair::from_pkcs8(pkcs8).map_err(|_| {
            Error::invalid(
                "this is no RSA key of at least 2048 bits in PKCS#8 (DER); make a new one",
            )
        })?;
        let public: PublicKeyComponents<Vec<u8>> = pair.public().into();
        let (n, e) = (URL_SAFE_NO_PAD.encode(public.n), URL_SAFE_NO_PAD.encode(public.e));
        // RFC 7638: the required members in the order of their names, without spaces.
        let canonical = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
        let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()));
        let jwk = json!({ "kty": "RSA", "n": n, "e": e });
        let pkcs8 = Zeroizing::new(pkcs8.to_vec());
        Ok(Self(Arc::new(Inner { pair, pkcs8, jwk, thumbprint })))
    }

    /// The private key in DER, to be kept in a safe place. Wiped from memory when dropped.
    pub fn to_pkcs8(&self) -> Zeroizing<Vec<u8>> {
        self.0.pkcs8.clone()
    }

    /// The key's thumbprint (RFC 7638, SHA-256): 43 characters of base64url, for the backend.
    pub fn thumbprint(&self) -> &str {
        &self.0.thumbprint
    }

    /// Proves possession for one RPC request.
    pub(super) fn for_rpc(&self, method: &str) -> Result<Secret> {
        self.proof(json!({ "rpc": "request", "mth": method }))
    }

    /// Proves possession for one POST to `path`; on a refresh also that the token is known.
    /// The service's SDK puts the path alone into `htu`.
    pub(crate) fn for_post(&self, path: &str, token: Option<&str>) -> Result<Secret> {
        let mut claims = json!({ "htm": "POST", "htu": path });
        if let Some(token) = token {
            claims["ath"] = URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes())).into();
        }
        self.proof(claims)
    }

    /// Every proof is good once: it has its own `jti`.
    fn proof(&self, mut claims: Value) -> Result<Secret> {
        claims["jti"] = uuid::Uuid::new_v4().to_string().into();
        claims["iat"] = schedule::now().into();
        let header = json!({ "typ": "dpop+jwt", "alg": "RS256", "jwk": self.0.jwk });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let mut signature = vec![0; self.0.pair.public().modulus_len()];
        self.0
            .pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| Error::internal("the device key cannot sign"))?;
        Ok(Secret::from(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}

impl std::fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeviceKey({})", self.0.thumbprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use ring::signature::{RsaPublicKeyComponents, RSA_PKCS1_2048_8192_SHA256};

    fn json_of(part: &str) -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn a_key_survives_being_kept_and_its_proofs_verify() {
        let key = DeviceKey::generate().unwrap();
        let same = DeviceKey::from_pkcs8(&key.to_pkcs8()).unwrap();
        assert_eq!(key.thumbprint(), same.thumbprint());
        assert_eq!(key.thumbprint().len(), 43);
        let proof = same.for_post("/x", Some("token")).unwrap();
        let parts: Vec<&str> = proof.expose().split('.').collect();
        let (header, claims) = (json_of(parts[0]), json_of(parts[1]));
        assert_eq!((&header["typ"], &header["alg"]), (&json!("dpop+jwt"), &json!("RS256")));
        assert_eq!(header["jwk"].as_object().unwrap().len(), 3, "the public key alone");
        assert_eq!((&claims["htm"], &claims["htu"]), (&json!("POST"), &json!("/x")));
        assert_eq!(claims["ath"], "PEaenWxYddN6Q_NT1PiOYfz4EsZu7jRXRlpAsNpBU-A");
        let component =
            |name: &str| URL_SAFE_NO_PAD.decode(header["jwk"][name].as_str().unwrap()).unwrap();
        let public = RsaPublicKeyComponents { n: component("n"), e: component("e") };
        let signed = format!("{}.{}", parts[0], parts[1]);
        let signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
        public.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).unwrap();
        let other = same.for_rpc("signalwire.connect").unwrap();
        let other = json_of(other.expose().split('.').nth(1).unwrap());
        assert_eq!(
            (&other["rpc"], &other["mth"]),
            (&json!("request"), &json!("signalwire.connect"))
        );
        assert_ne!(other["jti"], claims["jti"]);
        assert!(!format!("{key:?}").contains(&URL_SAFE_NO_PAD.encode(&*key.to_pkcs8())[40..80]));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for bytes in [&b""[..], b"nonsense", &[0x30; 64]] {
            let error = DeviceKey::from_pkcs8(bytes).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        }
    }
}
