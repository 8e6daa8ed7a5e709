//! Starting a call, dialled here or announced by the service.

use super::actor::{Actor, Parts, Plan, Start};
use super::event::{Direction, RemoteParty};
use super::router::Router;
use super::state::{Limits, State};
use super::{Call, Progress, Shared};
use crate::config::{AnswerOptions, DialOptions, BYE_TIMEOUT};
use crate::error::{Error, Result};
use crate::media::codec::{AudioCodec, EncoderOptions};
use crate::media::leg::LegConfig;
use crate::media::port::AudioPort;
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
    let mut leg =
        leg_config(&context, &options.audio_codecs, options.opus_bitrate_bps, port.clone());
    leg.encoder = options.encoder();
    let limits = limits(options.ring_timeout_ms, options.media_timeout_ms);
    let call = start(
        &context,
        Dialog::new(id, destination.as_str().to_owned(), variables),
        About {
            direction: Direction::Outbound,
            destination: destination.as_str().to_owned(),
            remote: RemoteParty { name: String::new(), number: destination.as_str().to_owned() },
        },
        port,
        Plan { state: State::new(limits), start: Start::Dial(leg) },
    )?;
    call.progress().dtmf = options.dtmf.unwrap_or_default();
    Ok(call)
}

/// Makes the call that the service announces; it rings until the application decides.
pub(crate) fn start_inbound(context: &CallContext, invite: Invite) -> Result<Call> {
    let defaults = AnswerOptions::default();
    let port = AudioPort::new(DialOptions::default().audio_queue_ms, Instant::now());
    let leg = leg_config(context, &[], defaults.opus_bitrate_bps, port.clone());
    let limits = limits(0, defaults.media_timeout_ms);
    let about = About {
        direction: Direction::Inbound,
        destination: invite.callee.number.clone(),
        remote: RemoteParty {
            name: invite.caller.name.clone(),
            number: invite.caller.number.clone(),
        },
    };
    let dialog = Dialog::inbound(&invite, serde_json::Map::new());
    let start_as = Start::Ring { offer: invite.sdp, leg };
    start(context, dialog, about, port, Plan { state: State::inbound(limits), start: start_as })
}

struct About {
    direction: Direction,
    destination: String,
    remote: RemoteParty,
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
        id: id.clone(),
        direction: about.direction,
        destination: about.destination,
        remote: about.remote,
        commands,
        state,
        progress: Arc::new(Mutex::new(Progress::default())),
        events: Bus::new(),
        audio: port,
    });
    router.add_call(&shared, messages.clone());
    let parts = Parts { session: context.session.clone(), router, dialog, state_sender, messages };
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
    bitrate_bps: u32,
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
        encoder: EncoderOptions { bitrate_bps, ..EncoderOptions::default() },
        port,
    }
}

/// The chosen codecs, each once; without a choice all.
pub(super) fn codecs_or_all(chosen: &[AudioCodec]) -> Vec<AudioCodec> {
    match chosen {
        [] => vec![AudioCodec::Opus, AudioCodec::Pcmu, AudioCodec::Pcma],
        chosen => dedup(chosen),
    }
}

fn dedup(codecs: &[AudioCodec]) -> Vec<AudioCodec> {
    let mut unique = Vec::new();
    for codec in codecs {
        if !unique.contains(codec) {
            unique.push(*codec);
        }
    }
    unique
}
