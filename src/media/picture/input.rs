//! From the application's pictures to frames that are sent: brought to the size and number that are
//! wanted and encoded, on a thread of the call's own.

use super::codec::{self, Encoder, Settings};
use super::picture::{Picture, PicturePool};
use super::rate::{usual_bps, RateControl};
use super::scale::Limits;
use super::{count, worker, Counters};
use crate::error::{Error, ErrorKind, Result};
use crate::media::video::port::{VideoPort, WeakVideoPort};
use crate::media::video::{EncodedVideoFrame, VideoCodec};
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Pictures that wait to be encoded; the latest ones win.
const WAITING_PICTURES: usize = 2;
/// What is taken for the pictures' number where nobody limits it.
const USUAL_FRAME_RATE: f64 = 30.0;
/// From this size on the encoder gets a second thread.
const LARGE_PIXELS: u32 = 1280 * 720;

/// How pushed pictures are encoded; 0 in a field leaves the choice to the library.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct VideoEncoding {
    /// The most bits per second. By default what is usual for the size: 0.7 Mbit/s for 640x360 at 30
    /// pictures per second, between 0.1 and 2.5 Mbit/s. The rate starts at half of it, keeps below
    /// what the far side takes, falls with losses and rises without.
    #[cfg_attr(feature = "uniffi", uniffi(default = 0))]
    pub max_bitrate_bps: u32,
    /// The largest width in pixels; larger pictures are made smaller, their shape kept.
    #[cfg_attr(feature = "uniffi", uniffi(default = 0))]
    pub max_width: u32,
    /// The largest height in pixels.
    #[cfg_attr(feature = "uniffi", uniffi(default = 0))]
    pub max_height: u32,
    /// The most pictures per second; what comes sooner is left out. The bits are spread over so many,
    /// over 30 by default: say it when fewer are pushed.
    #[cfg_attr(feature = "uniffi", uniffi(default = 0.0))]
    pub max_frame_rate: f64,
}

impl VideoEncoding {
    fn limits(&self) -> Limits {
        Limits {
            max_width: self.max_width,
            max_height: self.max_height,
            max_frame_rate: self.max_frame_rate,
        }
    }

    fn check(&self) -> Result<()> {
        if !self.max_frame_rate.is_finite() || self.max_frame_rate < 0.0 {
            return Err(Error::invalid("max_frame_rate must be 0, for no limit, or more"));
        }
        Ok(())
    }
}

/// The encoding of one call, once a picture was pushed.
#[derive(Default)]
pub(crate) struct Input {
    running: Mutex<Option<Arc<Encoding>>>,
    wishes: Arc<Mutex<Wishes>>,
}

#[derive(Clone, Copy, Default)]
struct Wishes {
    own: VideoEncoding,
    service: Limits,
}

impl Input {
    pub(crate) fn set_encoding(&self, encoding: VideoEncoding) -> Result<()> {
        encoding.check()?;
        lock(&self.wishes).own = encoding;
        Ok(())
    }

    /// What the service wants to get.
    pub(crate) fn set_limits(&self, limits: Limits) {
        lock(&self.wishes).service = limits;
    }

    /// Queues a picture; gives how many had to go for it, or 1 when it is not sent itself.
    pub(crate) fn push(
        &self,
        port: &VideoPort,
        counters: Arc<Counters>,
        picture: Picture,
    ) -> Result<u32> {
        let codec = port.sent_codec().ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidState,
                "no video can be sent now: wait for VideoConnected, or change the call's media",
            )
        })?;
        codec::check(codec)?;
        if port.is_muted() {
            count(&counters.input_dropped, 1);
            return Ok(1);
        }
        let mut running = lock(&self.running);
        if running.is_none() {
            let encoding =
                Encoding::start(port.downgrade(), counters.clone(), self.wishes.clone())?;
            *running = Some(encoding);
        }
        let dropped = running.as_ref().map_or(1, |encoding| encoding.push(picture));
        count(&counters.input_dropped, u64::from(dropped));
        Ok(dropped)
    }

    /// The call is over.
    pub(crate) fn end(&self) {
        if let Some(encoding) = lock(&self.running).take() {
            encoding.end();
        }
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        self.end();
    }
}

