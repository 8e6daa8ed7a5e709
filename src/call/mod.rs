//! A call: the handle that applications hold.

mod actor;
mod control;
mod conversation;
mod devices;
pub(crate) mod diagnostics;
mod digits;
mod disturb;
mod event;
mod expected;
mod expecting;
#[cfg(test)]
mod interleaving_tests;
mod layout;
mod media_params;
mod member;
mod members;
mod mixer;
mod pictures;
mod reason;
mod record;
mod recovery;
mod router;
mod start;
mod state;
mod transcript;
mod video;

pub use crate::media::stats::{CallStats, SetupTimes, VideoStats};
pub use control::{AudioFlags, MemberPosition, MemberTarget};
pub use disturb::DoNotDisturb;
pub use event::{
    CallEvent, CallState, Direction, EndKind, EndReason, RemoteParty, ServerCallState, Speaker,
};
pub use expected::{ExpectedCall, ExpectedCallState};
pub use layout::{Layout, LayoutLayer};
pub use media_params::{MediaParams, MediaRange};
pub use member::{Member, MemberKind};
pub use mixer::Mixer;

pub(crate) use actor::{Command, ServerMessage};
pub(crate) use record::RecordedCall;
pub(crate) use router::Router;
pub(crate) use start::{start_inbound, start_outbound, start_restored, CallContext, OutboundCall};

use crate::config::{AnswerOptions, DtmfMethod, RecordOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::media::file::{self, Recorder};
use crate::media::frame::AudioFormat;
use crate::media::port::AudioPort;
use crate::media::sink::{AudioSink, SinkId};
use crate::runtime;
use crate::util::bus::{Bus, EventStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::sync::{mpsc, oneshot, watch};

/// The events of a call, see [`EventStream`].
pub type CallEventStream = EventStream<CallEvent>;

/// A call of this client.
///
/// A `Call` is a handle: cloning it is cheap, every method may be called from any thread and at
/// any time, also after the end. Dropping the last handle does **not** hang up; the call goes on
/// until [`Call::hangup`], the far side or the client's shutdown ends it.
#[derive(Clone)]
pub struct Call(Arc<Shared>);

/// What the handle and the call's task share.
pub(crate) struct Shared {
    /// After a fork nobody is there who would answer or end the call.
    pub(crate) runtime: runtime::Generation,
    pub(crate) id: String,
    pub(crate) direction: Direction,
    pub(crate) destination: String,
    pub(crate) remote: RemoteParty,
    /// The call that this is a further leg of.
    pub(crate) parent_id: Option<String>,
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) state: watch::Receiver<CallState>,
    pub(crate) progress: Arc<Mutex<Progress>>,
    pub(crate) events: Bus<CallEvent>,
    pub(crate) audio: AudioPort,
}

/// What is known about the call by now.
#[derive(Default)]
pub(crate) struct Progress {
    pub(crate) end: Option<EndReason>,
    pub(crate) times: SetupTimes,
    pub(crate) is_muted: bool,
    pub(crate) is_recovering: bool,
    /// The media node that hosts the call.
    pub(crate) node_id: Option<String>,
    pub(crate) dtmf: DtmfMethod,
    /// How often the numbers about the call are told; 0 for never.
    pub(crate) statistics_ms: u32,
    pub(crate) roster: members::Roster,
    pub(crate) descriptions: diagnostics::Descriptions,
}

/// Reads events of the service as a call does, for the fuzzers.
#[cfg(any(test, fuzzing))]
pub(crate) fn hear_all<'a>(events: impl Iterator<Item = (&'a str, &'a serde_json::Value)>) {
    let mut roster = members::Roster::default();
    for (event_type, payload) in events {
        diagnostics::digest(&roster.hear(event_type, payload, "n@1").event);
        let _ = roster.own();
        let _ = (roster.members(), roster.layout(), roster.capabilities());
        MediaParams::read(&payload["params"]["mediaParams"]);
    }
}

