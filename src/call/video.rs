//! A call's video, changes of its media, and its further legs.

use super::actor::Child;
use super::{Call, Command};
use crate::config::{DeviceOptions, MediaDirection, MediaDirections, ScreenShareOptions};
use crate::error::Result;
use crate::media::sink::SinkId;
use crate::media::video::port::VideoSink;
use crate::media::video::EncodedVideoFrame;
use crate::proto::verto::ChildKind;
use std::sync::Arc;

impl Call {
    /// Queues an encoded frame to be sent; the first one, and the first one after any drop, has to be a
    /// key frame. Frames are sent as they come: pushing at the right times is the application's part,
    /// and `timestamp_us` tells the far side when to show them.
    ///
    /// Never blocks; the bytes are shared, not copied. Any thread. The queue holds 10 frames: when it
    /// is full all of them are dropped, and what is pushed then until the next key frame
    /// ([`crate::CallEvent::KeyFrameRequested`] asks for one). While the own camera is muted all frames
    /// are dropped. Gives the number of frames that were dropped, 0 normally.
    ///
    /// Errors: `InvalidState` before [`crate::CallEvent::VideoConnected`] or while video is not sent;
    /// `InvalidArgument` for a frame of another codec than the negotiated one; `Closed` after the end.
    pub fn push_video(&self, frame: EncodedVideoFrame) -> Result<u32> {
        self.check_alive()?;
        self.0.audio.video().push(frame)
    }

    /// Delivers the received video to `sink`: whole encoded frames in order, on one of the library's
    /// media threads, until the call ends or [`Call::remove_video_sink`]. The first one, and the first
    /// one after any loss, is a key frame; the far side is asked for it.
    ///
    /// A sink that is 30 frames behind loses them, see
    /// [`output_dropped_frames`](crate::VideoStats::output_dropped_frames). Several sinks may be added,
    /// also before there is video. Errors: `Closed` after the end.
    pub fn add_video_sink(&self, sink: Arc<dyn VideoSink>) -> Result<SinkId> {
        self.check_alive()?;
        self.0.audio.video().add_sink(sink)
    }

    /// Ends the deliveries to a video sink; waits for a running one, unless called from inside it.
    /// An unknown or removed id is ignored.
    pub fn remove_video_sink(&self, sink: SinkId) {
        self.0.audio.video().remove_sink(sink);
    }

    /// Asks the far side for a key frame (PLI), at most twice a second. Does nothing before video is
    /// received. Losses ask by themselves; this is for decoders that fail, and for new viewers.
    ///
    /// Errors: `Closed` after the end.
    pub fn request_key_frame(&self) -> Result<()> {
        self.check_alive()?;
        self.0.audio.video().request_key_frame();
        Ok(())
    }

    /// Whether the camera is muted, by this side or by the service: then no video is sent.
    pub fn is_video_muted(&self) -> bool {
        self.0.audio.video().is_muted()
    }

    /// In which directions audio and video flow, as both sides agreed on; all `Inactive` before.
    pub fn media(&self) -> MediaDirections {
        let none = MediaDirection::Inactive;
        let known = self.0.audio.video().facts().directions;
        known.unwrap_or(MediaDirections { audio: none, video: none })
    }

    /// Changes what flows: adds video to an audio call, stops it, turns directions; waits until the
    /// far side agreed. Frames of added video may be pushed after
    /// [`crate::CallEvent::VideoConnected`]. Stopped media can begin again later.
    ///
    /// One change is negotiated at a time, others wait (up to 8), also for a recovery of the path.
    /// Errors: `InvalidState` unless the call is answered, when too many changes wait, or for audio in
    /// a call that began without; `Rejected` or `Timeout` when the service does not take it, and
    /// everything stays as it was; `Media` when the answer cannot be used, or when the far side agreed
    /// on less, which then counts ([`Call::media`]); `Network` when the path broke meanwhile;
    /// `Closed`. Source: `verto.modify` with `updateMedia`, signalwire-js BaseConnection.ts.
    pub async fn set_media(&self, directions: MediaDirections) -> Result<()> {
        self.command(|reply| Command::Change { directions, reply }).await
    }

    /// Shares a screen: a further leg to the same destination that only sends, a [`Call`] of its own
    /// with its own states and events; push the screen's frames into it. It appears in the session as
    /// a member of kind `Screen` whose parent is the own member ([`crate::CallEvent::MemberJoined`] of
    /// this call); a [`crate::CallEvent::Joined`] of the leg itself need not come. Hanging it up ends
    /// the sharing; it ends with this call at the latest.
    ///
    /// Errors: `InvalidArgument` for options that cannot be; `InvalidState` unless this call is
    /// answered; `Closed`. That the capability `screenshare` is missing shows as the leg's end.
    /// Source: signalwire-js BaseRoomSession.ts.
    pub async fn start_screen_share(&self, options: ScreenShareOptions) -> Result<Call> {
        let variables = options.variables()?;
        let send = MediaDirection::SendOnly;
        let audio = if options.with_audio { send } else { MediaDirection::Inactive };
        let child = Child {
            kind: ChildKind::Screen { layout: options.layout, position: options.position },
            directions: MediaDirections { audio, video: send },
            video_codecs: super::start::video_codecs_or_all(&options.video_codecs),
            options: crate::config::DialOptions {
                media_timeout_ms: options.media_timeout_ms,
                ..Default::default()
            },
            variables,
        };
        self.command(|reply| Command::StartChild { child, reply }).await
    }

    /// Adds a device, such as a second camera or microphone: a further leg as for
    /// [`Call::start_screen_share`], a member of kind `Device`. Same errors.
    /// Source: signalwire-js BaseRoomSession.ts.
    pub async fn add_device(&self, options: DeviceOptions) -> Result<Call> {
        let variables = options.variables()?;
        let direction = |sends: bool| MediaDirection::new(sends, false);
        let child = Child {
            kind: ChildKind::Device,
            directions: MediaDirections {
                audio: direction(options.sends_audio),
                video: direction(options.sends_video),
            },
            video_codecs: super::start::video_codecs_or_all(&options.video_codecs),
            options: crate::config::DialOptions {
                media_timeout_ms: options.media_timeout_ms,
                ..Default::default()
            },
            variables,
        };
        self.command(|reply| Command::StartChild { child, reply }).await
    }

    /// The id of the call that this one is a screen or device of.
    pub fn parent_id(&self) -> Option<String> {
        self.0.parent_id.clone()
    }
}
