//! The codecs that were built in, as one.

#[cfg(not(feature = "pictures"))]
mod absent;
#[cfg(feature = "pictures")]
mod present;

use crate::error::{Error, ErrorKind, Result};
use crate::media::video::VideoCodec;

#[cfg(not(feature = "pictures"))]
pub(crate) use absent::{Decoder, Encoder, Settings};
#[cfg(feature = "pictures")]
pub(crate) use present::{Decoder, Encoder, Settings};

#[cfg(all(feature = "pictures", not(any(feature = "vp8", feature = "h264"))))]
compile_error!(
    "the feature `pictures` is a part of `vp8` and `h264`: choose one of these, or both"
);

/// Whether pictures of this codec can be encoded and decoded here.
pub(crate) fn is_built_in(codec: VideoCodec) -> bool {
    match codec {
        VideoCodec::Vp8 => cfg!(feature = "vp8"),
        VideoCodec::H264 => cfg!(feature = "h264"),
    }
}

/// `NotSupported` for a codec that was left out.
pub(crate) fn check(codec: VideoCodec) -> Result<()> {
    if is_built_in(codec) {
        Ok(())
    } else {
        Err(none_of(codec))
    }
}

/// `NotSupported` where all codecs were left out.
pub(crate) fn check_any() -> Result<()> {
    if VideoCodec::ALL.into_iter().any(is_built_in) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::NotSupported,
        "the library was built without codecs of pictures: build it with the feature \
         `video-codecs` (docs/video.md says how), or encode and decode yourself and pass frames",
    ))
}

fn none_of(codec: VideoCodec) -> Error {
    let name = codec.sdp_name();
    Error::new(
        ErrorKind::NotSupported,
        format!(
            "the library was built without pictures of {name}: build it with the feature `{}`, or \
             offer the other codec only",
            name.to_lowercase()
        ),
    )
}
