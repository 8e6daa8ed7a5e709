//! RTCP feedback of the far side, which the peer connection keeps to itself unless a link of its
//! chain takes it out; and the feedback that is sent.

use bytes::Bytes;
use rtc::interceptor::{Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc::rtcp::payload_feedbacks::full_intra_request::FullIntraRequest;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtcp::payload_feedbacks::receiver_estimated_maximum_bitrate::ReceiverEstimatedMaximumBitrate;
use rtc::rtcp::receiver_report::ReceiverReport;
use rtc::rtcp::source_description::{
    SdesType, SourceDescription, SourceDescriptionChunk, SourceDescriptionItem,
};
use rtc::rtcp::transport_feedbacks::transport_layer_nack::{
    nack_pairs_from_sequence_numbers, TransportLayerNack,
};
use rtc::sansio::Protocol;
use rtc::shared::error::Error;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The name of the source that the descriptions say, too.
const CNAME: &str = "signalwire";
/// Feedback that may wait; a far side that says more repeats itself.
const MAX_WAITING: usize = 64;

/// What the far side says about what it receives.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ReceivedFeedback {
    /// It misses these packets.
    Nack(Vec<u16>),
    /// It needs a key frame (PLI, RFC 4585, 6.3.1; FIR, RFC 5104, 4.3.1).
    KeyFrame,
    /// It takes no more than this (REMB), in bits per second.
    BitrateLimit(u64),
}

/// The queue between the chain and the peer connection's owner.
#[derive(Clone, Default)]
pub(super) struct Waiting(Arc<Mutex<VecDeque<ReceivedFeedback>>>);

impl Waiting {
    pub(super) fn pop(&self) -> Option<ReceivedFeedback> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn push(&self, feedback: ReceivedFeedback) {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.len() < MAX_WAITING && queue.back() != Some(&feedback) {
            queue.push_back(feedback);
        }
    }
}

/// The link: lets everything pass and copies what is feedback.
#[derive(Default)]
pub(super) struct Tap {
    pub(super) waiting: Waiting,
    reads: VecDeque<TaggedPacket>,
    writes: VecDeque<TaggedPacket>,
}

impl Tap {
    fn look_at(&self, packet: &dyn rtc::rtcp::Packet) {
        let any = packet.as_any();
        if let Some(nack) = any.downcast_ref::<TransportLayerNack>() {
            let missing = nack.nacks.iter().flat_map(|pair| pair.packet_list()).collect();
            self.waiting.push(ReceivedFeedback::Nack(missing));
        } else if any.is::<PictureLossIndication>() || any.is::<FullIntraRequest>() {
            self.waiting.push(ReceivedFeedback::KeyFrame);
        } else if let Some(limit) = any.downcast_ref::<ReceiverEstimatedMaximumBitrate>() {
            self.waiting.push(ReceivedFeedback::BitrateLimit(limit.bitrate as u64));
        }
    }
}

/// Everything that these bytes say, for the fuzzers.
#[cfg(any(test, fuzzing))]
pub(crate) fn read(mut bytes: &[u8]) -> Vec<ReceivedFeedback> {
    let tap = Tap::default();
    let packets = rtc::rtcp::packet::unmarshal(&mut bytes).unwrap_or_default();
    packets.iter().for_each(|packet| tap.look_at(packet.as_ref()));
    std::iter::from_fn(|| tap.waiting.pop()).collect()
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for Tap {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        if let Packet::Rtcp(compound) = &packet.message.packet {
            compound.iter().for_each(|part| self.look_at(part.as_ref()));
        }
        self.reads.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.reads.pop_front()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        self.writes.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.writes.pop_front()
    }
}

impl Interceptor for Tap {
    fn bind_local_stream(&mut self, _: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _: &StreamInfo) {}
}

/// Feedback as it has to be sent where reduced-size RTCP was not agreed on: behind a report and the
/// name of the source (RFC 4585, 3.1).
pub(super) fn compound(
    sender: u32,
    feedback: Box<dyn rtc::rtcp::Packet>,
) -> Vec<Box<dyn rtc::rtcp::Packet>> {
    let report = ReceiverReport { ssrc: sender, ..Default::default() };
    let name = SourceDescriptionItem {
        sdes_type: SdesType::SdesCname,
        text: Bytes::from_static(CNAME.as_bytes()),
    };
    let names = SourceDescription {
        chunks: vec![SourceDescriptionChunk { source: sender, items: vec![name] }],
    };
    vec![Box::new(report), Box::new(names), feedback]
}

/// The generic NACK for these packets (RFC 4585, 6.2.1).
pub(super) fn nack(sender: u32, media: u32, sequences: &[u16]) -> Box<dyn rtc::rtcp::Packet> {
    Box::new(TransportLayerNack {
        sender_ssrc: sender,
        media_ssrc: media,
        nacks: nack_pairs_from_sequence_numbers(sequences),
    })
}

/// The request for a key frame.
pub(super) fn picture_loss(sender: u32, media: u32) -> Box<dyn rtc::rtcp::Packet> {
    Box::new(PictureLossIndication { sender_ssrc: sender, media_ssrc: media })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtc::interceptor::AttributedPacket;
    use rtc::shared::TransportContext;

    #[test]
    fn feedback_is_copied_in_order_without_repetitions_and_bounded() {
        let mut tap = Tap::default();
        let waiting = tap.waiting.clone();
        let compound: Vec<Box<dyn rtc::rtcp::Packet>> = vec![
            nack(1, 2, &[10, 11, 26]),
            picture_loss(1, 2),
            Box::new(FullIntraRequest::default()),
            Box::new(ReceiverEstimatedMaximumBitrate { bitrate: 300_000.0, ..Default::default() }),
        ];
        let packet = |compound| TaggedPacket {
            now: Instant::now(),
            transport: TransportContext::default(),
            message: AttributedPacket::new(Packet::Rtcp(compound)),
        };
        tap.handle_read(packet(compound)).expect("is taken");
        assert!(tap.poll_read().is_some(), "it passes");
        let seen: Vec<_> = std::iter::from_fn(|| waiting.pop()).collect();
        let expected = [
            ReceivedFeedback::Nack(vec![10, 11, 26]),
            ReceivedFeedback::KeyFrame,
            ReceivedFeedback::BitrateLimit(300_000),
        ];
        assert_eq!(seen, expected, "PLI and FIR together are one request");
        for n in 0..200 {
            tap.handle_read(packet(vec![nack(1, 2, &[n])])).expect("is taken");
        }
        assert_eq!(std::iter::from_fn(|| waiting.pop()).count(), MAX_WAITING);
    }
}
