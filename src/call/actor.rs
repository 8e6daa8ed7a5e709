//! The task of one call: joins the dialog's state machine with the session and the media.

mod changing;
mod children;
mod leg_events;
mod recovering;
mod statistics;
mod subscribing;

use super::control::OwnMuted;
use super::control::{Prepared, Request};
use super::digits::Digits;
use super::event::{CallEvent, CallState, EndReason};
use super::media_params::MediaParams;
use super::reason::Cause;
use super::recovery::{self, Recovery};
use super::router::Router;
use super::start::CallContext;
use super::state::{Input, Output, State, Timer};
use super::{Call, Progress, Shared};
use crate::config::{AnswerOptions, MediaDirections, BYE_LIFETIME};
use crate::error::{Error, ErrorKind, Result};
use crate::media::leg::{Leg, LegConfig, LegEvent};
use crate::media::port::AudioPort;
use crate::proto::control::MemberRef;
use crate::proto::session::Event;
use crate::proto::verto::{Dialog, InviteAccepted, VertoEvent};
use crate::runtime;
use crate::session::Session;
use crate::util::bus::Bus;
use futures_util::stream::FuturesUnordered;
use futures_util::StreamExt;
use serde_json::{Map, Value};
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep_until, Instant as TokioInstant};

/// The invite may take this long to be accepted; ringing is not part of it.
const INVITE_TIMEOUT: Duration = Duration::from_secs(10);

/// How a call begins.
pub(super) enum Start {
    /// Makes an offer at once.
    Dial(LegConfig),
    /// Waits for the application with the caller's offer.
    Ring { offer: String, leg: LegConfig },
}

/// What kind of call it is.
pub(super) struct Plan {
    pub(super) state: State,
    pub(super) start: Start,
    /// See [`crate::DialOptions::statistics_interval_ms`].
    pub(super) statistics_ms: u32,
}

/// What an actor is made of beside the handle's part.
pub(super) struct Parts {
    pub(super) context: CallContext,
    pub(super) router: Arc<Router>,
    pub(super) dialog: Dialog,
    pub(super) state_sender: watch::Sender<CallState>,
    pub(super) messages: mpsc::Sender<ServerMessage>,
}

use changing::Changing;
pub(crate) use children::Child;

type Reply = oneshot::Sender<Result<()>>;

/// What the handle asks for.
pub(crate) enum Command {
    Hangup,
    Answer { options: AnswerOptions, variables: Map<String, Value>, reply: Reply },
    Reject { everywhere: bool, reply: Reply },
    Digits { digits: Digits, reply: oneshot::Sender<Result<()>> },
    Hold { on: bool, reply: oneshot::Sender<Result<()>> },
    Subscribe { event_type: String, reply: Reply },
    Control { request: Request, reply: oneshot::Sender<Result<Value>> },
    Transfer { destination: String, reply: oneshot::Sender<Result<()>> },
    Change { directions: MediaDirections, reply: Reply },
    StartChild { child: Child, reply: oneshot::Sender<Result<Call>> },
}

/// What the service, the session and the media tell the call.
pub(crate) enum ServerMessage {
    Verto {
        event: VertoEvent,
        node_id: Option<String>,
    },
    Event(Event),
    /// The call was announced once more, in a session that was made anew.
    Announced,
    SessionAway,
    SessionReady {
        is_resumed: bool,
    },
    SessionLost(Error),
    /// The device has other addresses than before; these are all.
    NetworkChanged(Vec<IpAddr>),
    Shutdown,
    Media(LegEvent),
}

/// What a background operation of this call came to.
enum Done {
    Input(Input),
    Invited(Result<Value>),
    Reoffer(Result<String>),
    Recovery(recovery::Input),
    AnswerSent(Result<Value>),
    Replied {
        result: Result<()>,
        reply: Reply,
    },
    Subscribed {
        event_type: String,
        result: Result<()>,
        reply: Reply,
    },
    Controlled {
        muted: OwnMuted,
        result: Result<Value>,
        reply: oneshot::Sender<Result<Value>>,
    },
    /// A step of the change of media with this number.
    Change(u64, changing::Step),
    Held {
        on: bool,
        result: Result<()>,
        reply: Reply,
    },
    Nothing,
}

/// The dialog's timers, the recovery's and the one of the statistics.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AnyTimer {
    Dialog(Timer),
    Recovery(recovery::Timer),
    Statistics,
}

type Work = Pin<Box<dyn Future<Output = Done> + Send>>;

