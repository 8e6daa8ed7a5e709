//! `sw_device_key_*`: tokens that are bound to a key of the installation.

use super::credentials::sw_credentials;
use super::guard::guard;
use super::handle;
use super::status::sw_status;
use super::text::{give, Out};
use crate::error::{Error, Result};
use crate::DeviceKey;
use std::ffi::c_char;

/// Longer than any RSA key in PKCS#8.
const LONGEST: usize = 64 * 1024;

/// An RSA key of this installation, to which tokens can be bound. Owned: `sw_device_key_free`;
/// credentials keep what they need.
pub struct sw_device_key {
    _private: [u8; 0],
}

/// Makes a new key. It takes some tenths of a second, and blocks that long.
///
/// Make it once, keep what `sw_device_key_pkcs8` gives where the platform keeps secrets, and read it
/// back at the next start. `out_key`: not null; written on success; free it with
/// `sw_device_key_free`. Errors: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_INTERNAL` if the system has no
/// randomness. Any thread.
#[no_mangle]
pub extern "C" fn sw_device_key_generate(out_key: *mut *mut sw_device_key) -> sw_status {
    guard(|| {
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_key, "out_key")? };
        out.set(handle::insert(DeviceKey::generate()?)?);
        Ok(())
    })
}

/// Reads a key that was kept.
///
/// `pkcs8`: `length` bytes, not null; an RSA key of 2048 bits or more, unencrypted, in DER; copied.
/// `out_key`: as for `sw_device_key_generate`. Errors: `SW_ERR_INVALID_ARGUMENT` for anything else;
/// make a new key then. Any thread.
#[no_mangle]
pub extern "C" fn sw_device_key_from_pkcs8(
    pkcs8: *const u8,
    length: usize,
    out_key: *mut *mut sw_device_key,
) -> sw_status {
    guard(|| {
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_key, "out_key")? };
        if pkcs8.is_null() || length > LONGEST {
            return Err(Error::invalid("pkcs8 must be a key of up to 64 KiB, not NULL"));
        }
        // SAFETY: not NULL; the header asks for `length` readable bytes.
        let bytes = unsafe { std::slice::from_raw_parts(pkcs8, length) };
        out.set(handle::insert(DeviceKey::from_pkcs8(bytes)?)?);
        Ok(())
    })
}

/// Copies the private key, in DER, to be kept in a safe place. A secret: wipe the copy after use.
///
/// `key`: not null. `buffer`: a place for `capacity` bytes; NULL to ask for the length alone.
/// `out_length`: not null; the length of the key, written also when `capacity` is too small.
/// Errors: `SW_ERR_INVALID_ARGUMENT` if `buffer` is not NULL and too small, with nothing copied;
/// `SW_ERR_INVALID_HANDLE`. Any thread.
#[no_mangle]
pub extern "C" fn sw_device_key_pkcs8(
    key: *const sw_device_key,
    buffer: *mut u8,
    capacity: usize,
    out_length: *mut usize,
) -> sw_status {
    guard(|| {
        let key = handle::get(key)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_length, "out_length")? };
        let pkcs8 = key.to_pkcs8();
        out.set(pkcs8.len());
        copy(&pkcs8, buffer, capacity)
    })
}

fn copy(bytes: &[u8], buffer: *mut u8, capacity: usize) -> Result<()> {
    if buffer.is_null() {
        return Ok(());
    }
    if capacity < bytes.len() {
        return Err(Error::invalid(format!("buffer needs {} bytes", bytes.len())));
    }
    // SAFETY: not NULL; the header asks for `capacity` writable bytes, which are enough.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), buffer, bytes.len()) };
    Ok(())
}

/// Gives the key's thumbprint (RFC 7638, SHA-256): 43 characters of base64url.
///
/// The backend passes it as `fingerprint`, with `scope` = `sat:refresh`, when it makes a token.
/// `key`: not null. `out_thumbprint`: not null; free it with `sw_string_free`.
/// Errors: `SW_ERR_INVALID_ARGUMENT`, `SW_ERR_INVALID_HANDLE`. Any thread.
#[no_mangle]
pub extern "C" fn sw_device_key_thumbprint(
    key: *const sw_device_key,
    out_thumbprint: *mut *mut c_char,
) -> sw_status {
    guard(|| {
        let key = handle::get(key)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_thumbprint, "out_thumbprint")? };
        give(key.thumbprint(), &out);
        Ok(())
    })
}

/// Frees a key; what it was given to goes on. `key`: nullable; NULL is ok.
/// Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread.
#[no_mangle]
pub extern "C" fn sw_device_key_free(key: *mut sw_device_key) -> sw_status {
    guard(|| handle::release(key).map(drop))
}

/// Makes credentials like these for clients that prove with every connection that they have this key.
///
/// A token with the scope `sat:refresh` is exchanged for one that is bound to the key before
/// `sw_client_connect` is done, and renewed with the key alone from then on; a provider is asked only
/// for the first token, and again if the service refuses the bound one. If the exchange fails,
/// `sw_client_connect` does. A token without the scope is used as it is, and
/// `SW_CLIENT_EVENT_TOKEN_NOT_BOUND` says so; once a client was bound, that ends the session.
///
/// `credentials`: nullable; NULL for the token in the client's options. `key`: not null. Both may be
/// freed afterwards. `out_credentials`: not null; written on success; free it with
/// `sw_credentials_free`. Errors: `SW_ERR_INVALID_ARGUMENT`, `SW_ERR_INVALID_HANDLE`. Any thread.
#[no_mangle]
pub extern "C" fn sw_credentials_bound_to(
    credentials: *const sw_credentials,
    key: *const sw_device_key,
    out_credentials: *mut *mut sw_credentials,
) -> sw_status {
    guard(|| {
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_credentials, "out_credentials")? };
        let key = handle::get(key)?;
        let base = match credentials.is_null() {
            true => crate::Credentials::default(),
            false => handle::get(credentials)?,
        };
        out.set(handle::insert(base.bound_to(key))?);
        Ok(())
    })
}
