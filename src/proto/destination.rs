//! What can be dialled.

use crate::error::{Error, ErrorKind, Result};

/// Longer than any address; bounds what is sent.
const MAX_LENGTH: usize = 1024;

/// A destination whose form has been checked; the service gets the text unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    text: String,
}

impl Destination {
    /// Checks `/context/name[?channel=…]`, `+E164`, `sip:user@host`, `queue:name`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        if text.len() > MAX_LENGTH || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(unusable(text));
        }
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        if !is_path(path) && !is_number(path) && !is_uri(path) {
            return Err(unusable(text));
        }
        match channel(query) {
            None | Some("audio" | "video") => Ok(Self { text: text.to_owned() }),
            Some("messaging") => Err(Error::new(
                ErrorKind::NotSupported,
                "the messaging channel cannot be dialled; dial the audio or video channel",
            )),
            Some(other) => {
                Err(Error::invalid(format!("channel={other:?} must be audio, video or messaging")))
            }
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it names the video channel of its address.
    pub(crate) fn has_video(&self) -> bool {
        let query = self.text.split_once('?').map_or("", |(_, query)| query);
        channel(query) == Some("video")
    }
}

fn channel(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("channel="))
}

/// `/context/name`, or `/name` in the own context.
fn is_path(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    let parts: Vec<&str> = rest.split('/').collect();
    (1..=2).contains(&parts.len()) && parts.iter().all(|part| !part.is_empty())
}

fn is_number(path: &str) -> bool {
    path.strip_prefix('+').is_some_and(|digits| {
        (3..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

fn is_uri(path: &str) -> bool {
    if let Some(rest) = path.strip_prefix("sip:").or_else(|| path.strip_prefix("sips:")) {
        return rest.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty() && !host.is_empty() && !host.contains('@')
        });
    }
    path.strip_prefix("queue:").is_some_and(|name| !name.is_empty())
}

fn unusable(text: &str) -> Error {
    Error::invalid(format!(
        "{:?} is not an address; use /context/name (such as /public/alice), a number as \
         +15551234567, or sip:user@host",
        text.chars().take(80).collect::<String>()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_address() {
        for good in [
            "/public/alice",
            "/private/bob?channel=audio",
            "/public/room?channel=video&x=1",
            "/alice",
            "+15551234567",
            "sip:a@b.example",
            "sips:a@b",
            "queue:support",
            "/public/\u{e9}t\u{e9}",
        ] {
            assert_eq!(Destination::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn the_channel_says_whether_there_is_video() {
        for (text, has_video) in [
            ("/public/room?channel=video", true),
            ("/public/room?x=1&channel=video", true),
            ("/public/room?channel=audio", false),
            ("/public/room?channel=audio&x=video", false),
            ("/public/room", false),
            ("+15551234567", false),
        ] {
            assert_eq!(Destination::parse(text).unwrap().has_video(), has_video, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_dialled() {
        let long = format!("/public/{}", "x".repeat(MAX_LENGTH));
        for bad in [
            "",
            " ",
            "alice",
            "/",
            "//",
            "/public/",
            "/a/b/c",
            "+",
            "+12",
            "+1555123456789012",
            "+1555x",
            "sip:",
            "sip:alice",
            "sip:@h",
            "sip:a@",
            "queue:",
            "/public/a b",
            "/public/a\n",
            "?channel=audio",
            "/public/a?channel=smell",
            &long,
        ] {
            let error = Destination::parse(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{bad:?}");
        }
        let error = Destination::parse("/public/a?channel=messaging").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotSupported);
    }
}