pub(crate) struct Actor {
    context: CallContext,
    session: Session,
    router: Arc<Router>,
    dialog: Dialog,
    state: State,
    state_sender: watch::Sender<CallState>,
    progress: Arc<Mutex<Progress>>,
    events: Bus<CallEvent>,
    port: AudioPort,
    messages: mpsc::Sender<ServerMessage>,
    leg: Option<Arc<Leg>>,
    start: Option<Start>,
    /// Who waits for the service to take our answer.
    answering: Option<Reply>,
    work: FuturesUnordered<Work>,
    timers: Vec<(AnyTimer, Instant)>,
    recovery: Recovery,
    /// The offer of the recovery.
    reoffer: Option<String>,
    last_gap: Duration,
    changing: Changing,
    /// Screens and devices of this call, which end with it.
    children: Vec<Call>,
    /// Types of events that the service sends because they were asked for.
    subscribed: Vec<String>,
    is_over: bool,
}

impl Drop for Actor {
    /// Not over: the runtime was ended under the call. Who waits for the call must hear of it.
    fn drop(&mut self) {
        if !self.is_over {
            self.port.end();
            self.end(super::reason::shutdown());
        }
    }
}

enum Wake {
    Command(Option<Command>),
    Message(Option<ServerMessage>),
    Done(Done),
    Time,
}

impl Actor {
    pub(super) fn new(parts: Parts, shared: &Arc<Shared>, plan: Plan) -> Self {
        let Parts { context, router, dialog, state_sender, messages } = parts;
        Self {
            session: context.session.clone(),
            context,
            router,
            dialog,
            state: plan.state,
            state_sender,
            progress: Arc::clone(&shared.progress),
            events: shared.events.clone(),
            port: shared.audio.clone(),
            messages,
            leg: None,
            start: Some(plan.start),
            answering: None,
            work: FuturesUnordered::new(),
            timers: Vec::new(),
            recovery: Recovery::new(),
            reoffer: None,
            last_gap: Duration::ZERO,
            changing: Changing::default(),
            children: Vec::new(),
            subscribed: Vec::new(),
            is_over: false,
        }
    }

