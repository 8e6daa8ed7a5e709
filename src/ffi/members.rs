//! `sw_call_set_*` and what else a joined call can do with its members, layout and room.

use super::call::sw_call;
use super::completion::{call_with, guard_with, start, sw_completion, Pending, Pointer};
use super::guard::guard;
use super::handle;
use super::roster::TextList;
use super::status::{sw_error, sw_status, OK};
use super::text;
use super::versioned::{self, Versioned};
use crate::call::{AudioFlags, Call, MemberPosition, MemberTarget};
use crate::error::{Error, Result};
use std::ffi::{c_char, c_void};
use std::future::Future;

/// `SW_MEMBER_ALL` of the header, the service's own word for everybody in the session.
const MEMBER_ALL: &str = "all";

/// More positions than one request may have.
const MAX_POSITIONS: usize = 1024;

/// How the service treats a member's microphone. Start from `SW_AUDIO_FLAGS_INIT`, which changes
/// nothing.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_audio_flags {
    /// `sizeof(sw_audio_flags)`; set by `SW_AUDIO_FLAGS_INIT`.
    pub struct_size: u32,
    /// Echo cancellation: 1 on, 0 off, -1 as it is.
    pub echo_cancellation: i32,
    /// Automatic gain: 1 on, 0 off, -1 as it is.
    pub auto_gain: i32,
    /// Noise suppression: 1 on, 0 off, -1 as it is.
    pub noise_suppression: i32,
}

// SAFETY: repr(C), size first, integers only.
unsafe impl Versioned for sw_audio_flags {
    const FIRST_SIZE: usize = size_of::<sw_audio_flags>();
}

/// Where a member is to be shown. Copied before `sw_call_set_positions` returns.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_member_position {
    /// Who; NULL is the own member. Not `SW_MEMBER_ALL`.
    pub member_id: *const c_char,
    /// `auto`, `reserved-0`, `standard-0` and so on, `off-canvas`, `playback` or `full-screen`.
    /// Not null.
    pub position: *const c_char,
}

/// As `sw_completion`, with a list of texts.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_texts_completion {
    /// Nullable. On success `error` is NULL and `texts` has `count` pointers, none of them NULL;
    /// on failure `error` is not NULL, `texts` is, and `count` is 0. All are borrowed for the time
    /// of the call, on the dispatcher thread.
    pub r#fn: Option<
        unsafe extern "C" fn(
            status: sw_status,
            error: *const sw_error,
            texts: *const *const c_char,
            count: usize,
            user_data: *mut c_void,
        ),
    >,
    /// Passed to `fn` unchanged. Nullable.
    pub user_data: *mut c_void,
}

impl sw_texts_completion {
    fn pending(self) -> Pending<Vec<String>> {
        let Some(function) = self.r#fn else { return Pending::new(None) };
        let data = Pointer(self.user_data);
        Pending::new(Some(Box::new(move |result: Result<Vec<String>>| match result {
            Ok(list) => {
                let list = TextList::of(&list);
                let (texts, count) = list.parts();
                // SAFETY: the header says that `fn` is such a function.
                unsafe { function(OK, std::ptr::null(), texts, count, data.get()) }
            }
            Err(error) => call_with(&Some(error), |status, error| {
                // SAFETY: as above.
                unsafe { function(status, error, std::ptr::null(), 0, data.get()) }
            }),
        })))
    }
}

/// # Safety
/// `member_id` is NULL or points to a NUL-terminated string.
unsafe fn target(member_id: *const c_char) -> Result<MemberTarget> {
    // SAFETY: the caller's promise.
    Ok(match unsafe { text::optional(member_id, "member_id")? } {
        None => MemberTarget::Own,
        Some(all) if all == MEMBER_ALL => MemberTarget::All,
        Some(member_id) => MemberTarget::Member(member_id),
    })
}

