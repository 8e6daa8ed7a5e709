//! RTP and RTCP on the wire (RFC 3550), telephone-event payloads (RFC 4733).

/// The parts of an RTP header that the gateway looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub marker: bool,
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    /// Where the payload starts in the packet.
    pub payload_at: usize,
    /// Where it ends: padding is cut off.
    pub payload_end: usize,
}

impl Header {
    /// Reads the header of a decrypted packet.
    pub fn parse(packet: &[u8]) -> Option<Header> {
        if packet.len() < 12 || packet[0] >> 6 != 2 {
            return None;
        }
        let mut payload_at = 12 + usize::from(packet[0] & 0x0F) * 4;
        if packet[0] & 0x10 != 0 {
            let length = packet.get(payload_at + 2..payload_at + 4)?;
            payload_at += 4 + usize::from(u16::from_be_bytes([length[0], length[1]])) * 4;
        }
        let mut payload_end = packet.len();
        if packet[0] & 0x20 != 0 {
            payload_end = payload_end.checked_sub(usize::from(*packet.last()?))?;
        }
        if payload_at > payload_end {
            return None;
        }
        Some(Header {
            marker: packet[1] & 0x80 != 0,
            payload_type: packet[1] & 0x7F,
            sequence: u16::from_be_bytes([packet[2], packet[3]]),
            timestamp: u32::from_be_bytes(packet[4..8].try_into().ok()?),
            ssrc: u32::from_be_bytes(packet[8..12].try_into().ok()?),
            payload_at,
            payload_end,
        })
    }
}

/// Writes a packet without CSRCs and extensions.
pub fn packet(
    marker: bool,
    payload_type: u8,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    payload: &[u8],
) -> Vec<u8> {
    let mut out = Vec::with_capacity(12 + payload.len());
    out.extend_from_slice(&[0x80, (u8::from(marker) << 7) | payload_type]);
    out.extend_from_slice(&sequence.to_be_bytes());
    out.extend_from_slice(&timestamp.to_be_bytes());
    out.extend_from_slice(&ssrc.to_be_bytes());
    out.extend_from_slice(payload);
    out
}

/// Whether a decrypted or encrypted datagram is RTCP (RFC 5761 section 4).
pub fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.len() > 1 && (192..=223).contains(&datagram[1])
}

/// One packet of an RTCP compound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rtcp {
    SenderReport,
    ReceiverReport { fraction_lost: Option<u8>, cumulative_lost: Option<u32> },
    Description,
    Bye,
    Nack { lost: Vec<u16> },
    PictureLoss,
    FullIntra,
    Other(u8),
}

/// Splits a decrypted RTCP compound; stops at the first malformed packet.
pub fn parse_rtcp(mut bytes: &[u8]) -> Vec<Rtcp> {
    let mut packets = Vec::new();
    while bytes.len() >= 4 && bytes[0] >> 6 == 2 {
        let length = (usize::from(u16::from_be_bytes([bytes[2], bytes[3]])) + 1) * 4;
        if length > bytes.len() {
            break;
        }
        let (packet, rest) = bytes.split_at(length);
        packets.push(read_rtcp(packet));
        bytes = rest;
    }
    packets
}

fn read_rtcp(packet: &[u8]) -> Rtcp {
    match (packet[1], packet[0] & 0x1F) {
        (200, _) => Rtcp::SenderReport,
        (201, _) => Rtcp::ReceiverReport {
            fraction_lost: packet.get(12).copied(),
            cumulative_lost: packet.get(13..16).map(|b| u32::from_be_bytes([0, b[0], b[1], b[2]])),
        },
        (202, _) => Rtcp::Description,
        (203, _) => Rtcp::Bye,
        (205, 1) => Rtcp::Nack { lost: nack_list(packet.get(12..).unwrap_or_default()) },
        (206, 1) => Rtcp::PictureLoss,
        (206, 4) => Rtcp::FullIntra,
        (kind, _) => Rtcp::Other(kind),
    }
}

fn nack_list(mut items: &[u8]) -> Vec<u16> {
    let mut lost = Vec::new();
    while items.len() >= 4 {
        let first = u16::from_be_bytes([items[0], items[1]]);
        let mask = u16::from_be_bytes([items[2], items[3]]);
        lost.push(first);
        lost.extend((0..16).filter(|bit| mask >> bit & 1 == 1).map(|b| first.wrapping_add(b + 1)));
        items = &items[4..];
    }
    lost
}

/// What a sender report says.
pub struct Report<'a> {
    pub ssrc: u32,
    pub cname: &'a str,
    /// NTP time, RTP timestamp, packets and octets sent; `None` makes it a receiver report.
    pub sent: Option<(u64, u32, u32, u32)>,
    /// Source, fraction lost, cumulative lost, highest sequence, jitter.
    pub block: Option<(u32, u8, u32, u32, u32)>,
}

