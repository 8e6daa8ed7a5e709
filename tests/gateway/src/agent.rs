//! `/public/agent`: an AI agent that talks, listens and tells what it understood.
//!
//! What it says is a tone pattern and what it understands is how much it heard; the events are
//! those of a real one: `ai.partial_result`, `ai.speech_detect`, `ai.response_utterance`,
//! `ai.completion` and `user_event`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use crate::call::Call;
use crate::hub::Hub;
use crate::media::stream::Source;

/// How often the agent looks at the caller.
const STEP: Duration = Duration::from_millis(20);
/// The least level (RMS, 0 to 1) that is somebody speaking.
const LOUD: f64 = 0.01;
/// Silence that ends an utterance of the caller.
const PAUSE: Duration = Duration::from_millis(400);
/// The pattern of the speech: a syllable and the gap after it.
const SYLLABLE: Duration = Duration::from_millis(300);
const GAP: Duration = Duration::from_millis(100);

/// What a spoken text begins with: an instruction to the voice, which nobody should see.
const DIRECTIVE: &str = "~LN(English (United States))-;";
const GREETING: [&str; 3] = ["Hello, ", "this is the gateway. ", "What can I do for you?"];
const WORDS: [&str; 4] = ["I", "would", "like", "something"];

/// What the agent wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Play(Source),
    Emit(&'static str, Value),
}

enum Phase {
    Talking {
        chunks: Vec<String>,
        said: usize,
        since: Instant,
    },
    Listening,
    /// The caller is speaking; the words so far and when sound came last.
    Hearing {
        words: usize,
        since: Instant,
        last: Instant,
    },
}

/// The agent without clock, media and network.
pub struct Agent {
    phase: Phase,
    chunk: Duration,
    playing: Source,
}

impl Agent {
    /// An agent that begins with its greeting; `chunk` is how long it says one part of a text.
    pub fn new(now: Instant, chunk: Duration) -> Agent {
        let chunks = GREETING.iter().map(|&text| text.to_owned()).collect();
        let phase = Phase::Talking { chunks, said: 0, since: now };
        Agent { phase, chunk, playing: Source::Silence }
    }

    /// One look at the caller: how loud it is, and the digits dialled since the last look.
    pub fn look(&mut self, now: Instant, level: f64, digits: &str) -> Vec<Action> {
        let mut actions = Vec::new();
        let loud = level > LOUD;
        if loud || !digits.is_empty() {
            self.interrupt(&mut actions);
        }
        if !digits.is_empty() {
            actions.push(emit("ai.partial_result", digits));
            self.understand(now, digits, &mut actions);
        }
        match &mut self.phase {
            Phase::Talking { .. } => self.talk(now, &mut actions),
            Phase::Listening if loud => {
                self.phase = Phase::Hearing { words: 1, since: now, last: now };
                actions.push(emit("ai.partial_result", &WORDS[..1].join(" ")));
            }
            Phase::Listening => {}
            Phase::Hearing { words, since, last } => {
                if loud {
                    *last = now;
                    let due = 1 + (now.duration_since(*since).as_millis() / 300) as usize;
                    if due.min(WORDS.len()) > *words {
                        *words += 1;
                        actions.push(emit("ai.partial_result", &WORDS[..*words].join(" ")));
                    }
                } else if now.duration_since(*last) >= PAUSE {
                    let text = WORDS[..*words].join(" ");
                    self.understand(now, &text, &mut actions);
                }
            }
        }
        actions
    }

    /// The caller makes a sound: the agent stops talking.
    fn interrupt(&mut self, actions: &mut Vec<Action>) {
        let Phase::Talking { chunks, said, .. } = &self.phase else { return };
        let text = format!("{DIRECTIVE}{}", chunks[..*said].concat().trim_end());
        actions.push(Action::Emit("ai.completion", json!({ "text": text, "type": "barged" })));
        self.phase = Phase::Listening;
        self.play(Source::Silence, actions);
    }

    /// The caller has finished: a function of the agent shows the text, then it answers.
    fn understand(&mut self, now: Instant, text: &str, actions: &mut Vec<Action>) {
        actions.push(emit("ai.speech_detect", &format!("{text}{{confidence=0.95}}")));
        actions.push(Action::Emit(
            "user_event",
            json!({ "type": "display_content", "title": "Understood", "content": text,
                "format": "text" }),
        ));
        let chunks = vec!["You said ".to_owned(), format!("{text}.")];
        self.phase = Phase::Talking { chunks, said: 0, since: now };
    }

