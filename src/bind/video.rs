//! Encoded video for the generated languages; the same as for audio holds about its price.

use super::{wait, Call, CallbackError, Result};
use crate::runtime::dispatch::call_foreign;
use crate::{
    DeviceOptions, EncodedVideoFrame, MediaDirections, ScreenShareOptions, SinkId, VideoCodec,
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

/// One received encoded picture. It may be kept.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct VideoFrame {
    /// How `data` is encoded.
    pub codec: VideoCodec,
    /// A VP8 frame, or an H.264 access unit in Annex B format.
    pub data: Vec<u8>,
    /// Media time in microseconds since the stream began.
    pub timestamp_us: u64,
    /// Whether a decoder can begin with this picture.
    pub is_key_frame: bool,
    /// Width in pixels, where the picture says so; else 0.
    pub width: u32,
    /// Height in pixels; 0 where unknown.
    pub height: u32,
}

/// Receives video. Implemented by the application.
#[uniffi::export(foreign)]
pub trait VideoSink: Send + Sync {
    /// Takes one frame, on a media thread: a key frame first.
    ///
    /// It may call anything of this library that does not wait, also remove itself. Its errors
    /// are logged and the next frame is delivered as if nothing had happened.
    fn on_frame(&self, frame: VideoFrame) -> std::result::Result<(), CallbackError>;
}

/// A foreign sink as one of the core.
struct ForeignSink {
    sink: Arc<dyn VideoSink>,
    has_failed: AtomicBool,
}

impl crate::VideoSink for ForeignSink {
    fn on_frame(&self, frame: &EncodedVideoFrame) {
        let frame = VideoFrame {
            codec: frame.codec,
            data: frame.data.to_vec(),
            timestamp_us: frame.timestamp_us,
            is_key_frame: frame.is_key_frame,
            width: frame.width,
            height: frame.height,
        };
        call_foreign("a video sink", || {
            if let Err(error) = self.sink.on_frame(frame) {
                // A sink that fails once fails with every frame.
                if !self.has_failed.swap(true, Ordering::Relaxed) {
                    tracing::error!(
                        "a video sink failed; only its first failure is logged: {error}"
                    );
                }
            }
        });
    }
}

#[uniffi::export]
impl Call {
    /// Queues an encoded frame to be sent: a VP8 frame, or an H.264 access unit in Annex B format,
    /// at most 2 MiB. The first one has to be a key frame, and so has the next one after the event
    /// `KeyFrameRequested`. `timestamp_us`: when it was captured, by any clock that never goes back.
    ///
    /// Never blocks; the bytes are copied. Any thread. The queue holds 10 frames. Gives how many
    /// frames were dropped, 0 normally: the queue was full, a key frame was missing, or the camera
    /// is muted. Kotlin: the buffer must be a direct one.
    /// Errors: `InvalidArgument` for a frame that cannot be or of another codec than the negotiated
    /// one; `InvalidState` before the event `VideoConnected` and while video is not sent; `Closed`.
    pub fn push_video(&self, codec: VideoCodec, data: &[u8], timestamp_us: u64) -> Result<u32> {
        let frame = EncodedVideoFrame::new(codec, data.to_vec(), timestamp_us)?;
        Ok(self.0.push_video(frame)?)
    }

    /// Delivers the received video to `sink`: whole encoded frames in order, a key frame first,
    /// until the call ends or `remove_video_sink`. A sink that is 30 frames behind loses them and
    /// goes on with a key frame. Gives the sink's id. Errors: `Closed` after the end.
    pub fn add_video_sink(&self, sink: Arc<dyn VideoSink>) -> Result<u64> {
        let sink = Arc::new(ForeignSink { sink, has_failed: AtomicBool::new(false) });
        Ok(self.0.add_video_sink(sink)?.as_u64())
    }

    /// Ends the deliveries to a video sink; waits for a running one, unless called from inside it.
    /// An unknown or removed id is ignored.
    pub fn remove_video_sink(&self, sink: u64) {
        self.0.remove_video_sink(SinkId::from_u64(sink));
    }

    /// Asks the far side for a key frame, at most twice a second. Losses ask by themselves.
    ///
    /// Errors: `Closed` after the end.
    pub fn request_key_frame(&self) -> Result<()> {
        Ok(self.0.request_key_frame()?)
    }

    /// Whether the camera is muted, by this side or by the service: then no video is sent.
    pub fn is_video_muted(&self) -> bool {
        self.0.is_video_muted()
    }

    /// In which directions audio and video flow, as both sides agreed on.
    pub fn media(&self) -> MediaDirections {
        self.0.media()
    }

    /// Changes what flows: adds video to an audio call, stops it, turns directions; waits until the
    /// far side agreed. One change is negotiated at a time, up to 8 wait.
    ///
    /// Errors: `InvalidState` unless the call is answered; `Rejected` or `Timeout` when the service
    /// does not take it, and everything stays as it was; `Media` when the far side agreed on less,
    /// which then counts; `Network` when the path broke meanwhile; `Closed`.
    pub async fn set_media(&self, directions: MediaDirections) -> Result<()> {
        wait(self.0.set_media(directions)).await
    }

    /// Shares a screen: a further leg to the same destination that only sends, a call of its own
    /// with its own states and events; push the screen's frames into it. It appears in the session
    /// as a member of kind `Screen` whose parent is the own member. Hanging it up ends the sharing;
    /// it ends with this call at the latest.
    ///
    /// Errors: `InvalidArgument` for options that cannot be; `InvalidState` unless this call is
    /// answered; `Closed`. That the capability `screenshare` is missing shows as the leg's end.
    #[uniffi::method(default(options))]
    pub async fn start_screen_share(&self, options: ScreenShareOptions) -> Result<Arc<Call>> {
        wait(self.0.start_screen_share(options)).await.map(Call::new)
    }

    /// Adds a device, such as a second camera or microphone: a further leg as for
    /// `start_screen_share`, a member of kind `Device`. Same errors.
    #[uniffi::method(default(options))]
    pub async fn add_device(&self, options: DeviceOptions) -> Result<Arc<Call>> {
        wait(self.0.add_device(options)).await.map(Call::new)
    }

    /// The id of the call that this one is a screen or device of; None for any other call.
    pub fn parent_id(&self) -> Option<String> {
        self.0.parent_id()
    }
}
