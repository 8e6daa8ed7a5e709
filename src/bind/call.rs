//! A call for the generated languages.

use super::audio::{samples, ForeignSink};
use super::{wait, AudioSink, CallEvents, Recorder, Result};
use crate::{
    AnswerOptions, AudioFormat, CallState, CallStats, Direction, EndReason, RecordOptions,
    RemoteParty, SetupTimes, SinkId,
};
use std::sync::Arc;

/// A call of this client.
///
/// Every method may be called from any thread and at any time, also after the end. Letting go of
/// the object does not hang up; the call goes on until `hangup`, the far side or the client's
/// end.
#[derive(uniffi::Object)]
pub struct Call(pub(super) crate::Call);

impl Call {
    pub(super) fn new(call: crate::Call) -> Arc<Self> {
        Arc::new(Self(call))
    }
}

#[uniffi::export]
impl Call {
    /// The call's id (UUID), unique for ever; the service knows this leg by it.
    pub fn id(&self) -> String {
        self.0.id()
    }

    /// Whether this call was dialled here or came in.
    pub fn direction(&self) -> Direction {
        self.0.direction()
    }

    /// Who is at the other end: the caller of a call that came in, else what was dialled.
    pub fn remote_party(&self) -> RemoteParty {
        self.0.remote_party()
    }

    /// The destination as it was dialled; of a call that came in, the own address that was called.
    pub fn destination(&self) -> String {
        self.0.destination()
    }

    /// Where the call stands at this moment.
    pub fn state(&self) -> CallState {
        self.0.state()
    }

    /// Why the call ended; None while it has not.
    pub fn end_reason(&self) -> Option<EndReason> {
        self.0.end_reason()
    }

    /// A stream of this call's events; the first one holds everything since the call was dialled.
    pub fn events(&self) -> Arc<CallEvents> {
        CallEvents::new(self.0.events())
    }

    /// Waits until the call is answered.
    ///
    /// Errors: `CallFailed` with the cause when it is refused or ends first; `Cancelled` after
    /// the client's shutdown. Giving up the wait does not hang up.
    pub async fn answered(&self) -> Result<()> {
        wait(self.0.answered()).await
    }

    /// Waits until the call is over and tells why.
    ///
    /// Errors: `Cancelled` if the library was shut down meanwhile.
    pub async fn ended(&self) -> Result<EndReason> {
        wait(self.0.ended()).await
    }

    /// Answers a call that came in with audio both ways, and waits until it is up.
    ///
    /// Errors: `InvalidArgument` for an option that cannot be; `InvalidState` for a call that was
    /// dialled here or is answered already; `Closed` after its end; `CallFailed` when the caller
    /// gave up meanwhile, another device was faster, or no common media was found. Giving up the
    /// wait does not take the answer back.
    #[uniffi::method(default(options))]
    pub async fn answer(&self, options: AnswerOptions) -> Result<()> {
        wait(self.0.answer(options)).await
    }

    /// Refuses a call that came in as busy and waits until the service confirmed, at most 2 s.
    /// The subscriber's other devices ring on.
    ///
    /// Errors: `InvalidState` for a call that was dialled here or is answered already; `Closed`
    /// after its end.
    pub async fn reject(&self) -> Result<()> {
        wait(self.0.reject()).await
    }

    /// Refuses a call that came in on all the subscriber's devices; errors as `reject`.
    pub async fn reject_everywhere(&self) -> Result<()> {
        wait(self.0.reject_everywhere()).await
    }

    /// Hangs up and waits until the service confirmed, at most 2 s; the call is over in any case.
    ///
    /// Audio stops at once. Hanging up an ended call does nothing.
    /// Errors: `Cancelled` if the library was shut down meanwhile.
    pub async fn hangup(&self) -> Result<()> {
        wait(self.0.hangup()).await
    }

