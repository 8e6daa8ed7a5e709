//! The bridge to the C interface, through which fast languages take audio frames.
