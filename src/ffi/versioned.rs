//! Structs that may grow: their first field says how large the application knows them.

use crate::error::{Error, ErrorKind, Result};
use std::mem::MaybeUninit;

/// More than any struct will ever be; a larger size is an uninitialised one.
const LARGEST: usize = 4096;

/// A struct whose first field is `uint32_t struct_size` and for which all-zero is a valid value.
///
/// # Safety
/// `repr(C)`, first field as said, no field for which zeroed memory is not a valid value.
pub(super) unsafe trait Versioned: Copy {
    /// Size of the struct in the first release that had it.
    const FIRST_SIZE: usize;
}

fn size_of_instance<T: Versioned>(size: u32, name: &str) -> Result<usize> {
    let size = size as usize;
    if (T::FIRST_SIZE..=LARGEST).contains(&size) {
        return Ok(size);
    }
    Err(Error::invalid(format!(
        "{name}.struct_size must be the sizeof of the struct; got {size}; start from its _INIT macro"
    )))
}

/// Reads a struct of this or an older or newer release; missing fields are zero.
///
/// # Safety
/// `pointer` is NULL or points to `struct_size` readable bytes of a `T` of some release.
pub(super) unsafe fn read<T: Versioned>(pointer: *const T, name: &str) -> Result<Option<T>> {
    if pointer.is_null() {
        return Ok(None);
    }
    if !pointer.is_aligned() {
        return Err(Error::invalid(format!("{name} is not aligned for its type")));
    }
    // SAFETY: readable by the caller's promise; `struct_size` is the first field.
    let size = size_of_instance::<T>(unsafe { pointer.cast::<u32>().read() }, name)?;
    // SAFETY: `struct_size` bytes are readable by the caller's promise.
    let bytes = unsafe { std::slice::from_raw_parts(pointer.cast::<u8>(), size) };
    let known = size.min(size_of::<T>());
    if bytes[known..].iter().any(|byte| *byte != 0) {
        return Err(Error::new(
            ErrorKind::NotSupported,
            format!("{name} uses a field that this version of the library does not have"),
        ));
    }
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: both sides hold `known` bytes and are apart; zero is valid for the other fields.
    unsafe {
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), value.as_mut_ptr().cast::<u8>(), known);
        Ok(Some(value.assume_init()))
    }
}

/// Writes as much of `value` as the application knows of the struct; keeps its `struct_size`.
///
/// # Safety
/// `pointer` is NULL or points to `struct_size` writable bytes.
pub(super) unsafe fn write<T: Versioned>(pointer: *mut T, value: &T, name: &str) -> Result<()> {
    if pointer.is_null() || !pointer.is_aligned() {
        return Err(Error::invalid(format!("{name} must not be NULL and must be aligned")));
    }
    // SAFETY: readable by the caller's promise; `struct_size` is the first field.
    let size = size_of_instance::<T>(unsafe { pointer.cast::<u32>().read() }, name)?;
    let skip = size_of::<u32>();
    let known = size.min(size_of::<T>()) - skip;
    // SAFETY: both sides hold `skip + known` bytes and are apart.
    unsafe {
        let source = std::ptr::from_ref(value).cast::<u8>().add(skip);
        std::ptr::copy_nonoverlapping(source, pointer.cast::<u8>().add(skip), known);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C)]
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Options {
        struct_size: u32,
        old: u32,
        new: u32,
    }

    // SAFETY: repr(C), size first, integers only.
    unsafe impl Versioned for Options {
        const FIRST_SIZE: usize = 8;
    }

    fn read_words(words: &[u32]) -> Result<Option<Options>> {
        // SAFETY: every case below says at most the size that it has, or one that is refused.
        unsafe { read(words.as_ptr().cast(), "options") }
    }

    #[test]
    fn older_and_newer_structs_are_read() {
        let older = read_words(&[8, 7]).unwrap().unwrap();
        assert_eq!(older, Options { struct_size: 8, old: 7, new: 0 });
        let newer = read_words(&[16, 7, 8, 0]).unwrap().unwrap();
        assert_eq!((newer.old, newer.new), (7, 8));
        assert_eq!(read_words(&[16, 7, 8, 1]).unwrap_err().kind(), ErrorKind::NotSupported);
        for size in [0, 4, 7, 5000, u32::MAX] {
            assert_eq!(read_words(&[size, 1, 2]).unwrap_err().kind(), ErrorKind::InvalidArgument);
        }
    }

    #[test]
    fn only_known_bytes_are_written() {
        let value = Options { struct_size: 12, old: 1, new: 2 };
        let mut words = [8u32, 9, 9];
        // SAFETY: the array has more bytes than its first word says.
        unsafe { write(words.as_mut_ptr().cast(), &value, "out") }.unwrap();
        assert_eq!(words, [8, 1, 9]);
    }
}
