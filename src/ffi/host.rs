//! `sw_host_call`: one call as the platform's call screen sees it.

use super::guard::guard;
use super::handle;
use super::status::sw_status;
use super::text::{self, give, Out};
use super::versioned::{self, Versioned};
use crate::error::{Error, Result};
use crate::host::{HostAction, HostCall, HostEndReason, HostInput};
use std::ffi::c_char;

/// One call on the platform's call screen (CallKit, ConnectionService): what the application must
/// tell the system and the client, whatever happens in whatever order. Owned: `sw_host_call_free`.
///
/// Feed it from the system's delegate and from the client's events, and carry the actions out in
/// order. It is pure: no clock, no network. Audio inputs are the system's, not one call's: give
/// them to every call that is there.
pub struct sw_host_call {
    _private: [u8; 0],
}

/// Where a call stands on the platform's screen. Numbers never change.
#[repr(C)]
#[allow(dead_code)] // Constants for C; the code passes the numbers on.
pub enum sw_host_phases {
    /// Nothing was shown yet.
    SW_HOST_PHASE_NEW = 0,
    /// Shown, and rings.
    SW_HOST_PHASE_RINGING = 1,
    /// The user answered; the call is not up yet.
    SW_HOST_PHASE_ANSWERING = 2,
    /// Dialled here; not answered yet.
    SW_HOST_PHASE_DIALLING = 3,
    /// Up.
    SW_HOST_PHASE_ACTIVE = 4,
    /// Over. Final.
    SW_HOST_PHASE_OVER = 5,
}

/// Why a call ended, for the platform's call history. Numbers never change.
#[repr(C)]
#[allow(dead_code)] // Constants for C; the code passes the numbers on.
pub enum sw_host_end_reasons {
    /// The far side hung up or gave up.
    SW_HOST_END_REMOTE_ENDED = 0,
    /// It failed, or an expected call did not come.
    SW_HOST_END_FAILED = 1,
    /// Nobody answered.
    SW_HOST_END_UNANSWERED = 2,
    /// Another device of the subscriber took it.
    SW_HOST_END_ANSWERED_ELSEWHERE = 3,
    /// Another device of the subscriber refused it.
    SW_HOST_END_DECLINED_ELSEWHERE = 4,
}

/// What happened. Numbers never change.
#[repr(C)]
pub enum sw_host_inputs {
    /// A notification announced this call, for the first time or again.
    SW_HOST_INPUT_PUSHED = 1,
    /// The client announced it (`SW_CLIENT_EVENT_INCOMING_CALL`).
    SW_HOST_INPUT_INVITED = 2,
    /// The user starts this call.
    SW_HOST_INPUT_DIALLED = 3,
    /// The system refused to show the call, in answer to `REPORT_INCOMING` or `REPORT_DIALLING`;
    /// not to `REPORT_AGAIN`.
    SW_HOST_INPUT_REPORT_FAILED = 4,
    /// The user answered on the system's screen.
    SW_HOST_INPUT_USER_ANSWERS = 5,
    /// The user declined or hung up on the system's screen.
    SW_HOST_INPUT_USER_ENDS = 6,
    /// The user answered with the application's own button.
    SW_HOST_INPUT_APP_ANSWERS = 7,
    /// The user declined or hung up with the application's own button.
    SW_HOST_INPUT_APP_ENDS = 8,
    /// The call is up (`SW_CALL_STATE_ACTIVE`).
    SW_HOST_INPUT_CONNECTED = 9,
    /// The call ended without the user, or the expected call will not come; the argument is one
    /// of `SW_HOST_END_*`.
    SW_HOST_INPUT_CALL_ENDED = 10,
    /// The system granted the audio session.
    SW_HOST_INPUT_AUDIO_ACTIVATED = 11,
    /// The system took the audio session away.
    SW_HOST_INPUT_AUDIO_DEACTIVATED = 12,
    /// Something else needs the audio: another call, an alarm.
    SW_HOST_INPUT_INTERRUPTION_BEGAN = 13,
    /// It does not any more; the argument is 1 if the system says that audio should go on.
    SW_HOST_INPUT_INTERRUPTION_ENDED = 14,
    /// The system gave the answer up that it waits for.
    SW_HOST_INPUT_ACTION_TIMED_OUT = 15,
    /// The system dropped every call.
    SW_HOST_INPUT_RESET = 16,
}

