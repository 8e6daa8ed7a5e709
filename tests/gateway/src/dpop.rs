//! Proofs of possession (after RFC 9449) as the browser SDK makes them: RS256, carried in bodies.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use ring::digest::{digest, SHA256};
use ring::signature::{RsaPublicKeyComponents, RSA_PKCS1_2048_8192_SHA256};
use serde_json::{json, Value};

use crate::rpc;
use crate::token;

/// How far the clock of a client may be off, in seconds.
const CLOCK_SKEW: i64 = 300;

/// What a proof has to be about.
pub enum About<'a> {
    /// An HTTP POST to this path, with the access token on a refresh.
    Http { path: &'a str, token: Option<&'a str> },
    /// An RPC request with this method.
    Rpc { method: &'a str },
}

/// A proof that was found to be in order.
#[derive(Debug)]
pub struct Proof {
    /// Thumbprint of the key (RFC 7638).
    pub thumbprint: String,
    pub jti: String,
}

/// Checks a proof; the error says what is wrong with it.
pub fn verify(proof: &str, about: &About) -> Result<Proof, String> {
    let parts: Vec<&str> = proof.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        return Err("the proof has not three parts".into());
    };
    let signed = format!("{header}.{claims}");
    let header = json_part(header)?;
    let claims = json_part(claims)?;
    if header["typ"] != "dpop+jwt" || header["alg"] != "RS256" {
        return Err("the proof's header has not typ dpop+jwt and alg RS256".into());
    }
    let key = &header["jwk"];
    if key.get("d").is_some() {
        return Err("the proof shows the private key".into());
    }
    let component = |name: &str| rpc::text(key, name).and_then(|c| URL_SAFE_NO_PAD.decode(c).ok());
    let (Some(n), Some(e)) = (component("n"), component("e")) else {
        return Err("the proof's key has no n and e".into());
    };
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|e| e.to_string())?;
    RsaPublicKeyComponents { n, e }
        .verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature)
        .map_err(|_| "the proof's signature is wrong".to_owned())?;
    check_claims(&claims, about)?;
    let jti = rpc::text(&claims, "jti").ok_or("the proof has no jti")?.to_owned();
    Ok(Proof { thumbprint: thumbprint(key), jti })
}

fn json_part(part: &str) -> Result<Value, String> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|e| e.to_string())?;
    serde_json::from_slice(&bytes).map_err(|e| e.to_string())
}

/// SHA-256 over the required members in lexicographic order.
fn thumbprint(key: &Value) -> String {
    let canonical = json!({ "e": key["e"], "kty": key["kty"], "n": key["n"] }).to_string();
    URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()))
}

fn check_claims(claims: &Value, about: &About) -> Result<(), String> {
    let age = claims["iat"].as_i64().map(|iat| (token::now() - iat).abs());
    if age.is_none_or(|age| age > CLOCK_SKEW) {
        return Err("the proof is not of now".into());
    }
    match about {
        About::Http { path, token } => {
            let htu = rpc::text(claims, "htu").unwrap_or_default();
            if claims["htm"] != "POST" || !htu.ends_with(path) {
                return Err("the proof is about another HTTP request".into());
            }
            let ath = token.map(|t| URL_SAFE_NO_PAD.encode(digest(&SHA256, t.as_bytes())));
            if ath.is_some_and(|ath| claims["ath"] != json!(ath)) {
                return Err("the proof is about another token".into());
            }
        }
        About::Rpc { method } => {
            if claims["rpc"] != "request" || claims["mth"] != json!(method) {
                return Err("the proof is about another RPC request".into());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::rand::SystemRandom;
    use ring::rsa::KeyPair;
    use ring::signature::RSA_PKCS1_SHA256;

    fn proof(claims: Value) -> String {
        let key = KeyPair::from_pkcs8(include_bytes!("media/dtls_key.der")).unwrap();
        let public: RsaPublicKeyComponents<Vec<u8>> = key.public().into();
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let jwk = json!({ "kty": "RSA", "n": encode(&public.n), "e": encode(&public.e) });
        let header = json!({ "typ": "dpop+jwt", "alg": "RS256", "jwk": jwk });
        let part = |value: &Value| encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .unwrap();
        format!("{signed}.{}", encode(&signature))
    }

    #[test]
    fn a_proof_about_an_rpc_request() {
        let claims = json!({ "jti": "j", "rpc": "request", "mth": "signalwire.connect",
            "iat": token::now() });
        let about = About::Rpc { method: "signalwire.connect" };
        let proof = proof(claims);
        assert_eq!(verify(&proof, &about).unwrap().thumbprint.len(), 43);
        let other = About::Rpc { method: "signalwire.reauthenticate" };
        assert!(verify(&proof, &other).unwrap_err().contains("another RPC"));
        let forged = proof.replacen('A', "B", 1);
        assert!(verify(&forged, &about).is_err());
    }

    #[test]
    fn a_proof_about_a_refresh_names_the_token() {
        let ath = URL_SAFE_NO_PAD.encode(digest(&SHA256, b"tok"));
        let claims = json!({ "jti": "j", "htm": "POST", "htu": "/x", "iat": token::now(),
            "ath": ath });
        let proof = proof(claims);
        let about = |token| About::Http { path: "/x", token: Some(token) };
        assert!(verify(&proof, &about("tok")).is_ok());
        assert!(verify(&proof, &about("other")).is_err());
    }

    #[test]
    fn an_old_proof_is_refused() {
        let claims = json!({ "jti": "j", "rpc": "request", "mth": "m", "iat": 5 });
        assert!(verify(&proof(claims), &About::Rpc { method: "m" }).unwrap_err().contains("now"));
    }
}