    /// Sends DTMF digits the way that `dtmf` of the call's options chose: through the service unless
    /// said otherwise.
    ///
    /// `digits`: 1 to 64 of `0-9 A-D * #`, and `w`/`W` for a pause of 0.5 s/1 s. Through the service
    /// this waits until it took them; in the audio stream until the last one was sent, 160 ms per
    /// digit, while no other audio is sent.
    /// Errors: `InvalidArgument` for other characters; `InvalidState` unless the call is answered,
    /// for the audio stream also while it is held or has no media yet; `NotSupported` where the far
    /// side takes no digits in the audio stream; `Media` when its audio was stopped before the last
    /// one was out; `Closed` after its end; `Timeout` (unsure whether they were sent) and `Rejected`.
    pub async fn send_digits(&self, digits: String) -> Result<()> {
        wait(self.0.send_digits(&digits)).await
    }

    /// Mutes the microphone: the service stops passing on this member's audio, and silence is
    /// sent from here at once.
    ///
    /// Errors: `InvalidState` unless the call is answered and joined; `Closed`; `Timeout` and
    /// `Rejected`, after which the local side stays muted. Muting twice does nothing.
    pub async fn mute(&self) -> Result<()> {
        wait(self.0.mute()).await
    }

    /// Undoes `mute`; same errors, after which the local side stays muted.
    pub async fn unmute(&self) -> Result<()> {
        wait(self.0.unmute()).await
    }

    /// Whether the microphone is muted, by this side or by the service.
    pub fn is_muted(&self) -> bool {
        self.0.is_muted()
    }

    /// Whether the media path is being made anew at this moment; the state stays `Active` or `Held`.
    pub fn is_recovering(&self) -> bool {
        self.0.is_recovering()
    }

    /// Puts the call on hold: the service stops sending media. Holding a held call does nothing.
    ///
    /// Errors: `InvalidState` unless answered; `Closed`; `Timeout` (state unchanged, retry is
    /// safe); `Rejected`. Takes about 0.3 s.
    pub async fn hold(&self) -> Result<()> {
        wait(self.0.hold()).await
    }

    /// Takes the call off hold; same errors as `hold`.
    pub async fn unhold(&self) -> Result<()> {
        wait(self.0.unhold()).await
    }

    /// Asks the service for one more type of event during this call, such as `user_event`; they
    /// come as the event `Other`, or as the event of their own that a type has here. For what an
    /// AI agent says see `subscribe_transcript`. Subscribing twice does nothing. When the service
    /// takes the call up in another session, they are asked for again.
    ///
    /// `event_type`: 1 to 256 characters; which types there are the service decides.
    /// Errors: `InvalidArgument`; `InvalidState` unless answered, and for more than 256 types; `Closed`; `Timeout` (retry is
    /// safe); `Rejected`.
    pub async fn subscribe(&self, event_type: String) -> Result<()> {
        wait(self.0.subscribe(&event_type)).await
    }

    /// Sends any `call.*` request of the service, and gives the text of its JSON result: for what
    /// this library has no method for.
    ///
    /// `method`: such as `call.raisehand` or `call.layout.set`. `params_json`: the text of one JSON
    /// object, or none. `self`, who asks, is added unless given; `target`, who is acted on, is the
    /// own member unless `target` or `targets` is given. Another member is named by its three ids,
    /// `{"member_id", "call_id", "node_id"}`, as its events have them.
    /// Errors: `InvalidArgument`; `InvalidState` unless answered and joined; `Closed`; `Timeout`
    /// (unsure whether it was done); `NotFound` for a method that the service lacks; `Rejected`
    /// with the service's code.
    #[uniffi::method(default(params_json = None))]
    pub async fn execute(&self, method: String, params_json: Option<String>) -> Result<String> {
        wait(self.0.execute(&method, params_json.as_deref())).await
    }

