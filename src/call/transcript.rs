//! What an AI agent and the person it talks to say, as the service's `ai.*` events tell it.

use super::event::{CallEvent, Speaker};
use serde_json::Value;

/// The types of events that make a transcript.
pub(super) const EVENT_TYPES: [&str; 4] =
    ["ai.partial_result", "ai.speech_detect", "ai.response_utterance", "ai.completion"];

/// Reads an `ai.*` event; `None` for every other one and for one without a text.
pub(super) fn parse(event_type: &str, payload: &Value) -> Option<CallEvent> {
    let text = payload["text"].as_str();
    let spoken = || payload["utterance"].as_str().or(text);
    let (speaker, is_final, text, confidence) = match event_type {
        "ai.partial_result" => (Speaker::Person, false, text?.to_owned(), None),
        "ai.speech_detect" => {
            let (text, confidence) = split_confidence(text?);
            (Speaker::Person, true, text.to_owned(), confidence)
        }
        "ai.response_utterance" => (Speaker::Agent, false, without_directives(spoken()?), None),
        "ai.completion" => {
            (Speaker::Agent, true, without_directives(text?).trim().to_owned(), None)
        }
        _ => return None,
    };
    Some(CallEvent::Transcript {
        speaker,
        is_final,
        is_interrupted: event_type == "ai.completion" && payload["type"] == "barged",
        text,
        confidence,
        event_type: event_type.to_owned(),
        raw_json: payload.to_string(),
    })
}

/// Takes `{confidence=0.95}` off the end of a text.
fn split_confidence(text: &str) -> (&str, Option<f64>) {
    let text = text.trim();
    let marker = || {
        let (before, number) = text.strip_suffix('}')?.rsplit_once("{confidence=")?;
        Some((before.trim_end(), number.parse().ok().filter(|number: &f64| number.is_finite())?))
    };
    marker().map_or((text, None), |(before, number)| (before, Some(number)))
}

/// Takes out what is meant for the voice, such as `~LN(English (United States))-;`. Behind a
/// directive the same text may stand once more, for the voice alone: the first text counts.
fn without_directives(text: &str) -> String {
    let mut rest = text;
    while let Some((before, after)) = split_directive(rest) {
        if !before.trim().is_empty() {
            return before.trim_end().to_owned();
        }
        rest = after.trim_start();
    }
    rest.to_owned()
}

/// What stands before and behind the first directive: `~`, letters, and all from `(` to `)-;`.
fn split_directive(text: &str) -> Option<(&str, &str)> {
    let (start, arguments) = text.match_indices('~').find_map(|(at, _)| {
        let rest = &text[at + 1..];
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let arguments = rest[letters..].strip_prefix('(').filter(|_| letters > 0)?;
        Some((at, arguments))
    })?;
    let (_, after) = arguments.split_once(")-;")?;
    Some((&text[..start], after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_event_says_who_spoke_and_whether_it_is_final() {
        use Speaker::{Agent, Person};
        for (event_type, payload, speaker, is_final, is_interrupted, said) in [
            ("ai.partial_result", json!({"text": "I wou"}), Person, false, false, "I wou"),
            ("ai.speech_detect", json!({"text": "I would"}), Person, true, false, "I would"),
            ("ai.response_utterance", json!({"utterance": " and"}), Agent, false, false, " and"),
            ("ai.response_utterance", json!({"text": "or "}), Agent, false, false, "or "),
            (
                "ai.completion",
                json!({"text": " Yes. ", "type": "normal"}),
                Agent,
                true,
                false,
                "Yes.",
            ),
            ("ai.completion", json!({"text": "Y", "type": "barged"}), Agent, true, true, "Y"),
            (
                "ai.partial_result",
                json!({"text": "x", "type": "barged"}),
                Person,
                false,
                false,
                "x",
            ),
        ] {
            let raw_json = payload.to_string();
            let expected = CallEvent::Transcript {
                speaker,
                is_final,
                is_interrupted,
                text: said.to_owned(),
                confidence: None,
                event_type: event_type.to_owned(),
                raw_json,
            };
            assert_eq!(parse(event_type, &payload), Some(expected));
        }
        for (event_type, payload) in [
            ("ai.partial_result", json!({})),
            ("ai.partial_result", json!({"utterance": "x"})),
            ("ai.speech_detect", json!({"text": 7})),
            ("ai.response_utterance", json!({"utterance": null})),
            ("ai.completion", json!(null)),
            ("ai.start", json!({"text": "x"})),
            ("user_event", json!({"text": "x"})),
        ] {
            assert_eq!(parse(event_type, &payload), None, "{event_type} {payload}");
        }
    }

    #[test]
    fn the_confidence_is_no_part_of_the_text() {
        for (text, said, confidence) in [
            ("I would {confidence=0.95}", "I would", Some(0.95)),
            ("I would{confidence=1}  ", "I would", Some(1.0)),
            ("{confidence=0.5}", "", Some(0.5)),
            ("{confidence=high}", "{confidence=high}", None),
            ("a {confidence=NaN}", "a {confidence=NaN}", None),
            ("a {confidence=0.5} b", "a {confidence=0.5} b", None),
            ("}", "}", None),
            (" a ", "a", None),
        ] {
            assert_eq!(split_confidence(text), (said, confidence), "{text}");
        }
    }

    #[test]
    fn directives_are_for_the_voice() {
        for (text, said) in [
            ("~LN(English (United States))-; Hello, ", "Hello, "),
            ("~LN(English)-;~VC(a.b)-;Hello", "Hello"),
            ("Hello. ~LN(English (United States))-; Hello.", "Hello."),
            ("~LN(English)-;Hello.~LN(English)-;Hello.", "Hello."),
            ("~LN(English)-;", ""),
            ("costs ~5 (or 6)-; more", "costs ~5 (or 6)-; more"),
            ("~(x)-;", "~(x)-;"),
            ("~LN(open", "~LN(open"),
            ("~ ~é ~LN", "~ ~é ~LN"),
            ("", ""),
        ] {
            assert_eq!(without_directives(text), said, "{text}");
        }
    }
}
