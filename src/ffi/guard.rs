//! The frame around every function: panics become a status, failures the thread's last error.

use super::status::{code_of, sw_error, sw_status, OwnedError, OK};
use crate::error::{Error, Result};
use std::cell::RefCell;
use std::ffi::c_char;
use std::panic::{catch_unwind, AssertUnwindSafe};

thread_local! {
    static LAST: RefCell<Option<OwnedError>> = const { RefCell::new(None) };
}

/// Runs the body of a function; gives its status and keeps its error for `sw_last_error`.
pub(super) fn guard(body: impl FnOnce() -> Result<()>) -> sw_status {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => OK,
        Ok(Err(error)) => fail(&error),
        Err(panic) => {
            let text = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
                (Some(text), _) => text,
                (_, Some(text)) => text.as_str(),
                _ => "no text",
            };
            fail(&Error::internal(format!("the library panicked ({text}); please report it")))
        }
    }
}

fn fail(error: &Error) -> sw_status {
    // At the very end of a thread there is no last error any more, and nobody to read it.
    let _ = LAST.try_with(|last| last.replace(Some(OwnedError::new(error))));
    code_of(error.kind())
}

/// Gives the message of the last function of this library that failed on this thread.
///
/// Never NULL; empty when none failed yet. Borrowed until the next failing call on this thread:
/// copy it to keep it. A successful call does not change it. Failures of completions are told to
/// the completion instead. Any thread.
#[no_mangle]
pub extern "C" fn sw_last_error() -> *const c_char {
    let info = sw_last_error_info();
    if info.is_null() {
        return c"".as_ptr();
    }
    // SAFETY: `sw_last_error_info` gives NULL or this thread's own error, which only a later
    // failing call on this thread replaces.
    unsafe { (*info).message }
}

/// Gives all about the last failure on this thread, with the service's code if there is one.
///
/// NULL when nothing failed yet. Borrowed until the next failing call on this thread. Any thread.
#[no_mangle]
pub extern "C" fn sw_last_error_info() -> *const sw_error {
    LAST.try_with(|last| match &*last.borrow() {
        Some(error) => std::ptr::from_ref(error.raw()),
        None => std::ptr::null(),
    })
    .unwrap_or(std::ptr::null())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use std::ffi::CStr;

    fn last() -> String {
        // SAFETY: the pointer is never NULL and this thread makes no call in between.
        unsafe { CStr::from_ptr(sw_last_error()) }.to_str().unwrap().to_owned()
    }

    #[test]
    fn panics_and_errors_become_codes_with_a_text_and_success_keeps_it() {
        assert_eq!(last(), "");
        assert_eq!(guard(|| panic!("on purpose")), code_of(ErrorKind::Internal));
        assert!(last().contains("on purpose"));
        let refused = || Err(Error::new(ErrorKind::Rejected, "no\0pe").with_code(7));
        assert_eq!(guard(refused), code_of(ErrorKind::Rejected));
        assert_eq!(guard(|| Ok(())), OK);
        assert_eq!(last(), "nope");
        // SAFETY: not NULL after a failure, and read before the next one.
        let info = unsafe { &*sw_last_error_info() };
        assert!(info.has_code && info.code == 7);
    }
}
