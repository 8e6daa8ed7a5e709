//! Pictures for the generated languages: objects whose planes stay where they are. Only addresses
//! cross this interface; the packages make buffers of their language of them.

use super::{Call, CallbackError, Result};
use crate::error::Error;
use crate::runtime::dispatch::call_foreign;
use crate::{PictureStats, PixelFormat, Rotation, SinkId, VideoEncoding};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

/// Where the samples of one plane are. Prefer what the package makes of it: a read-only buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PlaneMemory {
    /// The address of the first sample in this process. Nothing may be written there.
    pub address: u64,
    /// Bytes from one row to the next; at least `row_bytes`.
    pub stride: u32,
    /// Bytes of a row that are samples.
    pub row_bytes: u32,
    /// How many rows there are.
    pub rows: u32,
}

/// A decoded picture that does not change. Handles share its planes, which stay in memory for as long
/// as there is one. Any thread.
#[derive(Clone, uniffi::Object)]
pub struct Picture(crate::Picture);

impl Picture {
    fn of(picture: crate::Picture) -> Arc<Self> {
        Arc::new(Self(picture))
    }
}

#[uniffi::export]
impl Picture {
    /// Copies a picture out of the application's memory. Prefer what the package makes of this, which
    /// takes buffers of the language.
    ///
    /// `planes`: as many as the format has. Their `address` is read from in this call and must have all
    /// the rows: wrong ones end the process, as in C. `timestamp_us`: when it was captured, by any
    /// clock that never goes back.
    /// Errors: `InvalidArgument` for a size below 16x16 or above 4096x2304 pixels, another number of
    /// planes, and planes that are too small for the size.
    #[uniffi::constructor]
    pub fn new(
        format: PixelFormat,
        width: u32,
        height: u32,
        planes: Vec<PlaneMemory>,
        timestamp_us: u64,
    ) -> Result<Arc<Self>> {
        crate::media::picture::picture::check_size(width, height)?;
        let memory: Vec<_> = planes.iter().enumerate().map(samples).collect::<Result<_>>()?;
        Ok(Self::of(crate::Picture::new(format, (width, height), &memory, timestamp_us)?))
    }

    /// How the samples lie in memory.
    pub fn format(&self) -> PixelFormat {
        self.0.format()
    }

    /// Width in pixels, before any rotation.
    pub fn width(&self) -> u32 {
        self.0.width()
    }

    /// Height in pixels, before any rotation.
    pub fn height(&self) -> u32 {
        self.0.height()
    }

    /// Media time in microseconds: of a received picture since the stream's first one.
    pub fn timestamp_us(&self) -> u64 {
        self.0.timestamp_us()
    }

    /// How far it has to be turned to stand upright. Received pictures do already.
    pub fn rotation(&self) -> Rotation {
        self.0.rotation()
    }

    /// The same samples, to be turned: for cameras that are mounted so. When it is sent it is turned
    /// first.
    pub fn with_rotation(&self, rotation: Rotation) -> Arc<Self> {
        Self::of(self.0.clone().with_rotation(rotation))
    }

    /// The same samples at another time.
    pub fn with_timestamp_us(&self, timestamp_us: u64) -> Arc<Self> {
        Self::of(self.0.clone().with_timestamp_us(timestamp_us))
    }

    /// Where a plane is: 0 is Y. None beyond the format's planes. It is there for as long as this
    /// object, or one made of the same samples, is.
    pub fn plane(&self, number: u32) -> Option<PlaneMemory> {
        let plane = self.0.plane(usize::try_from(number).ok()?)?;
        Some(PlaneMemory {
            address: plane.data.as_ptr() as usize as u64,
            stride: plane.stride as u32,
            row_bytes: plane.row_bytes as u32,
            rows: plane.rows as u32,
        })
    }

    /// The picture in another format; the same samples where it has that format already. Exact both
    /// ways.
    pub fn to_format(&self, format: PixelFormat) -> Arc<Self> {
        Self::of(self.0.to_format(format))
    }

    /// The picture as it is to be seen: turned by its rotation, in I420.
    pub fn upright(&self) -> Arc<Self> {
        Self::of(self.0.upright())
    }

    /// The picture at another size, in I420, its shape not kept.
    ///
    /// Errors: `InvalidArgument` for a size below 16x16 or above 4096x2304 pixels.
    pub fn scaled(&self, width: u32, height: u32) -> Result<Arc<Self>> {
        Ok(Self::of(self.0.scaled(width, height)?))
    }

