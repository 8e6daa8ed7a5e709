//! Strings and plain values across the border.

use super::guard::guard;
use super::status::sw_status;
use crate::error::{Error, Result};
use std::ffi::{c_char, CStr, CString};

/// Copies a required string.
///
/// # Safety
/// `pointer` is NULL or points to a NUL-terminated string.
pub(super) unsafe fn required(pointer: *const c_char, name: &str) -> Result<String> {
    // SAFETY: the caller's promise is the same.
    unsafe { optional(pointer, name)? }
        .ok_or_else(|| Error::invalid(format!("{name} must not be NULL")))
}

/// Copies a string that may be NULL.
///
/// # Safety
/// As for [`required`].
pub(super) unsafe fn optional(pointer: *const c_char, name: &str) -> Result<Option<String>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, so a NUL-terminated string by the caller's promise.
    match unsafe { CStr::from_ptr(pointer) }.to_str() {
        Ok(text) => Ok(Some(text.to_owned())),
        Err(_) => Err(Error::invalid(format!("{name} must be UTF-8"))),
    }
}

/// A C string of `text`; NUL characters, which C cannot hold, are left out.
pub(super) fn c_string(text: &str) -> CString {
    CString::new(text).unwrap_or_else(|_| {
        let bytes: Vec<u8> = text.bytes().filter(|byte| *byte != 0).collect();
        CString::new(bytes).unwrap_or_default()
    })
}

/// The pointer of an optional C string; NULL for none.
pub(super) fn pointer(text: &Option<CString>) -> *const c_char {
    text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr())
}

/// C texts that live as long as the struct that points to them.
#[derive(Default)]
pub(super) struct Texts(Vec<CString>);

impl Texts {
    pub(super) fn add(&mut self, text: &str) -> *const c_char {
        // The heap text stays where it is when the list grows.
        self.0.push(c_string(text));
        self.0.last().map_or(std::ptr::null(), |text| text.as_ptr())
    }

    pub(super) fn add_optional(&mut self, text: Option<&str>) -> *const c_char {
        text.map_or(std::ptr::null(), |text| self.add(text))
    }
}

/// The first of a list's pointers; NULL for an empty list.
pub(super) fn list<T>(pointers: &[*const T]) -> *const *const T {
    match pointers {
        [] => std::ptr::null(),
        pointers => pointers.as_ptr(),
    }
}

/// Copies `text` into a fixed array, cut at a character's end if it is too long.
pub(super) fn fill<const N: usize>(array: &mut [c_char; N], text: &str) {
    let mut length = text.len().min(N - 1);
    while !text.is_char_boundary(length) {
        length -= 1;
    }
    let cut = text.as_bytes()[..length].iter().filter(|byte| **byte != 0);
    array.fill(0);
    for (target, byte) in array.iter_mut().zip(cut) {
        *target = *byte as c_char;
    }
}

/// A checked place for a result. Written on success only.
pub(super) struct Out<T>(*mut T);

impl<T> Out<T> {
    /// # Safety
    /// `pointer` is NULL or, until the function returns, a place for a `T` that nobody else uses.
    pub(super) unsafe fn required(pointer: *mut T, name: &str) -> Result<Self> {
        if pointer.is_null() {
            return Err(Error::invalid(format!("{name} must not be NULL")));
        }
        if !pointer.is_aligned() {
            return Err(Error::invalid(format!("{name} is not aligned for its type")));
        }
        Ok(Self(pointer))
    }

    pub(super) fn set(&self, value: T) {
        // SAFETY: not NULL and aligned, checked above; the rest is the promise of `required`.
        unsafe { self.0.write(value) }
    }
}

/// Gives a text to the application, which frees it with `sw_string_free`.
pub(super) fn give(text: &str, out: &Out<*mut c_char>) {
    out.set(c_string(text).into_raw());
}

/// Frees a text that a function of this library gave with the remark that it must be freed.
///
/// `text`: nullable; NULL is ok and does nothing. Never pass a borrowed text or one from another
/// allocator, and free each text once: texts are plain memory and cannot be checked.
/// Errors: none. Any thread.
#[no_mangle]
pub extern "C" fn sw_string_free(text: *mut c_char) -> sw_status {
    guard(|| {
        if !text.is_null() {
            // SAFETY: the header allows only pointers from `give`, each of them once.
            drop(unsafe { CString::from_raw(text) });
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_checked_and_named() {
        // SAFETY: NULL and literals are what `required` allows.
        unsafe {
            let null = required(std::ptr::null(), "token").unwrap_err();
            assert_eq!(null.message(), "token must not be NULL");
            let latin = required(c"\xe9".as_ptr(), "token").unwrap_err();
            assert_eq!(latin.message(), "token must be UTF-8");
            assert_eq!(required(c"a\u{e9}".as_ptr(), "token").unwrap(), "a\u{e9}");
            assert_eq!(optional(std::ptr::null(), "token").unwrap(), None);
        }
    }

    #[test]
    fn fixed_arrays_are_cut_at_a_character_and_terminated() {
        let mut array = [1 as c_char; 4];
        fill(&mut array, "ab\u{e9}");
        assert_eq!(array, [b'a' as c_char, b'b' as c_char, 0, 0]);
        fill(&mut array, "");
        assert_eq!(array, [0; 4]);
    }
}