/// What to do. Numbers never change; a newer library may give more.
#[repr(C)]
pub enum sw_host_action_kinds {
    /// System: show this call, ringing.
    SW_HOST_ACTION_REPORT_INCOMING = 1,
    /// System: show it once more, as every notification must be followed by a report.
    SW_HOST_ACTION_REPORT_AGAIN = 2,
    /// System: show a call and end it at once: the notification is for one that is over.
    SW_HOST_ACTION_REPORT_AND_END = 3,
    /// System: this outgoing call is being made.
    SW_HOST_ACTION_REPORT_DIALLING = 4,
    /// System: this outgoing call is up.
    SW_HOST_ACTION_REPORT_CONNECTED = 5,
    /// System: the user's answer worked.
    SW_HOST_ACTION_FULFILL_ANSWER = 6,
    /// System: the user's answer did not work.
    SW_HOST_ACTION_FAIL_ANSWER = 7,
    /// System: the user's end worked.
    SW_HOST_ACTION_FULFILL_END = 8,
    /// System: the call is over, see `end_reason`.
    SW_HOST_ACTION_REPORT_ENDED = 9,
    /// System: answer, as if the user had done it on its screen.
    SW_HOST_ACTION_REQUEST_ANSWER = 10,
    /// System: end, as if the user had done it on its screen.
    SW_HOST_ACTION_REQUEST_END = 11,
    /// Client: answer the call, expected or here.
    SW_HOST_ACTION_ANSWER = 12,
    /// Client: reject the call, expected or here.
    SW_HOST_ACTION_REJECT = 13,
    /// Client: hang up; an expected call that is not here yet is rejected.
    SW_HOST_ACTION_HANG_UP = 14,
    /// Client: dial.
    SW_HOST_ACTION_DIAL = 15,
    /// Open the microphone and the speaker. Never before the system activated the session.
    SW_HOST_ACTION_START_AUDIO = 16,
    /// Close the microphone and the speaker.
    SW_HOST_ACTION_STOP_AUDIO = 17,
}

/// Most actions that one input leads to.
const MAX_ACTIONS: usize = 8;

/// What to do, in this order. Start from `SW_HOST_ACTIONS_INIT`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_host_actions {
    /// `sizeof(sw_host_actions)`; set by `SW_HOST_ACTIONS_INIT`.
    pub struct_size: u32,
    /// How many of `actions` there are, often 0.
    pub count: u32,
    /// Each one of `SW_HOST_ACTION_*`.
    pub actions: [i32; 8],
    /// `REPORT_ENDED`: one of `SW_HOST_END_*`.
    pub end_reason: i32,
}

// SAFETY: repr(C), size first, integers only.
unsafe impl Versioned for sw_host_actions {
    const FIRST_SIZE: usize = size_of::<sw_host_actions>();
}

fn end_reason(number: i32) -> Result<HostEndReason> {
    use HostEndReason::*;
    [RemoteEnded, Failed, Unanswered, AnsweredElsewhere, DeclinedElsewhere]
        .into_iter()
        .find(|reason| *reason as i32 == number)
        .ok_or_else(|| Error::invalid(format!("argument: {number} is no SW_HOST_END_*")))
}

fn host_input(number: i32, argument: i32) -> Result<HostInput> {
    use sw_host_inputs::*;
    let inputs = [
        (SW_HOST_INPUT_PUSHED, HostInput::Pushed),
        (SW_HOST_INPUT_INVITED, HostInput::Invited),
        (SW_HOST_INPUT_DIALLED, HostInput::Dialled),
        (SW_HOST_INPUT_REPORT_FAILED, HostInput::ReportFailed),
        (SW_HOST_INPUT_USER_ANSWERS, HostInput::UserAnswers),
        (SW_HOST_INPUT_USER_ENDS, HostInput::UserEnds),
        (SW_HOST_INPUT_APP_ANSWERS, HostInput::AppAnswers),
        (SW_HOST_INPUT_APP_ENDS, HostInput::AppEnds),
        (SW_HOST_INPUT_CONNECTED, HostInput::Connected),
        (SW_HOST_INPUT_AUDIO_ACTIVATED, HostInput::AudioActivated),
        (SW_HOST_INPUT_AUDIO_DEACTIVATED, HostInput::AudioDeactivated),
        (SW_HOST_INPUT_INTERRUPTION_BEGAN, HostInput::InterruptionBegan),
        (SW_HOST_INPUT_ACTION_TIMED_OUT, HostInput::ActionTimedOut),
        (SW_HOST_INPUT_RESET, HostInput::Reset),
    ];
    if number == SW_HOST_INPUT_CALL_ENDED as i32 {
        return Ok(HostInput::CallEnded { reason: end_reason(argument)? });
    }
    if number == SW_HOST_INPUT_INTERRUPTION_ENDED as i32 {
        return Ok(HostInput::InterruptionEnded { should_resume: argument != 0 });
    }
    let mut numbered = inputs.into_iter().map(|(known, input)| (known as i32, input));
    let found = numbered.find(|(known, _)| *known == number);
    found
        .map(|(_, input)| input)
        .ok_or_else(|| Error::invalid(format!("input: {number} is no SW_HOST_INPUT_*")))
}

