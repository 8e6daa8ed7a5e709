//! `sw_call_*video*`: encoded video in and out, and changes of a call's media.

use super::call::sw_call;
use super::completion::{guard_with, start, sw_completion};
use super::guard::guard;
use super::handle;
use super::observer::UserData;
use super::status::sw_status;
use super::text::{fill, Out};
use super::versioned::{self, Versioned};
use crate::call::VideoStats;
use crate::config::{MediaDirection, MediaDirections};
use crate::error::{Error, Result};
use crate::media::sink::SinkId;
use crate::media::video::port::VideoSink;
use crate::media::video::{EncodedVideoFrame, VideoCodec};
use crate::runtime::dispatch;
use std::ffi::{c_char, c_void};
use std::sync::Arc;

/// In which directions media of one kind flow, as seen from this side. Numbers never change.
#[repr(C)]
#[allow(dead_code)] // A constant for C.
pub enum sw_media_directions {
    /// In options for dialling: both ways if the address says `?channel=video`, else none; in those
    /// for answering: none.
    SW_MEDIA_DIRECTION_DEFAULT = 0,
    /// Both ways.
    SW_MEDIA_DIRECTION_SEND_RECEIVE = 1,
    /// From here only.
    SW_MEDIA_DIRECTION_SEND_ONLY = 2,
    /// To here only.
    SW_MEDIA_DIRECTION_RECEIVE_ONLY = 3,
    /// Neither.
    SW_MEDIA_DIRECTION_INACTIVE = 4,
}

/// How video is encoded. Numbers never change.
#[repr(C)]
pub enum sw_video_codecs {
    /// VP8: a frame is one VP8 frame as the encoder gives it.
    SW_VIDEO_CODEC_VP8 = 1,
    /// H.264, constrained baseline: a frame is one access unit in Annex B format, with SPS and PPS
    /// before each IDR picture.
    SW_VIDEO_CODEC_H264 = 2,
}

/// One received encoded frame. Borrowed for the time of the callback.
#[repr(C)]
pub struct sw_video_frame {
    /// The encoded picture, `size` bytes.
    pub data: *const u8,
    /// Bytes in `data`.
    pub size: usize,
    /// Media time in microseconds since the stream began.
    pub timestamp_us: u64,
    /// One of `SW_VIDEO_CODEC_*`.
    pub codec: i32,
    /// Width in pixels, where the picture says so (a VP8 key frame, H.264 with an SPS); else 0.
    pub width: u32,
    /// Height in pixels; 0 where unknown.
    pub height: u32,
    /// Whether a decoder can begin with this picture.
    pub is_key_frame: bool,
}

/// Who gets received video. Copied by `sw_call_add_video_sink`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_video_sink {
    /// `sizeof(sw_video_sink)`.
    pub struct_size: u32,
    /// Called with each whole frame, in order and never twice at once, on a media thread of the
    /// library. Not null. The frame is borrowed for the time of the call. It must not throw or
    /// `longjmp` out; when it is 30 frames behind, they are lost and it goes on with a key frame.
    pub on_frame:
        Option<unsafe extern "C" fn(frame: *const sw_video_frame, user_data: *mut c_void)>,
    /// Called exactly once after the last frame, on the dispatcher thread, so that `user_data`
    /// can be freed; nullable. Not called if `sw_call_add_video_sink` failed.
    pub drop: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    /// Passed to both functions unchanged. Nullable.
    pub user_data: *mut c_void,
}

// SAFETY: repr(C), size first, nullable function and data pointers.
unsafe impl Versioned for sw_video_sink {
    const FIRST_SIZE: usize = size_of::<sw_video_sink>();
}

type OnFrame = unsafe extern "C" fn(frame: *const sw_video_frame, user_data: *mut c_void);

struct Sink {
    on_frame: OnFrame,
    data: UserData,
}

impl VideoSink for Sink {
    fn on_frame(&self, frame: &EncodedVideoFrame) {
        let frame = sw_video_frame {
            data: frame.data.as_ptr(),
            size: frame.data.len(),
            timestamp_us: frame.timestamp_us,
            codec: codec_number(frame.codec),
            width: frame.width,
            height: frame.height,
            is_key_frame: frame.is_key_frame,
        };
        dispatch::call_foreign("a video sink", || {
            // SAFETY: the header says that `on_frame` is such a function.
            unsafe { (self.on_frame)(&frame, self.data.get()) }
        });
    }
}