    /// Queues PCM to be sent: interleaved little-endian 16-bit samples, whole frames.
    ///
    /// `format`: 8000 to 192000 Hz, mono or stereo; it may change from call to call. The queue
    /// holds 200 ms by default; when it is full the oldest audio is dropped and counted. Audio
    /// pushed before the answer is dropped. Never blocks; the samples are copied. Any thread.
    /// Gives the milliseconds that had to be dropped, 0 normally. Kotlin: the buffer must be a
    /// direct one.
    /// Errors: `InvalidArgument` for a format or length that cannot be; `Closed` after the end.
    pub fn push_audio(&self, pcm: &[u8], format: AudioFormat) -> Result<u32> {
        Ok(self.0.push_audio(&samples(pcm)?, format)?)
    }

    /// Milliseconds of pushed audio that wait to be sent.
    pub fn queued_audio_ms(&self) -> u32 {
        self.0.queued_audio_ms()
    }

    /// Discards at once what was pushed and is not sent yet, for a bot that is interrupted; gives its
    /// milliseconds, rounded up: 0 when nothing waited, and after the end.
    ///
    /// The far side hears silence from the next packet on, or what is pushed after it. A push at the same
    /// time, of another thread, is discarded as a whole or not at all. A file that is played goes on:
    /// give up its wait. What was discarded does not count as dropped. Any thread; does not block.
    pub fn clear_audio(&self) -> u32 {
        self.0.clear_audio()
    }

    /// Delivers the received audio to `sink`: 20 ms frames in `format`, one after the other on one
    /// of the library's media threads, from the first packet until the call ends or
    /// `remove_audio_sink`. Silence and lost packets arrive as (concealed) frames.
    ///
    /// A sink that is slower than real time loses the oldest of 10 frames, see
    /// `output_dropped_frames` in the statistics. Several sinks may be added. Gives the sink's
    /// id. Errors: `InvalidArgument` for a format that cannot be; `Closed` after the end.
    pub fn add_audio_sink(&self, format: AudioFormat, sink: Arc<dyn AudioSink>) -> Result<u64> {
        let id = self.0.add_audio_sink(format, ForeignSink::new(sink))?;
        Ok(id.as_u64())
    }

    /// Ends the deliveries to a sink; waits for a running one, unless called from inside it.
    /// An unknown or removed id is ignored.
    pub fn remove_audio_sink(&self, sink: u64) {
        self.0.remove_audio_sink(SinkId::from_u64(sink));
    }

    /// Plays a WAV file into the call in real time and waits until it was sent.
    ///
    /// PCM of 8 to 32 bits or float, any usual rate, mono or stereo; at most 256 MB. Ends early,
    /// with `Closed`, when the call ends. Giving up the wait stops the file.
    /// Errors: `InvalidState` unless the call is answered; `Media` for files that cannot be
    /// read; `Closed`.
    pub async fn play_wav(&self, path: String) -> Result<()> {
        wait(self.0.play_wav(path)).await
    }

    /// Records the call to a file until the recorder is finished or let go of, or the call ends: what
    /// is received, what is sent, or both. An existing file is replaced.
    ///
    /// Both sides are on one time line from the moment that media flow: what is lost, muted, held or
    /// not pushed is silence. A disk that is slow costs audio, after 10 s, never the call; the file
    /// is valid at any moment but for the last half second. Opens the file before it returns.
    /// Errors: `InvalidArgument` for options that cannot be; `Media` when the file cannot be made (the
    /// message says why); `Closed` after the end.
    pub fn record(&self, path: &str, options: RecordOptions) -> Result<Arc<Recorder>> {
        Ok(Recorder::new(self.0.record(path, options)?))
    }

    /// Records the received audio to a 16-bit WAV file in `format`, mono or stereo, from the first
    /// packet on; otherwise and with the errors of `record`.
    pub fn record_wav(&self, path: &str, format: AudioFormat) -> Result<Arc<Recorder>> {
        Ok(Recorder::new(self.0.record_wav(path, format)?))
    }

    /// Numbers about the call's audio at this moment; those of the last moment after the end.
    pub fn stats(&self) -> CallStats {
        self.0.stats()
    }

    /// When each step of the set-up was done.
    pub fn setup_times(&self) -> SetupTimes {
        self.0.setup_times()
    }
}
