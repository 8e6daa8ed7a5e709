//! Single keys from a terminal, without waiting for Enter.

pub use platform::{is_in_foreground, SingleKeys};

#[cfg(unix)]
mod platform {
    use std::mem::MaybeUninit;

    /// While it lives, standard input gives every key at once and shows none. Ctrl-C still works.
    pub struct SingleKeys {
        before: libc::termios,
    }

    impl SingleKeys {
        /// `None` if standard input is no terminal that can do so.
        pub fn enter() -> Option<Self> {
            let mut before = MaybeUninit::<libc::termios>::uninit();
            // SAFETY: the pointer is valid for writes of a termios; standard input needs not be
            // open or a terminal, then an error is returned.
            if unsafe { libc::tcgetattr(libc::STDIN_FILENO, before.as_mut_ptr()) } != 0 {
                return None;
            }
            // SAFETY: tcgetattr succeeded and so wrote all of it.
            let before = unsafe { before.assume_init() };
            let mut keys = before;
            keys.c_lflag &= !(libc::ICANON | libc::ECHO);
            set(&keys).then_some(Self { before })
        }
    }

    impl Drop for SingleKeys {
        fn drop(&mut self) {
            set(&self.before);
        }
    }

    fn set(attributes: &libc::termios) -> bool {
        // SAFETY: the pointer comes from a reference to a whole termios.
        unsafe { libc::tcsetattr(libc::STDIN_FILENO, libc::TCSADRAIN, attributes) == 0 }
    }

    /// Whether this process may read from its terminal.
    pub fn is_in_foreground() -> bool {
        // SAFETY: both take no pointers and report errors by their result.
        unsafe { libc::tcgetpgrp(libc::STDIN_FILENO) == libc::getpgrp() }
    }
}

#[cfg(not(unix))]
mod platform {
    /// Not made for this platform: commands come as lines.
    pub struct SingleKeys(());

    impl SingleKeys {
        pub fn enter() -> Option<Self> {
            None
        }
    }

    pub fn is_in_foreground() -> bool {
        true
    }
}
