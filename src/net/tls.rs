//! One TLS configuration for HTTP and WebSocket: the platform's roots, plus what the app adds.

use crate::error::{Error, ErrorKind, Result};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::CertificateDer;
use rustls::ClientConfig;
use rustls_platform_verifier::Verifier;
use std::sync::Arc;

/// Builds the configuration. Verification cannot be switched off.
pub(crate) fn client_config(extra_ca_pem: Option<&str>) -> Result<Arc<ClientConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = match extra_ca_pem {
        None => Verifier::new(Arc::clone(&provider)),
        Some(pem) => Verifier::new_with_extra_roots(parse_pem(pem)?, Arc::clone(&provider)),
    }
    .map_err(|error| tls_error(format!("cannot set up certificate verification: {error}")))?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| tls_error(format!("cannot set up TLS: {error}")))?
        .dangerous() // Only the name of the builder: the platform verifier verifies everything.
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn parse_pem(pem: &str) -> Result<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|_| tls_error("ca_certificates_pem is not PEM text"))?;
    if certificates.is_empty() {
        return Err(tls_error("ca_certificates_pem holds no certificate"));
    }
    Ok(certificates)
}

fn tls_error(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Tls, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusable_certificates_are_refused() {
        for pem in ["", "no pem", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"] {
            let error = client_config(Some(pem)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Tls, "{pem:?}");
        }
    }

    #[test]
    fn the_platform_roots_are_enough() {
        client_config(None).unwrap();
    }
}