/// A compound of SR (or RR) and SDES.
pub fn report(report: &Report) -> Vec<u8> {
    let blocks = u8::from(report.block.is_some());
    let mut out = vec![0x80 | blocks, if report.sent.is_some() { 200 } else { 201 }, 0, 0];
    out.extend_from_slice(&report.ssrc.to_be_bytes());
    if let Some((ntp, timestamp, packets, octets)) = report.sent {
        out.extend_from_slice(&ntp.to_be_bytes());
        for value in [timestamp, packets, octets] {
            out.extend_from_slice(&value.to_be_bytes());
        }
    }
    if let Some((source, fraction, lost, highest, jitter)) = report.block {
        out.extend_from_slice(&source.to_be_bytes());
        out.extend_from_slice(&(u32::from(fraction) << 24 | (lost & 0x00FF_FFFF)).to_be_bytes());
        for value in [highest, jitter, 0, 0] {
            out.extend_from_slice(&value.to_be_bytes());
        }
    }
    close_packet(&mut out, 0);
    let at = out.len();
    out.extend_from_slice(&[0x81, 202, 0, 0]);
    out.extend_from_slice(&report.ssrc.to_be_bytes());
    out.extend_from_slice(&[1, report.cname.len() as u8]);
    out.extend_from_slice(report.cname.as_bytes());
    out.push(0);
    out.resize(out.len().div_ceil(4) * 4, 0);
    close_packet(&mut out, at);
    out
}

/// Appends PLI and FIR, which FreeSWITCH sends together when it wants a key frame.
pub fn append_key_frame_request(out: &mut Vec<u8>, sender: u32, media: u32, fir_number: u8) {
    out.extend_from_slice(&[0x81, 206, 0, 2]);
    out.extend_from_slice(&sender.to_be_bytes());
    out.extend_from_slice(&media.to_be_bytes());
    out.extend_from_slice(&[0x84, 206, 0, 4]);
    out.extend_from_slice(&sender.to_be_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&media.to_be_bytes());
    out.extend_from_slice(&[fir_number, 0, 0, 0]);
}

/// A receiver report without blocks and a NACK for these packets.
pub fn nack(sender: u32, media: u32, lost: &[u16]) -> Vec<u8> {
    let mut out = vec![0x80, 201, 0, 1];
    out.extend_from_slice(&sender.to_be_bytes());
    let at = out.len();
    out.extend_from_slice(&[0x81, 205, 0, 0]);
    out.extend_from_slice(&sender.to_be_bytes());
    out.extend_from_slice(&media.to_be_bytes());
    for sequence in lost {
        out.extend_from_slice(&sequence.to_be_bytes());
        out.extend_from_slice(&[0, 0]);
    }
    close_packet(&mut out, at);
    out
}

fn close_packet(out: &mut [u8], at: usize) {
    let words = ((out.len() - at) / 4 - 1) as u16;
    out[at + 2..at + 4].copy_from_slice(&words.to_be_bytes());
}

/// The digit of a telephone-event payload and whether the event has ended.
pub fn telephone_event(payload: &[u8]) -> Option<(char, bool)> {
    let digit = *b"0123456789*#ABCD".get(usize::from(*payload.first()?))?;
    Some((char::from(digit), payload.get(1)? & 0x80 != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_read_back() {
        let bytes = packet(true, 111, 65_535, 4_000_000_000, 0xDEAD_BEEF, b"opus");
        let header = Header::parse(&bytes).unwrap();
        assert!(header.marker);
        assert_eq!((header.payload_type, header.sequence), (111, 65_535));
        assert_eq!((header.timestamp, header.ssrc), (4_000_000_000, 0xDEAD_BEEF));
        assert_eq!(&bytes[header.payload_at..header.payload_end], b"opus");
    }

    #[test]
    fn csrcs_extension_and_padding_are_skipped() {
        let mut bytes = packet(false, 96, 1, 2, 3, &[]);
        bytes[0] |= 0x31;
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&[0xBE, 0xDE, 0, 1, 1, 2, 3, 4]);
        bytes.extend_from_slice(b"vp8");
        bytes.extend_from_slice(&[0, 2]);
        let header = Header::parse(&bytes).unwrap();
        assert_eq!(&bytes[header.payload_at..header.payload_end], b"vp8");
    }

    #[test]
    fn malformed_packets_are_refused() {
        assert!(Header::parse(&[0x80; 5]).is_none());
        let mut bytes = packet(false, 96, 1, 2, 3, b"x");
        bytes[0] |= 0x20;
        *bytes.last_mut().unwrap() = 200;
        assert!(Header::parse(&bytes).is_none());
    }

    #[test]
    fn a_report_with_key_frame_request_is_split_again() {
        let mut bytes = report(&Report {
            ssrc: 1,
            cname: "name",
            sent: Some((1, 2, 3, 4)),
            block: Some((9, 128, 5, 6, 7)),
        });
        append_key_frame_request(&mut bytes, 1, 9, 0);
        assert_eq!(
            parse_rtcp(&bytes),
            [Rtcp::SenderReport, Rtcp::Description, Rtcp::PictureLoss, Rtcp::FullIntra]
        );
    }

    #[test]
    fn nack_masks_are_expanded() {
        let bytes = [0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 10, 0b1000_0000, 1];
        assert_eq!(parse_rtcp(&bytes), [Rtcp::Nack { lost: vec![10, 11, 26] }]);
    }

    #[test]
    fn a_written_nack_is_read_back() {
        let bytes = nack(1, 2, &[7, 65_535]);
        let expected = [
            Rtcp::ReceiverReport { fraction_lost: None, cumulative_lost: None },
            Rtcp::Nack { lost: vec![7, 65_535] },
        ];
        assert_eq!(parse_rtcp(&bytes), expected);
    }

    #[test]
    fn telephone_events() {
        assert_eq!(telephone_event(&[11, 0x8A, 3, 0x20]), Some(('#', true)));
        assert_eq!(telephone_event(&[1, 0x0A, 0, 0xA0]), Some(('1', false)));
        assert_eq!(telephone_event(&[200, 0, 0, 0]), None);
    }
}