/// The number of an action. A new action does not compile until it has a number here.
fn action_number(action: HostAction) -> i32 {
    use sw_host_action_kinds::*;
    let number = match action {
        HostAction::ReportIncoming => SW_HOST_ACTION_REPORT_INCOMING,
        HostAction::ReportAgain => SW_HOST_ACTION_REPORT_AGAIN,
        HostAction::ReportAndEnd => SW_HOST_ACTION_REPORT_AND_END,
        HostAction::ReportDialling => SW_HOST_ACTION_REPORT_DIALLING,
        HostAction::ReportConnected => SW_HOST_ACTION_REPORT_CONNECTED,
        HostAction::FulfillAnswer => SW_HOST_ACTION_FULFILL_ANSWER,
        HostAction::FailAnswer => SW_HOST_ACTION_FAIL_ANSWER,
        HostAction::FulfillEnd => SW_HOST_ACTION_FULFILL_END,
        HostAction::ReportEnded { .. } => SW_HOST_ACTION_REPORT_ENDED,
        HostAction::RequestAnswer => SW_HOST_ACTION_REQUEST_ANSWER,
        HostAction::RequestEnd => SW_HOST_ACTION_REQUEST_END,
        HostAction::Answer => SW_HOST_ACTION_ANSWER,
        HostAction::Reject => SW_HOST_ACTION_REJECT,
        HostAction::HangUp => SW_HOST_ACTION_HANG_UP,
        HostAction::Dial => SW_HOST_ACTION_DIAL,
        HostAction::StartAudio => SW_HOST_ACTION_START_AUDIO,
        HostAction::StopAudio => SW_HOST_ACTION_STOP_AUDIO,
    };
    number as i32
}

/// Makes a call of this id, of which nothing happened yet.
///
/// `call_id`, `out_call`: not null; the id is copied; written on success; free it with
/// `sw_host_call_free`. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_host_call_new(
    call_id: *const c_char,
    out_call: *mut *mut sw_host_call,
) -> sw_status {
    guard(|| {
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_call, "out_call")? };
        // SAFETY: the header asks for a text or NULL.
        let call_id = unsafe { text::required(call_id, "call_id")? };
        out.set(handle::insert::<sw_host_call>(HostCall::new(&call_id))?);
        Ok(())
    })
}

/// Gives the id that it was made with.
///
/// `call`, `out_call_id`: not null. Free the text with `sw_string_free`. Any thread.
#[no_mangle]
pub extern "C" fn sw_host_call_call_id(
    call: *const sw_host_call,
    out_call_id: *mut *mut c_char,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for NULL or a place for the result.
        give(&call.call_id(), &unsafe { Out::required(out_call_id, "out_call_id")? });
        Ok(())
    })
}

/// Gives where the call stands: one of `SW_HOST_PHASE_*`.
///
/// `call`, `out_phase`: not null. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_host_call_phase(call: *const sw_host_call, out_phase: *mut i32) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for NULL or a place for the result.
        unsafe { Out::required(out_phase, "out_phase")? }.set(call.phase() as i32);
        Ok(())
    })
}

/// Tells what happened and gives what to do. Every input may come at any time and any number of
/// times.
///
/// `call`: not null. `input`: one of `SW_HOST_INPUT_*`; `argument`: what its description says,
/// else ignored. `out_actions`: not null; start from `SW_HOST_ACTIONS_INIT`; written on success.
/// Errors: `SW_ERR_INVALID_ARGUMENT` for a number that is none; nothing happened then. Any thread;
/// does not block.
#[no_mangle]
pub extern "C" fn sw_host_call_handle(
    call: *mut sw_host_call,
    input: i32,
    argument: i32,
    out_actions: *mut sw_host_actions,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        let input = host_input(input, argument)?;
        // SAFETY: the header asks for a valid struct or NULL. Checked before anything happens.
        unsafe { versioned::read(out_actions, "out_actions")? }
            .ok_or_else(|| Error::invalid("out_actions must not be NULL"))?;
        let actions = call.handle(input);
        let mut raw = sw_host_actions {
            struct_size: size_of::<sw_host_actions>() as u32,
            count: actions.len().min(MAX_ACTIONS) as u32,
            actions: [0; MAX_ACTIONS],
            end_reason: 0,
        };
        for (place, action) in raw.actions.iter_mut().zip(&actions) {
            *place = action_number(*action);
            if let HostAction::ReportEnded { reason } = action {
                raw.end_reason = *reason as i32;
            }
        }
        // SAFETY: as above.
        unsafe { versioned::write(out_actions, &raw, "out_actions") }
    })
}

/// Frees a call of the call screen.
///
/// `call`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread,
/// also inside callbacks.
#[no_mangle]
pub extern "C" fn sw_host_call_free(call: *mut sw_host_call) -> sw_status {
    guard(|| handle::release(call).map(drop))
}