/// Counters and gauges of a call's video. Start from `SW_VIDEO_STATISTICS_INIT`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_video_statistics {
    /// `sizeof(sw_video_statistics)`.
    pub struct_size: u32,
    /// In which directions video was agreed on: one of `SW_MEDIA_DIRECTION_*`.
    pub direction: i32,
    /// SDP name of the video codec that is sent; empty before negotiation.
    pub codec: [c_char; 16],
    /// Frames sent.
    pub frames_sent: u64,
    /// Key frames among them.
    pub key_frames_sent: u64,
    /// RTP packets sent, without repetitions.
    pub packets_sent: u64,
    /// RTP payload bytes sent, without repetitions.
    pub bytes_sent: u64,
    /// Packets sent once more because the far side missed them.
    pub packets_repeated: u64,
    /// Messages of the far side about missing packets.
    pub nacks_received: u64,
    /// Requests of the far side for a key frame.
    pub key_frame_requests_received: u64,
    /// The most that the far side takes in bits per second; 0 when it has not said.
    pub bitrate_limit_bps: u64,
    /// Pushed frames that were not sent.
    pub input_dropped_frames: u64,
    /// Whole frames received and given out.
    pub frames_received: u64,
    /// Key frames among them.
    pub key_frames_received: u64,
    /// RTP packets received, duplicates included.
    pub packets_received: u64,
    /// RTP payload bytes received.
    pub bytes_received: u64,
    /// Packets that never came.
    pub packets_lost: u64,
    /// Packets that came after they were asked for.
    pub packets_repaired: u64,
    /// Received frames that were incomplete, or useless without one that was.
    pub frames_dropped: u64,
    /// Messages sent about missing packets.
    pub nacks_sent: u64,
    /// Requests sent for a key frame.
    pub key_frame_requests_sent: u64,
    /// Frames that slow video sinks lost.
    pub output_dropped_frames: u64,
    /// Width of the last received key frame in pixels; 0 until known.
    pub width: u32,
    /// Height of the last received key frame in pixels; 0 until known.
    pub height: u32,
    /// Round trip of the video's path in milliseconds; 0 until known.
    pub round_trip_ms: f64,
    /// Loss of what is sent, as the far side reports it, 0.0 to 1.0.
    pub remote_loss_fraction: f64,
}

// SAFETY: repr(C), size first, numbers only.
unsafe impl Versioned for sw_video_statistics {
    const FIRST_SIZE: usize = size_of::<sw_video_statistics>();
}

fn to_statistics(stats: &VideoStats) -> sw_video_statistics {
    let mut result = sw_video_statistics {
        struct_size: size_of::<sw_video_statistics>() as u32,
        direction: direction_number(stats.direction),
        codec: [0; 16],
        frames_sent: stats.frames_sent,
        key_frames_sent: stats.key_frames_sent,
        packets_sent: stats.packets_sent,
        bytes_sent: stats.bytes_sent,
        packets_repeated: stats.packets_repeated,
        nacks_received: stats.nacks_received,
        key_frame_requests_received: stats.key_frame_requests_received,
        bitrate_limit_bps: stats.bitrate_limit_bps,
        input_dropped_frames: stats.input_dropped_frames,
        frames_received: stats.frames_received,
        key_frames_received: stats.key_frames_received,
        packets_received: stats.packets_received,
        bytes_received: stats.bytes_received,
        packets_lost: stats.packets_lost,
        packets_repaired: stats.packets_repaired,
        frames_dropped: stats.frames_dropped,
        nacks_sent: stats.nacks_sent,
        key_frame_requests_sent: stats.key_frame_requests_sent,
        output_dropped_frames: stats.output_dropped_frames,
        width: stats.width,
        height: stats.height,
        round_trip_ms: stats.round_trip_ms,
        remote_loss_fraction: stats.remote_loss_fraction,
    };
    fill(&mut result.codec, &stats.codec);
    result
}

