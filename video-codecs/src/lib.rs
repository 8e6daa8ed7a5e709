//! VP8 and H.264 for conversations: pictures in, frames out, and back.
//!
//! | feature | codec | by | what it needs |
//! |---|---|---|---|
//! | `vp8` | VP8 (RFC 6386) | libvpx | the system's library with headers (`libvpx-dev`) |
//! | `h264` | H.264, constrained baseline | OpenH264 | a C++ compiler; `nasm` makes it faster |
//!
//! Encoders look at no later picture, keep a constant bit rate and make key frames when they are
//! asked to. Decoders never show what was decoded from damaged data. Both belong to one thread at a
//! time. All unsafe code of decoded video is in this crate.

#![warn(missing_docs)]

#[cfg(feature = "h264")]
pub mod h264;
mod planes;
#[cfg(feature = "vp8")]
pub mod vp8;

pub use planes::Planes;

/// The largest picture that is encoded or decoded, in pixels: 4096x2304.
pub const MAX_PIXELS: usize = 4096 * 2304;

/// How to encode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Width of all pictures in pixels; even.
    pub width: u32,
    /// Height of all pictures in pixels; even.
    pub height: u32,
    /// Bits per second.
    pub bitrate_bps: u32,
    /// The most pictures per second, on which the bits are spread.
    pub frame_rate: f32,
    /// Threads of the encoder, 1 for small pictures.
    pub threads: u32,
}

impl Settings {
    #[cfg(any(feature = "vp8", feature = "h264"))]
    fn check(&self) -> Result<(), Error> {
        let Settings { width, height, .. } = *self;
        let pixels = (width as usize).saturating_mul(height as usize);
        if width < 16 || height < 16 || width % 2 != 0 || height % 2 != 0 || pixels > MAX_PIXELS {
            return Err(Error::Size { width, height });
        }
        Ok(())
    }
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The size cannot be encoded, or the planes do not hold it.
    #[error("a picture of {width}x{height} cannot be used: sizes are even, from 16x16 to 4096x2304 pixels, and planes hold all of it")]
    Size {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    /// The data are damaged, or refer to pictures that the decoder does not have. Go on with a key
    /// frame.
    #[error("the frame cannot be decoded: {0}")]
    Damaged(String),
    /// The codec's library failed.
    #[error("the video codec failed: {0}")]
    Codec(String),
}
