//! Starting a call, dialled here or announced by the service.

use super::actor::{Actor, Parts, Plan, Start};
use super::diagnostics;
use super::event::{Direction, RemoteParty};
use super::router::Router;
use super::state::{Limits, State};
use super::{Call, Progress, RecordedCall, Shared};
use crate::config::{
    AnswerOptions, DialOptions, DtmfMethod, MediaDirection, MediaDirections, BYE_TIMEOUT,
};
use crate::error::{Error, Result};
use crate::media::codec::{AudioCodec, EncoderOptions};
use crate::media::leg::LegConfig;
use crate::media::port::AudioPort;
use crate::media::video::VideoCodec;
use crate::proto::destination::Destination;
use crate::proto::verto::{Dialog, Invite};
use crate::runtime;
use crate::session::Session;
use crate::util::bus::Bus;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// Commands that may wait for the call's task.
const COMMANDS: usize = 32;
/// Messages of the service and of media that may wait for it.
const MESSAGES: usize = 512;

/// What a client gives to all its calls.
#[derive(Clone)]
pub(crate) struct CallContext {
    pub(crate) session: Session,
    /// Weak, because the router keeps one of these for the calls that come in.
    pub(crate) router: Weak<Router>,
    pub(crate) media_addresses: Vec<IpAddr>,
    pub(crate) relay_only: bool,
    pub(crate) tls: Arc<rustls::ClientConfig>,
}

/// What is dialled; checked already.
pub(crate) struct OutboundCall {
    pub(crate) context: CallContext,
    pub(crate) destination: Destination,
    pub(crate) options: DialOptions,
}

/// Makes the call and starts its task.
pub(crate) fn start_outbound(call: OutboundCall) -> Result<Call> {
    let OutboundCall { context, destination, options } = call;
    let id = uuid::Uuid::new_v4().to_string();
    let port = AudioPort::new(options.audio_queue_ms, Instant::now());
    let variables = options.user_variables()?;
    let mut leg = leg_config(&context, &options.audio_codecs, options.encoder(), port.clone());
    leg.packet_ms = options.packet_time_ms;
    leg.video_codecs = video_codecs_or_all(&options.video_codecs);
    leg.directions.video = options.video.unwrap_or(match destination.has_video() {
        true => MediaDirection::SendReceive,
        false => MediaDirection::Inactive,
    });
    let limits = limits(options.ring_timeout_ms, options.media_timeout_ms);
    let mut dialog = Dialog::new(id, destination.as_str().to_owned(), variables);
    dialog.node_id = options.node_id;
    dialog.from_fabric_address_id = options.from_fabric_address_id;
    start(
        &context,
        dialog,
        About {
            direction: Direction::Outbound,
            destination: destination.as_str().to_owned(),
            remote: RemoteParty { name: String::new(), number: destination.as_str().to_owned() },
            parent_id: None,
            dtmf: options.dtmf.unwrap_or_default(),
        },
        port,
        Plan {
            state: State::new(limits),
            start: Start::Dial(leg),
            statistics_ms: options.statistics_interval_ms,
        },
    )
}

/// Makes the call that the service announces; it rings until the application decides.
pub(crate) fn start_inbound(context: &CallContext, invite: Invite) -> Result<Call> {
    let defaults = AnswerOptions::default();
    let port = AudioPort::new(DialOptions::default().audio_queue_ms, Instant::now());
    let leg = leg_config(context, &[], defaults.encoder(), port.clone());
    let limits = limits(0, defaults.media_timeout_ms);
    let about = About {
        direction: Direction::Inbound,
        destination: invite.callee.number.clone(),
        remote: RemoteParty {
            name: invite.caller.name.clone(),
            number: invite.caller.number.clone(),
        },
        parent_id: None,
        // The options of the answer say.
        dtmf: DtmfMethod::default(),
    };
    let dialog = Dialog::inbound(&invite, serde_json::Map::new());
    let start_as = Start::Ring { offer: invite.sdp, leg };
    start(
        context,
        dialog,
        about,
        port,
        Plan { state: State::inbound(limits), start: start_as, statistics_ms: 0 },
    )
}

/// Takes up a call that the service has and this process has not: with an invite that says so and
/// a new offer (signalwire-js v4, ClientSessionManager.ts). It becomes `Active` with the answer.
/// A service that refuses gets an answer to its own `offer`, if it made one.
pub(crate) fn start_restored(
    context: &CallContext,
    recorded: RecordedCall,
    offer: Option<String>,
) -> Result<Call> {
    let defaults = DialOptions::default();
    let port = AudioPort::new(defaults.audio_queue_ms, Instant::now());
    let mut leg = leg_config(context, &[], defaults.encoder(), port.clone());
    leg.directions.video = recorded.video();
    let limits = limits(0, defaults.media_timeout_ms);
    let about = About {
        direction: recorded.direction(),
        destination: recorded.destination.clone(),
        remote: RemoteParty {
            name: recorded.remote_name.clone(),
            number: recorded.remote_number.clone(),
        },
        parent_id: None,
        dtmf: DtmfMethod::default(),
    };
    let parties = recorded.parties();
    let dialog = Dialog::reattached(recorded.id, recorded.destination, parties, recorded.node);
    let state = State::restored(limits, offer);
    let plan = Plan { state, start: Start::Dial(leg), statistics_ms: recorded.statistics_ms };
    start(context, dialog, about, port, plan)
}