/// Starts a request about one target.
fn on_target<F>(
    call: *mut sw_call,
    member_id: *const c_char,
    done: sw_completion,
    work: impl FnOnce(Call, MemberTarget) -> F,
) -> sw_status
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    guard_with(done, || {
        let call = handle::get(call)?;
        // SAFETY: the header asks for a text or NULL.
        let target = unsafe { target(member_id)? };
        start(done.pending(), work(call, target))
    })
}

/// Mutes or unmutes a microphone: the service stops passing on the member's audio. Of the own
/// microphone, silence is sent from here at once, too; when the request fails it stays muted.
/// Repeating is `SW_OK`. What it does to each of everybody `SW_CALL_EVENT_MEMBER_UPDATED` tells; the
/// own microphone follows it.
///
/// All functions about members have these parameters and completions in common. `call`: not null.
/// `member_id`: nullable; NULL is the own member, `SW_MEMBER_ALL` everybody, else the id of an
/// `sw_member`; copied. Completion: `SW_ERR_INVALID_ARGUMENT` for an argument out of its range;
/// `SW_ERR_INVALID_STATE` unless the call is answered and joined (wait for
/// `SW_CALL_EVENT_JOINED`); `SW_ERR_NOT_FOUND` for a member that is not in `sw_call_members`, or
/// that the service no longer knows; `SW_ERR_CLOSED` after the end; `SW_ERR_TIMEOUT` and
/// `SW_ERR_NETWORK` (unsure whether it was done; asking again is safe); `SW_ERR_REJECTED` with
/// the service's code, -32001 when `sw_call_capabilities` do not allow it. Nothing is checked here
/// against the capabilities: the service decides. Any thread.
#[no_mangle]
pub extern "C" fn sw_call_set_audio_muted(
    call: *mut sw_call,
    member_id: *const c_char,
    muted: bool,
    done: sw_completion,
) -> sw_status {
    on_target(call, member_id, done, move |call, target| async move {
        call.set_audio_muted(target, muted).await
    })
}

/// Mutes or unmutes a camera at the service. Parameters and completions as for
/// `sw_call_set_audio_muted`.
#[no_mangle]
pub extern "C" fn sw_call_set_video_muted(
    call: *mut sw_call,
    member_id: *const c_char,
    muted: bool,
    done: sw_completion,
) -> sw_status {
    on_target(call, member_id, done, move |call, target| async move {
        call.set_video_muted(target, muted).await
    })
}

/// Stops or restores the audio that a member hears. Parameters and completions as for
/// `sw_call_set_audio_muted`.
#[no_mangle]
pub extern "C" fn sw_call_set_deaf(
    call: *mut sw_call,
    member_id: *const c_char,
    deaf: bool,
    done: sw_completion,
) -> sw_status {
    on_target(call, member_id, done, move |call, target| async move {
        call.set_deaf(target, deaf).await
    })
}

/// Raises or lowers a hand. Parameters and completions as for `sw_call_set_audio_muted`.
#[no_mangle]
pub extern "C" fn sw_call_set_hand_raised(
    call: *mut sw_call,
    member_id: *const c_char,
    raised: bool,
    done: sw_completion,
) -> sw_status {
    on_target(call, member_id, done, move |call, target| async move {
        call.set_hand_raised(target, raised).await
    })
}

/// Sets the volume of a member's microphone, -50 to 50; 0 leaves it as it comes. Parameters and
/// completions as for `sw_call_set_audio_muted`.
#[no_mangle]
pub extern "C" fn sw_call_set_input_volume(
    call: *mut sw_call,
    member_id: *const c_char,
    volume: i32,
    done: sw_completion,
) -> sw_status {
    on_target(call, member_id, done, move |call, target| async move {
        call.set_input_volume(target, volume).await
    })
}

/// Sets the volume of what a member hears, -50 to 50; 0 leaves it as it comes. Parameters and
/// completions as for `sw_call_set_audio_muted`.
#[no_mangle]
pub extern "C" fn sw_call_set_output_volume(
    call: *mut sw_call,
    member_id: *const c_char,
    volume: i32,
    done: sw_completion,
) -> sw_status {
    on_target(call, member_id, done, move |call, target| async move {
        call.set_output_volume(target, volume).await
    })
}

