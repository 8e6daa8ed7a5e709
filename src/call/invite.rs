//! Starting a call.

use super::actor::{Actor, OutboundCall};
use super::{Call, Progress, Shared};
use crate::error::Result;
use crate::media::codec::{AudioCodec, EncoderOptions};
use crate::media::leg::LegConfig;
use crate::media::port::AudioPort;
use crate::proto::verto::Dialog;
use crate::runtime;
use crate::util::bus::Bus;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::sync::{mpsc, watch};

/// Commands that may wait for the call's task.
const COMMANDS: usize = 32;
/// Messages of the service and of media that may wait for it.
const MESSAGES: usize = 512;

/// Makes the call and starts its task.
pub(crate) fn start_outbound(call: OutboundCall) -> Result<Call> {
    let id = uuid::Uuid::new_v4().to_string();
    let port = AudioPort::new(call.options.audio_queue_ms, Instant::now());
    let (commands, command_queue) = mpsc::channel(COMMANDS);
    let (messages, message_queue) = mpsc::channel(MESSAGES);
    let (state_sender, state) = watch::channel(super::CallState::New);
    let shared = Arc::new(Shared {
        id: id.clone(),
        destination: call.destination.as_str().to_owned(),
        commands,
        state,
        progress: Arc::new(Mutex::new(Progress::default())),
        events: Bus::new(),
        audio: port.clone(),
    });
    let dialog = Dialog::new(
        id.clone(),
        call.destination.as_str().to_owned(),
        call.options.user_variables()?,
    );
    let leg = leg_config(&call, port);
    call.router.add_call(&shared, messages.clone());
    let actor = Actor::new(&call, &shared, dialog, state_sender, messages);
    let task = actor.run(leg, command_queue, message_queue);
    if let Err(error) = runtime::spawn(task) {
        call.router.remove_call(&id);
        return Err(error);
    }
    Ok(Call::from_shared(shared))
}

fn leg_config(call: &OutboundCall, port: AudioPort) -> LegConfig {
    let facts = call.session.facts();
    let mut local_addresses = call.media_addresses.clone();
    if local_addresses.is_empty() {
        local_addresses.extend(facts.local_address);
    }
    let codecs = match call.options.audio_codecs.as_slice() {
        [] => vec![AudioCodec::Opus, AudioCodec::Pcmu, AudioCodec::Pcma],
        chosen => dedup(chosen),
    };
    LegConfig {
        only_these_addresses: !call.media_addresses.is_empty(),
        local_addresses,
        relay_only: call.relay_only,
        ice_servers: facts.ice_servers,
        tls: Arc::clone(&call.tls),
        codecs,
        encoder: EncoderOptions {
            bitrate_bps: call.options.opus_bitrate_bps,
            ..EncoderOptions::default()
        },
        port,
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