/// Queues an encoded frame to be sent. Never blocks; the bytes are copied.
///
/// `call`: not null. `codec`: one of `SW_VIDEO_CODEC_*`, the negotiated one. `data`: not null;
/// `size` bytes, 1 to 2 MiB: a VP8 frame, or an H.264 access unit in Annex B format. `timestamp_us`:
/// when it was captured, by any clock that never goes back. `out_dropped_frames`: nullable; how many
/// frames were dropped, 0 normally: the queue of 10 was full, a key frame was missing, or the camera
/// is muted. The first frame has to be a key frame, and so has the next one after
/// `SW_CALL_EVENT_KEY_FRAME_REQUESTED`.
/// Errors: `SW_ERR_INVALID_ARGUMENT` for a frame that cannot be, or of another codec;
/// `SW_ERR_INVALID_STATE` before `SW_CALL_EVENT_VIDEO_CONNECTED` and while video is not sent;
/// `SW_ERR_CLOSED` after the call's end. Any thread.
#[no_mangle]
pub extern "C" fn sw_call_push_video(
    call: *mut sw_call,
    codec: i32,
    data: *const u8,
    size: usize,
    timestamp_us: u64,
    out_dropped_frames: *mut u32,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        if data.is_null() || size > isize::MAX as usize {
            return Err(Error::invalid("data must not be NULL, and size must be its bytes"));
        }
        // SAFETY: not NULL; the header asks for that many bytes.
        let bytes = unsafe { std::slice::from_raw_parts(data, size) };
        let frame = EncodedVideoFrame::new(video_codec(codec)?, bytes.to_vec(), timestamp_us)?;
        let dropped = call.push_video(frame)?;
        if !out_dropped_frames.is_null() {
            // SAFETY: the header asks for NULL or a place for the result.
            unsafe { Out::required(out_dropped_frames, "out_dropped_frames")? }.set(dropped);
        }
        Ok(())
    })
}

/// Delivers the received video to a sink: whole encoded frames, a key frame first, until the call
/// ends or `sw_call_remove_video_sink`.
///
/// `call`: not null. `sink`: not null; copied. `out_sink_id`: nullable; names the sink for its
/// removal. Several sinks may be added, also before there is video.
/// Errors: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_CLOSED` after the call's end. Any thread; does not
/// block.
#[no_mangle]
pub extern "C" fn sw_call_add_video_sink(
    call: *mut sw_call,
    sink: *const sw_video_sink,
    out_sink_id: *mut u64,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for a valid struct or NULL.
        let sink = unsafe { versioned::read(sink, "sink")? };
        let sink = sink.ok_or_else(|| Error::invalid("sink must not be NULL"))?;
        let on_frame = sink.on_frame.ok_or_else(|| Error::invalid("on_frame must not be NULL"))?;
        let data = UserData::new(sink.user_data, sink.drop);
        let sink = Arc::new(Sink { on_frame, data });
        let id = call.add_video_sink(sink.clone())?;
        sink.data.arm();
        if !out_sink_id.is_null() {
            // SAFETY: the header asks for NULL or a place for the result.
            unsafe { Out::required(out_sink_id, "out_sink_id")? }.set(id.as_u64());
        }
        Ok(())
    })
}

/// Ends the deliveries to a video sink. When it returns, `on_frame` does not run and will not be
/// called again; its `drop` follows on the dispatcher thread.
///
/// `call`: not null. Waits for a running `on_frame`, unless called from inside it. An unknown or
/// removed id is ignored. Any thread, also inside callbacks; do not call it while holding a lock
/// that `on_frame` takes.
#[no_mangle]
pub extern "C" fn sw_call_remove_video_sink(call: *mut sw_call, sink_id: u64) -> sw_status {
    guard(|| {
        handle::get(call)?.remove_video_sink(SinkId::from_u64(sink_id));
        Ok(())
    })
}

/// Asks the far side for a key frame, at most twice a second. Losses ask by themselves.
///
/// `call`: not null. Errors: `SW_ERR_CLOSED` after the call's end. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_request_key_frame(call: *mut sw_call) -> sw_status {
    guard(|| handle::get(call)?.request_key_frame())
}

/// Gives whether the camera is muted, by this side or by the service: then no video is sent.
///
/// `call`, `out_is_muted`: not null. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_is_video_muted(
    call: *const sw_call,
    out_is_muted: *mut bool,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for NULL or a place for the result.
        unsafe { Out::required(out_is_muted, "out_is_muted")? }.set(call.is_video_muted());
        Ok(())
    })
}

/// Gives in which directions audio and video flow, as both sides agreed on: `SW_MEDIA_DIRECTION_*`.
///
/// `call`, `out_audio`, `out_video`: not null. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_media(
    call: *const sw_call,
    out_audio: *mut i32,
    out_video: *mut i32,
) -> sw_status {
    guard(|| {
        let media = handle::get(call)?.media();
        // SAFETY: the header asks for NULL or a place for the result.
        let (audio, video) = unsafe {
            (Out::required(out_audio, "out_audio")?, Out::required(out_video, "out_video")?)
        };
        audio.set(direction_number(media.audio));
        video.set(direction_number(media.video));
        Ok(())
    })
}