/// Sets below which level a member's sound counts as silence, 0 to 100; 30 by default. Has an
/// effect in conferences only. Parameters and completions as for `sw_call_set_audio_muted`.
#[no_mangle]
pub extern "C" fn sw_call_set_input_sensitivity(
    call: *mut sw_call,
    member_id: *const c_char,
    sensitivity: i32,
    done: sw_completion,
) -> sw_status {
    on_target(call, member_id, done, move |call, target| async move {
        call.set_input_sensitivity(target, sensitivity).await
    })
}

/// Switches what the service does to a member's microphone.
///
/// `flags`: not null; at least one must not be -1; copied. Other parameters and completions as
/// for `sw_call_set_audio_muted`.
#[no_mangle]
pub extern "C" fn sw_call_set_audio_flags(
    call: *mut sw_call,
    member_id: *const c_char,
    flags: *const sw_audio_flags,
    done: sw_completion,
) -> sw_status {
    guard_with(done, || {
        let call = handle::get(call)?;
        // SAFETY: the header asks for a text or NULL.
        let target = unsafe { target(member_id)? };
        // SAFETY: the header asks for a valid struct or NULL.
        let flags = unsafe { versioned::read(flags, "flags")? }
            .ok_or_else(|| Error::invalid("flags must not be NULL"))?;
        let flags = AudioFlags {
            echo_cancellation: flag("echo_cancellation", flags.echo_cancellation)?,
            auto_gain: flag("auto_gain", flags.auto_gain)?,
            noise_suppression: flag("noise_suppression", flags.noise_suppression)?,
        };
        start(done.pending(), async move { call.set_audio_flags(target, flags).await })
    })
}

fn flag(name: &str, value: i32) -> Result<Option<bool>> {
    match value {
        -1 => Ok(None),
        0 => Ok(Some(false)),
        1 => Ok(Some(true)),
        other => Err(Error::invalid(format!("{name} must be 1, 0 or -1; got {other}"))),
    }
}

/// Asks the service to send a member video of low bit rate, or no longer. Parameters and
/// completions as for `sw_call_set_audio_muted`.
#[no_mangle]
pub extern "C" fn sw_call_set_low_bitrate(
    call: *mut sw_call,
    member_id: *const c_char,
    low: bool,
    done: sw_completion,
) -> sw_status {
    on_target(call, member_id, done, move |call, target| async move {
        call.set_low_bitrate(target, low).await
    })
}

/// Locks the room, so that nobody else can join, or unlocks it.
///
/// `call`: not null. Completions as for `sw_call_set_audio_muted`. Any thread.
#[no_mangle]
pub extern "C" fn sw_call_set_locked(
    call: *mut sw_call,
    locked: bool,
    done: sw_completion,
) -> sw_status {
    guard_with(done, || {
        let call = handle::get(call)?;
        start(done.pending(), async move { call.set_locked(locked).await })
    })
}

/// Asks for the names of the layouts that `sw_call_set_layout` takes.
///
/// `call`: not null. Completions as for `sw_call_set_audio_muted`; `SW_ERR_PROTOCOL` for an answer
/// without a list. Any thread.
#[no_mangle]
pub extern "C" fn sw_call_layouts(call: *mut sw_call, done: sw_texts_completion) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        start(done.pending(), async move { call.layouts().await })
    })
}

/// Chooses a layout by its name. `SW_CALL_EVENT_LAYOUT_CHANGED` tells the effect; place members
/// with `sw_call_set_positions` afterwards.
///
/// `call`: not null. `name`: not null, 1 to 256 characters; copied. Completions as for
/// `sw_call_set_audio_muted`; `SW_ERR_REJECTED` for a name that the service lacks. Any thread.
#[no_mangle]
pub extern "C" fn sw_call_set_layout(
    call: *mut sw_call,
    name: *const c_char,
    done: sw_completion,
) -> sw_status {
    guard_with(done, || {
        let call = handle::get(call)?;
        // SAFETY: the header asks for a text or NULL.
        let name = unsafe { text::required(name, "name")? };
        start(done.pending(), async move { call.set_layout(&name).await })
    })
}