/// A further leg of an answered call: its dialog, what it sends, and whose it is.
pub(super) struct ChildLeg {
    pub(super) dialog: Dialog,
    pub(super) directions: MediaDirections,
    pub(super) video_codecs: Vec<VideoCodec>,
    pub(super) options: DialOptions,
    pub(super) parent_id: String,
}

/// Makes a call that is a screen or a device of another one.
pub(super) fn start_child(context: &CallContext, child: ChildLeg) -> Result<Call> {
    let ChildLeg { dialog, directions, video_codecs, options, parent_id } = child;
    let port = AudioPort::new(options.audio_queue_ms, Instant::now());
    let mut leg = leg_config(context, &options.audio_codecs, options.encoder(), port.clone());
    leg.packet_ms = options.packet_time_ms;
    leg.directions = directions;
    leg.video_codecs = video_codecs;
    let limits = limits(options.ring_timeout_ms, options.media_timeout_ms);
    let number = dialog.destination().to_owned();
    let about = About {
        direction: Direction::Outbound,
        destination: number.clone(),
        remote: RemoteParty { name: String::new(), number },
        parent_id: Some(parent_id),
        dtmf: options.dtmf.unwrap_or_default(),
    };
    let plan = Plan {
        state: State::new(limits),
        start: Start::Dial(leg),
        statistics_ms: options.statistics_interval_ms,
    };
    start(context, dialog, about, port, plan)
}

struct About {
    direction: Direction,
    destination: String,
    remote: RemoteParty,
    parent_id: Option<String>,
    dtmf: DtmfMethod,
}

fn start(
    context: &CallContext,
    dialog: Dialog,
    about: About,
    port: AudioPort,
    plan: Plan,
) -> Result<Call> {
    let router = context.router.upgrade().ok_or_else(|| Error::closed("the client"))?;
    let id = dialog.call_id().to_owned();
    let (commands, command_queue) = mpsc::channel(COMMANDS);
    let (messages, message_queue) = mpsc::channel(MESSAGES);
    let (state_sender, state) = watch::channel(plan.state.current());
    let shared = Arc::new(Shared {
        runtime: runtime::Generation::current(),
        id: id.clone(),
        direction: about.direction,
        destination: about.destination,
        remote: about.remote,
        parent_id: about.parent_id,
        commands,
        state,
        progress: Arc::new(Mutex::new(Progress {
            dtmf: about.dtmf,
            statistics_ms: plan.statistics_ms,
            ..Progress::default()
        })),
        events: Bus::new(diagnostics::remembered),
        audio: port,
    });
    router.add_call(&shared, messages.clone());
    let parts = Parts { context: context.clone(), router, dialog, state_sender, messages };
    let actor = Actor::new(parts, &shared, plan);
    if let Err(error) = runtime::spawn(actor.run(command_queue, message_queue)) {
        if let Some(router) = context.router.upgrade() {
            router.remove_call(&id);
        }
        return Err(error);
    }
    Ok(Call::from_shared(shared))
}

fn limits(ring_ms: u32, media_ms: u32) -> Limits {
    Limits {
        ring: Duration::from_millis(ring_ms.into()),
        media: Duration::from_millis(media_ms.into()),
        bye: BYE_TIMEOUT,
    }
}

fn leg_config(
    context: &CallContext,
    codecs: &[AudioCodec],
    encoder: EncoderOptions,
    port: AudioPort,
) -> LegConfig {
    let facts = context.session.facts();
    let mut local_addresses = context.media_addresses.clone();
    if local_addresses.is_empty() {
        local_addresses.extend(facts.local_address);
    }
    LegConfig {
        only_these_addresses: !context.media_addresses.is_empty(),
        local_addresses,
        relay_only: context.relay_only,
        ice_servers: facts.ice_servers,
        tls: Arc::clone(&context.tls),
        codecs: codecs_or_all(codecs),
        video_codecs: VideoCodec::ALL.to_vec(),
        directions: MediaDirections {
            audio: MediaDirection::SendReceive,
            video: MediaDirection::Inactive,
        },
        encoder,
        packet_ms: 0,
        port,
    }
}

/// The chosen codecs, each once; without a choice all.
pub(super) fn codecs_or_all(chosen: &[AudioCodec]) -> Vec<AudioCodec> {
    match chosen {
        [] => AudioCodec::ALL.to_vec(),
        chosen => dedup(chosen),
    }
}

/// The same for video.
pub(super) fn video_codecs_or_all(chosen: &[VideoCodec]) -> Vec<VideoCodec> {
    match chosen {
        [] => VideoCodec::ALL.to_vec(),
        chosen => dedup(chosen),
    }
}

fn dedup<T: Copy + PartialEq>(codecs: &[T]) -> Vec<T> {
    let mut unique = Vec::new();
    for codec in codecs {
        if !unique.contains(codec) {
            unique.push(*codec);
        }
    }
    unique
}
