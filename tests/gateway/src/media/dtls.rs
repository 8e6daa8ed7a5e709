//! The DTLS association of one transport and the SRTP keys that come out of it (RFC 5764).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use ring::digest;
use rtc_crypto::RTCCryptoProvider;
use rtc_dtls::config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType};
use rtc_dtls::crypto::{Certificate, CryptoPrivateKey};
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::error::Error as DtlsError;
use rtc_shared::TransportProtocol;
use rtc_srtp::context::Context;
use rtc_srtp::protection_profile::ProtectionProfile;

use super::sdp::Fingerprint;

/// An RSA key that is no secret: generating 4096 bits takes too long for a test double, and
/// clients must meet the RSA certificate that FreeSWITCH has.
const KEY: &[u8] = include_bytes!("dtls_key.der");

const EXPORTER_LABEL: &str = "EXTRACTOR-dtls_srtp";
const KEY_LEN: usize = 16;
const SALT_LEN: usize = 14;

/// The certificate of the gateway, made once and used by all calls.
#[derive(Clone)]
pub struct Identity {
    certificate: Certificate,
    provider: Arc<dyn RTCCryptoProvider>,
    pub fingerprint: Fingerprint,
}

impl Identity {
    /// Signs a certificate with the built-in key.
    pub fn new() -> Result<Identity, String> {
        let provider = rtc_crypto::default_provider().map_err(|e| e.to_string())?;
        let der = rustls::pki_types::PrivatePkcs8KeyDer::from(KEY);
        let key = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_RSA_SHA256)
            .map_err(|e| e.to_string())?;
        let mut params = rcgen::CertificateParams::new(vec![]).map_err(|e| e.to_string())?;
        params.distinguished_name.push(rcgen::DnType::CommonName, "FreeSWITCH");
        // The key is always the same; the fingerprint has to differ from gateway to gateway.
        params.serial_number = Some(super::random::<16>().to_vec().into());
        let certificate = params.self_signed(&key).map_err(|e| e.to_string())?;
        let value = hex_with_colons(digest::digest(&digest::SHA256, certificate.der()).as_ref());
        let private_key =
            CryptoPrivateKey::from_key_pair(&key, provider.crypto()).map_err(|e| e.to_string())?;
        Ok(Identity {
            certificate: Certificate { certificate: vec![certificate.der().clone()], private_key },
            provider,
            fingerprint: Fingerprint { algorithm: "sha-256".into(), value },
        })
    }
}

/// Upper-case hexadecimal with colons, as fingerprints are written.
pub fn hex_with_colons(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join(":")
}

fn matches(certificate: &[u8], expected: &Fingerprint) -> bool {
    let algorithm = match expected.algorithm.as_str() {
        "sha-1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        "sha-256" => &digest::SHA256,
        "sha-384" => &digest::SHA384,
        "sha-512" => &digest::SHA512,
        _ => return false,
    };
    hex_with_colons(digest::digest(algorithm, certificate).as_ref()) == expected.value
}

/// SRTP contexts of both directions.
pub struct Keys {
    pub outbound: Context,
    pub inbound: Context,
}

/// What a call to the association brought.
#[derive(Default)]
pub struct Progress {
    pub datagrams: Vec<Vec<u8>>,
    pub keys: Option<Keys>,
    pub closed: bool,
}

/// One association. The peer's address may change under it, so it sees a constant one.
pub struct Association {
    endpoint: Endpoint,
    pub is_client: bool,
    complete: bool,
    provider: Arc<dyn RTCCryptoProvider>,
    client_config: Option<Arc<rtc_dtls::config::HandshakeConfig>>,
}

fn peer() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 1))
}