impl Call {
    pub(crate) fn from_shared(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// The call's id (UUID), unique for ever; the service knows this leg by it.
    pub fn id(&self) -> String {
        self.0.id.clone()
    }

    /// Whether this call was dialled here or came in.
    pub fn direction(&self) -> Direction {
        self.0.direction
    }

    /// Who is at the other end: the caller of a call that came in, else what was dialled.
    pub fn remote_party(&self) -> RemoteParty {
        self.0.remote.clone()
    }

    /// The destination as it was dialled; of a call that came in, the own address that was called.
    pub fn destination(&self) -> String {
        self.0.destination.clone()
    }

    /// Where the call stands at this moment.
    pub fn state(&self) -> CallState {
        *self.0.state.borrow()
    }

    /// Whether the media path is being made anew at this moment; the state stays `Active` or `Held`.
    pub fn is_recovering(&self) -> bool {
        self.progress().is_recovering
    }

    /// Why the call ended; `None` while it has not.
    pub fn end_reason(&self) -> Option<EndReason> {
        self.progress().end.clone()
    }

    /// A stream of this call's events; the first one holds everything since `dial`.
    pub fn events(&self) -> CallEventStream {
        self.0.events.stream()
    }

    /// Waits until the call is answered.
    ///
    /// Errors: `CallFailed` with the cause when it is refused or ends first (the message says
    /// why); `Cancelled` after the client's shutdown. Dropping the wait does not hang up.
    pub async fn answered(&self) -> Result<()> {
        self.0.runtime.check()?;
        let mut state = self.0.state.clone();
        let this = self.clone();
        runtime::run_while_awaited(async move {
            let reached = state
                .wait_for(|state| state.is_answered() || *state >= CallState::Ending)
                .await
                .map(|state| *state)
                .unwrap_or(CallState::Ended);
            if reached.is_answered() {
                return Ok(());
            }
            Err(this.wait_for_end(&mut state).await.into_error())
        })
        .await
    }

    /// Waits until the call is over and tells why.
    ///
    /// Errors: `Cancelled` if the library was shut down meanwhile; `Forked` in a child of the process,
    /// as from everything else here that waits.
    pub async fn ended(&self) -> Result<EndReason> {
        if let Err(forked) = self.0.runtime.check() {
            return self.end_reason().ok_or(forked);
        }
        let mut state = self.0.state.clone();
        let this = self.clone();
        let waited =
            runtime::run_while_awaited(async move { Ok(this.wait_for_end(&mut state).await) });
        match waited.await {
            // The shutdown that ended the call also ended the wait, before it saw that.
            Err(error) => self.end_reason().ok_or(error),
            ended => ended,
        }
    }

    async fn wait_for_end(&self, state: &mut watch::Receiver<CallState>) -> EndReason {
        // The sender lives until the call's task is over, which sets the reason first.
        let _ = state.wait_for(|state| *state == CallState::Ended).await;
        self.end_reason().unwrap_or_else(reason::shutdown)
    }

    /// Answers a call that came in with audio both ways, and with the video that the options want and
    /// the caller offers; waits until it is up.
    ///
    /// Errors: `InvalidArgument` for an option that cannot be; `InvalidState` for a call that was
    /// dialled here or is answered already; `Closed` after its end; `CallFailed` when the caller
    /// gave up meanwhile, another device was faster, or no common media was found (the message
    /// says which). Dropping the wait does not take the answer back.
    /// Source: `verto.answer`, signalwire-js WSClient.ts.
    pub async fn answer(&self, options: AnswerOptions) -> Result<()> {
        let variables = options.validate()?;
        self.command(|reply| Command::Answer { options, variables, reply }).await?;
        self.answered().await
    }

    /// Refuses a call that came in as busy and waits until the service confirmed, at most 2 s.
    /// The subscriber's other devices ring on.
    ///
    /// Errors: `InvalidState` for a call that was dialled here or is answered already; `Closed`
    /// after its end. Source: `verto.bye` with cause 17.
    pub async fn reject(&self) -> Result<()> {
        self.refuse(false).await
    }

    /// Refuses a call that came in on all the subscriber's devices; errors as [`Call::reject`].
    /// Source: `verto.bye` with cause 825, signalwire-js BaseConnection.ts.
    pub async fn reject_everywhere(&self) -> Result<()> {
        self.refuse(true).await
    }

    async fn refuse(&self, everywhere: bool) -> Result<()> {
        self.command(|reply| Command::Reject { everywhere, reply }).await?;
        self.ended().await.map(drop)
    }

    /// Hangs up and waits until the service confirmed, at most 2 s; the call is over in any case.
    ///
    /// Audio stops at once. Hanging up an ended call is `Ok`.
    /// Errors: `Cancelled` if the library was shut down meanwhile.
    pub async fn hangup(&self) -> Result<()> {
        if self.state() != CallState::Ended {
            self.0.runtime.check()?;
        }
        if self.0.commands.send(Command::Hangup).await.is_err() {
            return Ok(());
        }
        self.ended().await.map(drop)
    }

    /// Sends DTMF digits the way that [`DialOptions::dtmf`] or [`AnswerOptions::dtmf`] chose: through
    /// the service unless said otherwise.
    ///
    /// `digits`: 1 to 64 of `0-9 A-D * #`, and `w`/`W` for a pause of 0.5 s/1 s. Through the service
    /// this waits until it took them; in the audio stream until the last one was sent, 160 ms per
    /// digit, while no other audio is sent.
    /// Errors: `InvalidArgument` for other characters; `InvalidState` unless the call is answered,
    /// for the audio stream also while it is held or has no media yet; `NotSupported` where the far
    /// side takes no digits in the audio stream; `Media` when its audio was stopped before the last
    /// one was out; `Closed` after its end; `Timeout` (unsure whether they were sent) and `Rejected`.
    /// Source: `verto.info`, signalwire-js VertoMessages.ts; RFC 4733.
    ///
    /// [`DialOptions::dtmf`]: crate::DialOptions::dtmf
    pub async fn send_digits(&self, digits: &str) -> Result<()> {
        let digits = digits::Digits::parse(digits)?;
        self.command(|reply| Command::Digits { digits, reply }).await
    }

    /// Mutes the microphone: the service stops passing on this member's audio, and silence is
    /// sent from here at once.
    ///
    /// Errors: `InvalidState` unless the call is answered and joined; `Closed`; `Timeout` and
    /// `Rejected`, after which the local side stays muted. Muting twice is `Ok`.
    /// Source: `call.mute`, signalwire-js FabricRoomSession.ts.
    pub async fn mute(&self) -> Result<()> {
        self.set_audio_muted(MemberTarget::Own, true).await
    }

    /// Undoes [`Call::mute`]; same errors, after which the local side stays muted.
    pub async fn unmute(&self) -> Result<()> {
        self.set_audio_muted(MemberTarget::Own, false).await
    }

    /// Whether the microphone is muted, by this side or by the service.
    pub fn is_muted(&self) -> bool {
        self.progress().is_muted
    }

    /// Puts the call on hold: the service stops sending media. Holding a held call is `Ok`.
    ///
    /// Errors: `InvalidState` unless answered; `Closed`; `Timeout` (state unchanged, retry is
    /// safe); `Rejected`. Takes about 0.3 s. Source: `verto.modify`, action `hold`.
    pub async fn hold(&self) -> Result<()> {
        self.command(|reply| Command::Hold { on: true, reply }).await
    }

    /// Takes the call off hold; same errors as [`Call::hold`].
    pub async fn unhold(&self) -> Result<()> {
        self.command(|reply| Command::Hold { on: false, reply }).await
    }

    /// Asks the service for one more type of event during this call, such as `user_event`; they
    /// come as [`CallEvent::Other`], or as the event of their own that a type has here. For what
    /// an AI agent says see [`Call::subscribe_transcript`]. Subscribing twice is `Ok`. When the
    /// service takes the call up in another session, they are asked for again.
    ///
    /// `event_type`: 1 to 256 characters; which types there are the service decides.
    /// Errors: `InvalidArgument`; `InvalidState` unless answered, and for more than 256 types; `Closed`; `Timeout` (retry is
    /// safe); `Rejected`. Source: `verto.subscribe`, signalwire-js Call.ts.
    pub async fn subscribe(&self, event_type: &str) -> Result<()> {
        if event_type.is_empty() || event_type.len() > 256 {
            return Err(Error::invalid("an event type must have 1 to 256 characters"));
        }
        let event_type = event_type.to_owned();
        self.command(|reply| Command::Subscribe { event_type, reply }).await
    }

    /// Queues PCM to be sent: interleaved `i16` samples, any whole number of frames.
    ///
    /// `format`: 8000 to 192000 Hz, mono or stereo; it may change from call to call. The queue
    /// holds 200 ms by default; when it is full the oldest audio is dropped and counted. Audio
    /// pushed before the answer is dropped. Never blocks; the samples are copied. Any thread.
    /// Gives the milliseconds that had to be dropped, 0 normally.
    /// Errors: `InvalidArgument` for a format or length that cannot be; `Closed` after the end.
    pub fn push_audio(&self, samples: &[i16], format: AudioFormat) -> Result<u32> {
        self.check_alive()?;
        self.0.audio.push(samples, format)
    }

    /// Milliseconds of pushed audio that wait to be sent.
    pub fn queued_audio_ms(&self) -> u32 {
        self.0.audio.queued_ms()
    }

    /// Discards at once what was pushed and is not sent yet, for a bot that is interrupted; gives its
    /// milliseconds, rounded up: 0 when nothing waited, and after the end.
    ///
    /// The far side hears silence from the next packet on, or what is pushed after it. A push at the same
    /// time, of another thread, is discarded as a whole or not at all. A file that is played goes on:
    /// give up its wait. What was discarded does not count as dropped. Any thread; does not block.
    pub fn clear_audio(&self) -> u32 {
        self.0.audio.clear()
    }

    /// Delivers the received audio to `sink`: 20 ms frames in `format`, one after the other on one
    /// of the library's media threads, from the first packet until the call ends or
    /// [`Call::remove_audio_sink`]. Silence and lost packets arrive as (concealed) frames.
    ///
    /// A sink that is slower than real time loses the oldest of 10 frames; see
    /// [`CallStats::output_dropped_frames`]. Several sinks may be added.
    /// Errors: `InvalidArgument` for a format that cannot be; `Closed` after the end.
    pub fn add_audio_sink(&self, format: AudioFormat, sink: Arc<dyn AudioSink>) -> Result<SinkId> {
        self.check_alive()?;
        self.0.audio.add_sink(format, sink)
    }

    /// Ends the deliveries to a sink; waits for a running one, unless called from inside it.
    /// An unknown or removed id is ignored.
    pub fn remove_audio_sink(&self, sink: SinkId) {
        self.0.audio.remove_sink(sink);
    }

    /// Plays a WAV file into the call in real time and waits until it was sent.
    ///
    /// PCM of 8 to 32 bits or float, any usual rate, mono or stereo; at most 256 MB. Ends early,
    /// with `Closed`, when the call ends. Dropping the wait stops the file.
    /// Errors: `InvalidState` unless the call is answered; `Media` for files that cannot be
    /// read; `Closed`.
    pub async fn play_wav(&self, path: impl AsRef<Path>) -> Result<()> {
        self.0.runtime.check()?;
        if !self.state().is_answered() {
            return Err(self.not_answered());
        }
        let this = self.clone();
        let path = path.as_ref().to_owned();
        runtime::run_while_awaited(async move {
            let mut state = this.0.state.clone();
            let player = file::play(&path, &this.0.audio)?;
            tokio::select! {
                played = player => played,
                _ = state.wait_for(|state| *state >= CallState::Ending) => {
                    Err(Error::closed("the call"))
                }
            }
        })
        .await
    }

    /// Records the call to a file until the recorder is finished or dropped, or the call ends: what is
    /// received, what is sent, or both, see [`RecordOptions`]. An existing file is replaced.
    ///
    /// Both sides are on one time line from the moment that media flow: what is lost, muted, held or
    /// not pushed is silence. A disk that is slow costs audio, after 10 s, never the call; the file
    /// is valid at any moment but for the last half second. Any thread; opens the file before it
    /// returns. Several recordings may run.
    /// Errors: `InvalidArgument` for options that cannot be; `Media` when the file cannot be made (the
    /// message says why); `Closed` after the end.
    pub fn record(&self, path: impl AsRef<Path>, options: RecordOptions) -> Result<Recorder> {
        self.check_alive()?;
        Recorder::start(path.as_ref(), &options, None, &self.0.audio)
    }

    /// Records the received audio to a 16-bit WAV file in `format`, mono or stereo, from the first
    /// packet on: [`Call::record`] with the default options and another format; errors as there.
    pub fn record_wav(&self, path: impl AsRef<Path>, format: AudioFormat) -> Result<Recorder> {
        self.check_alive()?;
        Recorder::start(path.as_ref(), &RecordOptions::default(), Some(format), &self.0.audio)
    }

    /// Numbers about the call's audio at this moment; those of the last moment after the end.
    pub fn stats(&self) -> CallStats {
        self.0.audio.stats()
    }

    /// When each step of the set-up was done.
    pub fn setup_times(&self) -> SetupTimes {
        let mut times = self.progress().times.clone();
        self.0.audio.fill_times(&mut times);
        times
    }

    async fn command<T: Send + 'static>(
        &self,
        make: impl FnOnce(oneshot::Sender<Result<T>>) -> Command,
    ) -> Result<T> {
        self.0.runtime.check()?;
        let (reply, answer) = oneshot::channel();
        if self.0.commands.send(make(reply)).await.is_err() {
            return Err(Error::closed("the call"));
        }
        runtime::run(async move { answer.await.unwrap_or_else(|_| Err(Error::closed("the call"))) })
            .await
    }

    fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.0.progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn check_alive(&self) -> Result<()> {
        match self.state() {
            CallState::Ending | CallState::Ended => Err(Error::closed("the call")),
            _ => Ok(()),
        }
    }

    fn not_answered(&self) -> Error {
        match self.state() {
            CallState::Ending | CallState::Ended => Error::closed("the call"),
            state => Error::new(
                ErrorKind::InvalidState,
                format!("the call is {state:?}; wait until it is answered"),
            ),
        }
    }
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("id", &self.0.id).field("state", &self.state()).finish()
    }
}