    fn talk(&mut self, now: Instant, actions: &mut Vec<Action>) {
        let Phase::Talking { chunks, said, since } = &mut self.phase else { return };
        let passed = now.duration_since(*since);
        if passed >= self.chunk * chunks.len() as u32 {
            let text = format!("{DIRECTIVE}{}", chunks.concat());
            actions.push(Action::Emit("ai.completion", json!({ "text": text, "type": "normal" })));
            self.phase = Phase::Listening;
            self.play(Source::Silence, actions);
            return;
        }
        while *said < chunks.len() && passed >= self.chunk * *said as u32 {
            let directive = if *said == 0 { DIRECTIVE } else { "" };
            let text = format!("{directive}{}", chunks[*said]);
            actions.push(Action::Emit("ai.response_utterance", json!({ "utterance": text })));
            *said += 1;
        }
        let within = passed.as_millis() % (SYLLABLE + GAP).as_millis();
        let syllable = within < SYLLABLE.as_millis();
        self.play(if syllable { Source::Tone } else { Source::Silence }, actions);
    }

    fn play(&mut self, source: Source, actions: &mut Vec<Action>) {
        if std::mem::replace(&mut self.playing, source) != source {
            actions.push(Action::Play(source));
        }
    }
}

fn emit(kind: &'static str, text: &str) -> Action {
    Action::Emit(kind, json!({ "text": text }))
}

/// Lets an agent attend an answered call until the call ends.
pub async fn attend(hub: Arc<Hub>, call: Arc<Call>) {
    let mut agent = Agent::new(Instant::now(), hub.config.agent_chunk);
    let mut known = (0, 0);
    loop {
        let (level, digits) = call.with(|leg| {
            let Some(media) = &leg.media else { return (0.0, String::new()) };
            let (level, by_rtp) = media.hearing();
            let digits = [
                leg.digits.get(known.0..).unwrap_or_default(),
                by_rtp.get(known.1..).unwrap_or_default(),
            ]
            .concat();
            known = (leg.digits.len(), by_rtp.len());
            (level, digits)
        });
        for action in agent.look(Instant::now(), level, &digits) {
            match action {
                Action::Play(source) => call.with(|leg| {
                    if let Some(media) = &leg.media {
                        media.controls.set_source(source);
                    }
                }),
                Action::Emit(kind, payload) => call.custom_event(&hub, kind, payload),
            }
        }
        tokio::time::sleep(STEP).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: Duration = Duration::from_millis(200);

    /// The agent looked at every 20 ms up to `until` ms after its start, from `from`.
    fn watch(agent: &mut Agent, start: Instant, from: u64, until: u64, level: f64) -> Vec<Action> {
        (from / 20..until / 20)
            .flat_map(|n| agent.look(start + STEP * n as u32, level, ""))
            .collect()
    }

    fn names(actions: &[Action]) -> Vec<&'static str> {
        let named = actions.iter().filter_map(|action| match action {
            Action::Emit(name, _) => Some(*name),
            Action::Play(_) => None,
        });
        named.collect()
    }

    #[test]
    fn it_greets_with_sound_and_then_listens() {
        let start = Instant::now();
        let mut agent = Agent::new(start, CHUNK);
        let actions = watch(&mut agent, start, 0, 700, 0.0);
        let said = "ai.response_utterance";
        assert_eq!(names(&actions), [said, said, said, "ai.completion"]);
        assert!(actions.contains(&Action::Play(Source::Tone)));
        assert_eq!(agent.playing, Source::Silence);
        let Some(Action::Emit(_, last)) = actions.iter().rfind(|a| matches!(a, Action::Emit(..)))
        else {
            panic!("no event")
        };
        assert_eq!(last["type"], "normal");
    }

    #[test]
    fn sound_while_it_talks_interrupts_it_and_is_understood_after_a_pause() {
        let start = Instant::now();
        let mut agent = Agent::new(start, CHUNK);
        watch(&mut agent, start, 0, 300, 0.0);
        let actions = watch(&mut agent, start, 300, 700, 0.2);
        assert_eq!(names(&actions), ["ai.completion", "ai.partial_result", "ai.partial_result"]);
        let Action::Emit(_, barged) = &actions[0] else { panic!("{actions:?}") };
        assert_eq!(barged["type"], "barged");
        assert_eq!(barged["text"], format!("{DIRECTIVE}Hello, this is the gateway."));
        assert_eq!(agent.playing, Source::Silence);
        let actions = watch(&mut agent, start, 700, 1200, 0.0);
        assert_eq!(names(&actions), ["ai.speech_detect", "user_event", "ai.response_utterance"]);
        let Action::Emit(_, heard) = &actions[0] else { panic!("{actions:?}") };
        assert_eq!(heard["text"], "I would{confidence=0.95}");
    }

    #[test]
    fn digits_are_understood_at_once() {
        let start = Instant::now();
        let mut agent = Agent::new(start, CHUNK);
        watch(&mut agent, start, 0, 700, 0.0);
        let actions = agent.look(start + CHUNK * 4, 0.0, "42#");
        assert_eq!(
            names(&actions),
            ["ai.partial_result", "ai.speech_detect", "user_event", "ai.response_utterance"]
        );
    }
}
