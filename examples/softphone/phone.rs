//! One call from dial to its end, and everything that can happen meanwhile.

use crate::args::{CallArgs, DialArgs, ListenArgs};
use crate::input::{Input, InputStream, Request};
use crate::interrupt::Interrupts;
use crate::outcome::{Failure, Outcome};
use crate::report::{CallResult, Report, Status, Ui};
use crate::room::{self, RoomAnswer};
use crate::sound::Sound;
use signalwire_client::{
    AnswerOptions, AudioFormat, Call, CallEvent, CallState, Client, ClientEventStream, DialOptions,
    EndReason, ErrorKind, Recorder,
};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{unbounded_channel, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinHandle;
use tokio::time::sleep_until;

/// What is played comes back a little later; hanging up at once would cut it off. Beside this, the
/// path and the buffers of both ends hold it back.
const ECHO_TAIL: Duration = Duration::from_millis(500);

/// Longest wait for commands that were under way when the call ended.
const SETTLE_LIMIT: Duration = Duration::from_secs(1);

/// What a command or a file came to.
enum Done {
    Command { text: String, result: Result<Command, signalwire_client::Error> },
    Played { file: PathBuf, result: signalwire_client::Result<()> },
}

/// What is left to the call's loop when a command is done.
enum Command {
    Nothing,
    /// The end of the call says it.
    Hangup,
    /// That the call was declined is what was wanted.
    Rejected,
    Stats,
    Play(PathBuf),
    Room(RoomAnswer),
}

/// A call with its helpers.
pub struct Phone<'a> {
    args: &'a CallArgs,
    ui: &'a mut dyn Ui,
    call: Call,
    sound: Sound,
    client_events: ClientEventStream,
    recorder: Option<Recorder>,
    /// Commands run one after the other.
    queue: UnboundedSender<(String, Request)>,
    done: UnboundedReceiver<Done>,
    report_done: Option<UnboundedSender<Done>>,
    player: Option<(PathBuf, JoinHandle<()>)>,
    dialed_at: Instant,
    answered_at: Option<Instant>,
    is_media_up: bool,
    has_begun: bool,
    hang_up_at: Option<Instant>,
    /// Overrules what the call itself came to.
    failure: Option<Outcome>,
}

/// What a ringing call that comes in is answered with.
fn answer_options(args: &CallArgs) -> AnswerOptions {
    AnswerOptions {
        audio_codecs: args.codec.map(Into::into).into_iter().collect(),
        dtmf: args.dtmf.map(Into::into),
        ..AnswerOptions::default()
    }
}

/// Options that the public API takes for these arguments.
fn dial_options(args: &DialArgs) -> DialOptions {
    DialOptions {
        ring_timeout_ms: args.ring_timeout.map_or(0, |limit| limit.as_millis() as u32),
        audio_codecs: args.call.codec.map(Into::into).into_iter().collect(),
        dtmf: args.call.dtmf.map(Into::into),
        ..DialOptions::default()
    }
}

impl<'a> Phone<'a> {
    /// Dials. The client is connected.
    pub fn dial(
        client: &Client,
        client_events: ClientEventStream,
        args: &'a DialArgs,
        ui: &'a mut dyn Ui,
    ) -> Result<Self, Failure> {
        let sound = Sound::open(&args.call, ui)?;
        let call = client.dial(&args.address, dial_options(args))?;
        ui.report(&Report::Dialing { call_id: &call.id(), address: &args.address });
        Ok(Self::new(call, sound, client_events, &args.call, ui))
    }

    /// Takes charge of a call that rings here.
    pub fn ringing(
        call: Call,
        sound: Sound,
        client_events: ClientEventStream,
        args: &'a ListenArgs,
        ui: &'a mut dyn Ui,
    ) -> Self {
        let from = call.remote_party();
        let call_id = call.id();
        let (name, number) = (&from.name, &from.number);
        ui.report(&Report::Incoming { call_id: &call_id, name, number });
        let phone = Self::new(call, sound, client_events, &args.call, ui);
        if args.answer {
            phone.enqueue("--answer", Request::Answer);
        }
        phone
    }

    fn new(
        call: Call,
        sound: Sound,
        client_events: ClientEventStream,
        args: &'a CallArgs,
        ui: &'a mut dyn Ui,
    ) -> Self {
        let (queue, requests) = unbounded_channel();
        let (report_done, done) = unbounded_channel();
        let answer = answer_options(args);
        tokio::spawn(run_commands(call.clone(), answer, requests, report_done.clone()));
        Self {
            args,
            ui,
            call,
            sound,
            client_events,
            recorder: None,
            queue,
            done,
            report_done: Some(report_done),
            player: None,
            dialed_at: Instant::now(),
            answered_at: None,
            is_media_up: false,
            has_begun: false,
            hang_up_at: None,
            failure: None,
        }
    }

