//! Nominations that come before this side's own check of the pair was answered.
//!
//! The controlled side has to keep them until then (RFC 8445, 7.3.1.5). The agent below forgets them
//! and does not even answer: it would wait for the next round of the far side's checks, which a
//! FreeSWITCH-like media node begins a second later.

use bytes::BytesMut;
use rtc::shared::TaggedBytesMut;
use std::collections::VecDeque;

/// Kept at most: more pairs than this nobody nominates at the same time.
const MAX_KEPT: usize = 16;

/// The length of a STUN header, and the types of a binding request and of USE-CANDIDATE (RFC 8489,
/// 5; RFC 8445, 16.1).
const HEADER: usize = 20;
const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
const USE_CANDIDATE: [u8; 2] = [0x00, 0x25];

/// See the module's documentation.
#[derive(Default)]
pub(super) struct Nominations(VecDeque<TaggedBytesMut>);

impl Nominations {
    /// Keeps a copy of a datagram that nominates its pair.
    pub(super) fn note(&mut self, datagram: &TaggedBytesMut) {
        if !nominates(&datagram.message) {
            return;
        }
        // One for each pair: the last.
        self.0.retain(|kept| !is_same_pair(kept, datagram));
        if self.0.len() < MAX_KEPT {
            self.0.push_back(TaggedBytesMut {
                now: datagram.now,
                transport: datagram.transport,
                message: BytesMut::from(&datagram.message[..]),
            });
        }
    }

    /// The nomination of the pair that this answer to a check came over.
    pub(super) fn take(&mut self, answer: &TaggedBytesMut) -> Option<TaggedBytesMut> {
        let at = self.0.iter().position(|kept| is_same_pair(kept, answer))?;
        let kept = self.0.remove(at)?;
        Some(TaggedBytesMut { now: answer.now, ..kept })
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

fn is_same_pair(one: &TaggedBytesMut, other: &TaggedBytesMut) -> bool {
    let pair =
        |datagram: &TaggedBytesMut| (datagram.transport.local_addr, datagram.transport.peer_addr);
    pair(one) == pair(other)
}

/// Whether a datagram is a binding request with USE-CANDIDATE.
pub(super) fn nominates(bytes: &[u8]) -> bool {
    let Some(mut attributes) = bytes.get(HEADER..).filter(|_| bytes.starts_with(&BINDING_REQUEST))
    else {
        return false;
    };
    while let [type_high, type_low, high, low, rest @ ..] = attributes {
        if [*type_high, *type_low] == USE_CANDIDATE {
            return true;
        }
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        attributes = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_request_with_use_candidate_nominates() {
        let message = |kind: [u8; 2], attributes: &[u8]| {
            let mut bytes = vec![0; HEADER];
            bytes[..2].copy_from_slice(&kind);
            bytes.extend_from_slice(attributes);
            bytes
        };
        let priority = [0, 0x24, 0, 4, 1, 2, 3, 4];
        let odd_user = [0, 6, 0, 1, 65, 0, 0, 0];
        let use_candidate = [0, 0x25, 0, 0];
        let all = [&priority[..], &odd_user, &use_candidate].concat();
        for (bytes, expected) in [
            (message([0, 1], &use_candidate), true),
            (message([0, 1], &all), true),
            (message([0, 1], &priority), false),
            (message([1, 1], &use_candidate), false),
            // Cut, and longer than there is.
            (message([0, 1], &use_candidate[..3]), false),
            (message([0, 1], &[0, 6, 255, 255, 0, 0x25, 0, 0]), false),
            (vec![0, 1], false),
            (Vec::new(), false),
        ] {
            assert_eq!(nominates(&bytes), expected, "{bytes:?}");
        }
    }
}