impl Association {
    /// Prepares an association; a client begins with `connect`.
    pub fn new(
        identity: &Identity,
        expected: &Fingerprint,
        is_client: bool,
    ) -> Result<Association, String> {
        let expected = expected.clone();
        let verify = move |certificates: &[Vec<u8>], _: &[_]| match certificates.first() {
            Some(certificate) if matches(certificate, &expected) => Ok(()),
            _ => Err(DtlsError::ErrNoMatchingCertificateFingerprint),
        };
        let config = ConfigBuilder::default()
            .with_crypto_provider(identity.provider.clone())
            .with_certificates(vec![identity.certificate.clone()])
            .with_srtp_protection_profiles(vec![SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80])
            // FreeSWITCH as the server does not ask for the client's certificate.
            .with_client_auth(ClientAuthType::NoClientCert)
            .with_insecure_skip_verify(true)
            .with_verify_peer_certificate(is_client.then(|| Arc::new(verify) as _))
            .with_extended_master_secret(ExtendedMasterSecretType::Request)
            .with_flight_interval(Duration::from_secs(1))
            .build(is_client, Some(peer()))
            .map_err(|e| e.to_string())?;
        let config = Arc::new(config);
        let server_config = (!is_client).then(|| config.clone());
        Ok(Association {
            endpoint: Endpoint::new(peer(), TransportProtocol::UDP, server_config),
            is_client,
            complete: false,
            provider: identity.provider.clone(),
            client_config: is_client.then_some(config),
        })
    }

    /// Sends the ClientHello; does nothing for a server or a second time.
    pub fn connect(&mut self, now: Instant) -> Result<Progress, String> {
        if let Some(config) = self.client_config.take() {
            self.endpoint.connect(now, peer(), config, None).map_err(|e| e.to_string())?;
        }
        Ok(self.drain())
    }

    /// Takes a datagram of the peer.
    pub fn receive(&mut self, datagram: &[u8], now: Instant) -> Result<Progress, String> {
        if self.is_client && self.client_config.is_some() {
            return Ok(Progress::default());
        }
        let events = self.endpoint.read(now, peer(), None, BytesMut::from(datagram));
        let mut progress = self.drain();
        let events = match events {
            Ok(events) => events,
            // After the handshake a bad record is dropped, before it the association is lost.
            Err(_) if self.complete => return Ok(progress),
            Err(error) => return Err(error.to_string()),
        };
        for event in events {
            match event {
                EndpointEvent::HandshakeComplete => {
                    self.complete = true;
                    progress.keys = Some(self.keys()?);
                }
                EndpointEvent::PeerClosed => progress.closed = true,
                _ => {}
            }
        }
        Ok(progress)
    }

    /// Retransmits what is due.
    pub fn timeout(&mut self, now: Instant) -> Result<Progress, String> {
        if self.endpoint.get_connection_state(peer()).is_some() {
            self.endpoint.handle_timeout(peer(), now).map_err(|e| e.to_string())?;
        }
        Ok(self.drain())
    }

    /// When `timeout` wants to be called.
    pub fn wake_at(&self) -> Option<Instant> {
        self.endpoint.poll_timeout(&peer())
    }

    /// The close_notify of an established association.
    pub fn close(&mut self, now: Instant) -> Vec<Vec<u8>> {
        if self.complete {
            let _ = self.endpoint.close(now);
        }
        self.drain().datagrams
    }

    fn drain(&mut self) -> Progress {
        let datagrams = std::iter::from_fn(|| self.endpoint.poll_transmit());
        Progress {
            datagrams: datagrams.map(|t| t.message.to_vec()).collect(),
            ..Progress::default()
        }
    }

    fn keys(&self) -> Result<Keys, String> {
        let state = self.endpoint.get_connection_state(peer()).ok_or("the association is gone")?;
        if state.srtp_protection_profile() != SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80 {
            return Err("the peer did not agree to SRTP_AES128_CM_HMAC_SHA1_80".into());
        }
        let material = state
            .export_keying_material(EXPORTER_LABEL, &[], 2 * (KEY_LEN + SALT_LEN))
            .map_err(|e| e.to_string())?;
        let material = material.as_ref();
        let (client_key, rest) = material.split_at(KEY_LEN);
        let (server_key, rest) = rest.split_at(KEY_LEN);
        let (client_salt, server_salt) = rest.split_at(SALT_LEN);
        let client = self.context(client_key, client_salt)?;
        let server = self.context(server_key, server_salt)?;
        Ok(match self.is_client {
            true => Keys { outbound: client, inbound: server },
            false => Keys { outbound: server, inbound: client },
        })
    }

    fn context(&self, key: &[u8], salt: &[u8]) -> Result<Context, String> {
        let profile = ProtectionProfile::Aes128CmHmacSha1_80;
        Context::new(key, salt, profile, None, None, self.provider.crypto())
            .map_err(|e| e.to_string())
    }
}
