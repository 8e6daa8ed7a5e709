//! What the far side reports of our packets (RFC 3550, 6.4.1).
//!
//! The peer connection's statistics read the blocks of receiver reports only. A far side that
//! sends audio, as FreeSWITCH always does, puts them into its sender reports.

use rtc::interceptor::{Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc::rtcp::receiver_report::ReceiverReport;
use rtc::rtcp::reception_report::ReceptionReport;
use rtc::rtcp::sender_report::SenderReport;
use rtc::sansio::Protocol;
use rtc::shared::error::Error;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::Arc;
use std::time::Instant;

/// No report came yet.
const NONE: u16 = u16::MAX;

/// The loss that was reported last, in 256ths.
#[derive(Clone)]
pub(super) struct ReportedLoss(Arc<AtomicU16>);

impl Default for ReportedLoss {
    fn default() -> Self {
        Self(Arc::new(AtomicU16::new(NONE)))
    }
}

impl ReportedLoss {
    /// 0.0 to 1.0; none before the first report.
    pub(super) fn fraction(&self) -> Option<f64> {
        let reported = self.0.load(Ordering::Relaxed);
        (reported != NONE).then(|| f64::from(reported) / 256.0)
    }
}

/// Looks at the reports as they pass by.
pub(super) struct ReportReader {
    ssrc: u32,
    loss: ReportedLoss,
    reads: VecDeque<TaggedPacket>,
    writes: VecDeque<TaggedPacket>,
}

impl ReportReader {
    pub(super) fn new(ssrc: u32, loss: ReportedLoss) -> Self {
        Self { ssrc, loss, reads: VecDeque::new(), writes: VecDeque::new() }
    }

    fn read(&self, blocks: &[ReceptionReport]) {
        for block in blocks.iter().filter(|block| block.ssrc == self.ssrc) {
            self.loss.0.store(u16::from(block.fraction_lost), Ordering::Relaxed);
        }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for ReportReader {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, message: TaggedPacket) -> Result<(), Error> {
        if let Packet::Rtcp(packets) = &message.message.packet {
            for packet in packets {
                let packet = packet.as_any();
                if let Some(report) = packet.downcast_ref::<SenderReport>() {
                    self.read(&report.reports);
                } else if let Some(report) = packet.downcast_ref::<ReceiverReport>() {
                    self.read(&report.reports);
                }
            }
        }
        self.reads.push_back(message);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.reads.pop_front()
    }

    fn handle_write(&mut self, message: TaggedPacket) -> Result<(), Error> {
        self.writes.push_back(message);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.writes.pop_front()
    }
}

impl Interceptor for ReportReader {
    fn bind_local_stream(&mut self, _: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _: &StreamInfo) {}
}
