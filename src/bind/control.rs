//! Members, layout and room of a call for the generated languages.

use super::{wait, Call, Result};
use crate::{AudioFlags, Layout, Member, MemberPosition, MemberTarget};

/// Members, layout and room. Requests about members have these errors in common:
///
/// `InvalidArgument` for an argument out of its range; `InvalidState` unless the call is answered
/// and joined (wait for the event `Joined`); `NotFound` for a member that is not in `members`, or
/// that the service no longer knows; `Closed` after the end; `Timeout` and `Network` (unsure
/// whether it was done; asking again is safe); `Rejected` with the service's code, -32001 when
/// `capabilities` do not allow it. Nothing is checked here against the capabilities: the service
/// decides.
#[uniffi::export]
impl Call {
    /// Everybody known to be in the call at this moment, in the order in which they came: the own
    /// member (more than once while the call is in several sessions, see `room_session_id`), other
    /// people, screens, devices.
    ///
    /// Empty before the call joined its session. Each change is also an event.
    pub fn members(&self) -> Vec<Member> {
        self.0.members()
    }

    /// The layout where the call is at the moment; None before the service told one.
    pub fn layout(&self) -> Option<Layout> {
        self.0.layout()
    }

    /// What the own member may do where the call is at the moment, as the service words it: such
    /// as `self.mute` or `member.remove`; a word grants everything below it (`self`). Empty before
    /// the call joined its session.
    pub fn capabilities(&self) -> Vec<String> {
        self.0.capabilities()
    }

    /// Mutes or unmutes a microphone: the service stops passing on the member's audio. Of the own
    /// microphone, silence is sent from here at once, too; when the request fails it stays muted.
    ///
    /// Repeating does nothing. Errors as for all requests about members.
    pub async fn set_audio_muted(&self, target: MemberTarget, muted: bool) -> Result<()> {
        wait(self.0.set_audio_muted(target, muted)).await
    }

    /// Mutes or unmutes a camera at the service. Errors as for all requests about members.
    pub async fn set_video_muted(&self, target: MemberTarget, muted: bool) -> Result<()> {
        wait(self.0.set_video_muted(target, muted)).await
    }

    /// Stops or restores the audio that a member hears. Errors as for all requests about members.
    pub async fn set_deaf(&self, target: MemberTarget, deaf: bool) -> Result<()> {
        wait(self.0.set_deaf(target, deaf)).await
    }

    /// Raises or lowers a hand. Errors as for all requests about members.
    pub async fn set_hand_raised(&self, target: MemberTarget, raised: bool) -> Result<()> {
        wait(self.0.set_hand_raised(target, raised)).await
    }

    /// Sets the volume of a member's microphone, -50 to 50; 0 leaves it as it comes.
    ///
    /// Errors as for all requests about members.
    pub async fn set_input_volume(&self, target: MemberTarget, volume: i32) -> Result<()> {
        wait(self.0.set_input_volume(target, volume)).await
    }

    /// Sets the volume of what a member hears, -50 to 50; 0 leaves it as it comes.
    ///
    /// Errors as for all requests about members.
    pub async fn set_output_volume(&self, target: MemberTarget, volume: i32) -> Result<()> {
        wait(self.0.set_output_volume(target, volume)).await
    }

    /// Sets below which level a member's sound counts as silence, 0 to 100; 30 by default. Has an
    /// effect in conferences only. Errors as for all requests about members.
    pub async fn set_input_sensitivity(
        &self,
        target: MemberTarget,
        sensitivity: i32,
    ) -> Result<()> {
        wait(self.0.set_input_sensitivity(target, sensitivity)).await
    }

    /// Switches what the service does to a member's microphone; at least one flag must be given.
    ///
    /// Errors as for all requests about members.
    pub async fn set_audio_flags(&self, target: MemberTarget, flags: AudioFlags) -> Result<()> {
        wait(self.0.set_audio_flags(target, flags)).await
    }

    /// Asks the service to send a member video of low bit rate, or no longer. Errors as for all
    /// requests about members.
    pub async fn set_low_bitrate(&self, target: MemberTarget, low: bool) -> Result<()> {
        wait(self.0.set_low_bitrate(target, low)).await
    }

    /// Locks the room, so that nobody else can join, or unlocks it. Errors as for all requests
    /// about members.
    pub async fn set_locked(&self, locked: bool) -> Result<()> {
        wait(self.0.set_locked(locked)).await
    }

    /// The names of the layouts that `set_layout` takes.
    ///
    /// Errors as for all requests about members; `Protocol` for an answer without a list.
    pub async fn layouts(&self) -> Result<Vec<String>> {
        wait(self.0.layouts()).await
    }

    /// Chooses a layout by its name. The event `LayoutChanged` tells the effect; place members with
    /// `set_positions` afterwards.
    ///
    /// Errors as for all requests about members; `Rejected` for a name that the service lacks.
    pub async fn set_layout(&self, name: String) -> Result<()> {
        wait(self.0.set_layout(&name)).await
    }

    /// Places members in the layout, all in one request. Has no effect outside of conferences.
    ///
    /// Errors as for all requests about members; `InvalidArgument` also for no or too many (1024)
    /// members and for the target `All`.
    pub async fn set_positions(&self, positions: Vec<MemberPosition>) -> Result<()> {
        wait(self.0.set_positions(positions)).await
    }

    /// Removes another member from the session. Errors as for all requests about members.
    pub async fn remove_member(&self, member_id: String) -> Result<()> {
        wait(self.0.remove_member(&member_id)).await
    }

    /// Ends the call of a member at the service. For the own call `hangup` is the usual way;
    /// whether others are dropped with a member is the service's decision.
    ///
    /// Errors as for all requests about members.
    pub async fn end_for(&self, target: MemberTarget) -> Result<()> {
        wait(self.0.end_for(target)).await
    }

    /// Asks the service to connect the far side with `destination` instead; the forms are those
    /// of `dial`. What becomes of this call then the service decides: it ends it, or moves it on,
    /// which the event `Joined` tells.
    ///
    /// Errors: `InvalidArgument` for what is no destination; `InvalidState` unless the call is
    /// answered; `Closed`; `Timeout` (unsure whether it was done); `NotSupported` where the
    /// service has no transfer; `Rejected` with its code where it refused.
    pub async fn transfer(&self, destination: String) -> Result<()> {
        wait(self.0.transfer(&destination)).await
    }

    /// Asks for what is said in a conversation with an AI agent, from now on: the event
    /// `Transcript`. Subscribing twice does nothing.
    ///
    /// Errors: those of `subscribe`; asking again is safe.
    pub async fn subscribe_transcript(&self) -> Result<()> {
        wait(self.0.subscribe_transcript()).await
    }
}