/// Changes what flows: adds video to an audio call, stops it, turns directions. The completion tells
/// when the far side agreed.
///
/// `call`: not null. `audio`, `video`: one of `SW_MEDIA_DIRECTION_*`, not `DEFAULT`. One change is
/// negotiated at a time, up to 8 wait.
/// Completion: `SW_ERR_INVALID_STATE` unless the call is answered; `SW_ERR_REJECTED` or
/// `SW_ERR_TIMEOUT` when the service does not take it, and everything stays as it was; `SW_ERR_MEDIA`
/// when the far side agreed on less, which then counts; `SW_ERR_NETWORK` when the path broke
/// meanwhile; `SW_ERR_CLOSED`. Any thread.
#[no_mangle]
pub extern "C" fn sw_call_set_media(
    call: *mut sw_call,
    audio: i32,
    video: i32,
    done: sw_completion,
) -> sw_status {
    guard_with(done, || {
        let call = handle::get(call)?;
        let stated = |number: i32, name: &str| {
            direction(number)?
                .ok_or_else(|| Error::invalid(format!("{name} must not be the default")))
        };
        let directions =
            MediaDirections { audio: stated(audio, "audio")?, video: stated(video, "video")? };
        start(done.pending(), async move { call.set_media(directions).await })
    })
}

/// Gives the numbers of the call's video at this moment; those of the last moment after the end.
///
/// `call`: not null. `out_stats`: not null, `struct_size` set. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_video_stats(
    call: *const sw_call,
    out_stats: *mut sw_video_statistics,
) -> sw_status {
    guard(|| {
        let stats = to_statistics(&handle::get(call)?.stats().video);
        // SAFETY: the header asks for NULL or a struct with its size.
        unsafe { versioned::write(out_stats, &stats, "out_stats") }
    })
}

/// The direction of a number; `None` for the default.
pub(super) fn direction(number: i32) -> Result<Option<MediaDirection>> {
    use MediaDirection::{Inactive, ReceiveOnly, SendOnly, SendReceive};
    let known = [SendReceive, SendOnly, ReceiveOnly, Inactive];
    match number {
        0 => Ok(None),
        _ => known
            .into_iter()
            .find(|known| direction_number(*known) == number)
            .map(Some)
            .ok_or_else(|| Error::invalid(format!("{number} is no SW_MEDIA_DIRECTION_*"))),
    }
}

pub(super) fn direction_number(direction: MediaDirection) -> i32 {
    use sw_media_directions::*;
    let number = match direction {
        MediaDirection::SendReceive => SW_MEDIA_DIRECTION_SEND_RECEIVE,
        MediaDirection::SendOnly => SW_MEDIA_DIRECTION_SEND_ONLY,
        MediaDirection::ReceiveOnly => SW_MEDIA_DIRECTION_RECEIVE_ONLY,
        MediaDirection::Inactive => SW_MEDIA_DIRECTION_INACTIVE,
    };
    number as i32
}

pub(super) fn video_codec(number: i32) -> Result<VideoCodec> {
    VideoCodec::ALL
        .into_iter()
        .find(|codec| codec_number(*codec) == number)
        .ok_or_else(|| Error::invalid(format!("{number} is no SW_VIDEO_CODEC_*")))
}

/// A list that ends with 0.
pub(super) fn video_codecs(list: &[i32]) -> Result<Vec<VideoCodec>> {
    list.iter().take_while(|codec| **codec != 0).map(|codec| video_codec(*codec)).collect()
}

fn codec_number(codec: VideoCodec) -> i32 {
    use sw_video_codecs::*;
    let number = match codec {
        VideoCodec::Vp8 => SW_VIDEO_CODEC_VP8,
        VideoCodec::H264 => SW_VIDEO_CODEC_H264,
    };
    number as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_both_ways_and_others_are_errors() {
        for number in 1..=4 {
            let known = direction(number).unwrap().unwrap();
            assert_eq!(direction_number(known), number);
        }
        assert_eq!(direction(0).unwrap(), None);
        assert_eq!(video_codecs(&[2, 1]).unwrap(), [VideoCodec::H264, VideoCodec::Vp8]);
        assert_eq!(video_codecs(&[0, 7]).unwrap(), []);
        for wrong in [-1, 3, 5, i32::MAX] {
            assert!(video_codec(wrong).is_err());
        }
        assert!(direction(-1).is_err() && direction(5).is_err());
    }
}