    pub(super) async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
        mut messages: mpsc::Receiver<ServerMessage>,
    ) {
        for output in self.state.begin() {
            self.perform(output);
        }
        match self.start.take() {
            Some(Start::Dial(leg)) => self.start_media(leg, None),
            waiting => self.start = waiting,
        }
        while !self.is_over {
            let due = self.timers.iter().map(|(_, at)| *at).min();
            let wake = tokio::select! {
                biased;
                // An answer of the service came before the events behind it, such as the end.
                Some(done) = self.work.next() => Wake::Done(done),
                message = messages.recv() => Wake::Message(message),
                command = commands.recv() => Wake::Command(command),
                () = sleep_until(TokioInstant::from_std(due.unwrap_or_else(Instant::now))),
                    if due.is_some() => Wake::Time,
            };
            match wake {
                Wake::Command(Some(command)) => self.command(command),
                Wake::Message(Some(message)) => self.message(message),
                Wake::Done(done) => self.done(done),
                Wake::Time => self.time(),
                // Both senders live as long as this task; nothing to do without them.
                Wake::Command(None) | Wake::Message(None) => self.input(Input::Shutdown),
            }
        }
    }

    /// Makes the offer, or the answer to the caller's.
    fn start_media(&mut self, config: LegConfig, offer: Option<String>) {
        let messages = self.messages.clone();
        let started = Leg::start(config, move |event| {
            if messages.try_send(ServerMessage::Media(event)).is_err() {
                tracing::debug!("an event of media came after the call");
            }
        });
        match started {
            Ok(leg) => {
                let leg = Arc::new(leg);
                self.leg = Some(Arc::clone(&leg));
                self.work.push(Box::pin(async move {
                    let made = match offer {
                        None => leg.offer().await.map(Input::OfferReady),
                        Some(offer) => leg.accept(offer).await.map(Input::AnswerReady),
                    };
                    Done::Input(made.unwrap_or_else(Input::OfferFailed))
                }));
            }
            Err(error) => self.input(Input::OfferFailed(error)),
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Hangup => self.input(Input::Hangup),
            Command::Answer { options, variables, reply } => {
                self.answer(&options, variables, reply);
            }
            Command::Reject { everywhere, reply } => self.reject(everywhere, reply),
            Command::Digits { digits, reply } => self.send_digits(digits, reply),
            Command::Hold { on, reply } => self.hold(on, reply),
            Command::Subscribe { event_type, reply } => self.subscribe(event_type, reply),
            Command::Control { request, reply } => self.control(request, reply),
            Command::Transfer { destination, reply } => self.transfer(&destination, reply),
            Command::Change { directions, reply } => self.change_media(directions, reply),
            Command::StartChild { child, reply } => self.start_child(child, reply),
        }
    }

    fn answer(&mut self, options: &AnswerOptions, variables: Map<String, Value>, reply: Reply) {
        let Some(reply) = self.undecided_or_refuse(reply) else { return };
        if let Some(Start::Ring { leg, .. }) = &mut self.start {
            leg.codecs = super::start::codecs_or_all(&options.audio_codecs);
            leg.video_codecs = super::start::video_codecs_or_all(&options.video_codecs);
            leg.directions.video = options.video.unwrap_or_default();
            leg.encoder = options.encoder();
            leg.packet_ms = options.packet_time_ms;
        }
        let mut progress = self.progress();
        progress.statistics_ms = options.statistics_interval_ms;
        progress.dtmf = options.dtmf.unwrap_or_default();
        drop(progress);
        self.state.set_media_limit(Duration::from_millis(options.media_timeout_ms.into()));
        self.dialog.add_variables(variables);
        self.answering = Some(reply);
        self.input(Input::Accept);
    }

    fn reject(&mut self, everywhere: bool, reply: Reply) {
        let Some(reply) = self.undecided_or_refuse(reply) else { return };
        let cause = if everywhere { super::reason::REJECT_ALL } else { super::reason::USER_BUSY };
        self.input(Input::Reject(cause));
        let _ = reply.send(Ok(()));
    }

    /// Gives the reply back if the call came in and waits for a decision.
    fn undecided_or_refuse(&self, reply: Reply) -> Option<Reply> {
        if self.state.is_undecided() {
            return Some(reply);
        }
        let error = match self.state.current() {
            CallState::Ending | CallState::Ended => Error::closed("the call"),
            _ => Error::new(
                ErrorKind::InvalidState,
                "only a call that came in and was not answered yet can be answered or rejected",
            ),
        };
        let _ = reply.send(Err(error));
        None
    }

    fn send_digits(&mut self, digits: Digits, reply: Reply) {
        let Some(reply) = self.answered_or_refuse(reply) else { return };
        let id = self.verto_id();
        let in_message = self.verto(self.dialog.dtmf(&id, digits.text()));
        let method = self.progress().dtmf;
        let leg = self.leg.clone().filter(|_| self.state.current() != CallState::Held);
        self.work.push(Box::pin(async move {
            let result = digits.send(method, leg.as_deref(), in_message).await;
            Done::Replied { result, reply }
        }));
    }

    fn control(&mut self, request: Request, reply: oneshot::Sender<Result<Value>>) {
        let Some(reply) = self.answered_or_refuse(reply) else { return };
        let prepared = request.prepare(&self.progress().roster);
        let Prepared { method, params, own_muted } = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                let _ = reply.send(Err(error));
                return;
            }
        };
        // At once, and for good if the request fails: who mutes must not be heard or seen.
        if own_muted.is_muted() {
            self.set_own_muted(own_muted);
        }
        let session = self.session.clone();
        self.work.push(Box::pin(async move {
            let result = session.request(method, params).await;
            Done::Controlled { muted: own_muted, result, reply }
        }));
    }

    fn transfer(&mut self, destination: &str, reply: Reply) {
        let Some(reply) = self.answered_or_refuse(reply) else { return };
        let id = self.verto_id();
        let request = self.verto(self.dialog.transfer(&id, destination));
        self.work.push(Box::pin(async move {
            let result = request.await.map(drop).map_err(super::control::transfer_refusal);
            Done::Replied { result, reply }
        }));
    }

    fn hold(&mut self, on: bool, reply: Reply) {
        let Some(reply) = self.answered_or_refuse(reply) else { return };
        let id = self.verto_id();
        let request = self.verto(self.dialog.hold(&id, on));
        self.work.push(Box::pin(async move {
            Done::Held { on, result: request.await.map(drop), reply }
        }));
    }

    /// Gives the reply back if the call is answered, else uses it to say that it is not.
    fn answered_or_refuse<T>(
        &self,
        reply: oneshot::Sender<Result<T>>,
    ) -> Option<oneshot::Sender<Result<T>>> {
        let error = match self.state.current() {
            state if state.is_answered() => return Some(reply),
            CallState::Ending | CallState::Ended => Error::closed("the call"),
            state => Error::new(
                ErrorKind::InvalidState,
                format!("the call is {state:?}; wait until it is answered"),
            ),
        };
        let _ = reply.send(Err(error));
        None
    }

    fn message(&mut self, message: ServerMessage) {
        match message {
            ServerMessage::Verto { event, node_id } => self.verto_event(&event, node_id),
            ServerMessage::Event(event) => self.event(&event),
            ServerMessage::Announced => self.input(Input::Announced),
            ServerMessage::SessionAway => self.recover(recovery::Input::SessionAway),
            ServerMessage::SessionReady { is_resumed } => {
                self.input(Input::SessionBack { is_resumed });
                self.recover(recovery::Input::SessionReady { is_resumed });
                if let Some(leg) = &self.leg {
                    leg.look_for_silence();
                }
            }
            ServerMessage::SessionLost(error) => self.input(Input::SessionLost(error)),
            ServerMessage::NetworkChanged(addresses) => {
                if let Some(leg) = &self.leg {
                    leg.network_changed(addresses);
                }
            }
            ServerMessage::Shutdown => self.input(Input::Shutdown),
            ServerMessage::Media(event) => self.media(event),
        }
    }

    fn verto_event(&mut self, event: &VertoEvent, node_id: Option<String>) {
        if let Some(node) = node_id {
            self.dialog.node_id = Some(node);
            self.note_node();
        }
        let sdp = || event.sdp().map(str::to_owned);
        match event.method.as_str() {
            "verto.ping" => {
                let id = self.verto_id();
                self.session.tell("webrtc.verto", self.dialog.pong(&id, &event.params));
            }
            "verto.media" | "verto.answer"
                if event.sdp().is_some() && self.recovery.expects_answer() =>
            {
                self.reattach_answered(sdp().unwrap_or_default());
            }
            "verto.media" => {
                self.note_time(|times| &mut times.remote_sdp_ms);
                self.input(Input::EarlyMedia(sdp()));
            }
            "verto.answer" => {
                if event.sdp().is_some() {
                    self.note_time(|times| &mut times.remote_sdp_ms);
                }
                self.note_time(|times| &mut times.answered_ms);
                self.input(Input::Answer(sdp()));
            }
            // Not answered, by either SDK.
            "verto.mediaParams" => {
                let params = MediaParams::read(&event.params["mediaParams"]);
                self.port.video().pictures_in().set_limits(params.limits());
                let raw_json = event.params["mediaParams"].to_string();
                self.events.publish(CallEvent::MediaParamsRequested { params, raw_json });
            }
            "verto.attach" => self.input(Input::Attached(sdp())),
            "verto.bye" => {
                let (cause, code) = event.cause();
                let redirect = event.redirect().map(str::to_owned);
                self.input(Input::Bye { cause, code, redirect });
            }
            other => self.events.publish(CallEvent::Other {
                event_type: other.to_owned(),
                raw_json: event.params.to_string(),
            }),
        }
    }

    fn event(&mut self, event: &Event) {
        let payload = &event.payload;
        if event.event_type == "call.state" && payload["call_state"] == "ringing" {
            self.input(Input::ServerRings);
        }
        let node = self.dialog.node_id.as_deref().unwrap_or_default();
        let heard = self.progress().roster.hear(&event.event_type, payload, node);
        self.set_own_muted(heard.own_muted);
        let is_joined = matches!(heard.event, CallEvent::Joined { .. });
        self.events.publish(heard.event);
        if is_joined {
            self.input(Input::Joined);
        }
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Input(input) => {
                if matches!(input, Input::OfferReady(_)) {
                    self.note_time(|times| &mut times.offer_ready_ms);
                }
                self.input(input);
            }
            Done::Reoffer(offer) => self.reoffered(offer),
            Done::Recovery(input) => {
                if matches!(input, recovery::Input::Reattached) {
                    self.subscribe_again();
                }
                self.recover(input);
            }
            Done::Invited(Ok(result)) => self.invited(&InviteAccepted::parse(&result)),
            Done::Invited(Err(error)) => self.input(Input::InviteRefused(error)),
            Done::AnswerSent(result) => {
                if let Some(reply) = self.answering.take() {
                    let _ = reply.send(result.as_ref().map(drop).map_err(Clone::clone));
                }
                self.input(match result {
                    Ok(_) => Input::AnswerAccepted,
                    Err(error) => Input::AnswerRefused(error),
                });
            }
            Done::Replied { result, reply } => drop(reply.send(result)),
            Done::Subscribed { event_type, result, reply } => {
                if result.is_ok() {
                    self.note_subscribed(event_type);
                }
                let _ = reply.send(result);
            }
            Done::Controlled { muted, result, reply } => {
                if result.is_ok() {
                    self.set_own_muted(muted);
                }
                let _ = reply.send(result);
            }
            Done::Held { on, result, reply } => {
                if result.is_ok() {
                    self.input(Input::Held(on));
                }
                let _ = reply.send(result);
            }
            Done::Change(number, step) => self.change_step(number, step),
            Done::Nothing => {}
        }
    }

    fn invited(&mut self, accepted: &InviteAccepted) {
        self.note_time(|times| &mut times.created_ms);
        if let Some(node) = &accepted.node_id {
            self.dialog.node_id = Some(node.clone());
        }
        self.note_node();
        if let Some(alias) = &accepted.call_id {
            self.router.add_alias(&self.dialog_id(), alias);
        }
        if let Some(member_id) = &accepted.member_id {
            let member = MemberRef {
                member_id: member_id.clone(),
                call_id: self.dialog_id(),
                node_id: self.dialog.node_id.clone().unwrap_or_default(),
            };
            self.progress().roster.invited(member);
        }
        self.input(Input::InviteAccepted);
    }

    fn time(&mut self) {
        let now = Instant::now();
        let due: Vec<AnyTimer> =
            self.timers.iter().filter(|(_, at)| *at <= now).map(|(timer, _)| *timer).collect();
        self.timers.retain(|(_, at)| *at > now);
        for timer in due {
            match timer {
                AnyTimer::Dialog(timer) => self.input(Input::Elapsed(timer)),
                AnyTimer::Recovery(timer) => self.recover(recovery::Input::Elapsed(timer)),
                AnyTimer::Statistics => self.tell_statistics(),
            }
        }
    }

    fn input(&mut self, input: Input) {
        for output in self.state.handle(input) {
            self.perform(output);
        }
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::Enter(CallState::Ended) => {}
            Output::Enter(state) => self.enter(state),
            Output::SendInvite { sdp, node } => self.send_invite(&sdp, node),
            Output::RepeatInvite(sdp) => self.repeat_invite(&sdp),
            Output::ApplyAnswer(sdp) => self.apply_answer(sdp, false),
            Output::ReplaceAnswer(sdp) => self.apply_answer(sdp, true),
            Output::MakeAnswer => {
                if let Some(Start::Ring { offer, leg }) = self.start.take() {
                    self.progress().descriptions.note_remote(&offer);
                    self.start_media(leg, Some(offer));
                }
            }
            Output::SendAnswer(sdp) => self.send_answer(&sdp),
            Output::AcceptAttach(offer) => self.accept_attach(offer),
            Output::SendAttach(sdp) => self.send_attach(&sdp),
            Output::SendBye(cause) => self.send_bye(cause),
            Output::CloseMedia => self.close_media(),
            Output::Arm(timer, delay) => self.arm(AnyTimer::Dialog(timer), delay),
            Output::Disarm(timer) => self.disarm(AnyTimer::Dialog(timer)),
            Output::End(reason) => self.end(reason),
        }
    }

    fn enter(&mut self, state: CallState) {
        let previous = self.state_sender.send_replace(state);
        if previous != state {
            tracing::info!(call = self.dialog.call_id(), ?state, "call");
            self.events.publish(CallEvent::StateChanged { state, previous });
        }
    }

    fn send_invite(&mut self, sdp: &str, node: Option<String>) {
        self.progress().descriptions.note_local(sdp);
        if node.is_some() {
            self.dialog.node_id = node;
        }
        let id = self.verto_id();
        let params = self.dialog.invite(&id, sdp);
        let session = self.session.clone();
        self.work.push(Box::pin(async move {
            let sent = session.request_with("webrtc.verto", params, INVITE_TIMEOUT, true).await;
            Done::Invited(sent)
        }));
    }

    /// The service forgot the session in which this call was being set up.
    fn repeat_invite(&mut self, sdp: &str) {
        self.progress().descriptions.note_local(sdp);
        let id = self.verto_id();
        let params = self.dialog.reattach(&id, sdp);
        let session = self.session.clone();
        self.work.push(Box::pin(async move {
            let sent = session.request_with("webrtc.verto", params, INVITE_TIMEOUT, true).await;
            Done::Invited(sent)
        }));
    }

    /// The call may be over before the service hears of it: when the session is away, the bye waits
    /// for it.
    fn send_bye(&mut self, cause: Cause) {
        let id = self.verto_id();
        let params = self.dialog.bye(&id, cause.name, cause.code);
        let session = self.session.clone();
        let (done, confirmed) = oneshot::channel();
        let _ = runtime::spawn(async move {
            let sent = session.request_with("webrtc.verto", params, BYE_LIFETIME, true).await;
            if let Err(error) = sent {
                tracing::debug!(%error, "the hang-up was not confirmed");
            }
            let _ = done.send(());
        });
        self.work.push(Box::pin(async move {
            let _ = confirmed.await;
            Done::Input(Input::ByeDone)
        }));
    }

    /// The same leg answers what the service offers.
    fn accept_attach(&mut self, offer: String) {
        self.progress().descriptions.note_remote(&offer);
        let Some(leg) = self.leg.clone() else { return };
        self.work.push(Box::pin(async move {
            let made = leg.accept(offer).await.map(Input::AnswerReady);
            Done::Input(made.unwrap_or_else(Input::OfferFailed))
        }));
    }

    fn send_attach(&mut self, sdp: &str) {
        self.progress().descriptions.note_local(sdp);
        let id = self.verto_id();
        self.submit_answer(self.dialog.attach(&id, sdp));
    }

    fn send_answer(&mut self, sdp: &str) {
        self.progress().descriptions.note_local(sdp);
        let id = self.verto_id();
        self.submit_answer(self.dialog.answer(&id, sdp));
    }

    fn submit_answer(&mut self, params: Value) {
        let session = self.session.clone();
        self.work.push(Box::pin(async move {
            let sent = session.request_with("webrtc.verto", params, INVITE_TIMEOUT, true).await;
            Done::AnswerSent(sent)
        }));
    }

    fn apply_answer(&mut self, sdp: String, is_another: bool) {
        self.progress().descriptions.note_remote(&sdp);
        let Some(leg) = self.leg.clone() else { return };
        self.work.push(Box::pin(async move {
            let applied = match is_another {
                true => leg.replace_answer(sdp).await,
                false => leg.apply_answer(sdp).await,
            };
            match applied {
                Ok(_) => Done::Nothing,
                Err(error) => Done::Input(Input::AnswerUnusable(error)),
            }
        }));
    }

    /// Media ends in the background; gathering may take a while to notice.
    fn close_media(&mut self) {
        self.port.end();
        self.stop_recovery();
        self.end_children();
        if let Some(leg) = self.leg.take() {
            let _ = runtime::spawn(async move { leg.close().await });
        }
    }

    /// The order matters: the reason is there before anybody can see the state.
    fn end(&mut self, reason: EndReason) {
        self.is_over = true;
        tracing::info!(call = self.dialog.call_id(), cause = reason.cause, "call is over");
        if let Some(reply) = self.answering.take() {
            let _ = reply.send(Err(reason.clone().into_error()));
        }
        self.progress().end = Some(reason.clone());
        self.router.remove_call(&self.dialog_id());
        self.enter(CallState::Ended);
        self.events.publish(CallEvent::Ended { reason });
        self.events.end();
    }

    fn note_node(&self) {
        self.progress().node_id.clone_from(&self.dialog.node_id);
    }

    fn set_own_muted(&mut self, muted: OwnMuted) {
        if let Some(is_muted) = muted.audio {
            self.port.input().set_muted(is_muted);
            self.progress().is_muted = is_muted;
        }
        if let Some(is_muted) = muted.video {
            self.port.video().set_muted(is_muted);
        }
    }

    fn verto(&self, params: Value) -> impl Future<Output = Result<Value>> + Send + 'static {
        let session = self.session.clone();
        async move { session.request("webrtc.verto", params).await }
    }

    fn background(&self, request: impl Future<Output = Result<Value>> + Send + 'static) {
        self.work.push(Box::pin(async move {
            if let Err(error) = request.await {
                tracing::debug!(%error, "a reply to the service was not taken");
            }
            Done::Nothing
        }));
    }

    fn verto_id(&self) -> String {
        uuid::Uuid::new_v4().to_string()
    }

    fn dialog_id(&self) -> String {
        self.dialog.call_id().to_owned()
    }

    fn note_time(&mut self, field: fn(&mut super::SetupTimes) -> &mut Option<f64>) {
        let since = self.port.started().elapsed().as_secs_f64() * 1000.0;
        field(&mut self.progress().times).get_or_insert(since);
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
