//! Digits that a call sends, and which way they go.

use crate::config::DtmfMethod;
use crate::error::{Error, ErrorKind, Result};
use crate::media::leg::Leg;
use crate::media::telephone_event::{self, Step};
use serde_json::Value;
use std::future::Future;

/// The most characters of one order.
const MAX_DIGITS: usize = 64;

/// A text of digits and pauses that can be sent.
pub(crate) struct Digits {
    text: String,
    steps: Vec<Step>,
}

impl Digits {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let steps = telephone_event::parse(text)
            .filter(|steps| (1..=MAX_DIGITS).contains(&steps.len()))
            .ok_or_else(|| {
                Error::invalid(
                    "digits must be 1 to 64 characters of 0-9 A-D * # and w or W for pauses",
                )
            })?;
        Ok(Self { text: text.to_owned(), steps })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Sends them in the stream of `leg`, which is none while there is no audio, or with the
    /// request `in_message`.
    pub(super) async fn send(
        self,
        method: DtmfMethod,
        leg: Option<&Leg>,
        in_message: impl Future<Output = Result<Value>>,
    ) -> Result<()> {
        if method == DtmfMethod::Info {
            return in_message.await.map(drop);
        }
        let in_stream = match leg {
            Some(leg) => leg.send_digits(self.steps).await,
            None => Err(Error::new(
                ErrorKind::InvalidState,
                "the call is on hold, so no audio flows that digits could go with; take it off \
                 hold first",
            )),
        };
        // In both cases nothing was sent yet.
        let is_impossible = |error: &Error| {
            matches!(error.kind(), ErrorKind::NotSupported | ErrorKind::InvalidState)
        };
        match in_stream {
            Err(error) if method == DtmfMethod::Auto && is_impossible(&error) => {
                in_message.await.map(drop)
            }
            sent => sent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_and_pauses_are_taken() {
        for text in ["1", "0123456789*#ABCDabcdwW", &"5".repeat(64)] {
            assert_eq!(Digits::parse(text).unwrap().text(), text);
        }
        for text in ["", "12x", " 1", "+1", "é", &"5".repeat(65)] {
            let error = Digits::parse(text).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{text:?}");
        }
    }
}
