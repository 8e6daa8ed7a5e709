//! What the user asks for during a call: lines or single keys on standard input.

use crate::room::{self, RoomRequest};
use crate::terminal;
use std::io::{BufRead, IsTerminal, Read};
use std::path::PathBuf;
use tokio::sync::mpsc::{unbounded_channel, UnboundedReceiver, UnboundedSender};

/// Something to do in a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    Mute(bool),
    ToggleMute,
    Hold(bool),
    ToggleHold,
    Digits(String),
    Play(PathBuf),
    Stats,
    Answer,
    Reject,
    RejectEverywhere,
    Room(RoomRequest),
    Hangup,
}

/// What came from standard input.
#[derive(Debug, PartialEq, Eq)]
pub enum Input {
    /// The words of the user, and what they mean or why they mean nothing.
    Request {
        text: String,
        request: Result<Request, String>,
    },
    Eof,
}

/// Standard input, read on its own thread: reading cannot be interrupted.
pub struct InputStream {
    receiver: UnboundedReceiver<Input>,
    is_open: bool,
    /// Restores the terminal when the call is over.
    _keys: Option<terminal::SingleKeys>,
}

impl InputStream {
    /// `allow_keys`: single keys instead of lines, if standard input is a terminal.
    pub fn start(allow_keys: bool) -> Self {
        let (sender, receiver) = unbounded_channel();
        let is_terminal = std::io::stdin().is_terminal();
        // Reading from its terminal stops a process in the background.
        if is_terminal && !terminal::is_in_foreground() {
            return Self { receiver, is_open: false, _keys: None };
        }
        let keys = match allow_keys && is_terminal {
            true => terminal::SingleKeys::enter(),
            false => None,
        };
        let has_keys = keys.is_some();
        std::thread::spawn(move || {
            match has_keys {
                true => read_keys(&sender),
                false => read_lines(&sender),
            }
            let _ = sender.send(Input::Eof);
        });
        Self { receiver, is_open: true, _keys: keys }
    }

    /// The next thing; waits for ever after [`Input::Eof`].
    pub async fn next(&mut self) -> Input {
        if self.is_open {
            match self.receiver.recv().await {
                Some(input) => {
                    self.is_open = input != Input::Eof;
                    return input;
                }
                None => self.is_open = false,
            }
        }
        std::future::pending().await
    }
}

fn read_lines(sender: &UnboundedSender<Input>) {
    let mut stdin = std::io::stdin().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        match stdin.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line).trim().to_owned();
        if text.is_empty() {
            continue;
        }
        let request = parse(&text);
        if sender.send(Input::Request { text, request }).is_err() {
            return;
        }
    }
}

fn read_keys(sender: &UnboundedSender<Input>) {
    let mut stdin = std::io::stdin().lock();
    let mut byte = [0];
    while matches!(stdin.read(&mut byte), Ok(1)) {
        let Some((text, request)) = key(char::from(byte[0])) else { continue };
        if sender.send(Input::Request { text: text.to_owned(), request: Ok(request) }).is_err() {
            return;
        }
    }
}

fn key(key: char) -> Option<(&'static str, Request)> {
    Some(match key {
        'm' => ("mute on or off", Request::ToggleMute),
        'h' => ("hold on or off", Request::ToggleHold),
        'a' => ("answer", Request::Answer),
        'r' => ("reject", Request::Reject),
        's' => ("stats", Request::Stats),
        'q' | '\u{4}' => ("hangup", Request::Hangup),
        '0'..='9' | '*' | '#' => ("digit", Request::Digits(key.to_string())),
        _ => return None,
    })
}

/// One line of the command language; see `softphone help dial`.
fn parse(line: &str) -> Result<Request, String> {
    let (word, rest) = match line.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim()),
        None => (line, ""),
    };
    if let Some(request) = room::parse(word, rest) {
        return request.map(Request::Room);
    }
    let request = match word {
        "mute" => Request::Mute(true),
        "unmute" => Request::Mute(false),
        "hold" => Request::Hold(true),
        "unhold" => Request::Hold(false),
        "stats" => Request::Stats,
        "hangup" => Request::Hangup,
        "answer" => Request::Answer,
        "reject" if rest == "everywhere" => return Ok(Request::RejectEverywhere),
        "reject" => Request::Reject,
        "dtmf" if rest.is_empty() => return Err("dtmf needs digits".to_owned()),
        "dtmf" => return Ok(Request::Digits(rest.to_owned())),
        "play" if rest.is_empty() => return Err("play needs a file".to_owned()),
        "play" => return Ok(Request::Play(rest.into())),
        _ => {
            return Err("unknown command; there are mute, unmute, hold, unhold, dtmf DIGITS, \
                        play FILE, stats, hangup, answer, reject, and for rooms roster, mute, unmute, deaf, \
                        undeaf, remove and end MEMBER, hand up, hand down, camera on, camera off, \
                        input-volume, output-volume and sensitivity NUMBER, flags FLAGS, position POSITION, \
                        lock, unlock, layouts, layout NAME, screen start, screen stop and \
                        transfer ADDRESS"
                .to_owned())
        }
    };
    match rest {
        "" => Ok(request),
        _ => Err(format!("{word} stands alone")),
    }
}