/// Places members in the layout, all in one request. Has no effect outside of conferences.
///
/// `call`: not null. `positions`: not null, an array of `count` structs, 1 to 1024; copied.
/// Completions as for `sw_call_set_audio_muted`; `SW_ERR_INVALID_ARGUMENT` also for
/// `SW_MEMBER_ALL`. Any thread.
#[no_mangle]
pub extern "C" fn sw_call_set_positions(
    call: *mut sw_call,
    positions: *const sw_member_position,
    count: usize,
    done: sw_completion,
) -> sw_status {
    guard_with(done, || {
        let call = handle::get(call)?;
        // SAFETY: the header asks for `count` valid structs or NULL.
        let positions = unsafe { read_positions(positions, count)? };
        start(done.pending(), async move { call.set_positions(positions).await })
    })
}

/// # Safety
/// `positions` is NULL or points to `count` structs, each with strings or NULL.
unsafe fn read_positions(
    positions: *const sw_member_position,
    count: usize,
) -> Result<Vec<MemberPosition>> {
    if positions.is_null() || !positions.is_aligned() || count > MAX_POSITIONS {
        return Err(Error::invalid("positions must be an array of count (<= 1024) structs"));
    }
    // SAFETY: the caller's promise.
    let positions = unsafe { std::slice::from_raw_parts(positions, count) };
    let read = |place: &sw_member_position| {
        // SAFETY: the caller's promise, here and below.
        let target = unsafe { target(place.member_id)? };
        // SAFETY: as above.
        let position = unsafe { text::required(place.position, "position")? };
        Ok(MemberPosition { target, position })
    };
    positions.iter().map(read).collect()
}

/// Removes another member from the session.
///
/// `member_id`: not null. Other parameters and completions as for `sw_call_set_audio_muted`.
#[no_mangle]
pub extern "C" fn sw_call_remove_member(
    call: *mut sw_call,
    member_id: *const c_char,
    done: sw_completion,
) -> sw_status {
    guard_with(done, || {
        let call = handle::get(call)?;
        // SAFETY: the header asks for a text or NULL.
        let member_id = unsafe { text::required(member_id, "member_id")? };
        start(done.pending(), async move { call.remove_member(&member_id).await })
    })
}

/// Ends the call of a member at the service. For the own call `sw_call_hangup` is the usual way;
/// whether others are dropped with a member is the service's decision.
///
/// Parameters and completions as for `sw_call_set_audio_muted`.
#[no_mangle]
pub extern "C" fn sw_call_end_for(
    call: *mut sw_call,
    member_id: *const c_char,
    done: sw_completion,
) -> sw_status {
    on_target(call, member_id, done, |call, target| async move { call.end_for(target).await })
}

/// Asks the service to connect the far side with `destination` instead. What becomes of this
/// call then the service decides: it ends it, or moves it on, which `SW_CALL_EVENT_JOINED` tells.
///
/// `call`: not null. `destination`: not null, in the forms of `sw_client_dial`; copied.
/// Completion: `SW_ERR_INVALID_ARGUMENT` for what is no destination; `SW_ERR_INVALID_STATE` unless
/// the call is answered; `SW_ERR_CLOSED`; `SW_ERR_TIMEOUT` (unsure whether it was done);
/// `SW_ERR_NOT_SUPPORTED` where the service has no transfer; `SW_ERR_REJECTED` with its code where
/// it refused. Any thread.
#[no_mangle]
pub extern "C" fn sw_call_transfer(
    call: *mut sw_call,
    destination: *const c_char,
    done: sw_completion,
) -> sw_status {
    guard_with(done, || {
        let call = handle::get(call)?;
        // SAFETY: the header asks for a text or NULL.
        let destination = unsafe { text::required(destination, "destination")? };
        start(done.pending(), async move { call.transfer(&destination).await })
    })
}
