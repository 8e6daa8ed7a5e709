//! Which calls that come in are refused without asking anybody.

use std::sync::atomic::{AtomicI32, Ordering};

/// When calls that come in are refused as busy instead of being announced. The number of a mode
/// never changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
#[repr(i32)]
pub enum DoNotDisturb {
    /// Never: every call rings.
    #[default]
    Off = 0,
    /// While this client is in a call: one that was dialled here and is not over, or one that came
    /// in and was answered. Calls that only ring do not count.
    InCalls = 1,
    /// Always.
    Always = 2,
}

/// The mode, shared between the application's threads and the session's task.
#[derive(Default)]
pub(super) struct Mode(AtomicI32);

impl Mode {
    pub(super) fn set(&self, mode: DoNotDisturb) {
        self.0.store(mode as i32, Ordering::Release);
    }

    pub(super) fn get(&self) -> DoNotDisturb {
        match self.0.load(Ordering::Acquire) {
            1 => DoNotDisturb::InCalls,
            2 => DoNotDisturb::Always,
            _ => DoNotDisturb::Off,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_is_what_was_set() {
        let mode = Mode::default();
        assert_eq!(mode.get(), DoNotDisturb::default());
        for set in [DoNotDisturb::Always, DoNotDisturb::InCalls, DoNotDisturb::Off] {
            mode.set(set);
            assert_eq!(mode.get(), set);
        }
    }
}
