//! Opus in an Ogg file (RFC 7845), 48 kHz, packets of 20 ms.
//!
//! Pages are closed with each piece, so that what was written can be played whatever happens to the
//! process. Within a piece one packet stays in hand, since a page's last one has to be marked.

use crate::media::codec::MAX_PAYLOAD_BYTES;
use crate::media::frame::AudioFormat;
use ogg::writing::{PacketWriteEndInfo, PacketWriter};
use std::fs::File;
use std::io::{self, BufWriter, Write};

/// The rate of Opus in Ogg, whatever was recorded (RFC 7845, 4).
pub(super) const RATE_HZ: u32 = 48_000;
/// Packets in one page at most, which is one second; a page can hold 255 short ones.
const PACKETS_PER_PAGE: u32 = 50;

/// Writes one stream.
pub(super) struct OggOpus {
    pages: PacketWriter<'static, BufWriter<File>>,
    encoder: opus::Encoder,
    serial: u32,
    channels: usize,
    /// Samples that do not fill a packet yet.
    rest: Vec<i16>,
    /// Samples per channel of the recording itself, and of what is encoded.
    taken: u64,
    encoded: u64,
    /// What the decoder has to throw away at the beginning (RFC 7845, 4.2).
    pre_skip: u64,
    in_hand: Option<(Vec<u8>, u64)>,
    page_packets: u32,
}

impl OggOpus {
    pub(super) fn new(file: File, channels: u32, bitrate_bps: u32) -> io::Result<Self> {
        let shape = if channels == 2 { opus::Channels::Stereo } else { opus::Channels::Mono };
        let mut encoder = opus::Encoder::new(RATE_HZ, shape, opus::Application::Audio)
            .map_err(|error| io::Error::other(error.description()))?;
        let bitrate = opus::Bitrate::Bits(i32::try_from(bitrate_bps).unwrap_or(i32::MAX));
        let set = encoder.set_bitrate(bitrate).and_then(|()| encoder.set_complexity(5));
        let pre_skip = set
            .and_then(|()| encoder.get_lookahead())
            .map_err(|error| io::Error::other(error.description()))?;
        let mut this = Self {
            pages: PacketWriter::new(BufWriter::new(file)),
            encoder,
            serial: rand::random(),
            channels: channels as usize,
            rest: Vec::new(),
            taken: 0,
            encoded: 0,
            pre_skip: u64::try_from(pre_skip).unwrap_or(0),
            in_hand: None,
            page_packets: 0,
        };
        this.write_headers()?;
        Ok(this)
    }

    /// The identification and the comment header, each on a page of its own (RFC 7845, 3 and 5).
    fn write_headers(&mut self) -> io::Result<()> {
        let mut head = b"OpusHead\x01".to_vec();
        head.push(self.channels as u8);
        head.extend((self.pre_skip as u16).to_le_bytes());
        head.extend(RATE_HZ.to_le_bytes());
        // No gain, and the mapping of one or two channels.
        head.extend([0, 0, 0]);
        let vendor = b"signalwire-client";
        let mut tags = b"OpusTags".to_vec();
        tags.extend((vendor.len() as u32).to_le_bytes());
        tags.extend(vendor);
        tags.extend(0u32.to_le_bytes());
        for header in [head, tags] {
            self.pages.write_packet(header, self.serial, PacketWriteEndInfo::EndPage, 0)?;
        }
        self.pages.inner_mut().flush()
    }

    /// Appends whole sample frames.
    pub(super) fn write(&mut self, samples: &[i16]) -> io::Result<()> {
        self.taken += (samples.len() / self.channels) as u64;
        self.rest.extend_from_slice(samples);
        self.encode_rest()
    }

    fn encode_rest(&mut self) -> io::Result<()> {
        let length = AudioFormat::new(RATE_HZ, self.channels as u32).samples_in_ms(20);
        let mut at = 0;
        while self.rest.len() - at >= length {
            let packet = self
                .encoder
                .encode_vec(&self.rest[at..at + length], MAX_PAYLOAD_BYTES)
                .map_err(|error| io::Error::other(error.description()))?;
            at += length;
            self.encoded += (length / self.channels) as u64;
            let next = (packet, self.encoded);
            if let Some(packet) = self.in_hand.replace(next) {
                self.write_packet(packet, PacketWriteEndInfo::NormalPacket)?;
            }
        }
        self.rest.drain(..at);
        Ok(())
    }

    fn write_packet(
        &mut self,
        (packet, position): (Vec<u8>, u64),
        end: PacketWriteEndInfo,
    ) -> io::Result<()> {
        self.page_packets += 1;
        let is_full = self.page_packets >= PACKETS_PER_PAGE;
        let end = match end {
            PacketWriteEndInfo::NormalPacket if is_full => PacketWriteEndInfo::EndPage,
            other => other,
        };
        if end != PacketWriteEndInfo::NormalPacket {
            self.page_packets = 0;
        }
        self.pages.write_packet(packet, self.serial, end, position)
    }

    /// Brings every whole packet to the file and closes the page.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        if let Some(packet) = self.in_hand.take() {
            self.write_packet(packet, PacketWriteEndInfo::EndPage)?;
        }
        self.pages.inner_mut().flush()
    }

    /// Ends the stream: what was delayed in the encoder comes out, and the last page tells how much of
    /// the last packet counts (RFC 7845, 4.4). There is always such a packet, because of the delay.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let end = self.pre_skip + self.taken;
        let length = AudioFormat::new(RATE_HZ, self.channels as u32).samples_in_ms(20);
        while self.encoded < end || self.in_hand.is_none() {
            self.rest.resize(length, 0);
            self.encode_rest()?;
        }
        if let Some((packet, _)) = self.in_hand.take() {
            self.write_packet((packet, end), PacketWriteEndInfo::EndStream)?;
        }
        self.pages.inner_mut().flush()
    }
}