    /// The picture, upright, as the bytes of a PNG file: a snapshot. Takes some milliseconds, so not in
    /// a sink that has to keep up.
    ///
    /// Errors: `NotSupported` in builds of the library without `video-codecs`; `Media`.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        Ok(self.0.to_png()?)
    }
}

/// The memory that an application says is a plane.
fn samples<'a>((number, plane): (usize, &PlaneMemory)) -> Result<(&'a [u8], usize)> {
    let (row, stride) = (plane.row_bytes as usize, plane.stride as usize);
    let needed = (plane.rows as usize).checked_sub(1).and_then(|gaps| gaps.checked_mul(stride));
    let needed = needed.and_then(|bytes| bytes.checked_add(row));
    let start = usize::try_from(plane.address).unwrap_or(0) as *const u8;
    match needed {
        Some(needed) if !start.is_null() && row > 0 && row <= stride && needed < MOST_BYTES => {
            // SAFETY: not null and no more than the rows that the application says are there; they
            // are copied before its call returns.
            Ok((unsafe { std::slice::from_raw_parts(start, needed) }, stride))
        }
        _ => Err(Error::invalid(format!(
            "plane {number} has no address, no rows, or rows that are longer than its stride: {plane:?}"
        ))
        .into()),
    }
}

/// More than any plane has, gaps included.
const MOST_BYTES: usize = 1 << 30;

/// Makes test pictures: colour bars that wander, a square that moves, and at the top a strip that holds
/// the picture's number. A source for tests, in place of a camera.
#[derive(uniffi::Object)]
pub struct TestCard(crate::TestCard);

#[uniffi::export]
impl TestCard {
    /// Errors: `InvalidArgument` for a size below 96x48 or above 4096x2304 pixels.
    #[uniffi::constructor]
    pub fn new(width: u32, height: u32) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(crate::TestCard::new(width, height)?)))
    }

    /// The picture of this number, in I420.
    pub fn picture(&self, number: u16, timestamp_us: u64) -> Arc<Picture> {
        Picture::of(self.0.picture(number, timestamp_us))
    }

    /// Reads the number of a test picture, of any format and size and after encoding; none when the
    /// picture is no test card or is damaged there.
    pub fn read(&self, picture: Arc<Picture>) -> Option<u16> {
        crate::TestCard::read(&picture.0)
    }
}

/// Receives pictures. Implemented by the application.
#[uniffi::export(foreign)]
pub trait PictureSink: Send + Sync {
    /// Takes one picture in the format that was asked for, on a media thread. Its size may change from
    /// one to the next. It may be kept; let go of it soon otherwise, since it is some megabytes.
    ///
    /// It may call anything of this library that does not wait, also remove itself. Its errors are
    /// logged and the next picture is delivered as if nothing had happened.
    fn on_picture(&self, picture: Arc<Picture>) -> std::result::Result<(), CallbackError>;
}

/// A foreign sink as one of the core.
struct ForeignSink {
    sink: Arc<dyn PictureSink>,
    has_failed: AtomicBool,
}

impl crate::PictureSink for ForeignSink {
    fn on_picture(&self, picture: &crate::Picture) {
        call_foreign("a picture sink", || {
            if let Err(error) = self.sink.on_picture(Picture::of(picture.clone())) {
                // A sink that fails once fails with every picture.
                if !self.has_failed.swap(true, Ordering::Relaxed) {
                    tracing::error!(
                        "a picture sink failed; only its first failure is logged: {error}"
                    );
                }
            }
        });
    }
}

#[uniffi::export]
impl Call {
    /// Queues a picture to be encoded and sent, on a thread of the call's own. Key frames are made when
    /// the far side asks for them, and the size, number and bit rate keep to what the service wants,
    /// what the far side takes and what the way carries; see `set_video_encoding`.
    ///
    /// Never blocks; the planes are shared. Any thread. Two pictures may wait: a third one takes the
    /// place of the oldest. Gives the number of pictures that were dropped, 0 normally; all while the
    /// camera is muted. Use either this or `push_video` in one call.
    /// Errors: `InvalidState` before the event `VideoConnected` and while video is not sent;
    /// `NotSupported` where the negotiated codec was not built in (feature `video-codecs`); `Closed`.
    pub fn push_picture(&self, picture: Arc<Picture>) -> Result<u32> {
        Ok(self.0.push_picture(picture.0.clone())?)
    }

    /// Says how pushed pictures are encoded, from the next one on; also before there is video.
    ///
    /// Errors: `InvalidArgument` for a frame rate that is negative or no number; `NotSupported` in
    /// builds of the library without `video-codecs`; `Closed`.
    pub fn set_video_encoding(&self, encoding: VideoEncoding) -> Result<()> {
        Ok(self.0.set_video_encoding(encoding)?)
    }