    /// Stays in the call until it is over.
    pub async fn run(
        mut self,
        mut input: InputStream,
        interrupts: &mut Interrupts,
    ) -> Result<CallResult, Failure> {
        if let Err(failure) = self.start_audio() {
            let _ = self.call.hangup().await;
            return Err(failure);
        }
        let events = self.call.events();
        let mut status = self.ui.status_interval().map(tokio::time::interval);
        let mut was_interrupted = false;
        loop {
            let hang_up_at = self.hang_up_at;
            tokio::select! {
                biased;
                event = events.next() => match event {
                    Some(event) => self.call_event(&event),
                    None => break,
                },
                Some(event) = self.client_events.next() => {
                    self.ui.report(&Report::Client(&event));
                }
                Some(done) = self.done.recv() => self.done(done),
                event = self.sound.next() => self.ui.report(&Report::Device(&event)),
                () = interrupts.next() => {
                    if was_interrupted {
                        return Err(Failure::interrupted());
                    }
                    was_interrupted = true;
                    self.hang_up();
                }
                input = input.next() => self.input(input),
                () = at(hang_up_at) => {
                    self.hang_up_at = None;
                    self.hang_up();
                }
                () = tick(&mut status) => self.status(),
            }
            if self.ui.is_closed() && !was_interrupted {
                was_interrupted = true;
                self.hang_up();
            }
        }
        self.settle().await;
        Ok(self.finish())
    }

    fn start_audio(&mut self) -> Result<(), Failure> {
        match self.sound.connect(&self.call) {
            // Who gave up while it rang has nothing to be heard.
            Err(error) if error.kind() == ErrorKind::Closed => return Ok(()),
            connected => connected?,
        }
        if let Some(file) = &self.args.record {
            self.recorder = Some(self.call.record_wav(file, AudioFormat::MONO_48K)?);
            self.ui.report(&Report::Recording { file });
        }
        Ok(())
    }

    fn call_event(&mut self, event: &CallEvent) {
        tracing::debug!(?event);
        self.ui.report(&Report::Call(event));
        match event {
            CallEvent::StateChanged { state: CallState::Active, .. }
                if self.answered_at.is_none() =>
            {
                let now = Instant::now();
                self.answered_at = Some(now);
                self.hang_up_at = self.args.duration.map(|duration| now + duration);
            }
            CallEvent::MediaConnected { .. } => self.is_media_up = true,
            _ => {}
        }
        if self.answered_at.is_some() && self.is_media_up && !self.has_begun {
            self.has_begun = true;
            self.begin();
        }
    }

    /// The call is answered and has media: does what the command line asks for.
    fn begin(&mut self) {
        if let Some(digits) = &self.args.digits {
            self.enqueue("--digits", Request::Digits(digits.clone()));
        }
        if let Some(file) = self.args.play.clone() {
            self.play(file);
        }
    }

    fn enqueue(&self, text: &str, request: Request) {
        // The receiver lives until the call is over.
        let _ = self.queue.send((text.to_owned(), request));
    }

