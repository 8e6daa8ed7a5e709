//! Audio and its transport: knows SDP and frames, not dialogs and not the session.

pub(crate) mod activity;
pub(crate) mod codec;
pub(crate) mod device;
pub(crate) mod expected_loss;
pub(crate) mod file;
pub(crate) mod frame;
pub(crate) mod gather;
pub(crate) mod grid;
pub(crate) mod inbound;
pub(crate) mod jitter;
pub(crate) mod leg;
pub(crate) mod mix;
pub(crate) mod outbound;
pub(crate) mod peer;
#[cfg(feature = "pictures")]
pub(crate) mod picture;
pub(crate) mod playback;
pub(crate) mod port;
pub(crate) mod processing;
pub(crate) mod quality;
pub(crate) mod recording;
pub(crate) mod relay;
pub(crate) mod resample;
pub(crate) mod sink;
pub(crate) mod sockets;
pub(crate) mod stats;
mod stretch;
pub(crate) mod telephone_event;
pub(crate) mod video;
pub(crate) mod wav;