    /// Decodes the received video and delivers its pictures to `sink`, until the call ends or
    /// `remove_picture_sink`. It is decoded once for all sinks, on a thread of the call's own. Two
    /// pictures may wait for a slow sink: the latest win. No picture is ever shown damaged: after a
    /// loss nothing comes before the next key frame, which is asked for. Gives the sink's id.
    ///
    /// Errors: `NotSupported` in builds of the library without `video-codecs`; `Media` when no thread
    /// can be started; `Closed` after the end.
    pub fn add_picture_sink(&self, format: PixelFormat, sink: Arc<dyn PictureSink>) -> Result<u64> {
        let sink = Arc::new(ForeignSink { sink, has_failed: AtomicBool::new(false) });
        Ok(self.0.add_picture_sink(format, sink)?.as_u64())
    }

    /// Ends the deliveries to a picture sink; waits for a running one, unless called from inside it.
    /// An unknown or removed id is ignored. The last one ends the decoding.
    pub fn remove_picture_sink(&self, sink: u64) {
        self.0.remove_picture_sink(SinkId::from_u64(sink));
    }

    /// What became of the call's pictures so far; the last numbers after the end.
    pub fn picture_stats(&self) -> PictureStats {
        self.0.picture_stats()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PictureSink as _;
    use std::sync::Mutex;

    #[test]
    fn planes_are_addresses_in_both_directions() {
        let card = TestCard::new(160, 96).unwrap();
        let nv12 = card.picture(321, 5).to_format(PixelFormat::Nv12);
        let planes: Vec<_> = (0..3).filter_map(|number| nv12.plane(number)).collect();
        assert_eq!((planes.len(), planes[1].row_bytes, planes[1].rows), (2, 160, 48));
        let copy = Picture::new(PixelFormat::Nv12, 160, 96, planes.clone(), 6).unwrap();
        assert_ne!(copy.plane(0).unwrap().address, planes[0].address);
        drop(nv12);
        assert_eq!((card.read(copy.clone()), copy.timestamp_us()), (Some(321), 6));
        let turned = copy.with_rotation(Rotation::Clockwise90);
        assert_eq!(turned.plane(0), copy.plane(0), "the samples are shared");
        assert_eq!((turned.upright().width(), turned.rotation()), (96, Rotation::Clockwise90));
    }

    #[test]
    fn planes_that_cannot_be_are_refused_before_they_are_read() {
        let card = TestCard::new(96, 48).unwrap().picture(0, 0);
        let good: Vec<_> = (0..3).filter_map(|number| card.plane(number)).collect();
        let new = |planes: Vec<PlaneMemory>| Picture::new(PixelFormat::I420, 96, 48, planes, 0);
        assert!(new(good.clone()).is_ok());
        let with = |wrong: PlaneMemory| vec![wrong, good[1], good[2]];
        for planes in [
            good[..2].to_vec(),
            with(PlaneMemory { address: 0, ..good[0] }),
            with(PlaneMemory { rows: 0, ..good[0] }),
            with(PlaneMemory { rows: 47, ..good[0] }),
            with(PlaneMemory { row_bytes: 95, stride: 95, ..good[0] }),
            with(PlaneMemory { row_bytes: 97, ..good[0] }),
            with(PlaneMemory { rows: u32::MAX, stride: u32::MAX, ..good[0] }),
        ] {
            let error = new(planes.clone()).err().expect("an error");
            assert!(
                matches!(error, super::super::SignalWireError::InvalidArgument { .. }),
                "{planes:?}"
            );
        }
    }

    struct Failing(Mutex<Vec<Arc<Picture>>>);

    impl PictureSink for Failing {
        fn on_picture(&self, picture: Arc<Picture>) -> std::result::Result<(), CallbackError> {
            self.0.lock().unwrap().push(picture);
            Err(CallbackError::Failed { reason: "on purpose".into() })
        }
    }

    #[test]
    fn a_sink_keeps_pictures_without_a_copy_and_may_fail() {
        let failing = Arc::new(Failing(Mutex::default()));
        let sink = ForeignSink { sink: failing.clone(), has_failed: AtomicBool::new(false) };
        let picture = crate::TestCard::new(96, 48).unwrap().picture(9, 1);
        sink.on_picture(&picture);
        sink.on_picture(&picture);
        let seen = failing.0.lock().unwrap();
        let address = picture.plane(0).unwrap().data.as_ptr() as usize as u64;
        assert_eq!(seen.iter().filter(|p| p.plane(0).unwrap().address == address).count(), 2);
    }
}
