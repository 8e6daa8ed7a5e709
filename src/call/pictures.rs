//! A call's pictures: video that is encoded and decoded here.

use super::Call;
use crate::error::Result;
use crate::media::picture::codec;
use crate::media::picture::input::VideoEncoding;
use crate::media::picture::output::PictureSink;
use crate::media::picture::picture::{Picture, PixelFormat};
use crate::media::picture::PictureStats;
use crate::media::sink::SinkId;
use std::sync::Arc;

impl Call {
    /// Queues a picture to be encoded and sent, on a thread of the call's own (`sw-encode`, from the
    /// first picture on). Key frames are made when the far side asks for them, and the size, number
    /// and bit rate keep to what the service wants (`verto.mediaParams`), what the far side takes and
    /// what the way carries; see [`Call::set_video_encoding`]. A picture with a rotation is turned.
    ///
    /// Never blocks; the planes are shared. Any thread. Two pictures may wait: a third one takes the
    /// place of the oldest, so the latest are sent. Gives the number of pictures that were dropped, 0
    /// normally; all while the camera is muted. Use either this or [`Call::push_video`] in one call.
    ///
    /// Errors: `InvalidState` before [`crate::CallEvent::VideoConnected`] or while video is not sent;
    /// `NotSupported` where the negotiated codec was not built in (feature `video-codecs`); `Closed`
    /// after the end.
    pub fn push_picture(&self, picture: Picture) -> Result<u32> {
        self.check_alive()?;
        codec::check_any()?;
        let video = self.0.audio.video();
        let counters = video.pictures_out().shared_counters();
        video.pictures_in().push(video, counters, picture)
    }

    /// Says how pushed pictures are encoded, from the next one on; also before there is video.
    ///
    /// Errors: `InvalidArgument` for a frame rate that is negative or no number; `NotSupported` in builds
    /// without the cargo feature `video-codecs`; `Closed`.
    pub fn set_video_encoding(&self, encoding: VideoEncoding) -> Result<()> {
        self.check_alive()?;
        codec::check_any()?;
        self.0.audio.video().pictures_in().set_encoding(encoding)
    }

    /// Decodes the received video and delivers its pictures to `sink`, in this format, until the call
    /// ends or [`Call::remove_picture_sink`]. Several sinks may be added, also before there is video:
    /// it is decoded once, on a thread of the call's own (`sw-decode`, while there are sinks), and the
    /// sinks are called on media threads.
    ///
    /// Two pictures may wait for a slow sink: the latest win, see
    /// [`output_dropped`](PictureStats::output_dropped). After a loss or a frame that cannot be decoded
    /// nothing comes before the next key frame, which is asked for: no picture is ever shown damaged.
    /// Errors: `Closed` after the end; `NotSupported` in builds without the cargo feature
    /// `video-codecs`; `Media` when no thread can be started. One codec of two that was not built in shows as [`decode_errors`](PictureStats::decode_errors): offer the others only, by
    /// `video_codecs` of the options.
    pub fn add_picture_sink(
        &self,
        format: PixelFormat,
        sink: Arc<dyn PictureSink>,
    ) -> Result<SinkId> {
        self.check_alive()?;
        codec::check_any()?;
        let video = self.0.audio.video();
        video.pictures_out().add(video, format, sink)
    }

    /// Ends the deliveries to a picture sink; waits for a running one, unless called from inside it.
    /// An unknown or removed id is ignored. The last one ends the decoding.
    pub fn remove_picture_sink(&self, sink: SinkId) {
        let video = self.0.audio.video();
        video.pictures_out().remove(video, sink);
    }

    /// What became of the call's pictures so far; the last numbers after the end.
    pub fn picture_stats(&self) -> PictureStats {
        self.0.audio.video().pictures_out().counters().stats()
    }
}