/// What the thread works on.
struct Encoding {
    queue: Mutex<Queue>,
    ready: Condvar,
}

#[derive(Default)]
struct Queue {
    pictures: VecDeque<Picture>,
    is_over: bool,
}

impl Encoding {
    fn start(
        port: WeakVideoPort,
        counters: Arc<Counters>,
        wishes: Arc<Mutex<Wishes>>,
    ) -> Result<Arc<Self>> {
        let encoding = Arc::new(Self { queue: Mutex::default(), ready: Condvar::new() });
        let own = encoding.clone();
        let mut work = Work::new(counters);
        worker::spawn("sw-encode", move || {
            while let Some(picture) = own.next() {
                let Some(port) = port.upgrade() else { return };
                let wishes = *lock(&wishes);
                work.take(&port, &wishes, &picture, Instant::now());
            }
        })?;
        Ok(encoding)
    }

    fn push(&self, picture: Picture) -> u32 {
        let mut queue = lock(&self.queue);
        let dropped = u32::from(queue.pictures.len() == WAITING_PICTURES);
        if dropped > 0 {
            queue.pictures.pop_front();
        }
        queue.pictures.push_back(picture);
        drop(queue);
        self.ready.notify_one();
        dropped
    }

    fn next(&self) -> Option<Picture> {
        let mut queue = lock(&self.queue);
        loop {
            if queue.is_over {
                return None;
            }
            if let Some(picture) = queue.pictures.pop_front() {
                return Some(picture);
            }
            queue = self.ready.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn end(&self) {
        let mut queue = lock(&self.queue);
        queue.is_over = true;
        queue.pictures.clear();
        drop(queue);
        self.ready.notify_one();
    }
}

/// The encoder and what it was set up for.
struct Work {
    counters: Arc<Counters>,
    pool: PicturePool,
    pace: Pace,
    rate: RateControl,
    encoder: Option<(Encoder, VideoCodec, Settings)>,
    /// A key frame is wanted that the encoder left out.
    owes_key_frame: bool,
}

impl Work {
    fn new(counters: Arc<Counters>) -> Self {
        Self {
            counters,
            pool: PicturePool::default(),
            pace: Pace::default(),
            rate: RateControl::default(),
            encoder: None,
            owes_key_frame: false,
        }
    }

    fn take(&mut self, port: &VideoPort, wishes: &Wishes, picture: &Picture, now: Instant) {
        let limits = wishes.own.limits().and(wishes.service);
        let codec = port.sent_codec().filter(|_| !port.is_muted());
        let is_due = self.pace.takes(picture.timestamp_us(), limits.max_frame_rate);
        let Some(codec) = codec.filter(|_| is_due) else {
            return count(&self.counters.input_dropped, 1);
        };
        let upright = picture.upright_in(&self.pool);
        let (width, height) = limits.fit(upright.width(), upright.height());
        let scaled = upright.scaled_in((width, height), &self.pool);
        let frame_rate = match limits.max_frame_rate {
            rate if rate > 0.0 => rate,
            _ => USUAL_FRAME_RATE,
        };
        let ceiling = match wishes.own.max_bitrate_bps {
            0 => usual_bps(width, height, frame_rate),
            bits => bits,
        };
        let target = self.rate.update(now, port.way(), ceiling);
        self.counters.target_bitrate_bps.store(target.into(), Ordering::Relaxed);
        let threads = 1 + u32::from(width * height >= LARGE_PIXELS);
        let frame_rate = frame_rate as f32;
        let settings = Settings { width, height, bitrate_bps: target, frame_rate, threads };
        let encoded = self.set_up(codec, settings).and_then(|()| self.encode(port, &scaled));
        match encoded {
            Ok(Some(data)) => {
                count(&self.counters.encoded, 1);
                count(&self.counters.encode_us, now.elapsed().as_micros() as u64);
                let time = picture.timestamp_us();
                // What is dropped there makes the next frame a key frame.
                let frame = EncodedVideoFrame::read(codec, data.into(), time);
                if let Err(error) = port.push(frame) {
                    tracing::debug!(%error, "an encoded picture came too late");
                }
            }
            Ok(None) => count(&self.counters.input_dropped, 1),
            Err(error) => {
                // A new one is made for the next picture.
                self.encoder = None;
                if self.counters.encode_errors.fetch_add(1, Ordering::Relaxed) == 0 {
                    tracing::error!(%error, "a picture could not be encoded");
                }
            }
        }
    }

    /// Makes the encoder fit, anew where it has to be.
    fn set_up(&mut self, codec: VideoCodec, wanted: Settings) -> Result<()> {
        if let Some((encoder, present, settings)) = &mut self.encoder {
            let same_rate = Settings { bitrate_bps: settings.bitrate_bps, ..wanted };
            if *present == codec && *settings == same_rate {
                let apart = settings.bitrate_bps.abs_diff(wanted.bitrate_bps);
                // Each change disturbs the encoder's own control, so small ones wait.
                if apart > settings.bitrate_bps / 20 {
                    encoder.set_bitrate(wanted.bitrate_bps)?;
                    settings.bitrate_bps = wanted.bitrate_bps;
                }
                return Ok(());
            }
        }
        self.encoder = Some((Encoder::new(codec, wanted)?, codec, wanted));
        self.owes_key_frame = true;
        Ok(())
    }

    fn encode(&mut self, port: &VideoPort, picture: &Picture) -> Result<Option<Vec<u8>>> {
        let Some((encoder, ..)) = &mut self.encoder else { return Ok(None) };
        self.owes_key_frame |= port.take_own_key_frame_request();
        let encoded = encoder.encode(picture, self.owes_key_frame)?;
        self.owes_key_frame &= encoded.is_none();
        Ok(encoded)
    }
}

/// Leaves pictures out where there are more per second than wanted.
#[derive(Default)]
struct Pace {
    due_us: Option<u64>,
}

impl Pace {
    /// Whether the picture of this time is sent.
    fn takes(&mut self, us: u64, max_frame_rate: f64) -> bool {
        if max_frame_rate <= 0.0 {
            return true;
        }
        let interval = (1e6 / max_frame_rate) as u64;
        // Cameras are not exact, and a clock that goes back begins anew.
        let due = self.due_us.filter(|due| *due <= us.saturating_add(2 * interval)).unwrap_or(us);
        if us.saturating_add(interval / 4) < due {
            return false;
        }
        self.due_us = Some(due.max(us.saturating_sub(interval / 2)).saturating_add(interval));
        true
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code runs under these locks that can leave them half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_pictures_than_wanted_and_evenly() {
        for (pushed, wanted, expected) in [
            (30.0, 0.0, 300),
            (30.0, 15.0, 150),
            (30.0, 10.0, 100),
            (25.0, 15.0, 150),
            (15.0, 30.0, 150),
        ] {
            let mut pace = Pace::default();
            let times = (0..(10.0 * pushed) as u64).map(|n| (n as f64 * 1e6 / pushed) as u64);
            let taken: Vec<u64> = times.filter(|us| pace.takes(*us, wanted)).collect();
            assert!(taken.len().abs_diff(expected) <= 1, "{pushed} {wanted}: {}", taken.len());
            let longest = taken.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
            let least = if wanted == 0.0 { pushed } else { pushed.min(wanted) };
            assert!(longest as f64 <= 1e6 / least + 1e6 / pushed, "{pushed} {wanted}: {longest}");
        }
    }

    #[test]
    fn a_clock_that_jumps_stops_nothing() {
        let mut pace = Pace::default();
        for us in [10_000_000, 0, 100_000, u64::MAX, 5, 90_000_000] {
            assert!(pace.takes(us, 15.0), "{us}");
        }
        assert!(!pace.takes(90_000_100, 15.0));
    }

    #[test]
    fn limits_that_cannot_be_are_refused() {
        for max_frame_rate in [-1.0, f64::NAN, f64::INFINITY] {
            let encoding = VideoEncoding { max_frame_rate, ..VideoEncoding::default() };
            let error = Input::default().set_encoding(encoding).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        }
    }
}