    fn input(&mut self, input: Input) {
        match input {
            Input::Request { text, request: Ok(request) } => self.enqueue(&text, request),
            Input::Request { text, request: Err(reason) } => {
                let failure = Failure::usage(reason);
                self.ui.report(&Report::Error { command: Some(&text), failure: &failure });
            }
            Input::Eof if self.args.hangup_on_eof => self.enqueue("end of input", Request::Hangup),
            Input::Eof => {}
        }
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Command { result: Ok(Command::Hangup), .. } => {}
            Done::Command { text, result: Ok(command) } => {
                match command {
                    Command::Nothing | Command::Hangup => {}
                    Command::Rejected => self.failure = Some(Outcome::Ok),
                    Command::Stats => self.ui.report(&Report::Stats(&self.call.stats())),
                    Command::Play(file) => self.play(file),
                    Command::Room(RoomAnswer::Done) => {}
                    Command::Room(RoomAnswer::Roster { members, layout }) => {
                        self.ui.report(&Report::Roster { members: &members, layout });
                    }
                    Command::Room(RoomAnswer::Layouts(names)) => {
                        self.ui.report(&Report::Layouts(&names));
                    }
                }
                self.ui.report(&Report::CommandDone { command: &text });
            }
            Done::Command { text, result: Err(error) } => {
                let failure = Failure::from(error);
                self.ui.report(&Report::Error { command: Some(&text), failure: &failure });
            }
            Done::Played { file, result } => self.played(&file, result),
        }
    }

    /// Plays the file, instead of one that plays.
    fn play(&mut self, file: PathBuf) {
        let Some(done) = self.report_done.clone() else { return };
        if let Some((file, player)) = self.player.take() {
            player.abort();
            self.ui.report(&Report::PlayFinished { file: &file, is_complete: false });
        }
        self.ui.report(&Report::Playing { file: &file });
        let call = self.call.clone();
        let player = tokio::spawn({
            let file = file.clone();
            async move {
                let result = call.play_wav(&file).await;
                let _ = done.send(Done::Played { file, result });
            }
        });
        self.player = Some((file, player));
    }

    fn played(&mut self, file: &Path, result: signalwire_client::Result<()>) {
        self.player = None;
        let is_first = self.args.play.as_deref() == Some(file);
        let is_over = !self.call.state().is_answered();
        self.ui.report(&Report::PlayFinished { file, is_complete: result.is_ok() });
        match result {
            Err(error) if !is_over => {
                let failure = Failure::from(error);
                self.ui.report(&Report::Error { command: Some("play"), failure: &failure });
                if is_first {
                    self.failure = Some(Outcome::MediaFailed);
                    self.hang_up();
                }
            }
            _ if is_first && self.args.duration.is_none() => {
                let stats = self.call.stats();
                let held_back = stats.round_trip_ms + 2.0 * stats.jitter_buffer_ms;
                let tail = ECHO_TAIL + Duration::from_secs_f64(held_back.max(0.0) / 1000.0);
                self.hang_up_at = Some(Instant::now() + tail);
            }
            _ => {}
        }
    }

    /// At once, whatever commands wait.
    fn hang_up(&self) {
        let call = self.call.clone();
        tokio::spawn(async move { call.hangup().await });
    }

    fn status(&mut self) {
        let since = self.answered_at.unwrap_or(self.dialed_at);
        self.ui.status(&Status {
            state: self.call.state(),
            elapsed: since.elapsed(),
            is_muted: self.call.is_muted(),
            stats: self.call.stats(),
        });
    }

    /// Reports what was under way when the call ended; all of it ends now.
    async fn settle(&mut self) {
        while let Some(event) = self.client_events.try_next() {
            self.ui.report(&Report::Client(&event));
        }
        self.report_done = None;
        let (queue, _) = unbounded_channel();
        self.queue = queue;
        let limit = tokio::time::Instant::now() + SETTLE_LIMIT;
        while let Ok(Some(done)) = tokio::time::timeout_at(limit, self.done.recv()).await {
            self.done(done);
        }
    }

    fn finish(mut self) -> CallResult {
        if let Some(Err(error)) = self.recorder.take().map(|recorder| recorder.finish()) {
            let failure = Failure::from(error);
            self.ui.report(&Report::Error { command: Some("record"), failure: &failure });
            self.failure = Some(Outcome::MediaFailed);
        }
        let was_answered = self.answered_at.is_some();
        let end = self.call.end_reason().unwrap_or_else(unknown_end);
        CallResult {
            outcome: self.failure.unwrap_or(Outcome::of_call(end.kind, was_answered)),
            end,
            was_answered,
            duration: self.answered_at.map_or(Duration::ZERO, |at| at.elapsed()),
            stats: self.call.stats(),
            times: self.call.setup_times(),
            recording: self.args.record.clone(),
        }
    }
}

/// The stream of events ends after the reason is known; this is for a library that is broken.
fn unknown_end() -> EndReason {
    EndReason {
        kind: signalwire_client::EndKind::Shutdown,
        cause: String::new(),
        code: 0,
        message: "the call ended without a reason".to_owned(),
    }
}

async fn run_commands(
    call: Call,
    answer: AnswerOptions,
    mut requests: UnboundedReceiver<(String, Request)>,
    done: UnboundedSender<Done>,
) {
    let mut screen = None;
    while let Some((text, request)) = requests.recv().await {
        let result = run_command(&call, &mut screen, &answer, request).await;
        if done.send(Done::Command { text, result }).is_err() {
            return;
        }
    }
}

async fn run_command(
    call: &Call,
    screen: &mut Option<Call>,
    answer: &AnswerOptions,
    request: Request,
) -> signalwire_client::Result<Command> {
    match request {
        Request::Mute(true) => call.mute().await,
        Request::Mute(false) => call.unmute().await,
        Request::ToggleMute if call.is_muted() => call.unmute().await,
        Request::ToggleMute => call.mute().await,
        Request::Hold(true) => call.hold().await,
        Request::Hold(false) => call.unhold().await,
        Request::ToggleHold if call.state() == CallState::Held => call.unhold().await,
        Request::ToggleHold => call.hold().await,
        Request::Digits(digits) => call.send_digits(&digits).await,
        Request::Answer => call.answer(answer.clone()).await,
        Request::Reject => return call.reject().await.map(|()| Command::Rejected),
        Request::RejectEverywhere => {
            return call.reject_everywhere().await.map(|()| Command::Rejected)
        }
        Request::Hangup => return call.hangup().await.map(|()| Command::Hangup),
        Request::Stats => return Ok(Command::Stats),
        Request::Play(file) => return Ok(Command::Play(file)),
        Request::Room(request) => return room::run(call, screen, request).await.map(Command::Room),
    }
    .map(|()| Command::Nothing)
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}

async fn tick(interval: &mut Option<tokio::time::Interval>) {
    match interval {
        Some(interval) => {
            interval.tick().await;
        }
        None => std::future::pending().await,
    }
}
