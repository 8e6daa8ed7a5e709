//! Further legs of a call: shared screens and additional devices.

use super::{Actor, Command};
use crate::call::start::{self, ChildLeg};
use crate::call::Call;
use crate::config::{DialOptions, MediaDirections};
use crate::error::Result;
use crate::media::video::VideoCodec;
use crate::proto::verto::ChildKind;
use serde_json::{json, Map, Value};
use tokio::sync::oneshot;

/// A further leg that the application wants; checked already.
pub(crate) struct Child {
    pub(crate) kind: ChildKind,
    pub(crate) directions: MediaDirections,
    pub(crate) video_codecs: Vec<VideoCodec>,
    pub(crate) options: DialOptions,
    pub(crate) variables: Map<String, Value>,
}

impl Actor {
    /// It is told whose it is, and by that the service makes it a child of the own member.
    pub(super) fn start_child(&mut self, child: Child, reply: oneshot::Sender<Result<Call>>) {
        let Some(reply) = self.answered_or_refuse(reply) else { return };
        let Child { kind, directions, video_codecs, mut options, mut variables } = child;
        options.statistics_interval_ms = self.progress().statistics_ms;
        variables.insert("memberCallId".to_owned(), json!(self.dialog_id()));
        if let Ok(own) = self.progress().roster.own() {
            variables.insert("memberId".to_owned(), json!(own.member_id));
        }
        let id = uuid::Uuid::new_v4().to_string();
        let dialog = self.dialog.child(id, kind, variables);
        let parent_id = self.dialog_id();
        let leg = ChildLeg { dialog, directions, video_codecs, options, parent_id };
        let started = start::start_child(&self.context, leg);
        if let Ok(call) = &started {
            self.children.retain(|child| child.end_reason().is_none());
            self.children.push(call.clone());
        }
        let _ = reply.send(started);
    }

    /// They end before the call itself does.
    pub(super) fn end_children(&mut self) {
        for child in self.children.drain(..) {
            if child.0.commands.try_send(Command::Hangup).is_err() {
                tracing::debug!("a further leg was over before its call");
            }
        }
    }
}
