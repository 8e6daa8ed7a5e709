//! A description of media as it may be shown: without whatever opens the media path.

/// Lines that are shown as they are. What is not known here is cut, so that a secret of tomorrow is
/// not shown either.
const SHOWN: [&str; 6] = ["v=", "s=", "c=", "t=", "m=", "b="];

/// Attributes that are shown with their value.
const SHOWN_ATTRIBUTES: [&str; 22] = [
    "candidate",
    "end-of-candidates",
    "extmap",
    "fmtp",
    "group",
    "ice-lite",
    "ice-options",
    "inactive",
    "maxptime",
    "mid",
    "ptime",
    "recvonly",
    "rtcp",
    "rtcp-fb",
    "rtcp-mux",
    "rtcp-rsize",
    "rtpmap",
    "sendonly",
    "sendrecv",
    "setup",
    "x-google-flag",
    "bundle-only",
];

/// Longest text that is looked at; no description of a call comes near it.
const MAX_LENGTH: usize = 64 * 1024;

/// The description with one `\n` after each line. Of `ice-ufrag`, `ice-pwd`, `fingerprint`,
/// `crypto`, `key-mgmt` and every other line that is not known, only the name is left. Addresses
/// and ports stay: without them nobody can tell why media do not flow.
pub(crate) fn redacted(sdp: &str) -> String {
    let mut end = sdp.len().min(MAX_LENGTH);
    while !sdp.is_char_boundary(end) {
        end -= 1;
    }
    let mut shown = String::with_capacity(end);
    for line in sdp[..end].lines() {
        match line.strip_prefix("a=") {
            Some(attribute) => shown.push_str(&attribute_of(attribute)),
            None if SHOWN.iter().any(|known| line.starts_with(known)) => shown.push_str(line),
            // `o=` has the host's user name and session numbers; `k=` is a key (RFC 8866, 5.12).
            None => {
                let name: String = line.chars().take(2).collect();
                shown.push_str(&name);
                shown.push_str("<redacted>");
            }
        }
        shown.push('\n');
    }
    shown
}

fn attribute_of(attribute: &str) -> String {
    let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
    if !SHOWN_ATTRIBUTES.contains(&name) {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        return match name.chars().all(is_name) {
            true => format!("a={name}:<redacted>"),
            false => "a=<redacted>".to_owned(),
        };
    }
    if name == "candidate" {
        return format!("a=candidate:{}", candidate(value));
    }
    format!("a={attribute}")
}

/// A candidate carries the fragment of the ICE user name as an extension (RFC 8839, 5.1).
fn candidate(value: &str) -> String {
    let mut words = Vec::new();
    let mut all = value.split_ascii_whitespace();
    while let Some(word) = all.next() {
        words.push(word);
        if word == "ufrag" && all.next().is_some() {
            words.push("<redacted>");
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_the_path_is_cut_and_what_explains_it_stays() {
        let sdp = "v=0\r\no=user 123 456 IN IP4 10.0.0.7\r\ns=-\r\nk=clear:cAnArY\r\n\
            m=audio 4000 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 10.0.0.7\r\na=ice-ufrag:cAnArY\r\n\
            a=ice-pwd:cAnArY\r\na=fingerprint:sha-256 cAnArY\r\n\
            a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:cAnArY\r\na=key-mgmt:mikey cAnArY\r\n\
            a=tomorrow:cAnArY\r\na=cAnArY key\r\ncAnArY\r\na=rtpmap:111 opus/48000/2\r\n\
            a=candidate:1 1 udp 99 10.0.0.7 4000 typ host ufrag cAnArY network-id 1\r\n\
            a=sendrecv\r\n";
        let shown = redacted(sdp);
        assert!(!shown.contains("cAnArY"), "{shown}");
        assert!(!shown.contains("123"), "{shown}");
        for line in [
            "m=audio 4000 UDP/TLS/RTP/SAVPF 111\n",
            "c=IN IP4 10.0.0.7\n",
            "a=ice-pwd:<redacted>\n",
            "a=rtpmap:111 opus/48000/2\n",
            "a=candidate:1 1 udp 99 10.0.0.7 4000 typ host ufrag <redacted> network-id 1\n",
            "a=sendrecv\n",
        ] {
            assert!(shown.contains(line), "{line:?} is not in {shown}");
        }
    }

    #[test]
    fn any_text_is_bounded() {
        assert_eq!(redacted(""), "");
        let long = "ü".repeat(MAX_LENGTH);
        assert!(redacted(&long).len() < 100);
        assert!(redacted(&"a=sendrecv\n".repeat(MAX_LENGTH)).len() <= MAX_LENGTH + 16);
    }
}
