/*
 * signalwire.h - the native client for SignalWire: calls, audio, video and the directory.
 *
 * Generated from src/ffi; do not edit. License: MIT OR Apache-2.0.
 *
 *   sw_client        a subscriber's session        sw_call          a call
 *   sw_waiter        blocks until something ends   sw_recorder  a recording
 *   sw_credentials   where tokens come from        sw_oauth         logins with the browser
 *   sw_mixer         calls in one conference
 *   sw_status        result of every function      sw_completion    told when something ends
 *
 * Example (errors left out; examples/c/dial.c has them):
 *
 *   sw_client_options options = SW_CLIENT_OPTIONS_INIT;
 *   sw_client *client;
 *   sw_call *call;
 *   sw_waiter *waiter;
 *
 *   options.token = token;                        // a subscriber access token
 *   sw_waiter_new(&waiter);
 *   sw_client_new(&options, NULL, &client);
 *   sw_client_connect(client, sw_waiter_completion(waiter));
 *   if (sw_waiter_wait(waiter, SW_WAIT_FOREVER) != SW_OK) {
 *       fprintf(stderr, "cannot connect: %s\n", sw_last_error());
 *       return 1;
 *   }
 *   sw_client_dial(client, "/public/echo", NULL, &call, sw_waiter_completion(waiter));
 *   if (sw_waiter_wait(waiter, 30000) == SW_OK) {
 *       sw_call_play_wav(call, "hello.wav", sw_waiter_completion(waiter));
 *       sw_waiter_wait(waiter, SW_WAIT_FOREVER);
 *       sw_call_hangup(call, sw_waiter_completion(waiter));
 *       sw_waiter_wait(waiter, SW_WAIT_FOREVER);
 *   }
 *   sw_call_unref(call);
 *   sw_client_free(client);
 *   sw_waiter_free(waiter);
 *   sw_shutdown();
 *
 * Errors. Every function that can fail returns sw_status: SW_OK or a negative SW_ERR_*. Its text
 *   is in sw_last_error() of the same thread. Results are written on success only. What takes
 *   time returns at once and tells a completion how it ended; if the function itself returns an
 *   error (a bad handle, pointer, text or struct), its completion is never called. A waiter is
 *   told in both cases. Enumerations are passed as int32_t, and a newer library may give values
 *   that this header does not list.
 * Handles (sw_client, sw_call, sw_waiter, sw_recorder, sw_member_list, sw_layout_snapshot,
 *   sw_text_list, sw_credentials, sw_token_reply, sw_oauth, sw_oauth_login,
 *   sw_device_key, sw_rest_client, sw_audio_devices, sw_microphone, sw_loudspeaker,
 *   sw_audio_processor, sw_outgoing_message, sw_expected_call, sw_host_call, sw_mixer, sw_picture)
 *   are checked: NULL, freed, foreign and
 *   garbage ones give SW_ERR_INVALID_HANDLE. They are not addresses: never dereference one.
 * Ownership. _new and _free belong together, _ref and _unref too; freeing NULL is SW_OK. Objects
 *   may be freed in any order. Inputs are copied before a function returns. Structs and texts
 *   that callbacks get are borrowed for the time of the callback. A char * result is freed with
 *   sw_string_free. user_data is given back to the drop function exactly once, after the last
 *   callback.
 * Threads. Any function may be called from any thread. Completions, observers, log lines and
 *   drop functions run on one dispatcher thread of the library, one after the other; audio and video
 *   sinks run on its media threads, each sink serially. So a callback should be quick. No lock is
 *   held while a callback runs.
 * Re-entrancy. In a callback every function may be called, also freeing the very object whose
 *   callback it is, except those that block: sw_waiter_wait and sw_shutdown give
 *   SW_ERR_IN_CALLBACK there. Callbacks must not throw C++ exceptions or longjmp out.
 * Texts are UTF-8 and NUL-terminated. Parameters are not null unless they are called nullable;
 *   NULL for them gives SW_ERR_INVALID_ARGUMENT.
 * Structs that the application fills begin with struct_size; start from their _INIT macro. A
 *   newer library knows the older struct, and an older one refuses fields that it lacks.
 * Fork. A child process cannot use its parent's objects: they give SW_ERR_FORKED. It may make
 *   new ones.
 * Shutdown. Call sw_shutdown() before main returns or the library is unloaded; it ends calls,
 *   clients and threads. It is the only thing that must be done.
 */


#ifndef SIGNALWIRE_H
#define SIGNALWIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Version of this header. A test compares it with the library's.
#define SW_VERSION_MAJOR 0
#define SW_VERSION_MINOR 1
#define SW_VERSION_PATCH 0
#define SW_VERSION_NUMBER \
    (SW_VERSION_MAJOR * 1000000 + SW_VERSION_MINOR * 1000 + SW_VERSION_PATCH)
// Whether the library that runs is at least as new as this header and compatible with it.
#define SW_VERSION_CHECK() \
    (sw_version_number() / 1000000 == SW_VERSION_MAJOR && sw_version_number() >= SW_VERSION_NUMBER)

// A member_id that stands for everybody in the session, the own member included.
#define SW_MEMBER_ALL "all"

// First values of the structs that the application fills: everything at its default.
#define SW_CLIENT_OPTIONS_INIT \
    {sizeof(sw_client_options), 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, false, false, NULL}
#define SW_CREDENTIAL_PROVIDER_INIT {sizeof(sw_credential_provider), NULL, NULL, NULL}
#define SW_OAUTH_OPTIONS_INIT \
    {sizeof(sw_oauth_options), 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL}
#define SW_REST_OPTIONS_INIT {sizeof(sw_rest_options), 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL}
#define SW_SUBSCRIBER_TOKEN_REQUEST_INIT \
    {sizeof(sw_subscriber_token_request), 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
     NULL, NULL, NULL, NULL}
#define SW_GUEST_TOKEN_REQUEST_INIT {sizeof(sw_guest_token_request), 0, 0, NULL, NULL, NULL}
#define SW_SUBSCRIBER_REQUEST_INIT \
    {sizeof(sw_subscriber_request), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL}
#define SW_SIP_CREDENTIAL_REQUEST_INIT \
    {sizeof(sw_sip_credential_request), 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL}
#define SW_TOKEN_STORE_INIT {sizeof(sw_token_store), NULL, NULL, NULL, NULL, NULL}
#define SW_DIAL_OPTIONS_INIT \
    {sizeof(sw_dial_options), 0, 0, 0, 0, {0, 0, 0}, NULL, NULL, NULL, NULL, 0, {0, 0}, 0, 0, \
     false, 0, 0}
#define SW_ANSWER_OPTIONS_INIT \
    {sizeof(sw_answer_options), 0, 0, {0, 0, 0}, NULL, 0, {0, 0}, 0, 0, false, 0, 0}
#define SW_HOST_ACTIONS_INIT {sizeof(sw_host_actions), 0, {0, 0, 0, 0, 0, 0, 0, 0}, 0}
#define SW_ADDRESS_QUERY_INIT {sizeof(sw_address_query), 0, 0, NULL, 0, 0}
#define SW_CLIENT_OBSERVER_INIT {sizeof(sw_client_observer), NULL, NULL, NULL}
#define SW_CALL_OBSERVER_INIT {sizeof(sw_call_observer), NULL, NULL, NULL}
#define SW_AUDIO_SINK_INIT {sizeof(sw_audio_sink), NULL, NULL, NULL}
#define SW_AUDIO_DEVICE_OBSERVER_INIT {sizeof(sw_audio_device_observer), NULL, NULL, NULL}
#define SW_MICROPHONE_OPTIONS_INIT {sizeof(sw_microphone_options), NULL, NULL, NULL}
#define SW_MICROPHONE_STATISTICS_INIT {sizeof(sw_microphone_statistics), 0, 0, 0}
#define SW_LOUDSPEAKER_STATISTICS_INIT {sizeof(sw_loudspeaker_statistics), 0, 0, 0, 0}
#define SW_AUDIO_PROCESSING_OPTIONS_INIT \
    {sizeof(sw_audio_processing_options), SW_NOISE_SUPPRESSION_MODERATE, true, true, true}
#define SW_AUDIO_PROCESSING_STATISTICS_INIT {sizeof(sw_audio_processing_statistics), -1, 0, 0}
#define SW_VIDEO_SINK_INIT {sizeof(sw_video_sink), NULL, NULL, NULL}
#define SW_PICTURE_INFO_INIT \
    {sizeof(sw_picture_info), 0, 0, 0, 0, {0, 0, 0}, {NULL, NULL, NULL}, 0}
#define SW_PICTURE_SINK_INIT {sizeof(sw_picture_sink), SW_PIXEL_FORMAT_I420, NULL, NULL, NULL}
#define SW_VIDEO_ENCODING_INIT {sizeof(sw_video_encoding), 0, 0, 0, 0}
#define SW_PICTURE_STATISTICS_INIT \
    {sizeof(sw_picture_statistics), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
#define SW_SCREEN_SHARE_OPTIONS_INIT \
    {sizeof(sw_screen_share_options), 0, {0, 0}, NULL, NULL, NULL, NULL, false}
#define SW_DEVICE_OPTIONS_INIT {sizeof(sw_device_options), 0, {0, 0}, NULL, NULL, false, true}
#define SW_RECORD_OPTIONS_INIT {sizeof(sw_record_options), 0, 0, 0, 0}
#define SW_LOG_HANDLER_INIT {sizeof(sw_log_handler), NULL, NULL, NULL}
#define SW_AUDIO_FLAGS_INIT {sizeof(sw_audio_flags), -1, -1, -1}
#define SW_COMPLETION_NONE {NULL, NULL}
#define SW_END_REASON_INIT {sizeof(sw_end_reason), 0, 0, {0}, {0}}
#define SW_CALL_STATISTICS_INIT \
    {sizeof(sw_call_statistics), {0}, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {0}, {0}, 0, 0, \
     0, 0, 0, 0, 0, 0, 0, 0}
#define SW_VIDEO_STATISTICS_INIT \
    {sizeof(sw_video_statistics), 0, {0}, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
     0, 0, 0, 0}
#define SW_CONNECT_TIMES_INIT {sizeof(sw_connect_times), 0, 0, 0, 0, 0, 0, 0}
#define SW_SETUP_TIMES_INIT {sizeof(sw_setup_times), 0, 0, 0, 0, 0, 0, 0, 0}


// `timeout_ms` of `sw_waiter_wait`: wait without a limit.
#define SW_WAIT_FOREVER UINT32_MAX

// The values of `sw_status`. Numbers never change.
typedef enum sw_status_codes {
    // Success.
    SW_OK = 0,
    // An argument cannot be used: NULL, not UTF-8, out of range. Correct the call.
    SW_ERR_INVALID_ARGUMENT = -1,
    // The token is not a SignalWire access token at all. Get a token and make a new client.
    SW_ERR_INVALID_TOKEN = -2,
    // The service refused the token: expired, revoked, of the wrong kind. Get a new token.
    SW_ERR_UNAUTHORIZED = -3,
    // There is no connected session. Call `sw_client_connect` first, or wait for reconnection.
    SW_ERR_NOT_CONNECTED = -4,
    // The object's state does not allow this, such as digits before the answer.
    SW_ERR_INVALID_STATE = -5,
    // No answer came in time. The state is unchanged; trying again is safe.
    SW_ERR_TIMEOUT = -6,
    // The network failed: unknown host, refused or lost connection. Check it, then retry.
    SW_ERR_NETWORK = -7,
    // TLS failed: the certificate is not trusted or names another host. For a private
    // deployment set `ca_certificates_pem`.
    SW_ERR_TLS = -8,
    // The server sent something that cannot be understood. Report it with the message.
    SW_ERR_PROTOCOL = -9,
    // The service understood and refused. The error's `code` holds the service's code.
    SW_ERR_REJECTED = -10,
    // What was asked for does not exist.
    SW_ERR_NOT_FOUND = -11,
    // Too many requests. Wait before the next one.
    SW_ERR_RATE_LIMITED = -12,
    // The service failed (HTTP 5xx or an internal RPC error). Retry later.
    SW_ERR_SERVER = -13,
    // Media could not be set up or was lost: ICE, DTLS, codecs, files.
    SW_ERR_MEDIA = -14,
    // Not built in this version or not offered by this platform.
    SW_ERR_NOT_SUPPORTED = -15,
    // Given up because its object was freed or the library shuts down.
    SW_ERR_CANCELLED = -16,
    // The object has ended: a closed client, an ended call.
    SW_ERR_CLOSED = -17,
    // A defect of this library, a caught panic included. Report it with the message.
    SW_ERR_INTERNAL = -18,
    // The handle is NULL, was freed, or belongs to another type. Nothing was done.
    SW_ERR_INVALID_HANDLE = -19,
    // A blocking function was called inside a callback. Nothing was done.
    SW_ERR_IN_CALLBACK = -20,
    // The process forked after the object was made. Make a new client in the child.
    SW_ERR_FORKED = -21,
    // The call was refused or ended before the answer. `code` holds the hang-up cause.
    SW_ERR_CALL_FAILED = -22,
    // The answer to a request that changes something was lost: the service may have carried it
    // out or not. Look before repeating it; the function's documentation says where.
    SW_ERR_UNCERTAIN = -23,
} sw_status_codes;

// How much is logged. Each level includes those before it.
typedef enum sw_log_levels {
    // Nothing.
    SW_LOG_OFF = 0,
    // Defects of the library.
    SW_LOG_ERROR = 1,
    // What goes wrong outside and is coped with.
    SW_LOG_WARN = 2,
    // Connections and calls.
    SW_LOG_INFO = 3,
    // Steps.
    SW_LOG_DEBUG = 4,
    // Every message's name, every operation that failed.
    SW_LOG_TRACE = 5,
} sw_log_levels;

// Where a client stands. Numbers never change.
typedef enum sw_client_states {
    // Not connected, and not trying to.
    SW_CLIENT_STATE_DISCONNECTED = 0,
    // The first connection is being made.
    SW_CLIENT_STATE_CONNECTING = 1,
    // The session is up.
    SW_CLIENT_STATE_CONNECTED = 2,
    // The connection was lost; calls are kept and it is being made again.
    SW_CLIENT_STATE_RECONNECTING = 3,
    // Shut down. Final.
    SW_CLIENT_STATE_CLOSED = 4,
} sw_client_states;

// The kinds of client events. A newer library may send kinds that this list lacks: ignore them.
typedef enum sw_client_event_types {
    // The session changed its state: `state`, `reason`.
    SW_CLIENT_EVENT_STATE_CHANGED = 1,
    // The session is authorized: `is_resumed`, `token_expires_at`.
    SW_CLIENT_EVENT_SESSION_READY = 2,
    // The connection was lost or could not be made, the next try follows by itself: `attempt`,
    // `delay_ms`, `reason`.
    SW_CLIENT_EVENT_RETRY_SCHEDULED = 3,
    // The service refused the token, and nobody had another one, the session is over: `code`,
    // `reason`. Get a new token, call `sw_client_update_token`, and connect.
    SW_CLIENT_EVENT_AUTHORIZATION_FAILED = 4,
    // Somebody calls, see `sw_client_call`: `call_id`, `from_name`, `from_number`, `to_name`,
    // `to_number`, `has_video`, `user_variables_json`.
    SW_CLIENT_EVENT_INCOMING_CALL = 5,
    // The session was made anew, and the service did not take this client as reachable again:
    // `code`, `reason`. Call `sw_client_online` again.
    SW_CLIENT_EVENT_ONLINE_FAILED = 6,
    // Somebody called and was refused as busy, see `sw_client_set_do_not_disturb`: `call_id`,
    // `from_name`, `from_number`, `to_name`, `to_number`.
    SW_CLIENT_EVENT_CALL_DECLINED = 7,
    // A call of a process before goes on in this one, answered, see `sw_client_call`: `call_id`,
    // `is_inbound`, and as for `INCOMING_CALL` the other end in `from_name` and `from_number`, and
    // what was dialled, or the own address that was called, in `to_number`.
    SW_CLIENT_EVENT_CALL_RESTORED = 20,
    // A call of a process before could not be taken up, it is over: `call_id`, `reason`.
    SW_CLIENT_EVENT_RESTORE_FAILED = 21,
    // `sw_client_session_record` gives something else than before: store it anew.
    SW_CLIENT_EVENT_SESSION_RECORD_CHANGED = 22,
    // A message arrived in one of the subscriber's conversations: `message`.
    SW_CLIENT_EVENT_MESSAGE = 30,
    // A message changed, replace the one that has its id: `message`.
    SW_CLIENT_EVENT_MESSAGE_UPDATED = 31,
    // A call that was expected will not come, see `sw_client_expect_call`: `call_id`,
    // `is_expired`.
    SW_CLIENT_EVENT_EXPECTED_CALL_OVER = 32,
    // The token expires soon: `token_expires_at`. With credentials its replacement is on its way;
    // otherwise call `sw_client_update_token`.
    SW_CLIENT_EVENT_TOKEN_EXPIRING = 40,
    // The client has a new token, and the session goes on with it: `token_expires_at`.
    SW_CLIENT_EVENT_TOKEN_REFRESHED = 41,
    // No new token could be had, or the service did not take it: `code`, `reason`, and `delay_ms`
    // until the next try, 0 if there will be none.
    SW_CLIENT_EVENT_TOKEN_REFRESH_FAILED = 42,
    // The session ended without being asked to, and its calls with it: `code`, `reason`.
    SW_CLIENT_EVENT_SESSION_ENDED = 43,
    // The token cannot be bound to the device key, and is used as it is: `reason`.
    SW_CLIENT_EVENT_TOKEN_NOT_BOUND = 44,
    // Any other event of the service that belongs to no call: `event_type`, `raw_json`.
    SW_CLIENT_EVENT_OTHER = 100,
} sw_client_event_types;

// Where a call stands. Numbers never change.
//
// States may be skipped forward, never backward, except between `ACTIVE` and `HELD`.
typedef enum sw_call_states {
    // Made here; nothing was sent yet.
    SW_CALL_STATE_NEW = 0,
    // The service accepted the invite; the far side is not known to ring yet.
    SW_CALL_STATE_TRYING = 1,
    // The far side rings; there is no media: play your own ring-back tone. A call that came in
    // waits to be answered or rejected here.
    SW_CALL_STATE_RINGING = 2,
    // The far side sends media before the answer.
    SW_CALL_STATE_EARLY = 3,
    // Answered.
    SW_CALL_STATE_ACTIVE = 4,
    // Answered and on hold: no media flows.
    SW_CALL_STATE_HELD = 5,
    // Hanging up; the service has not confirmed yet.
    SW_CALL_STATE_ENDING = 6,
    // Over; see `sw_call_end_reason`. Final.
    SW_CALL_STATE_ENDED = 7,
} sw_call_states;

// Who called whom. Numbers never change.
typedef enum sw_directions {
    // Dialled here.
    SW_DIRECTION_OUTBOUND = 0,
    // Somebody called this subscriber.
    SW_DIRECTION_INBOUND = 1,
} sw_directions;

// The kinds of call events. A newer library may send kinds that this list lacks: ignore them.
typedef enum sw_call_event_types {
    // The call changed its state: `state`, `previous_state`.
    SW_CALL_EVENT_STATE_CHANGED = 1,
    // ICE and DTLS are up, audio flows from here on: `codec`.
    SW_CALL_EVENT_MEDIA_CONNECTED = 2,
    // The media path was lost: nothing is heard of the far side. The call goes on, and a second
    // later a new path is tried unless the old one came back (`MEDIA_CONNECTED`).
    SW_CALL_EVENT_MEDIA_LOST = 3,
    // The service put this leg into a session; there may be several: `call_id`, `member_id`,
    // `room_session_id`, `capabilities`, `raw_json`.
    SW_CALL_EVENT_JOINED = 4,
    // A member changed, own or foreign: `member_id`, `audio_muted`, `video_muted`, `changed`,
    // `member` after the change, `raw_json`.
    SW_CALL_EVENT_MEMBER_UPDATED = 5,
    // The call is over, the last event: `end_reason`.
    SW_CALL_EVENT_ENDED = 6,
    // The call left one of the places it had joined, and goes on: `call_id`, `room_session_id`,
    // `reason`, `raw_json`. `sw_call_members` has that place's members no more.
    SW_CALL_EVENT_SEGMENT_LEFT = 7,
    // Somebody else joined a session that this call is in: `member_id`, `member`, `raw_json`. Who
    // was there before is in `sw_call_members` after `SW_CALL_EVENT_JOINED`, without an event.
    SW_CALL_EVENT_MEMBER_JOINED = 8,
    // A member began or stopped talking: `member_id`, `is_talking`, `raw_json`.
    SW_CALL_EVENT_MEMBER_TALKING = 9,
    // A member left: `member_id`, `member` as it was last known, `reason`, `raw_json`.
    SW_CALL_EVENT_MEMBER_LEFT = 10,
    // The layout of a session changed, and with it the positions of members: `layout`,
    // `room_session_id`, `raw_json`.
    SW_CALL_EVENT_LAYOUT_CHANGED = 11,
    // The service's own view of a leg or segment changed: `server_state`, `call_id`, `raw_json`.
    // It may come before, after or without a change of `state`, which alone tells what this side
    // can do.
    SW_CALL_EVENT_SERVER_STATE_CHANGED = 12,
    // What was said in a conversation with an AI agent, see `sw_call_subscribe_transcript`:
    // `speaker`, `is_final`, `is_interrupted`, `text`, `confidence`, `event_type`, `raw_json`.
    SW_CALL_EVENT_TRANSCRIPT = 13,
    // The media path is being made anew: `attempt`, `reason`. After three tries, at most 60 s, the
    // call ends with `SW_END_KIND_MEDIA_FAILED`.
    SW_CALL_EVENT_RECOVERING = 20,
    // Media flow again after `RECOVERING`: `gap_ms`.
    SW_CALL_EVENT_RECOVERED = 21,
    // The path of the video is up: frames may be pushed from here on, a key frame first: `codec`.
    SW_CALL_EVENT_VIDEO_CONNECTED = 30,
    // Both sides agreed on other directions than before: `audio_direction`, `video_direction`.
    SW_CALL_EVENT_MEDIA_CHANGED = 31,
    // The next frame that is pushed should be a key frame.
    SW_CALL_EVENT_KEY_FRAME_REQUESTED = 32,
    // The far side takes no more video than this from now on: `bits_per_second`.
    SW_CALL_EVENT_VIDEO_BITRATE_LIMIT = 33,
    // The far side pressed a key, heard as a telephone-event in the audio: `digit`, `duration_ms`.
    // Once for each press, when the key is released.
    SW_CALL_EVENT_DIGIT_RECEIVED = 14,
    // The quality of what is heard changed its class: `quality_level`, `mos`.
    SW_CALL_EVENT_QUALITY_CHANGED = 15,
    // Something spoils the call, or does no more: `warning_kind`, `is_raised`. Each kind is raised
    // and cleared in turns.
    SW_CALL_EVENT_WARNING = 16,
    // Somebody began or stopped speaking, by the loudness of the audio: `is_local`, `is_speaking`.
    SW_CALL_EVENT_SPEAKING_CHANGED = 17,
    // The numbers about the call, every `statistics_interval_ms` of the options: `statistics`.
    SW_CALL_EVENT_STATISTICS = 18,
    // Any other event of the service for this call: `event_type`, `raw_json`.
    SW_CALL_EVENT_OTHER = 100,
} sw_call_event_types;

// Who or what ended a call. Numbers never change; a newer library may have more.
typedef enum sw_end_kinds {
    // `sw_call_hangup` was called here.
    SW_END_KIND_LOCAL_HANGUP = 0,
    // The far side hung up an answered call.
    SW_END_KIND_REMOTE_HANGUP = 1,
    // The far side refused the call.
    SW_END_KIND_REJECTED = 2,
    // The far side is busy.
    SW_END_KIND_BUSY = 3,
    // No such address, or it cannot be reached.
    SW_END_KIND_NOT_FOUND = 4,
    // Nobody answered in time.
    SW_END_KIND_NO_ANSWER = 5,
    // The far side gave the call up before the answer.
    SW_END_KIND_CANCELLED = 6,
    // Media could not be agreed on, set up or kept.
    SW_END_KIND_MEDIA_FAILED = 7,
    // The session was lost for good, or the service refused the invite.
    SW_END_KIND_SIGNALING_FAILED = 8,
    // The client was freed, disconnected or shut down.
    SW_END_KIND_SHUTDOWN = 9,
    // Answered on another device.
    SW_END_KIND_ANSWERED_ELSEWHERE = 10,
} sw_end_kinds;

// The audio codecs, for `audio_codecs` of `sw_dial_options`.
typedef enum sw_audio_codecs {
    // Opus, 48 kHz.
    SW_AUDIO_CODEC_OPUS = 1,
    // G.711 mu-law, 8 kHz.
    SW_AUDIO_CODEC_PCMU = 2,
    // G.711 A-law, 8 kHz.
    SW_AUDIO_CODEC_PCMA = 3,
    // G.722, 16 kHz.
    SW_AUDIO_CODEC_G722 = 4,
} sw_audio_codecs;

// In which directions media of one kind flow, as seen from this side. Numbers never change.
typedef enum sw_media_directions {
    // In options for dialling: both ways if the address says `?channel=video`, else none; in those
    // for answering: none.
    SW_MEDIA_DIRECTION_DEFAULT = 0,
    // Both ways.
    SW_MEDIA_DIRECTION_SEND_RECEIVE = 1,
    // From here only.
    SW_MEDIA_DIRECTION_SEND_ONLY = 2,
    // To here only.
    SW_MEDIA_DIRECTION_RECEIVE_ONLY = 3,
    // Neither.
    SW_MEDIA_DIRECTION_INACTIVE = 4,
} sw_media_directions;

// How video is encoded. Numbers never change.
typedef enum sw_video_codecs {
    // VP8: a frame is one VP8 frame as the encoder gives it.
    SW_VIDEO_CODEC_VP8 = 1,
    // H.264, constrained baseline: a frame is one access unit in Annex B format, with SPS and PPS
    // before each IDR picture.
    SW_VIDEO_CODEC_H264 = 2,
} sw_video_codecs;

// How the samples of a picture lie in memory: 8 bits each, colour at half the width and height
// (4:2:0), limited range. Numbers never change.
typedef enum sw_pixel_formats {
    // Three planes: Y, U, V.
    SW_PIXEL_FORMAT_I420 = 1,
    // Two planes: Y, and U and V by turns.
    SW_PIXEL_FORMAT_NV12 = 2,
} sw_pixel_formats;

// How the digits of `sw_call_send_digits` travel, for `dtmf` of `sw_dial_options` and
// `sw_answer_options`.
typedef enum sw_dtmf_methods {
    // As a message through the service, which every call understands. The default.
    SW_DTMF_INFO = 0,
    // As telephone-events in the audio stream (RFC 4733): in time with the audio, also for far
    // sides that hear them only there. `SW_ERR_NOT_SUPPORTED` where the far side takes none.
    SW_DTMF_RTP = 1,
    // In the audio stream where that can be, else through the service.
    SW_DTMF_AUTO = 2,
} sw_dtmf_methods;

// How the last seconds sound: the user satisfaction classes of ITU-T G.107, Annex B. Numbers
// never change.
typedef enum sw_quality_levels {
    // A mean opinion score below 3.1: nearly all users are dissatisfied.
    SW_QUALITY_BAD = 1,
    // From 3.1: many users are dissatisfied.
    SW_QUALITY_POOR = 2,
    // From 3.6: some users are dissatisfied.
    SW_QUALITY_FAIR = 3,
    // From 4.0: users are satisfied.
    SW_QUALITY_GOOD = 4,
    // From 4.3: users are very satisfied.
    SW_QUALITY_EXCELLENT = 5,
} sw_quality_levels;

// What spoils a call. Raised when three of the last five seconds are beyond the first bound,
// cleared when all five are within the second. Numbers never change; a newer library may have
// more.
typedef enum sw_warning_kinds {
    // The round trip is above 400 ms. Cleared below 300.
    SW_WARNING_HIGH_ROUND_TRIP = 1,
    // The jitter of what is received is above 30 ms. Cleared below 20.
    SW_WARNING_HIGH_JITTER = 2,
    // More than 3 % of the packets sent here do not come. Cleared below 1 %.
    SW_WARNING_HIGH_LOSS = 3,
    // More than 3 % of the packets sent from here do not arrive. Cleared below 1 %.
    SW_WARNING_HIGH_REMOTE_LOSS = 4,
    // The mean opinion score is below 3.5. Cleared above 3.8.
    SW_WARNING_LOW_SCORE = 5,
    // There has been nothing in the pushed audio for five seconds (no sample above -70 dBFS)
    // though the microphone is not muted. Cleared with the first sound, with a mute, or when no
    // audio is pushed any more.
    SW_WARNING_SILENT_MICROPHONE = 6,
} sw_warning_kinds;

// What addresses lead to.
typedef enum sw_address_types {
    // In a query: every type.
    SW_ADDRESS_TYPE_ANY = 0,
    // An application: script, agent, flow.
    SW_ADDRESS_TYPE_APP = 1,
    // A call resource.
    SW_ADDRESS_TYPE_CALL = 2,
    // A video room.
    SW_ADDRESS_TYPE_ROOM = 3,
    // A subscriber.
    SW_ADDRESS_TYPE_SUBSCRIBER = 4,
    // A type that this version does not know. Not for queries.
    SW_ADDRESS_TYPE_UNKNOWN = 5,
} sw_address_types;

// What kind of participant a member is. Numbers never change; a newer library may have more.
typedef enum sw_member_kinds {
    // A person, an agent or a line; also every kind that the library does not know.
    SW_MEMBER_KIND_MEMBER = 0,
    // A shared screen; `parent_id` says whose.
    SW_MEMBER_KIND_SCREEN = 1,
    // A further device of a member; `parent_id` says whose.
    SW_MEMBER_KIND_DEVICE = 2,
} sw_member_kinds;

// Where the service sees a leg or segment. Numbers never change.
typedef enum sw_server_call_states {
    // It exists.
    SW_SERVER_CALL_STATE_CREATED = 0,
    // The far side rings.
    SW_SERVER_CALL_STATE_RINGING = 1,
    // The far side answered.
    SW_SERVER_CALL_STATE_ANSWERED = 2,
    // It is being ended.
    SW_SERVER_CALL_STATE_ENDING = 3,
    // It is over.
    SW_SERVER_CALL_STATE_ENDED = 4,
} sw_server_call_states;

// Who says something in a conversation with an AI agent. Numbers never change.
typedef enum sw_speakers {
    // The person.
    SW_SPEAKER_PERSON = 0,
    // The agent.
    SW_SPEAKER_AGENT = 1,
} sw_speakers;

// When calls that come in are refused as busy instead of being announced. Numbers never change.
typedef enum sw_do_not_disturb_modes {
    // Never: every call rings.
    SW_DO_NOT_DISTURB_OFF = 0,
    // While this client is in a call: one that was dialled here and is not over, or one that came
    // in and was answered. Calls that only ring do not count.
    SW_DO_NOT_DISTURB_IN_CALLS = 1,
    // Always.
    SW_DO_NOT_DISTURB_ALWAYS = 2,
} sw_do_not_disturb_modes;

// What a list of addresses is sorted by. Numbers never change.
typedef enum sw_address_sorts {
    // As the service likes.
    SW_ADDRESS_SORT_DEFAULT = 0,
    // The name.
    SW_ADDRESS_SORT_NAME = 1,
    // When it was made.
    SW_ADDRESS_SORT_CREATED_AT = 2,
} sw_address_sorts;

// In which order a list is sorted. Numbers never change.
typedef enum sw_sort_orders {
    // As the service likes.
    SW_SORT_ORDER_DEFAULT = 0,
    // A to Z, oldest first.
    SW_SORT_ORDER_ASCENDING = 1,
    // Z to A, newest first.
    SW_SORT_ORDER_DESCENDING = 2,
} sw_sort_orders;

// What a message is. Numbers never change.
typedef enum sw_message_kinds {
    // A text that somebody wrote.
    SW_MESSAGE_CHAT = 1,
    // A call in the history.
    SW_MESSAGE_CALL_LOG = 2,
    // The service tells of a change.
    SW_MESSAGE_UPDATE = 3,
    // A kind that this version does not know; see `raw_json`.
    SW_MESSAGE_UNKNOWN = 4,
} sw_message_kinds;

// Where an outgoing message stands. Numbers never change.
typedef enum sw_send_states {
    // Not sent yet, or the service refused it: it is certainly not there.
    SW_SEND_STATE_UNSENT = 0,
    // Being sent.
    SW_SEND_STATE_SENDING = 1,
    // The service has it.
    SW_SEND_STATE_SENT = 2,
    // The answer was lost: the service may have it or not.
    SW_SEND_STATE_UNCERTAIN = 3,
} sw_send_states;

// What a device is, and so who delivers its notifications. Numbers never change.
typedef enum sw_device_types {
    // Apple's push service for calls (APNs VoIP).
    SW_DEVICE_TYPE_IOS = 1,
    // Firebase Cloud Messaging.
    SW_DEVICE_TYPE_ANDROID = 2,
    // Anything else.
    SW_DEVICE_TYPE_DESKTOP = 3,
} sw_device_types;

// Where an expected call stands. Numbers never change.
typedef enum sw_expected_call_states {
    // Its invite has not come yet.
    SW_EXPECTED_CALL_WAITING = 0,
    // Its invite is there; see `sw_client_call`. Final.
    SW_EXPECTED_CALL_ARRIVED = 1,
    // The invite did not come in time. Final.
    SW_EXPECTED_CALL_EXPIRED = 2,
    // The call was over before it could be taken. Final.
    SW_EXPECTED_CALL_OVER = 3,
    // Given up by `sw_expected_call_cancel`. Final.
    SW_EXPECTED_CALL_CANCELLED = 4,
    // The client was disconnected. Final.
    SW_EXPECTED_CALL_CLOSED = 5,
} sw_expected_call_states;

// Where a call stands on the platform's screen. Numbers never change.
typedef enum sw_host_phases {
    // Nothing was shown yet.
    SW_HOST_PHASE_NEW = 0,
    // Shown, and rings.
    SW_HOST_PHASE_RINGING = 1,
    // The user answered; the call is not up yet.
    SW_HOST_PHASE_ANSWERING = 2,
    // Dialled here; not answered yet.
    SW_HOST_PHASE_DIALLING = 3,
    // Up.
    SW_HOST_PHASE_ACTIVE = 4,
    // Over. Final.
    SW_HOST_PHASE_OVER = 5,
} sw_host_phases;

// What happened. Numbers never change.
typedef enum sw_host_inputs {
    // A notification announced this call, for the first time or again.
    SW_HOST_INPUT_PUSHED = 1,
    // The client announced it (`SW_CLIENT_EVENT_INCOMING_CALL`).
    SW_HOST_INPUT_INVITED = 2,
    // The user starts this call.
    SW_HOST_INPUT_DIALLED = 3,
    // The system refused to show the call, in answer to `REPORT_INCOMING` or `REPORT_DIALLING`;
    // not to `REPORT_AGAIN`.
    SW_HOST_INPUT_REPORT_FAILED = 4,
    // The user answered on the system's screen.
    SW_HOST_INPUT_USER_ANSWERS = 5,
    // The user declined or hung up on the system's screen.
    SW_HOST_INPUT_USER_ENDS = 6,
    // The user answered with the application's own button.
    SW_HOST_INPUT_APP_ANSWERS = 7,
    // The user declined or hung up with the application's own button.
    SW_HOST_INPUT_APP_ENDS = 8,
    // The call is up (`SW_CALL_STATE_ACTIVE`).
    SW_HOST_INPUT_CONNECTED = 9,
    // The call ended without the user, or the expected call will not come; the argument is one
    // of `SW_HOST_END_*`.
    SW_HOST_INPUT_CALL_ENDED = 10,
    // The system granted the audio session.
    SW_HOST_INPUT_AUDIO_ACTIVATED = 11,
    // The system took the audio session away.
    SW_HOST_INPUT_AUDIO_DEACTIVATED = 12,
    // Something else needs the audio: another call, an alarm.
    SW_HOST_INPUT_INTERRUPTION_BEGAN = 13,
    // It does not any more; the argument is 1 if the system says that audio should go on.
    SW_HOST_INPUT_INTERRUPTION_ENDED = 14,
    // The system gave the answer up that it waits for.
    SW_HOST_INPUT_ACTION_TIMED_OUT = 15,
    // The system dropped every call.
    SW_HOST_INPUT_RESET = 16,
} sw_host_inputs;

// What to do. Numbers never change; a newer library may give more.
typedef enum sw_host_action_kinds {
    // System: show this call, ringing.
    SW_HOST_ACTION_REPORT_INCOMING = 1,
    // System: show it once more, as every notification must be followed by a report.
    SW_HOST_ACTION_REPORT_AGAIN = 2,
    // System: show a call and end it at once: the notification is for one that is over.
    SW_HOST_ACTION_REPORT_AND_END = 3,
    // System: this outgoing call is being made.
    SW_HOST_ACTION_REPORT_DIALLING = 4,
    // System: this outgoing call is up.
    SW_HOST_ACTION_REPORT_CONNECTED = 5,
    // System: the user's answer worked.
    SW_HOST_ACTION_FULFILL_ANSWER = 6,
    // System: the user's answer did not work.
    SW_HOST_ACTION_FAIL_ANSWER = 7,
    // System: the user's end worked.
    SW_HOST_ACTION_FULFILL_END = 8,
    // System: the call is over, see `end_reason`.
    SW_HOST_ACTION_REPORT_ENDED = 9,
    // System: answer, as if the user had done it on its screen.
    SW_HOST_ACTION_REQUEST_ANSWER = 10,
    // System: end, as if the user had done it on its screen.
    SW_HOST_ACTION_REQUEST_END = 11,
    // Client: answer the call, expected or here.
    SW_HOST_ACTION_ANSWER = 12,
    // Client: reject the call, expected or here.
    SW_HOST_ACTION_REJECT = 13,
    // Client: hang up; an expected call that is not here yet is rejected.
    SW_HOST_ACTION_HANG_UP = 14,
    // Client: dial.
    SW_HOST_ACTION_DIAL = 15,
    // Open the microphone and the speaker. Never before the system activated the session.
    SW_HOST_ACTION_START_AUDIO = 16,
    // Close the microphone and the speaker.
    SW_HOST_ACTION_STOP_AUDIO = 17,
} sw_host_action_kinds;

// Why a call ended, for the platform's call history. Numbers never change.
typedef enum sw_host_end_reasons {
    // The far side hung up or gave up.
    SW_HOST_END_REMOTE_ENDED = 0,
    // It failed, or an expected call did not come.
    SW_HOST_END_FAILED = 1,
    // Nobody answered.
    SW_HOST_END_UNANSWERED = 2,
    // Another device of the subscriber took it.
    SW_HOST_END_ANSWERED_ELSEWHERE = 3,
    // Another device of the subscriber refused it.
    SW_HOST_END_DECLINED_ELSEWHERE = 4,
} sw_host_end_reasons;

// Why a token is asked for. Numbers never change.
typedef enum sw_token_reasons {
    // The client has none yet.
    SW_TOKEN_REASON_INITIAL = 0,
    // The present one expires soon.
    SW_TOKEN_REASON_EXPIRING = 1,
    // The service refused the present one; the same token would be refused again.
    SW_TOKEN_REASON_REFUSED = 2,
} sw_token_reasons;

// Why a login failed: the `code` of an error of these functions. Numbers never change.
typedef enum sw_oauth_failures {
    // The URL is not the redirect of a login.
    SW_OAUTH_FAILURE_NOT_A_CALLBACK = 1,
    // The state of the redirect belongs to no login: it may have been forged.
    SW_OAUTH_FAILURE_WRONG_STATE = 2,
    // The redirect was used before.
    SW_OAUTH_FAILURE_USED_TWICE = 3,
    // The user took longer than the configured time.
    SW_OAUTH_FAILURE_FLOW_EXPIRED = 4,
    // The redirect has neither a code nor an error.
    SW_OAUTH_FAILURE_NO_CODE = 5,
    // The user, or a rule, refused.
    SW_OAUTH_FAILURE_ACCESS_DENIED = 6,
    // Any other error of the provider.
    SW_OAUTH_FAILURE_PROVIDER_ERROR = 7,
    // The code is spent or expired, or its verifier does not fit.
    SW_OAUTH_FAILURE_CODE_REFUSED = 8,
    // The refresh token is revoked, expired or spent: log in again.
    SW_OAUTH_FAILURE_REFRESH_REFUSED = 9,
    // The provider does not know the client id, or not with this redirect URI.
    SW_OAUTH_FAILURE_CLIENT_REFUSED = 10,
    // The port of the redirect URI is in use.
    SW_OAUTH_FAILURE_PORT_TAKEN = 11,
    // The browser did not come back in time.
    SW_OAUTH_FAILURE_NO_CALLBACK = 12,
    // The application gave the login up.
    SW_OAUTH_FAILURE_CANCELLED = 13,
    // There is no refresh token: log in.
    SW_OAUTH_FAILURE_NOT_LOGGED_IN = 14,
} sw_oauth_failures;

// Which side of a call is recorded. Numbers never change.
typedef enum sw_record_sides {
    // What is received.
    SW_RECORD_SIDE_RECEIVED = 0,
    // What is sent, after gain and mute.
    SW_RECORD_SIDE_SENT = 1,
    // Both, in stereo: left what is sent, right what is received.
    SW_RECORD_SIDE_BOTH = 2,
    // Both, added up in mono; too loud is clipped.
    SW_RECORD_SIDE_MIXED = 3,
} sw_record_sides;

// The kind of file that a call is recorded to. Numbers never change.
typedef enum sw_record_formats {
    // WAV with 16-bit PCM; at most 4 GB.
    SW_RECORD_FORMAT_WAV = 0,
    // Opus in Ogg (RFC 7845), 48 kHz.
    SW_RECORD_FORMAT_OGG_OPUS = 1,
} sw_record_formats;

// Whether a device takes sound in or gives it out. Numbers never change.
typedef enum sw_audio_device_kinds {
    // A microphone.
    SW_AUDIO_DEVICE_INPUT = 1,
    // A loudspeaker or headphones.
    SW_AUDIO_DEVICE_OUTPUT = 2,
} sw_audio_device_kinds;

// What happened to a device. Numbers never change.
typedef enum sw_audio_device_event_types {
    // A device is there that was not.
    SW_AUDIO_DEVICE_EVENT_ADDED = 1,
    // A device is gone.
    SW_AUDIO_DEVICE_EVENT_REMOVED = 2,
    // `device` is the default of its kind now; NULL when there is none any more.
    SW_AUDIO_DEVICE_EVENT_DEFAULT_CHANGED = 3,
    // An open microphone or loudspeaker works with `device` from now on.
    SW_AUDIO_DEVICE_EVENT_OPENED = 4,
    // An open microphone or loudspeaker lost `device`, for `reason`. Calls go on with silence;
    // another device is taken as soon as there is one.
    SW_AUDIO_DEVICE_EVENT_LOST = 5,
} sw_audio_device_event_types;

// How much of a steady noise is taken out. Numbers never change.
typedef enum sw_noise_suppressions {
    // None.
    SW_NOISE_SUPPRESSION_OFF = 0,
    // About 6 dB.
    SW_NOISE_SUPPRESSION_LOW = 1,
    // About 12 dB.
    SW_NOISE_SUPPRESSION_MODERATE = 2,
    // About 18 dB.
    SW_NOISE_SUPPRESSION_HIGH = 3,
    // About 21 dB; a voice may suffer.
    SW_NOISE_SUPPRESSION_VERY_HIGH = 4,
} sw_noise_suppressions;

// Microphones and loudspeakers. Owned: `sw_audio_devices_free`; what was opened goes on.
typedef struct sw_audio_devices sw_audio_devices;

// Cleans the sound of one microphone. Owned: `sw_audio_processor_free`.
//
// Give it what is played and what is heard, each in order and at the pace of the devices; or name
// it in `sw_microphone_options`, and the microphone does both.
typedef struct sw_audio_processor sw_audio_processor;

// A call. Shared: `sw_call_ref`, `sw_call_unref`.
typedef struct sw_call sw_call;

// One subscriber's session with SignalWire. Owned: `sw_client_free`.
typedef struct sw_client sw_client;

// Where a client's tokens come from. Owned: `sw_credentials_free`; clients keep what they need.
typedef struct sw_credentials sw_credentials;

// An RSA key of this installation, to which tokens can be bound. Owned: `sw_device_key_free`;
// credentials keep what they need.
typedef struct sw_device_key sw_device_key;

// A call whose invite is on its way. Owned: `sw_expected_call_free`.
//
// What is decided before the invite comes holds: an answer is given the moment that it comes, a
// rejected call is refused then and not announced. Freeing it changes nothing.
typedef struct sw_expected_call sw_expected_call;

// One call on the platform's call screen (CallKit, ConnectionService): what the application must
// tell the system and the client, whatever happens in whatever order. Owned: `sw_host_call_free`.
//
// Feed it from the system's delegate and from the client's events, and carry the actions out in
// order. It is pure: no clock, no network. Audio inputs are the system's, not one call's: give
// them to every call that is there.
typedef struct sw_host_call sw_host_call;

// The layout of a call at one moment. Owned: `sw_layout_snapshot_free`.
typedef struct sw_layout_snapshot sw_layout_snapshot;

// An open loudspeaker. Owned: `sw_loudspeaker_free`, which also stops it.
typedef struct sw_loudspeaker sw_loudspeaker;

// The members of a call at one moment. Owned: `sw_member_list_free`.
typedef struct sw_member_list sw_member_list;

// An open microphone. Owned: `sw_microphone_free`, which also stops it.
typedef struct sw_microphone sw_microphone;

// Joins calls of this process into one conference: each hears the others, and what the application
// pushes, and not itself. Owned: `sw_mixer_free`.
//
// One tick of 20 ms mixes all of them in mono 48 kHz; what is too loud is clipped. A voice that is
// late has silence in its place and may wait up to 200 ms, then its oldest audio is dropped. With a
// gain of 0 for every call they hear the application only: one source for many calls.
typedef struct sw_mixer sw_mixer;

// Logs users in. Owned: `sw_oauth_free`.
typedef struct sw_oauth sw_oauth;

// A login that waits for the browser on a port of this machine. Owned: `sw_oauth_login_free`.
typedef struct sw_oauth_login sw_oauth_login;

// One text message to be sent. Owned: `sw_outgoing_message_free`.
//
// The service has no key by which it would tell a repetition, so a lost answer leaves it open
// whether the message arrived. `sw_outgoing_message_send` may be called again after any error: it
// sends the text a second time only after the conversation's history showed that the first did
// not arrive.
typedef struct sw_outgoing_message sw_outgoing_message;

// A decoded picture. Owned by references: `sw_picture_ref`, `sw_picture_unref`.
typedef struct sw_picture sw_picture;

// A running recording of a call. Owned: `sw_recorder_free`.
typedef struct sw_recorder sw_recorder;

// A project's access to the REST API of its space, for backends. Owned: `sw_rest_client_free`;
// operations that were begun go on.
//
// These functions are there in libraries with the feature `rest-api`. They hold the project's API
// token, which must never be part of an application that is given away. Completions get, besides
// what is named: `SW_ERR_UNAUTHORIZED` (project id, API token or its scopes), `SW_ERR_NOT_FOUND`,
// `SW_ERR_REJECTED` (what the service does not take), `SW_ERR_RATE_LIMITED`, `SW_ERR_SERVER`,
// `SW_ERR_TIMEOUT`, `SW_ERR_NETWORK`, `SW_ERR_TLS`, `SW_ERR_PROTOCOL`, and `SW_ERR_INVALID_ARGUMENT`
// for what cannot be, before anything is sent; the `code` of an error is the HTTP status. Requests
// are repeated up to twice where that can do no harm.
typedef struct sw_rest_client sw_rest_client;

// A list of texts. Owned: `sw_text_list_free`.
typedef struct sw_text_list sw_text_list;

// The place for one token that a provider was asked for. Owned by the application until it is
// given to `sw_token_reply_give` or `sw_token_reply_fail`, one of which must be called once.
typedef struct sw_token_reply sw_token_reply;

// Turns one completion after the other into a blocking wait. Owned: `sw_waiter_free`.
typedef struct sw_waiter sw_waiter;

// Result of a function: `SW_OK` (0), or one of the negative `SW_ERR_*` codes.
//
// A newer library may give codes that this header does not list; treat them as failures.
typedef int32_t sw_status;

// What failed. Borrowed: valid during the callback that gets it, or as `sw_last_error_info`
// says. Contains no tokens, keys or SDP.
typedef struct sw_error {
    // Size of this struct in the library, in bytes.
    uint32_t struct_size;
    // One of `SW_ERR_*`.
    sw_status status;
    // What went wrong and what to do about it, in English, UTF-8. Never NULL.
    const char *message;
    // Whether `code` means something.
    bool has_code;
    // The service's own code: RPC error, HTTP status or hang-up cause (ITU-T Q.850); else 0.
    int32_t code;
} sw_error;

// One line of the log. Borrowed for the time of the callback. Contains no tokens, keys or SDP.
typedef struct sw_log_record {
    // Size of this struct in the library, in bytes.
    uint32_t struct_size;
    // One of `SW_LOG_*`.
    int32_t level;
    // How many lines were dropped so far because the handler was too slow.
    uint64_t dropped_records;
    // Part of the library that logs, such as `signalwire_client::session`. Never NULL.
    const char *target;
    // The text with its fields. Never NULL.
    const char *message;
} sw_log_record;

// Who gets the log. Copied by `sw_set_log_handler`.
typedef struct sw_log_handler {
    // `sizeof(sw_log_handler)`.
    uint32_t struct_size;
    // Called for each line, in order, on the dispatcher thread. Not null.
    void (*on_record)(const struct sw_log_record *record, void *user_data);
    // Called exactly once after the last line, when the handler was replaced; nullable.
    void (*drop)(void *user_data);
    // Passed to both functions unchanged. Nullable.
    void *user_data;
} sw_log_handler;

// What is called when an operation has ended.
//
// If the function that took the completion returned `SW_OK`, `fn` is called exactly once, on
// the dispatcher thread, possibly before that function returns; if it returned an error, `fn`
// is never called: that is so for handles, pointers, texts and structs that cannot be, while
// everything that the operation itself finds is told here. `fn` may be NULL: then nobody is
// told. Pass `sw_waiter_completion` to block until the end instead.
typedef struct sw_completion {
    // Nullable. `status`: `SW_OK` or `SW_ERR_*`; `error`: NULL on success, else borrowed for the
    // time of the call; `user_data`: as below. It must not block, throw or `longjmp` out.
    void (*fn)(sw_status status, const struct sw_error *error, void *user_data);
    // Passed to `fn` unchanged; never touched by the library. Nullable.
    void *user_data;
} sw_completion;

// How to reach the service and with which identity. Start from `SW_CLIENT_OPTIONS_INIT`.
//
// Everything is copied before `sw_client_new` returns. NULL and 0 mean the default.
typedef struct sw_client_options {
    // `sizeof(sw_client_options)`; set by `SW_CLIENT_OPTIONS_INIT`.
    uint32_t struct_size;
    // Longest time for `sw_client_connect` in milliseconds, 1 to 600000. 0: 15000.
    uint32_t connect_timeout_ms;
    // Longest time for one request to the service in milliseconds, 1 to 600000. 0: 10000.
    uint32_t request_timeout_ms;
    // Number of texts in `media_addresses`.
    uint32_t media_address_count;
    // Subscriber access token. Not null. Never logged.
    const char *token;
    // WebSocket URL (`wss://host[:port]`). NULL: from the token. `ws://` for loopback only.
    const char *ws_url;
    // Base URL of the HTTP API (`https://host[:port]`). NULL: from the token. `http://` for
    // loopback only.
    const char *http_url;
    // PEM text of CA certificates that are trusted besides the platform's. NULL: none.
    const char *ca_certificates_pem;
    // Name of the application, sent as part of the user agent. NULL: none.
    const char *agent;
    // Local IP addresses that media may use, as text, best first. NULL: those of the machine.
    const char *const *media_addresses;
    // Whether media goes through the service's TURN servers only, hiding local addresses. Calls
    // fail where there is no such server.
    bool relay_only;
    // Whether the client shall not notice by itself (on Linux) when the device's addresses change.
    bool ignores_network_changes;
    // What `sw_client_session_record` gave in a process that is gone: its session is taken up, and
    // its calls come as `SW_CLIENT_EVENT_CALL_RESTORED`. A session that the service has forgotten
    // is replaced by a new one, and its calls come as `SW_CLIENT_EVENT_RESTORE_FAILED`. NULL: none.
    // A damaged one, or one of another version, is `SW_ERR_INVALID_ARGUMENT`: leave it out. Never
    // logged.
    const char *resume_from;
} sw_client_options;

// An entry of a conversation. Borrowed for the time of the callback. No text is NULL; a missing
// one is empty. Times are in milliseconds since 1970, 0 where the service says nothing.
typedef struct sw_message {
    // Size of this struct in the library, in bytes.
    uint32_t struct_size;
    // One of `SW_MESSAGE_*`.
    int32_t kind;
    // When it was sent.
    int64_t sent_at_ms;
    // Identifier; an update of a message has the same.
    const char *id;
    // The conversation that it belongs to.
    const char *conversation_id;
    // The address that it comes from; empty in entries of the older generation.
    const char *from_address_id;
    // What was written.
    const char *text;
    // Name of the conversation, in events.
    const char *conversation_name;
    // Name of who wrote it, in events.
    const char *user_name;
    // The whole entry as JSON text.
    const char *raw_json;
    // `CALL_LOG`: what kind of call, as the service words it.
    const char *call_kind;
    // `CALL_LOG`: what became of it, as the service words it.
    const char *call_status;
    // `CALL_LOG`: when it began.
    int64_t call_started_at_ms;
    // `CALL_LOG`: when it ended; 0 while it goes on.
    int64_t call_ended_at_ms;
    // Whether the service asks not to show it.
    bool is_hidden;
} sw_message;

// An event of a client. Borrowed for the time of the callback, with all its texts. Fields that
// the event's type does not name are 0 or NULL.
typedef struct sw_client_event {
    // Size of this struct in the library, in bytes.
    uint32_t struct_size;
    // One of `SW_CLIENT_EVENT_*`.
    int32_t type;
    // The client; an invalid handle when it has been freed meanwhile.
    struct sw_client *client;
    // How many events were lost so far because the observer was too slow (more than 1024
    // waited). 0 normally.
    uint64_t missed_events;
    // `STATE_CHANGED`: one of `SW_CLIENT_STATE_*`.
    int32_t state;
    // `RETRY_SCHEDULED`: 1 for the first try after the loss.
    uint32_t attempt;
    // `RETRY_SCHEDULED`, `TOKEN_REFRESH_FAILED`: how long it waits, in milliseconds.
    uint32_t delay_ms;
    // `AUTHORIZATION_FAILED`, `ONLINE_FAILED`, `TOKEN_REFRESH_FAILED`, `SESSION_ENDED`: the
    // service's code.
    int32_t code;
    // `SESSION_READY`, `TOKEN_EXPIRING`, `TOKEN_REFRESHED`: when the token expires, in seconds since 1970; 0 if not known.
    int64_t token_expires_at;
    // `SESSION_READY`: whether the service took up the earlier session and calls go on.
    bool is_resumed;
    // Why, for people; empty for expected changes.
    const char *reason;
    // `OTHER`: the service's name for the event.
    const char *event_type;
    // `OTHER`: the payload as JSON text.
    const char *raw_json;
    // `INCOMING_CALL`, `CALL_RESTORED`, `RESTORE_FAILED`: the call's id, for `sw_client_call`;
    // `CALL_DECLINED`: the call's id.
    const char *call_id;
    // `INCOMING_CALL`, `CALL_DECLINED`: the caller's name for people; empty when there is none.
    const char *from_name;
    // `INCOMING_CALL`, `CALL_DECLINED`: the caller's address or number.
    const char *from_number;
    // `INCOMING_CALL`, `CALL_DECLINED`: the name of the own address that was called.
    const char *to_name;
    // `INCOMING_CALL`, `CALL_DECLINED`: the own address that was called.
    const char *to_number;
    // `INCOMING_CALL`: what the caller's scripts say, as the text of one JSON object.
    const char *user_variables_json;
    // `INCOMING_CALL`: whether the caller offers video; see `video` of the answer options.
    bool has_video;
    // `CALL_RESTORED`: whether the call had come in, else it had been dialled.
    bool is_inbound;
    // `EXPECTED_CALL_OVER`: whether the deadline passed; otherwise the caller gave up or another
    // device took the call.
    bool is_expired;
    // `MESSAGE`, `MESSAGE_UPDATED`: the message.
    const struct sw_message *message;
} sw_client_event;

// Who hears about a client's events. Copied by `sw_client_new`.
typedef struct sw_client_observer {
    // `sizeof(sw_client_observer)`.
    uint32_t struct_size;
    // Called for every event, in order, on the dispatcher thread; nullable. The event is
    // borrowed for the time of the call. It must not block, throw or `longjmp` out.
    void (*on_event)(const struct sw_client_event *event, void *user_data);
    // Called exactly once after the last event, on the dispatcher thread, so that `user_data`
    // can be freed; nullable. Not called if `sw_client_new` failed.
    void (*drop)(void *user_data);
    // Passed to both functions unchanged. Nullable.
    void *user_data;
} sw_client_observer;

// Why a call ended. For `sw_call_end_reason` start from `SW_END_REASON_INIT`.
typedef struct sw_end_reason {
    // `sizeof(sw_end_reason)`.
    uint32_t struct_size;
    // One of `SW_END_KIND_*`.
    int32_t kind;
    // The cause's number: ITU-T Q.850 below 128, FreeSWITCH's own above.
    int32_t code;
    // The cause's name, such as `NORMAL_CLEARING` or `USER_BUSY`. NUL-terminated.
    char cause[64];
    // A sentence for people, UTF-8, cut if it is longer. NUL-terminated.
    char message[256];
} sw_end_reason;

// A member of a call at one moment. Borrowed, with all its texts, from the event or list that
// has it. A flag that the service has not told is false; where both values say something, it is
// 1, 0, or -1 for not told. No text is NULL unless it is called nullable; one that was not told
// is empty.
typedef struct sw_member {
    // Size of this struct in the library, in bytes.
    uint32_t struct_size;
    // One of `SW_MEMBER_KIND_*`.
    int32_t kind;
    // Whether it is this call itself.
    bool is_self;
    // Whether the member speaks at the moment.
    bool is_talking;
    // Whether the microphone is muted by the service.
    bool audio_muted;
    // Whether the camera is muted by the service.
    bool video_muted;
    // Whether the member gets no audio.
    bool is_deaf;
    // Whether the hand is raised.
    bool hand_raised;
    // Whether the member gets video of low bit rate.
    bool low_bitrate;
    // Whether `input_volume` was told.
    bool has_input_volume;
    // Whether `output_volume` was told.
    bool has_output_volume;
    // Whether `input_sensitivity` was told.
    bool has_input_sensitivity;
    // Echo cancellation at the service: 1, 0, or -1 for not told.
    int32_t echo_cancellation;
    // Automatic gain at the service: 1, 0, or -1 for not told.
    int32_t auto_gain;
    // Noise suppression at the service: 1, 0, or -1 for not told.
    int32_t noise_suppression;
    // Whether the member's video is shown: 1, 0, or -1 for not told.
    int32_t visible;
    // Volume of the microphone, -50 to 50.
    double input_volume;
    // Volume of what the member hears, -50 to 50.
    double output_volume;
    // Below which level sound counts as silence, 0 to 100.
    double input_sensitivity;
    // The member's id, which the functions about members take.
    const char *member_id;
    // The call id of the member's own leg or segment.
    const char *call_id;
    // The media node of that leg.
    const char *node_id;
    // The session that the member is in. A call that was moved on is in several.
    const char *room_session_id;
    // The member's name, often as `sip:alice@…;context=private`.
    const char *name;
    // Whose screen or device it is. Nullable.
    const char *parent_id;
    // Where the layout shows the member: `off-canvas` for nowhere. NULL before the first layout.
    const char *position;
    // Where the member was asked to be shown. Nullable.
    const char *requested_position;
    // The subscriber, if the member is one. Nullable.
    const char *subscriber_id;
    // The address by which the member came. Nullable.
    const char *address_id;
    // What applications attached to the member: the text of one JSON object.
    const char *meta_json;
    // All that the service told of the member, as the text of one JSON object.
    const char *raw_json;
} sw_member;

// One place of a layout. Lengths are percentages of the canvas, from its upper left corner.
// Borrowed with the layout that has it.
typedef struct sw_layout_layer {
    // Size of this struct in the library, in bytes.
    uint32_t struct_size;
    // The place's number.
    int32_t layer_index;
    // Higher ones cover lower ones.
    int32_t z_index;
    // Whether a file is played there.
    bool is_playing_file;
    // Whether the place is shown.
    bool is_visible;
    // Distance from the left edge, percent.
    double x;
    // Distance from the upper edge, percent.
    double y;
    // Width, percent.
    double width;
    // Height, percent.
    double height;
    // Who is shown there; NULL for an empty place.
    const char *member_id;
    // The position's name, such as `standard-1` or `reserved-0`; empty when not given.
    const char *position;
    // The name under which the place is reserved. Nullable.
    const char *reservation;
} sw_layout_layer;

// The layout of a session. Borrowed, with all its texts, from the event or snapshot that has it.
typedef struct sw_layout {
    // Size of this struct in the library, in bytes.
    uint32_t struct_size;
    // The layout's id, which is the name that `sw_call_set_layout` takes.
    const char *id;
    // The layout's name for people; the id where the service gives none.
    const char *name;
    // The session that it belongs to.
    const char *room_session_id;
    // The places on the canvas: `layer_count` pointers; NULL until the service described them.
    const struct sw_layout_layer *const *layers;
    // Number of places.
    size_t layer_count;
} sw_layout;

// Counters and gauges of a call's audio. Start from `SW_CALL_STATISTICS_INIT`.
typedef struct sw_call_statistics {
    // `sizeof(sw_call_statistics)`.
    uint32_t struct_size;
    // SDP name of the audio codec; empty before negotiation.
    char codec[16];
    // RTP packets sent.
    uint64_t packets_sent;
    // RTP payload bytes sent.
    uint64_t bytes_sent;
    // RTP packets received, duplicates and late ones included.
    uint64_t packets_received;
    // RTP payload bytes received.
    uint64_t bytes_received;
    // Packets that never came in time for play-out.
    uint64_t packets_lost;
    // Packets that came after their play-out time.
    uint64_t packets_late;
    // Packets that came out of order and were put right.
    uint64_t packets_reordered;
    // 20 ms frames that were made up because nothing had arrived.
    uint64_t frames_concealed;
    // Inter-arrival jitter in milliseconds (RFC 3550, 6.4.1).
    double jitter_ms;
    // Delay that the jitter buffer adds at present, in milliseconds: from arrival to play-out.
    double jitter_buffer_ms;
    // Round trip in milliseconds; 0 until known.
    double round_trip_ms;
    // Loss of what is sent, as the far side reports it, 0.0 to 1.0.
    double remote_loss_fraction;
    // Milliseconds of pushed audio that were dropped because the queue was full.
    uint64_t input_dropped_ms;
    // Frames that slow audio sinks lost.
    uint64_t output_dropped_frames;
    // Loudness of what was received last: RMS in dBFS, -127.0 for silence.
    double input_level_dbfs;
    // Loudness of what was sent last: RMS in dBFS, -127.0 for silence.
    double output_level_dbfs;
    // The selected local candidate, `type address:port`; empty until connected.
    char local_candidate[96];
    // The selected remote candidate, `type address:port`; empty until connected.
    char remote_candidate[96];
    // Lost 20 ms frames that were recovered from the packet after them.
    uint64_t frames_recovered;
    // Delay that the jitter buffer aims at for the fastest packets, with the wait for the tick of
    // 20 ms, in milliseconds.
    double jitter_buffer_target_ms;
    // Mean opinion score of what was received in the last five seconds, 1.0 to 4.5 (in practice at
    // most 4.41), by the E-model of ITU-T G.107 from loss, delay and jitter buffer; 0 until known.
    double mos;
    // Times that audio had to be made up after some that was heard.
    uint64_t concealment_events;
    // Audio that was made up, in milliseconds.
    uint64_t concealed_ms;
    // The part of it that was silence: the far side had sent nothing for long, or nobody listens.
    uint64_t silent_concealed_ms;
    // Audio taken out, pitch unchanged, to bring the delay down, in milliseconds.
    uint64_t removed_ms;
    // Audio put in, pitch unchanged, to bring the delay up, in milliseconds.
    uint64_t inserted_ms;
    // Packets thrown away because they came much too early, or belonged to nothing.
    uint64_t packets_discarded;
    // Packets that had come before.
    uint64_t packets_duplicated;
} sw_call_statistics;

// An event of a call. Borrowed for the time of the callback, with all its texts. Fields that
// the event's type does not name are 0 or NULL, `audio_muted` and `video_muted` -1.
typedef struct sw_call_event {
    // Size of this struct in the library, in bytes.
    uint32_t struct_size;
    // One of `SW_CALL_EVENT_*`.
    int32_t type;
    // The call as `sw_client_dial` gave it, without a reference of its own; an invalid handle
    // when the application has released it meanwhile.
    struct sw_call *call;
    // How many events were lost so far because the observer was too slow (more than 1024
    // waited). 0 normally.
    uint64_t missed_events;
    // `STATE_CHANGED`: the new one of `SW_CALL_STATE_*`.
    int32_t state;
    // `STATE_CHANGED`: the one before.
    int32_t previous_state;
    // `MEMBER_UPDATED`: 1 muted microphone, 0 not muted, -1 not said.
    int32_t audio_muted;
    // `MEMBER_UPDATED`: 1 muted camera, 0 not muted, -1 not said.
    int32_t video_muted;
    // `MEDIA_CONNECTED`, `VIDEO_CONNECTED`: SDP name of the codec: `opus`, `G722`, `PCMU` or `PCMA`; `VP8`
    // or `H264`.
    const char *codec;
    // `JOINED`, `SEGMENT_LEFT`, `SERVER_STATE_CHANGED`: the call id of that segment.
    const char *call_id;
    // `JOINED`: the own member; `MEMBER_*`: which member.
    const char *member_id;
    // `JOINED`, `SEGMENT_LEFT`, `LAYOUT_CHANGED`: the session.
    const char *room_session_id;
    // `JOINED`: what this member may do, as the service words it: `capability_count` texts.
    const char *const *capabilities;
    // Number of texts in `capabilities`.
    size_t capability_count;
    // `ENDED`: why.
    const struct sw_end_reason *end_reason;
    // `OTHER`, `TRANSCRIPT`: the service's name for the event.
    const char *event_type;
    // Whatever comes from an event of the service: its payload as JSON text.
    const char *raw_json;
    // `SEGMENT_LEFT`, `MEMBER_LEFT`: why, as the service words it; empty when it does not say.
    // `RECOVERING`: what made it necessary, or what the try before failed for; for people.
    const char *reason;
    // `MEMBER_JOINED`, `MEMBER_UPDATED`, `MEMBER_LEFT`: the member.
    const struct sw_member *member;
    // `MEMBER_UPDATED`: what changed, in the service's words, such as `audio_muted` or
    // `handraised`: `changed_count` texts.
    const char *const *changed;
    // Number of texts in `changed`.
    size_t changed_count;
    // `LAYOUT_CHANGED`: the layout now.
    const struct sw_layout *layout;
    // `SERVER_STATE_CHANGED`: one of `SW_SERVER_CALL_STATE_*`.
    int32_t server_state;
    // `TRANSCRIPT`: one of `SW_SPEAKER_*`.
    int32_t speaker;
    // `MEMBER_TALKING`: whether the member talks now.
    bool is_talking;
    // `TRANSCRIPT`: of the person, whether this is the finished utterance or what is understood
    // so far and may still change; of the agent, whether this is the finished answer or the next
    // part of it, to be joined to the parts before.
    bool is_final;
    // `TRANSCRIPT`: whether the person interrupted the agent; then `text` is what was said until
    // then.
    bool is_interrupted;
    // `TRANSCRIPT`: whether `confidence` was told.
    bool has_confidence;
    // `TRANSCRIPT`: how sure the service is of what it understood, 0.0 to 1.0.
    double confidence;
    // `TRANSCRIPT`: the text for people.
    const char *text;
    // `RECOVERING`: 1 for the first try.
    uint32_t attempt;
    // `RECOVERED`: how long nothing was heard of the far side, in milliseconds.
    uint32_t gap_ms;
    // `MEDIA_CHANGED`: one of `SW_MEDIA_DIRECTION_*`.
    int32_t audio_direction;
    // `MEDIA_CHANGED`: one of `SW_MEDIA_DIRECTION_*`.
    int32_t video_direction;
    // `VIDEO_BITRATE_LIMIT`: the most that the far side takes.
    uint64_t bits_per_second;
    // `DIGIT_RECEIVED`: how long the key was pressed, in milliseconds, as the far side says.
    uint32_t duration_ms;
    // `DIGIT_RECEIVED`: one of `0-9 A-D * #`.
    char digit;
    // `WARNING`: whether it begins or is over.
    bool is_raised;
    // `SPEAKING_CHANGED`: whether it is this side's audio, else what is heard.
    bool is_local;
    // `SPEAKING_CHANGED`: whether somebody speaks now.
    bool is_speaking;
    // `QUALITY_CHANGED`: one of `SW_QUALITY_*`.
    int32_t quality_level;
    // `WARNING`: one of `SW_WARNING_*`.
    int32_t warning_kind;
    // `QUALITY_CHANGED`: the mean opinion score, see `sw_call_statistics`.
    double mos;
    // `STATISTICS`: the numbers at this moment, as `sw_call_stats` gives them.
    const struct sw_call_statistics *statistics;
} sw_call_event;

// Who hears about a call's events. Named in `sw_dial_options`; copied by `sw_client_dial`.
typedef struct sw_call_observer {
    // `sizeof(sw_call_observer)`.
    uint32_t struct_size;
    // Called for every event, in order, on the dispatcher thread; nullable. The event is
    // borrowed for the time of the call. It must not block, throw or `longjmp` out.
    void (*on_event)(const struct sw_call_event *event, void *user_data);
    // Called exactly once after the last event, on the dispatcher thread, so that `user_data`
    // can be freed; nullable. Not called if the function that got the observer failed.
    void (*drop)(void *user_data);
    // Passed to both functions unchanged. Nullable.
    void *user_data;
} sw_call_observer;

// How one call is made. Start from `SW_DIAL_OPTIONS_INIT`.
//
// Everything is copied before `sw_client_dial` returns. NULL and 0 mean the default.
typedef struct sw_dial_options {
    // `sizeof(sw_dial_options)`; set by `SW_DIAL_OPTIONS_INIT`.
    uint32_t struct_size;
    // Longest time to the answer in milliseconds; the call is then hung up and ends with
    // `SW_END_KIND_NO_ANSWER`. 0: no limit.
    uint32_t ring_timeout_ms;
    // Longest time from the answer to working media in milliseconds, 1 to 600000. 0: 15000.
    uint32_t media_timeout_ms;
    // Opus target bitrate in bits per second, 6000 to 510000. 0: 32000.
    uint32_t opus_bitrate_bps;
    // How much pushed audio may wait to be sent, in milliseconds, 40 to 10000; the oldest is
    // dropped beyond that. 0: 200, which suits a live source.
    uint32_t audio_queue_ms;
    // Codecs to offer, best first, each one of `SW_AUDIO_CODEC_*`. 0 ends the list; all 0: all
    // four, Opus, G.722, PCMU, PCMA.
    int32_t audio_codecs[3];
    // Variables for the far side's scripts, as the text of one JSON object. NULL: none.
    const char *user_variables_json;
    // Who hears about the call's events; copied. NULL: nobody.
    const struct sw_call_observer *observer;
    // The id (UUID) of the own address that the call is made from, which its log is attributed
    // to. NULL: the service chooses.
    const char *from_fabric_address_id;
    // The media node that should host the call; a hint that the service may ignore. NULL: the
    // service chooses.
    const char *node_id;
    // Whether the call has video: one of `SW_MEDIA_DIRECTION_*`. 0: both ways if the address says
    // `?channel=video`, else none.
    int32_t video;
    // Video codecs to offer, best first, each one of `SW_VIDEO_CODEC_*`. 0 ends the list; all 0:
    // VP8, H.264.
    int32_t video_codecs[2];
    // How digits are sent: one of `SW_DTMF_*`.
    int32_t dtmf;
    // Opus complexity, 1 (least work) to 10 (best sound at a given bitrate). 0: 5.
    uint32_t opus_complexity;
    // Whether silence is left out instead of sent (Opus only); it saves data and power.
    bool opus_dtx;
    // Every how many milliseconds `SW_CALL_EVENT_STATISTICS` tells the numbers about the call, 100 to
    // 3600000, from the first media to the end. 0: never.
    uint32_t statistics_interval_ms;
    // How long the packets of audio should be in milliseconds: 10, 20, 40 or 60. Short ones cost
    // bandwidth, long ones delay. The far side is asked to send such packets, and gets them unless
    // it asks for others or takes only shorter ones. 0: as the far side likes, mostly 20.
    uint32_t packet_time_ms;
} sw_dial_options;

// One entry of the directory. Borrowed for the time of the completion, with all its texts.
typedef struct sw_address {
    // Size of this struct in the library, in bytes: the distance in a list.
    uint32_t struct_size;
    // One of `SW_ADDRESS_TYPE_*`.
    int32_t address_type;
    // Whether a room is locked.
    bool is_locked;
    // Identifier (UUID). Never NULL.
    const char *id;
    // Name within its context, such as `alice`. Never NULL; may be empty, like all below that
    // are not called nullable.
    const char *name;
    // Name to show.
    const char *display_name;
    // The resource behind it (UUID).
    const char *resource_id;
    // When it was made (ISO 8601).
    const char *created_at;
    // What to pass to `sw_client_dial`: the best of the channels. Nullable.
    const char *dial_string;
    // Such as `/public/alice?channel=audio`. Nullable.
    const char *audio_channel;
    // Such as `/public/alice?channel=video`. Nullable.
    const char *video_channel;
    // Such as `/public/alice?channel=messaging`. Nullable.
    const char *messaging_channel;
    // Picture of the address. Nullable.
    const char *cover_url;
    // Preview of a running room. Nullable.
    const char *preview_url;
} sw_address;

// The subscriber that a token belongs to. Borrowed for the time of the completion. No text is
// NULL; a missing one is empty.
typedef struct sw_subscriber {
    // Size of this struct in the library, in bytes.
    uint32_t struct_size;
    // Identifier (UUID).
    const char *id;
    // E-mail address.
    const char *email;
    // First name.
    const char *first_name;
    // Last name.
    const char *last_name;
    // Name to show.
    const char *display_name;
    // Job title.
    const char *job_title;
    // Time zone, a name or a number.
    const char *time_zone;
    // Country.
    const char *country;
    // Region.
    const char *region;
    // Company.
    const char *company_name;
    // When the token expires, in seconds since 1970; 0 if not known.
    int64_t token_expires_at;
    // The subscriber's own addresses: `address_count` pointers; NULL when there are none.
    const struct sw_address *const *addresses;
    // Number of own addresses.
    size_t address_count;
    // The whole answer as JSON text. It holds the key for notifications: never log it.
    const char *raw_json;
    // Key to open push notifications with, base64. A secret: never log it.
    const char *push_notification_key;
    // Name of the application that the token was issued for.
    const char *app_display_name;
    // Thumbprint of the key that the token is bound to (RFC 7638). NULL for unbound tokens.
    const char *token_key_thumbprint;
    // What the application may do: `app_scope_count` texts; NULL when there are none.
    const char *const *app_scopes;
    // Number of texts in `app_scopes`.
    size_t app_scope_count;
    // What the token may do besides, such as `sat:refresh`: `token_scope_count` texts; NULL when
    // there are none.
    const char *const *token_scopes;
    // Number of texts in `token_scopes`.
    size_t token_scope_count;
} sw_subscriber;

// As `sw_completion`, with a subscriber.
typedef struct sw_subscriber_completion {
    // Nullable. `error` is NULL and `subscriber` is not on success; the other way round on
    // failure. Both are borrowed for the time of the call, on the dispatcher thread.
    void (*fn)(sw_status status,
               const struct sw_error *error,
               const struct sw_subscriber *subscriber,
               void *user_data);
    // Passed to `fn` unchanged. Nullable.
    void *user_data;
} sw_subscriber_completion;

// Which addresses to list. Start from `SW_ADDRESS_QUERY_INIT`; NULL and 0 mean any.
typedef struct sw_address_query {
    // `sizeof(sw_address_query)`; set by `SW_ADDRESS_QUERY_INIT`.
    uint32_t struct_size;
    // One of `SW_ADDRESS_TYPE_*`.
    int32_t address_type;
    // Entries per page, 1 to 1000. 0: the service's own, 50.
    uint32_t page_size;
    // Only addresses whose display name matches, as the service understands it. Nullable.
    const char *display_name;
    // One of `SW_ADDRESS_SORT_*`.
    int32_t sort_by;
    // One of `SW_SORT_ORDER_*`.
    int32_t sort_order;
} sw_address_query;

// One page of the directory. Borrowed for the time of the completion.
typedef struct sw_address_page {
    // Size of this struct in the library, in bytes.
    uint32_t struct_size;
    // Whether more pages follow.
    bool has_next;
    // `address_count` pointers, none of them NULL; NULL when there are none.
    const struct sw_address *const *addresses;
    // Number of addresses on this page.
    size_t address_count;
    // Whether there is a page before this one.
    bool has_previous;
    // The first page, for `sw_client_addresses_at`. Nullable, as the other links.
    const char *first_link;
    // The page before. NULL before the first.
    const char *previous_link;
    // The page that follows. NULL after the last.
    const char *next_link;
} sw_address_page;

// As `sw_completion`, with a page of addresses.
typedef struct sw_address_page_completion {
    // Nullable. `error` is NULL and `page` is not on success; the other way round on failure.
    // Both are borrowed for the time of the call, on the dispatcher thread.
    void (*fn)(sw_status status,
               const struct sw_error *error,
               const struct sw_address_page *page,
               void *user_data);
    // Passed to `fn` unchanged. Nullable.
    void *user_data;
} sw_address_page_completion;

// As `sw_completion`, with an address.
typedef struct sw_address_completion {
    // Nullable. `error` is NULL and `address` is not on success; the other way round on failure.
    // Both are borrowed for the time of the call, on the dispatcher thread.
    void (*fn)(sw_status status,
               const struct sw_error *error,
               const struct sw_address *address,
               void *user_data);
    // Passed to `fn` unchanged. Nullable.
    void *user_data;
} sw_address_completion;

// As `sw_completion`, with a text.
typedef struct sw_text_completion {
    // Nullable. `error` is NULL and `text` is not on success; the other way round on failure.
    // Both are borrowed for the time of the call, on the dispatcher thread.
    void (*fn)(sw_status status, const struct sw_error *error, const char *text, void *user_data);
    // Passed to `fn` unchanged. Nullable.
    void *user_data;
} sw_text_completion;

// When each step of a call's set-up was done, in milliseconds after `sw_client_dial`; negative
// if not yet. Start from `SW_SETUP_TIMES_INIT`.
typedef struct sw_setup_times {
    // `sizeof(sw_setup_times)`.
    uint32_t struct_size;
    // All candidates were gathered and the offer is complete.
    double offer_ready_ms;
    // The service accepted the invite.
    double created_ms;
    // The far side's SDP arrived (early media or answer).
    double remote_sdp_ms;
    // The call was answered.
    double answered_ms;
    // ICE found a working path.
    double ice_connected_ms;
    // DTLS is done: media may flow.
    double media_connected_ms;
    // The first RTP packet arrived.
    double first_packet_ms;
    // The first received sound, nothing made up, left the jitter buffer for the sinks.
    double first_audio_ms;
} sw_setup_times;

// How the service treats a member's microphone. Start from `SW_AUDIO_FLAGS_INIT`, which changes
// nothing.
typedef struct sw_audio_flags {
    // `sizeof(sw_audio_flags)`; set by `SW_AUDIO_FLAGS_INIT`.
    uint32_t struct_size;
    // Echo cancellation: 1 on, 0 off, -1 as it is.
    int32_t echo_cancellation;
    // Automatic gain: 1 on, 0 off, -1 as it is.
    int32_t auto_gain;
    // Noise suppression: 1 on, 0 off, -1 as it is.
    int32_t noise_suppression;
} sw_audio_flags;

// As `sw_completion`, with a list of texts.
typedef struct sw_texts_completion {
    // Nullable. On success `error` is NULL and `texts` has `count` pointers, none of them NULL;
    // on failure `error` is not NULL, `texts` is, and `count` is 0. All are borrowed for the time
    // of the call, on the dispatcher thread.
    void (*fn)(sw_status status,
               const struct sw_error *error,
               const char *const *texts,
               size_t count,
               void *user_data);
    // Passed to `fn` unchanged. Nullable.
    void *user_data;
} sw_texts_completion;

// Where a member is to be shown. Copied before `sw_call_set_positions` returns.
typedef struct sw_member_position {
    // Who; NULL is the own member. Not `SW_MEMBER_ALL`.
    const char *member_id;
    // `auto`, `reserved-0`, `standard-0` and so on, `off-canvas`, `playback` or `full-screen`.
    // Not null.
    const char *position;
} sw_member_position;

// How a call that came in is answered. Start from `SW_ANSWER_OPTIONS_INIT`.
//
// Everything is copied before `sw_call_answer` returns. NULL and 0 mean the default.
typedef struct sw_answer_options {
    // `sizeof(sw_answer_options)`; set by `SW_ANSWER_OPTIONS_INIT`.
    uint32_t struct_size;
    // Longest time from the answer to working media in milliseconds, 1 to 600000. 0: 15000.
    uint32_t media_timeout_ms;
    // Opus target bitrate in bits per second, 6000 to 510000. 0: 32000.
    uint32_t opus_bitrate_bps;
    // Codecs to accept, each one of `SW_AUDIO_CODEC_*`. 0 ends the list; all 0: all four, Opus,
    // G.722, PCMU, PCMA.
    int32_t audio_codecs[3];
    // Variables for the far side's scripts, as the text of one JSON object. NULL: none.
    const char *user_variables_json;
    // Whether offered video is taken: one of `SW_MEDIA_DIRECTION_*`. 0: no.
    int32_t video;
    // Video codecs to accept, each one of `SW_VIDEO_CODEC_*`. 0 ends the list; all 0: VP8, H.264.
    int32_t video_codecs[2];
    // How digits are sent: one of `SW_DTMF_*`.
    int32_t dtmf;
    // Opus complexity, 1 (least work) to 10 (best sound at a given bitrate). 0: 5.
    uint32_t opus_complexity;
    // Whether silence is left out instead of sent (Opus only); it saves data and power.
    bool opus_dtx;
    // Every how many milliseconds `SW_CALL_EVENT_STATISTICS` tells the numbers about the call, 100 to
    // 3600000, from the first media to the end. 0: never.
    uint32_t statistics_interval_ms;
    // How long the packets of audio should be in milliseconds: 10, 20, 40 or 60. Short ones cost
    // bandwidth, long ones delay. The far side is asked to send such packets, and gets them unless
    // it asks for others or takes only shorter ones. 0: as the far side likes, mostly 20.
    uint32_t packet_time_ms;
} sw_answer_options;

// One frame of received audio, about 20 ms. Borrowed for the time of the callback.
typedef struct sw_audio_frame {
    // `samples_per_channel * channels` signed 16-bit samples, interleaved left, right.
    const int16_t *samples;
    // Samples of one channel.
    uint32_t samples_per_channel;
    // 1 or 2, as asked for.
    uint32_t channels;
    // Samples per second of one channel, as asked for.
    uint32_t sample_rate_hz;
    // Media time of the first sample in microseconds since the stream began.
    uint64_t timestamp_us;
    // Whether the frame was made up because nothing arrived in time.
    bool is_concealed;
} sw_audio_frame;

// Who gets received audio. Copied by `sw_call_add_audio_sink`.
typedef struct sw_audio_sink {
    // `sizeof(sw_audio_sink)`.
    uint32_t struct_size;
    // Called every 20 ms, in order and never twice at once, on a media thread of the library.
    // Not null. The frame is borrowed for the time of the call. It must not throw or `longjmp`
    // out; while it blocks, its own oldest frames are lost.
    void (*on_frame)(const struct sw_audio_frame *frame, void *user_data);
    // Called exactly once after the last frame, on the dispatcher thread, so that `user_data`
    // can be freed; nullable. Not called if `sw_call_add_audio_sink` failed.
    void (*drop)(void *user_data);
    // Passed to both functions unchanged. Nullable.
    void *user_data;
} sw_audio_sink;

// One microphone or loudspeaker. Borrowed for the time of the callback.
typedef struct sw_audio_device {
    // `sizeof(sw_audio_device)` of the library.
    uint32_t struct_size;
    // Names the device for this program and, where the platform can, for its next run.
    const char *id;
    // The name to show.
    const char *name;
    // One of `SW_AUDIO_DEVICE_*`.
    int32_t kind;
    // Whether it is the platform's default of its kind.
    bool is_default;
    // How many rates there are.
    uint32_t sample_rate_count;
    // The usual sample rates that it takes, in Hz, rising; NULL for none: in events, and where
    // the device cannot be asked at the moment.
    const uint32_t *sample_rates_hz;
} sw_audio_device;

// Something that happened to a device. Borrowed for the time of the callback.
typedef struct sw_audio_device_event {
    // `sizeof(sw_audio_device_event)` of the library.
    uint32_t struct_size;
    // One of `SW_AUDIO_DEVICE_EVENT_*`.
    int32_t event_type;
    // Which kind of device, one of `SW_AUDIO_DEVICE_*`.
    int32_t kind;
    // The device; nullable, see the types.
    const struct sw_audio_device *device;
    // Why a device was lost, in words; NULL for other types.
    const char *reason;
    // How many events were dropped so far because this observer was too slow.
    uint64_t missed;
} sw_audio_device_event;

// Who hears about devices. Copied by `sw_audio_devices_observe`.
typedef struct sw_audio_device_observer {
    // `sizeof(sw_audio_device_observer)`.
    uint32_t struct_size;
    // Called for every event, in order, on the dispatcher thread; not null. The event is borrowed
    // for the time of the call. It must not block, throw or `longjmp` out.
    void (*on_event)(const struct sw_audio_device_event *event, void *user_data);
    // Called exactly once after the last event, on the dispatcher thread, so that `user_data` can
    // be freed; nullable. Not called if `sw_audio_devices_observe` failed.
    void (*drop)(void *user_data);
    // Passed to both functions unchanged. Nullable.
    void *user_data;
} sw_audio_device_observer;

// How a microphone is opened. Start from `SW_MICROPHONE_OPTIONS_INIT`. Copied.
typedef struct sw_microphone_options {
    // `sizeof(sw_microphone_options)`; set by `SW_MICROPHONE_OPTIONS_INIT`.
    uint32_t struct_size;
    // Id, name or part of a name. NULL: the default microphone, also when that changes.
    const char *device;
    // Cleans what is heard before it goes into the calls. NULL: none. May be freed afterwards.
    const struct sw_audio_processor *processor;
    // Whose sound the processor's echo cancellation takes out. NULL: none. May be freed
    // afterwards.
    const struct sw_loudspeaker *echo_of;
} sw_microphone_options;

// What a microphone did so far. Start from `SW_MICROPHONE_STATISTICS_INIT`.
typedef struct sw_microphone_statistics {
    // `sizeof(sw_microphone_statistics)`; set by `SW_MICROPHONE_STATISTICS_INIT`.
    uint32_t struct_size;
    // Milliseconds that the devices delivered.
    uint64_t captured_ms;
    // Milliseconds that were thrown away: this machine was too busy, or its clock runs faster
    // than the call's.
    uint64_t dropped_ms;
    // The loudness of the last 10 ms in dB relative to full scale, after the processor.
    double level_dbfs;
} sw_microphone_statistics;

// What a loudspeaker did so far. Start from `SW_LOUDSPEAKER_STATISTICS_INIT`.
typedef struct sw_loudspeaker_statistics {
    // `sizeof(sw_loudspeaker_statistics)`; set by `SW_LOUDSPEAKER_STATISTICS_INIT`.
    uint32_t struct_size;
    // Milliseconds that the devices asked for.
    uint64_t played_ms;
    // Milliseconds of calls that were thrown away: the device's clock runs slower than the
    // calls', or it stood still.
    uint64_t dropped_ms;
    // How often a call had nothing to play in the midst of it.
    uint64_t underruns;
    // The loudness of the last block in dB relative to full scale.
    double level_dbfs;
} sw_loudspeaker_statistics;

// What a processor does. Start from `SW_AUDIO_PROCESSING_OPTIONS_INIT`: everything, noise
// suppression moderately. Copied.
typedef struct sw_audio_processing_options {
    // `sizeof(sw_audio_processing_options)`; set by `SW_AUDIO_PROCESSING_OPTIONS_INIT`.
    uint32_t struct_size;
    // One of `SW_NOISE_SUPPRESSION_*`.
    int32_t noise_suppression;
    // Takes the loudspeaker's sound out of the microphone's.
    bool echo_cancellation;
    // Brings a voice to the usual loudness, slowly, and limits what is too loud.
    bool gain_control;
    // Takes out what is below the voice (about 100 Hz). Echo cancellation always does.
    bool high_pass;
} sw_audio_processing_options;

// Numbers about the echo. Start from `SW_AUDIO_PROCESSING_STATISTICS_INIT`.
typedef struct sw_audio_processing_statistics {
    // `sizeof(sw_audio_processing_statistics)`; set by `SW_AUDIO_PROCESSING_STATISTICS_INIT`.
    uint32_t struct_size;
    // The estimated delay between loudspeaker and microphone in milliseconds; -1 while it is not
    // known.
    int32_t delay_ms;
    // By how much the echo is quieter than what was played, in dB; NaN while it is not known.
    double echo_return_loss_db;
    // By how much the echo canceller made it quieter still, in dB, carefully estimated; NaN while
    // it is not known.
    double echo_return_loss_enhancement_db;
} sw_audio_processing_statistics;

// What `sw_call_record` records, and how. Start from `SW_RECORD_OPTIONS_INIT`.
typedef struct sw_record_options {
    // `sizeof(sw_record_options)`; set by `SW_RECORD_OPTIONS_INIT`.
    uint32_t struct_size;
    // One of `SW_RECORD_SIDE_*`.
    int32_t side;
    // One of `SW_RECORD_FORMAT_*`.
    int32_t format;
    // 8000 to 192000, for both sides a multiple of 50; 48000 for Ogg. 0: 48000.
    uint32_t sample_rate_hz;
    // Bitrate of Ogg-Opus in bits per second, 6000 to 510000. 0: 32000 for each channel.
    uint32_t opus_bitrate_bps;
} sw_record_options;

// How long each step of the last connection to the service took, in milliseconds. The steps
// follow on one another without a gap: their sum is `total_ms`. Start from
// `SW_CONNECT_TIMES_INIT`.
typedef struct sw_connect_times {
    // `sizeof(sw_connect_times)`.
    uint32_t struct_size;
    // Getting a token, 0 if there was a good one.
    double token_ms;
    // Resolving the host's name; 0 for an address.
    double dns_ms;
    // The TCP connection, addresses that did not answer included.
    double tcp_ms;
    // The TLS handshake; 0 without TLS.
    double tls_ms;
    // The upgrade to a WebSocket.
    double websocket_ms;
    // The service's answer to `signalwire.connect`.
    double authorize_ms;
    // From the first step to the last.
    double total_ms;
} sw_connect_times;

// A conversation with another address. Borrowed for the time of the completion. Texts and times
// as in `sw_message`.
typedef struct sw_conversation {
    // Size of this struct in the library, in bytes.
    uint32_t struct_size;
    // Identifier.
    const char *id;
    // Name to show.
    const char *name;
    // The own address that takes part; empty in lists of the older generation, whose
    // conversations can be read only: join them to write.
    const char *from_address_id;
    // The other address. NULL where it cannot be told.
    const char *peer_address_id;
    // What the service keeps with it, as the text of one JSON object.
    const char *metadata_json;
    // The whole entry as JSON text.
    const char *raw_json;
    // When it began.
    int64_t created_at_ms;
    // When something was said last.
    int64_t last_message_at_ms;
} sw_conversation;

// One page of conversations. Borrowed for the time of the completion.
typedef struct sw_conversation_page {
    // Size of this struct in the library, in bytes.
    uint32_t struct_size;
    // Whether a page follows.
    bool has_next;
    // Whether there is a page before this one.
    bool has_previous;
    // `conversation_count` pointers, none of them NULL; NULL when there are none.
    const struct sw_conversation *const *conversations;
    // Number of conversations on this page.
    size_t conversation_count;
    // The first page, for `sw_client_conversations_at`. Nullable, as the other links.
    const char *first_link;
    // The page before. NULL before the first.
    const char *previous_link;
    // The page that follows. NULL after the last.
    const char *next_link;
} sw_conversation_page;

// As `sw_completion`, with a page of conversations.
typedef struct sw_conversation_page_completion {
    // Nullable. `error` is NULL and `page` is not on success; the other way round on failure.
    // Both are borrowed for the time of the call, on the dispatcher thread.
    void (*fn)(sw_status status,
               const struct sw_error *error,
               const struct sw_conversation_page *page,
               void *user_data);
    // Passed to `fn` unchanged. Nullable.
    void *user_data;
} sw_conversation_page_completion;

// As `sw_completion`, with a conversation.
typedef struct sw_conversation_completion {
    // Nullable. `error` is NULL and `conversation` is not on success; the other way round on
    // failure. Both are borrowed for the time of the call, on the dispatcher thread.
    void (*fn)(sw_status status,
               const struct sw_error *error,
               const struct sw_conversation *conversation,
               void *user_data);
    // Passed to `fn` unchanged. Nullable.
    void *user_data;
} sw_conversation_completion;

// One page of messages. Borrowed for the time of the completion.
typedef struct sw_message_page {
    // Size of this struct in the library, in bytes.
    uint32_t struct_size;
    // Whether a page follows.
    bool has_next;
    // Whether there is a page before this one.
    bool has_previous;
    // `message_count` pointers, none of them NULL, in the service's order; NULL when there are
    // none.
    const struct sw_message *const *messages;
    // Number of messages on this page.
    size_t message_count;
    // The first page, for `sw_client_messages_at`. Nullable, as the other links.
    const char *first_link;
    // The page before. NULL before the first.
    const char *previous_link;
    // The page that follows. NULL after the last.
    const char *next_link;
} sw_message_page;

// As `sw_completion`, with a page of messages.
typedef struct sw_message_page_completion {
    // Nullable. `error` is NULL and `page` is not on success; the other way round on failure.
    // Both are borrowed for the time of the call, on the dispatcher thread.
    void (*fn)(sw_status status,
               const struct sw_error *error,
               const struct sw_message_page *page,
               void *user_data);
    // Passed to `fn` unchanged. Nullable.
    void *user_data;
} sw_message_page_completion;

// A registered device. Borrowed for the time of the completion. No text is NULL; a missing one is
// empty.
typedef struct sw_device {
    // Size of this struct in the library, in bytes.
    uint32_t struct_size;
    // One of `SW_DEVICE_TYPE_*`.
    int32_t device_type;
    // Identifier, for `sw_client_unregister_device`.
    const char *id;
    // The platform's token. A secret.
    const char *device_token;
    // Name to show.
    const char *device_name;
    // When it was registered (ISO 8601).
    const char *registered_at;
    // Key that opens this device's notifications, base64. A secret: keep it where the platform
    // keeps secrets.
    const char *push_notification_key;
} sw_device;

// As `sw_completion`, with a device.
typedef struct sw_device_completion {
    // Nullable. `error` is NULL and `device` is not on success; the other way round on failure.
    // Both are borrowed for the time of the call, on the dispatcher thread.
    void (*fn)(sw_status status,
               const struct sw_error *error,
               const struct sw_device *device,
               void *user_data);
    // Passed to `fn` unchanged. Nullable.
    void *user_data;
} sw_device_completion;

// What to do, in this order. Start from `SW_HOST_ACTIONS_INIT`.
typedef struct sw_host_actions {
    // `sizeof(sw_host_actions)`; set by `SW_HOST_ACTIONS_INIT`.
    uint32_t struct_size;
    // How many of `actions` there are, often 0.
    uint32_t count;
    // Each one of `SW_HOST_ACTION_*`.
    int32_t actions[8];
    // `REPORT_ENDED`: one of `SW_HOST_END_*`.
    int32_t end_reason;
} sw_host_actions;

// What a provider is asked for. Borrowed for the time of the callback.
typedef struct sw_token_request {
    // Size of this struct in the library, in bytes.
    uint32_t struct_size;
    // One of `SW_TOKEN_REASON_*`.
    int32_t reason;
    // Thumbprint of the client's device key, for `fingerprint` when the token is made. NULL
    // without one.
    const char *fingerprint;
} sw_token_request;

// Gives a client its tokens. Copied by `sw_credentials_provider`.
typedef struct sw_credential_provider {
    // `sizeof(sw_credential_provider)`; set by `SW_CREDENTIAL_PROVIDER_INIT`.
    uint32_t struct_size;
    // Called on the dispatcher thread when a token is needed, one call at a time for each client.
    // Not null. It must not block: it starts the work and returns, and the work's end is told
    // with `sw_token_reply_give` or `sw_token_reply_fail`, within 30 s, on any thread.
    void (*on_request)(const struct sw_token_request *request,
                       struct sw_token_reply *reply,
                       void *user_data);
    // Called exactly once when the credentials and every client with them are gone, on the
    // dispatcher thread; nullable. Not called if `sw_credentials_provider` failed.
    void (*drop)(void *user_data);
    // Passed to both functions unchanged. Nullable.
    void *user_data;
} sw_credential_provider;

// Who logs in where. Start from `SW_OAUTH_OPTIONS_INIT`. Copied by `sw_oauth_new`.
typedef struct sw_oauth_options {
    // `sizeof(sw_oauth_options)`; set by `SW_OAUTH_OPTIONS_INIT`.
    uint32_t struct_size;
    // How long the user may take from `sw_oauth_begin` to `sw_oauth_complete`, in milliseconds, 1
    // to 3600000. 0: 900000, which is 15 minutes.
    uint32_t flow_lifetime_ms;
    // Number of texts in `scopes`.
    uint32_t scope_count;
    // The client id that SignalWire issued. Not null.
    const char *client_id;
    // Where the browser returns to, as it is registered. Not null. `http://127.0.0.1:0/callback`
    // for `sw_oauth_begin_loopback`, `com.example.app://callback`, or an `https://` link.
    const char *redirect_uri;
    // Scopes to ask for. NULL: none.
    const char *const *scopes;
    // Authorization endpoint. NULL: SignalWire's.
    const char *authorize_url;
    // Token endpoint. NULL: SignalWire's.
    const char *token_url;
    // PEM text of CA certificates that are trusted besides the platform's. NULL: none.
    const char *ca_certificates_pem;
    // `prompt` of the authorization request, such as `login`, which asks for the password even if
    // the browser is still logged in. NULL: none.
    const char *prompt;
} sw_oauth_options;

// Where the tokens of a user are kept between two runs. Start from `SW_TOKEN_STORE_INIT`. Copied by
// `sw_credentials_oauth`. The text holds secrets and is not to be looked into. The functions are
// called on the dispatcher thread, one at a time; not null.
typedef struct sw_token_store {
    // `sizeof(sw_token_store)`; set by `SW_TOKEN_STORE_INIT`.
    uint32_t struct_size;
    // Hands the kept text to `give`, with `target`, before it returns; nothing if there is none.
    // Gives `SW_OK`, or any `SW_ERR_*` if it cannot be read.
    sw_status (*load)(void (*give)(const char *text, void *target), void *target, void *user_data);
    // Keeps a text in place of the earlier one, which is no longer good; borrowed. Gives `SW_OK` or
    // `SW_ERR_*`.
    sw_status (*save)(const char *text, void *user_data);
    // Forgets the text. Gives `SW_OK` or `SW_ERR_*`.
    sw_status (*clear)(void *user_data);
    // Called exactly once when the credentials and every client with them are gone, on the
    // dispatcher thread; nullable. Not called if `sw_credentials_oauth` failed.
    void (*drop)(void *user_data);
    // Passed to all functions unchanged. Nullable.
    void *user_data;
} sw_token_store;

// Where a space is and which project asks. Start from `SW_REST_OPTIONS_INIT`. Copied.
typedef struct sw_rest_options {
    // `sizeof(sw_rest_options)`; set by `SW_REST_OPTIONS_INIT`.
    uint32_t struct_size;
    // Longest time for opening a connection in milliseconds, 1 to 600000. 0: 10000.
    uint32_t connect_timeout_ms;
    // Longest time for one try in milliseconds, 1 to 600000. 0: 30000.
    uint32_t request_timeout_ms;
    // Longest time for one operation with its repetitions in milliseconds, 1 to 600000. 0: 60000.
    uint32_t total_timeout_ms;
    // The space: its name (`example`), its host or its base URL. Not null.
    const char *space;
    // The project's id (UUID). Not null.
    const char *project_id;
    // An API token of the project. Not null; never logged.
    const char *api_token;
    // PEM text of CA certificates that are trusted besides the platform's. NULL: none.
    const char *ca_certificates_pem;
    // Base URL of the host that exchanges embed tokens. NULL: the space.
    const char *embeds_url;
    // Path of the subscribers. NULL: `/api/fabric/resources/subscribers`.
    const char *subscribers_path;
} sw_rest_options;

// Whom a subscriber token is for. Start from `SW_SUBSCRIBER_TOKEN_REQUEST_INIT`. Copied.
typedef struct sw_subscriber_token_request {
    // `sizeof(sw_subscriber_token_request)`; set by `SW_SUBSCRIBER_TOKEN_REQUEST_INIT`.
    uint32_t struct_size;
    // When the token expires, in seconds since 1970. 0: two hours from now.
    int64_t expire_at;
    // The application's own stable and unique name for the subscriber. Not null.
    const char *reference;
    // The application (UUID) that the token belongs to. NULL: none.
    const char *application_id;
    // A new password for the subscriber. NULL: unchanged.
    const char *password;
    // Thumbprint of the key that the token is bound to,
    // see `sw_device_key_thumbprint`. NULL: none.
    const char *fingerprint;
    // `sat:refresh` lets the holder renew the token. NULL: none.
    const char *scope;
    // First name. NULL: unchanged, as for all that follow.
    const char *first_name;
    // Last name.
    const char *last_name;
    // Name to show.
    const char *display_name;
    // Job title.
    const char *job_title;
    // Time zone.
    const char *time_zone;
    // Country.
    const char *country;
    // Company.
    const char *company_name;
    // The cluster that serves the subscriber, such as `us-central`.
    const char *region;
} sw_subscriber_token_request;

// New tokens. Borrowed for the time of the completion; secrets, never log them.
typedef struct sw_issued_token {
    // Size of this struct in the library, in bytes.
    uint32_t struct_size;
    // The access token: what `sw_client_options` takes. Never NULL.
    const char *token;
    // What `sw_rest_client_refresh_subscriber_token` takes; stays on the backend. NULL for invited
    // people and embeds.
    const char *refresh_token;
    // The subscriber's id (UUID). NULL unless the token is a subscriber's own.
    const char *subscriber_id;
} sw_issued_token;

// As `sw_completion`, with new tokens.
typedef struct sw_issued_token_completion {
    // Nullable. `error` is NULL and `token` is not on success; the other way round on failure.
    // Both are borrowed for the time of the call, on the dispatcher thread.
    void (*fn)(sw_status status,
               const struct sw_error *error,
               const struct sw_issued_token *token,
               void *user_data);
    // Passed to `fn` unchanged. Nullable.
    void *user_data;
} sw_issued_token_completion;

// What a guest may do. Start from `SW_GUEST_TOKEN_REQUEST_INIT`. Copied.
typedef struct sw_guest_token_request {
    // `sizeof(sw_guest_token_request)`; set by `SW_GUEST_TOKEN_REQUEST_INIT`.
    uint32_t struct_size;
    // Number of texts in `allowed_addresses`, 1 to 10.
    uint32_t allowed_address_count;
    // When the token expires, in seconds since 1970. 0: two hours from now.
    int64_t expire_at;
    // The ids (UUIDs) of the addresses that the guest may call. Not null.
    const char *const *allowed_addresses;
    // The cluster that serves the guest, such as `us-central`. NULL: the service's choice.
    const char *region;
    // The cluster host for the header of the token. NULL: the service's choice.
    const char *ch;
} sw_guest_token_request;

// What a subscriber shall be. Start from `SW_SUBSCRIBER_REQUEST_INIT`. Copied. An update replaces
// the subscriber; texts that are NULL are not sent.
typedef struct sw_subscriber_request {
    // `sizeof(sw_subscriber_request)`; set by `SW_SUBSCRIBER_REQUEST_INIT`.
    uint32_t struct_size;
    // E-mail address, unique in the project. Not null.
    const char *email;
    // Password of 8 to 72 characters. NULL: a random one.
    const char *password;
    // First name.
    const char *first_name;
    // Last name.
    const char *last_name;
    // Name to show.
    const char *display_name;
    // Job title.
    const char *job_title;
    // Time zone.
    const char *time_zone;
    // Country.
    const char *country;
    // Company.
    const char *company_name;
} sw_subscriber_request;

// A subscriber as the project sees it. Borrowed for the time of the completion. No text is NULL; a
// missing one is empty.
typedef struct sw_subscriber_resource {
    // Size of this struct in the library, in bytes.
    uint32_t struct_size;
    // The resource's id (UUID): what the functions here take.
    const char *id;
    // The subscriber's own id (UUID), which differs: the `subscriber_id` of its tokens.
    const char *subscriber_id;
    // The project (UUID).
    const char *project_id;
    // E-mail address.
    const char *email;
    // First name.
    const char *first_name;
    // Last name.
    const char *last_name;
    // Name to show.
    const char *display_name;
    // Job title.
    const char *job_title;
    // Time zone.
    const char *time_zone;
    // Country.
    const char *country;
    // Company.
    const char *company_name;
    // When it was made (ISO 8601).
    const char *created_at;
    // When it was last changed (ISO 8601).
    const char *updated_at;
    // The whole entry as JSON text.
    const char *raw_json;
} sw_subscriber_resource;

// As `sw_completion`, with a subscriber.
typedef struct sw_subscriber_resource_completion {
    // Nullable. `error` is NULL and `subscriber` is not on success; the other way round on failure.
    // Both are borrowed for the time of the call, on the dispatcher thread.
    void (*fn)(sw_status status,
               const struct sw_error *error,
               const struct sw_subscriber_resource *subscriber,
               void *user_data);
    // Passed to `fn` unchanged. Nullable.
    void *user_data;
} sw_subscriber_resource_completion;

// A page of subscribers. Borrowed for the time of the completion.
typedef struct sw_subscriber_resource_page {
    // Size of this struct in the library, in bytes.
    uint32_t struct_size;
    // `entry_count` pointers, none of them NULL; NULL when there are none.
    const struct sw_subscriber_resource *const *entries;
    // Number of entries on this page.
    size_t entry_count;
    // The first page, as `link` of the same function. Nullable, as the other links.
    const char *first_link;
    // The page before. NULL before the first.
    const char *previous_link;
    // The page that follows. NULL after the last.
    const char *next_link;
} sw_subscriber_resource_page;

// As `sw_completion`, with a page of subscribers.
typedef struct sw_subscriber_resource_page_completion {
    // Nullable. `error` is NULL and `page` is not on success; the other way round on failure.
    // Both are borrowed for the time of the call, on the dispatcher thread.
    void (*fn)(sw_status status,
               const struct sw_error *error,
               const struct sw_subscriber_resource_page *page,
               void *user_data);
    // Passed to `fn` unchanged. Nullable.
    void *user_data;
} sw_subscriber_resource_page_completion;

// One resource. Borrowed for the time of the completion. No text is NULL; a missing one is empty.
typedef struct sw_resource {
    // Size of this struct in the library, in bytes.
    uint32_t struct_size;
    // Identifier (UUID).
    const char *id;
    // The project (UUID).
    const char *project_id;
    // Name to show.
    const char *display_name;
    // What it is, such as `subscriber`, `swml_script` or `video_room`.
    const char *kind;
    // When it was made (ISO 8601).
    const char *created_at;
    // When it was last changed (ISO 8601).
    const char *updated_at;
    // The whole entry as JSON text.
    const char *raw_json;
} sw_resource;

// A page of resources. Borrowed for the time of the completion.
typedef struct sw_resource_page {
    // Size of this struct in the library, in bytes.
    uint32_t struct_size;
    // `entry_count` pointers, none of them NULL; NULL when there are none.
    const struct sw_resource *const *entries;
    // Number of entries on this page.
    size_t entry_count;
    // The first page, as `link` of the same function. Nullable, as the other links.
    const char *first_link;
    // The page before. NULL before the first.
    const char *previous_link;
    // The page that follows. NULL after the last.
    const char *next_link;
} sw_resource_page;

// As `sw_completion`, with a page of resources.
typedef struct sw_resource_page_completion {
    // Nullable. `error` is NULL and `page` is not on success; the other way round on failure.
    // Both are borrowed for the time of the call, on the dispatcher thread.
    void (*fn)(sw_status status,
               const struct sw_error *error,
               const struct sw_resource_page *page,
               void *user_data);
    // Passed to `fn` unchanged. Nullable.
    void *user_data;
} sw_resource_page_completion;

// As `sw_completion`, with a resource.
typedef struct sw_resource_completion {
    // Nullable. `error` is NULL and `resource` is not on success; the other way round on failure.
    // Both are borrowed for the time of the call, on the dispatcher thread.
    void (*fn)(sw_status status,
               const struct sw_error *error,
               const struct sw_resource *resource,
               void *user_data);
    // Passed to `fn` unchanged. Nullable.
    void *user_data;
} sw_resource_completion;

// SIP credentials of a subscriber, without the password, which the service never tells. Borrowed
// for the time of the completion. No text is NULL; a missing one is empty.
typedef struct sw_sip_credential {
    // Size of this struct in the library, in bytes.
    uint32_t struct_size;
    // Identifier (UUID).
    const char *id;
    // User name of the registration.
    const char *username;
    // Name to show to those who are called.
    const char *caller_id;
    // The number (E.164) that calls to telephones come from; `random` was seen too.
    const char *send_as;
    // Whether media must be encrypted, such as `required`.
    const char *encryption;
    // SRTP ciphers, best first, separated by spaces.
    const char *ciphers;
    // Codecs, best first, separated by spaces.
    const char *codecs;
} sw_sip_credential;

// A page of SIP credentials. Borrowed for the time of the completion.
typedef struct sw_sip_credential_page {
    // Size of this struct in the library, in bytes.
    uint32_t struct_size;
    // `entry_count` pointers, none of them NULL; NULL when there are none.
    const struct sw_sip_credential *const *entries;
    // Number of entries on this page.
    size_t entry_count;
    // The first page, as `link` of the same function. Nullable, as the other links.
    const char *first_link;
    // The page before. NULL before the first.
    const char *previous_link;
    // The page that follows. NULL after the last.
    const char *next_link;
} sw_sip_credential_page;

// As `sw_completion`, with a page of SIP credentials.
typedef struct sw_sip_credential_page_completion {
    // Nullable. `error` is NULL and `page` is not on success; the other way round on failure.
    // Both are borrowed for the time of the call, on the dispatcher thread.
    void (*fn)(sw_status status,
               const struct sw_error *error,
               const struct sw_sip_credential_page *page,
               void *user_data);
    // Passed to `fn` unchanged. Nullable.
    void *user_data;
} sw_sip_credential_page_completion;

// What SIP credentials shall be. Start from `SW_SIP_CREDENTIAL_REQUEST_INIT`. Copied. What is NULL
// or empty is not sent: the service's own for new ones, unchanged for others.
typedef struct sw_sip_credential_request {
    // `sizeof(sw_sip_credential_request)`; set by `SW_SIP_CREDENTIAL_REQUEST_INIT`.
    uint32_t struct_size;
    // Number of texts in `ciphers`.
    uint32_t cipher_count;
    // Number of texts in `codecs`.
    uint32_t codec_count;
    // User name of the registration. Needed for new credentials.
    const char *username;
    // Password of the registration. Needed for new credentials.
    const char *password;
    // Name to show to those who are called.
    const char *caller_id;
    // The project's number (E.164) that calls to telephones come from.
    const char *send_as;
    // Whether media must be encrypted: `required`, `optional` or `default`.
    const char *encryption;
    // SRTP ciphers, best first, such as `AEAD_AES_256_GCM_8`.
    const char *const *ciphers;
    // Codecs, best first, such as `OPUS`.
    const char *const *codecs;
} sw_sip_credential_request;

// As `sw_completion`, with SIP credentials.
typedef struct sw_sip_credential_completion {
    // Nullable. `error` is NULL and `credential` is not on success; the other way round on failure.
    // Both are borrowed for the time of the call, on the dispatcher thread.
    void (*fn)(sw_status status,
               const struct sw_error *error,
               const struct sw_sip_credential *credential,
               void *user_data);
    // Passed to `fn` unchanged. Nullable.
    void *user_data;
} sw_sip_credential_completion;

// One received encoded frame. Borrowed for the time of the callback.
typedef struct sw_video_frame {
    // The encoded picture, `size` bytes.
    const uint8_t *data;
    // Bytes in `data`.
    size_t size;
    // Media time in microseconds since the stream began.
    uint64_t timestamp_us;
    // One of `SW_VIDEO_CODEC_*`.
    int32_t codec;
    // Width in pixels, where the picture says so (a VP8 key frame, H.264 with an SPS); else 0.
    uint32_t width;
    // Height in pixels; 0 where unknown.
    uint32_t height;
    // Whether a decoder can begin with this picture.
    bool is_key_frame;
} sw_video_frame;

// Who gets received video. Copied by `sw_call_add_video_sink`.
typedef struct sw_video_sink {
    // `sizeof(sw_video_sink)`.
    uint32_t struct_size;
    // Called with each whole frame, in order and never twice at once, on a media thread of the
    // library. Not null. The frame is borrowed for the time of the call. It must not throw or
    // `longjmp` out; when it is 30 frames behind, they are lost and it goes on with a key frame.
    void (*on_frame)(const struct sw_video_frame *frame, void *user_data);
    // Called exactly once after the last frame, on the dispatcher thread, so that `user_data`
    // can be freed; nullable. Not called if `sw_call_add_video_sink` failed.
    void (*drop)(void *user_data);
    // Passed to both functions unchanged. Nullable.
    void *user_data;
} sw_video_sink;

// Counters and gauges of a call's video. Start from `SW_VIDEO_STATISTICS_INIT`.
typedef struct sw_video_statistics {
    // `sizeof(sw_video_statistics)`.
    uint32_t struct_size;
    // In which directions video was agreed on: one of `SW_MEDIA_DIRECTION_*`.
    int32_t direction;
    // SDP name of the video codec that is sent; empty before negotiation.
    char codec[16];
    // Frames sent.
    uint64_t frames_sent;
    // Key frames among them.
    uint64_t key_frames_sent;
    // RTP packets sent, without repetitions.
    uint64_t packets_sent;
    // RTP payload bytes sent, without repetitions.
    uint64_t bytes_sent;
    // Packets sent once more because the far side missed them.
    uint64_t packets_repeated;
    // Messages of the far side about missing packets.
    uint64_t nacks_received;
    // Requests of the far side for a key frame.
    uint64_t key_frame_requests_received;
    // The most that the far side takes in bits per second; 0 when it has not said.
    uint64_t bitrate_limit_bps;
    // Pushed frames that were not sent.
    uint64_t input_dropped_frames;
    // Whole frames received and given out.
    uint64_t frames_received;
    // Key frames among them.
    uint64_t key_frames_received;
    // RTP packets received, duplicates included.
    uint64_t packets_received;
    // RTP payload bytes received.
    uint64_t bytes_received;
    // Packets that never came.
    uint64_t packets_lost;
    // Packets that came after they were asked for.
    uint64_t packets_repaired;
    // Received frames that were incomplete, or useless without one that was.
    uint64_t frames_dropped;
    // Messages sent about missing packets.
    uint64_t nacks_sent;
    // Requests sent for a key frame.
    uint64_t key_frame_requests_sent;
    // Frames that slow video sinks lost.
    uint64_t output_dropped_frames;
    // Width of the last received key frame in pixels; 0 until known.
    uint32_t width;
    // Height of the last received key frame in pixels; 0 until known.
    uint32_t height;
    // Round trip of the video's path in milliseconds; 0 until known.
    double round_trip_ms;
    // Loss of what is sent, as the far side reports it, 0.0 to 1.0.
    double remote_loss_fraction;
} sw_video_statistics;

// A picture's planes. Start from `SW_PICTURE_INFO_INIT`.
//
// What the library fills in points into the picture: good in the callback, and for as long as a
// reference to the picture is held. What the application fills in is copied.
typedef struct sw_picture_info {
    // `sizeof(sw_picture_info)`.
    uint32_t struct_size;
    // One of `SW_PIXEL_FORMAT_*`.
    int32_t format;
    // Width in pixels, before any rotation.
    uint32_t width;
    // Height in pixels, before any rotation.
    uint32_t height;
    // How far it has to be turned clockwise to stand upright: 0, 90, 180 or 270 degrees. Received
    // pictures stand upright; what is pushed is turned before it is sent.
    int32_t rotation;
    // Bytes from one row of each plane to the next.
    uint32_t strides[3];
    // The samples of each plane, row by row; NULL beyond the format's planes.
    const uint8_t *planes[3];
    // Media time in microseconds: since the stream's first picture; of a pushed one when it was
    // captured, by any clock that never goes back.
    uint64_t timestamp_us;
} sw_picture_info;

// How pushed pictures are encoded; 0 in a field leaves the choice to the library. Start from
// `SW_VIDEO_ENCODING_INIT`.
typedef struct sw_video_encoding {
    // `sizeof(sw_video_encoding)`.
    uint32_t struct_size;
    // The most bits per second; by default what is usual for the size, between 0.1 and 2.5 Mbit/s.
    uint32_t max_bitrate_bps;
    // The largest width in pixels; larger pictures are made smaller, their shape kept.
    uint32_t max_width;
    // The largest height in pixels.
    uint32_t max_height;
    // The most pictures per second; what comes sooner is left out. The bits are spread over so many,
    // over 30 by default.
    double max_frame_rate;
} sw_video_encoding;

// Who gets the received pictures. Copied by `sw_call_add_picture_sink`.
typedef struct sw_picture_sink {
    // `sizeof(sw_picture_sink)`.
    uint32_t struct_size;
    // The format that is wanted: one of `SW_PIXEL_FORMAT_*`.
    int32_t format;
    // Called with each picture, in order and never twice at once, on a media thread of the library.
    // Not null. `picture` and `info` are borrowed for the time of the call; `sw_picture_ref` keeps the
    // picture with its planes. It must not throw or `longjmp` out; when it is two pictures behind the
    // latest take the place of older ones.
    void (*on_picture)(struct sw_picture *picture,
                       const struct sw_picture_info *info,
                       void *user_data);
    // Called exactly once after the last picture, on the dispatcher thread, so that `user_data` can be
    // freed; nullable. Not called if `sw_call_add_picture_sink` failed.
    void (*drop)(void *user_data);
    // Passed to both functions unchanged. Nullable.
    void *user_data;
} sw_picture_sink;

// What became of a call's pictures. Start from `SW_PICTURE_STATISTICS_INIT`.
typedef struct sw_picture_statistics {
    // `sizeof(sw_picture_statistics)`.
    uint32_t struct_size;
    // Pictures that were pushed and encoded into a frame.
    uint64_t encoded;
    // Pushed pictures that were not sent.
    uint64_t input_dropped;
    // Pictures that the encoder failed with.
    uint64_t encode_errors;
    // What the encoder is told to keep to, in bits per second; 0 before the first picture.
    uint64_t target_bitrate_bps;
    // Time that encoding took, all pictures together, in microseconds.
    uint64_t encode_us;
    // Received frames that became pictures.
    uint64_t decoded;
    // Received frames that could not be decoded; each asked for a key frame.
    uint64_t decode_errors;
    // Received frames that were left out until a key frame came.
    uint64_t decode_skipped;
    // Pictures that slow sinks lost; newer ones took their place.
    uint64_t output_dropped;
    // Time that decoding took, all frames together, in microseconds.
    uint64_t decode_us;
} sw_picture_statistics;

// How a screen is shared. Start from `SW_SCREEN_SHARE_OPTIONS_INIT`.
//
// Everything is copied before `sw_call_start_screen_share` returns. NULL and 0 mean the default.
typedef struct sw_screen_share_options {
    // `sizeof(sw_screen_share_options)`; set by `SW_SCREEN_SHARE_OPTIONS_INIT`.
    uint32_t struct_size;
    // Longest time from the answer to working media in milliseconds, 1 to 600000. 0: 15000.
    uint32_t media_timeout_ms;
    // Video codecs to offer, best first, each one of `SW_VIDEO_CODEC_*`. 0 ends the list; all 0:
    // VP8, H.264.
    int32_t video_codecs[2];
    // The layout that the session is to have with the screen, 1 to 256 bytes. NULL: the service's.
    const char *layout;
    // Where the screen is to be shown, such as `reserved-0`, 1 to 256 bytes. NULL: where the service
    // likes.
    const char *position;
    // Variables for the far side's scripts, as the text of one JSON object. NULL: none.
    const char *user_variables_json;
    // Who hears about the leg's events; copied. NULL: nobody.
    const struct sw_call_observer *observer;
    // Whether the screen has sound, too, which is pushed as audio into the leg.
    bool with_audio;
} sw_screen_share_options;

// What is told once when a further leg was started, or could not be.
typedef struct sw_call_completion {
    // Not null. On `SW_OK`, `call` is the new leg, in state `SW_CALL_STATE_NEW` or later: release
    // it with `sw_call_unref`. Else it is NULL and `error` is borrowed for the time of the call. It
    // runs on the dispatcher thread before the observer's first event; it must not block, throw or
    // `longjmp` out.
    void (*fn)(sw_status status, const struct sw_error *error, struct sw_call *call, void *user_data);
    // Passed to `fn` unchanged; never touched by the library. Nullable.
    void *user_data;
} sw_call_completion;

// What an additional device sends. Start from `SW_DEVICE_OPTIONS_INIT`, which sends video.
//
// Everything is copied before `sw_call_add_device` returns. NULL and 0 mean the default.
typedef struct sw_device_options {
    // `sizeof(sw_device_options)`; set by `SW_DEVICE_OPTIONS_INIT`.
    uint32_t struct_size;
    // Longest time from the answer to working media in milliseconds, 1 to 600000. 0: 15000.
    uint32_t media_timeout_ms;
    // Video codecs to offer, best first, each one of `SW_VIDEO_CODEC_*`. 0 ends the list; all 0:
    // VP8, H.264.
    int32_t video_codecs[2];
    // Variables for the far side's scripts, as the text of one JSON object. NULL: none.
    const char *user_variables_json;
    // Who hears about the leg's events; copied. NULL: nobody.
    const struct sw_call_observer *observer;
    // Whether it sends audio.
    bool sends_audio;
    // Whether it sends video; true in `SW_DEVICE_OPTIONS_INIT`. It must send one of both.
    bool sends_video;
} sw_device_options;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Gives the version of the library that runs: `major * 1000000 + minor * 1000 + patch`.
//
// `SW_VERSION_NUMBER` is the version of the header that was compiled; `SW_VERSION_CHECK()`
// compares the two. Any thread; does not block.
uint32_t sw_version_number(void);

// Gives the version of the library that runs as text, such as `0.1.0`.
//
// Never NULL; static, never free it. Any thread; does not block.
const char *sw_version_string(void);

// Ends the library: hangs up all calls, closes all clients, calls what is owed to completions
// and observers, then ends every thread. Blocks, normally well below 1 s, 10 s at most.
//
// Call it before `main` returns or the library is unloaded. Handles stay valid and must still be
// freed; their clients are closed. The library may be used again afterwards and starts anew. A
// second call does nothing. No other thread may use the library meanwhile.
// Errors: `SW_ERR_IN_CALLBACK` inside a callback, where nothing is done.
sw_status sw_shutdown(void);

// Gives the name of a status, such as `SW_ERR_TIMEOUT`.
//
// Any number may be passed; an unknown one gives `SW_ERR_UNKNOWN`. The text is never NULL and
// static: never free it. Any thread.
const char *sw_status_name(sw_status status);

// Gives a short English description of a status.
//
// For what happened in one case prefer `sw_last_error` or the `message` of an `sw_error`. The
// text is never NULL and static: never free it. Any number may be passed. Any thread.
const char *sw_status_text(sw_status status);

// Gives the message of the last function of this library that failed on this thread.
//
// Never NULL; empty when none failed yet. Borrowed until the next failing call on this thread:
// copy it to keep it. A successful call does not change it. Failures of completions are told to
// the completion instead. Any thread.
const char *sw_last_error(void);

// Gives all about the last failure on this thread, with the service's code if there is one.
//
// NULL when nothing failed yet. Borrowed until the next failing call on this thread. Any thread.
const struct sw_error *sw_last_error_info(void);

// Frees a text that a function of this library gave with the remark that it must be freed.
//
// `text`: nullable; NULL is ok and does nothing. Never pass a borrowed text or one from another
// allocator, and free each text once: texts are plain memory and cannot be checked.
// Errors: none. Any thread.
sw_status sw_string_free(char *text);

// Sends the library's log to a handler, in place of the one before.
//
// `level`: one of `SW_LOG_*`. `handler`: nullable; NULL or `SW_LOG_OFF` ends the log. Lines are
// delivered on the dispatcher thread; 1024 may wait there, further ones are dropped and
// counted. The handler before gets its `drop`, after its last line.
// Errors: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_INVALID_STATE` when the process has already a
// `tracing` subscriber of its own, which then has the log. Any thread, also inside callbacks;
// does not block.
sw_status sw_set_log_handler(int32_t level, const struct sw_log_handler *handler);

// Makes a waiter.
//
// `out_waiter`: not null; written on success; free it with `sw_waiter_free`.
// Errors: `SW_ERR_INVALID_ARGUMENT`. Any thread.
sw_status sw_waiter_new(struct sw_waiter **out_waiter);

// Frees a waiter. A completion that is still under way is forgotten; a thread that waits gets
// `SW_ERR_CANCELLED`.
//
// `waiter`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any
// thread, also inside callbacks.
sw_status sw_waiter_free(struct sw_waiter *waiter);

// Forgets the result and the completion of the last wait; a thread that waits gets
// `SW_ERR_CANCELLED`. Seldom needed, since `sw_waiter_completion` does the same.
//
// `waiter`: not null. Errors: `SW_ERR_INVALID_HANDLE`. Any thread. A second call does nothing.
sw_status sw_waiter_reset(struct sw_waiter *waiter);

// Begins a new wait and gives the completion to pass to a function of this library.
//
// Earlier results and completions of this waiter are forgotten, so take one completion, start
// one operation and wait for it, then take the next. When the function refuses, the wait ends
// with its error, so its status need not be looked at. The application may also call the
// completion's `fn` itself, for example at the end of a typed completion.
// `waiter`: not null; for an invalid handle `fn` is NULL and `sw_waiter_wait` tells the error.
// Any thread.
struct sw_completion sw_waiter_completion(struct sw_waiter *waiter);

// Waits until the completion was called, and gives its status; the text is then in
// `sw_last_error`, the service's code in `sw_last_error_info`.
//
// `waiter`: not null. `timeout_ms`: 0 only looks, `SW_WAIT_FOREVER` never gives up. Blocks, so
// not allowed in callbacks. Waiting again after `SW_ERR_TIMEOUT` is possible, and after the end
// gives the same result again.
// Errors: those of the operation; `SW_ERR_TIMEOUT` (the operation goes on);
// `SW_ERR_IN_CALLBACK`; `SW_ERR_INVALID_STATE` when no completion was taken;
// `SW_ERR_CANCELLED` when the waiter is freed or reset meanwhile; `SW_ERR_INVALID_HANDLE`.
sw_status sw_waiter_wait(struct sw_waiter *waiter, uint32_t timeout_ms);

// Makes a client. Nothing is sent before `sw_client_connect`.
//
// `options`: not null, with the token; copied. `observer`: nullable; copied; hears all events
// from now on until `SW_CLIENT_EVENT_STATE_CHANGED` to `SW_CLIENT_STATE_CLOSED`, the last one.
// `out_client`: not null; written on success; free it with `sw_client_free`.
// Errors: `SW_ERR_INVALID_TOKEN` if the token is not one; `SW_ERR_INVALID_ARGUMENT` for unusable
// options; `SW_ERR_TLS` for unreadable CA certificates; `SW_ERR_INTERNAL` if no threads can be
// started. Any thread; does not block. Each call makes another client.
sw_status sw_client_new(const struct sw_client_options *options,
                        const struct sw_client_observer *observer,
                        struct sw_client **out_client);

// Frees a client. Its calls are hung up and its session is closed in the background; the
// observer still gets the last events and its `drop`.
//
// Operations that are under way end with `SW_ERR_CANCELLED` where they cannot finish; their
// completions are called in any case. Call handles stay valid until they are released, also
// when the client is freed first. `client`: nullable; NULL is ok.
// Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread, also inside callbacks, the
// client's own included; does not block. To wait for the end use `sw_client_disconnect` before.
sw_status sw_client_free(struct sw_client *client);

// Opens the session; the completion tells when the service has authorized it.
//
// From then on a lost connection is made again by itself. Connecting a connected client is
// `SW_OK`. `client`: not null.
// Completion: `SW_ERR_NETWORK` (unknown or unreachable host),
// `SW_ERR_TLS`, `SW_ERR_UNAUTHORIZED` (expired or refused token: get a new one),
// `SW_ERR_TIMEOUT` after `connect_timeout_ms`, `SW_ERR_PROTOCOL`, `SW_ERR_CLOSED` after
// `sw_client_disconnect`, `SW_ERR_CANCELLED` when freed meanwhile. Any thread.
sw_status sw_client_connect(struct sw_client *client, struct sw_completion done);

// Hangs up all calls and closes the session; the completion tells when both are done, after 5 s
// at most. Final: make a new client to connect again.
//
// `client`: not null; the handle must still be freed. Disconnecting twice is `SW_OK`.
// Errors: `SW_ERR_CANCELLED` when the library shuts down meanwhile. Any thread.
sw_status sw_client_disconnect(struct sw_client *client, struct sw_completion done);

// Gives where the client stands at this moment: one of `SW_CLIENT_STATE_*`.
//
// `client`, `out_state`: not null. Any thread; does not block.
sw_status sw_client_state(const struct sw_client *client, int32_t *out_state);

// Starts a call and gives it at once, in state `SW_CALL_STATE_NEW`, so that it can be
// watched and hung up before it is answered.
//
// `client`: not null. `address`: not null; `/context/name` with an optional `?channel=audio` or `?channel=video`,
// `+` and an E.164 number, or `sip:user@host`. `options`: nullable; copied. `out_call`: not
// null; written on success, before the observer's first event; release it with
// `sw_call_unref`. `answered`: told once when the call is answered (`SW_OK`), or
// `SW_ERR_CALL_FAILED` with the hang-up cause as `code` when it is refused or ends first, or
// `SW_ERR_CANCELLED` when the client ends.
// Errors: `SW_ERR_INVALID_ARGUMENT` for an address or option that cannot be;
// `SW_ERR_NOT_SUPPORTED` for the messaging channel; `SW_ERR_NOT_CONNECTED` before
// `sw_client_connect`; `SW_ERR_CLOSED` after `sw_client_disconnect`. Any thread; does not block.
// Each call of the function is another call.
sw_status sw_client_dial(struct sw_client *client,
                         const char *address,
                         const struct sw_dial_options *options,
                         struct sw_call **out_call,
                         struct sw_completion answered);

// Reads the subscriber that the token belongs to. Needs no session.
//
// `client`: not null. Completion: `SW_ERR_UNAUTHORIZED`,
// `SW_ERR_NETWORK`, `SW_ERR_TLS`, `SW_ERR_TIMEOUT`, `SW_ERR_RATE_LIMITED`, `SW_ERR_SERVER`,
// `SW_ERR_PROTOCOL`; `SW_ERR_CANCELLED` when the client is freed meanwhile. Any thread. Each
// call reads it anew.
sw_status sw_client_subscriber_info(struct sw_client *client, struct sw_subscriber_completion done);

// Reads the first page of the addresses that the subscriber can see. Needs no session.
//
// `client`: not null. `query`: nullable; copied. Completion:
// `SW_ERR_INVALID_ARGUMENT` for the query, else those of `sw_client_subscriber_info`. Any
// thread. Each call reads it anew.
sw_status sw_client_addresses(struct sw_client *client,
                              const struct sw_address_query *query,
                              struct sw_address_page_completion done);

// Reads the page of the directory that a link of another page leads to.
//
// `client`: not null. `link`: not null; one of a page's links, unchanged; copied. Completion:
// `SW_ERR_PROTOCOL` for a link to another host, which would get the token; `SW_ERR_NOT_FOUND` for
// a page that is gone; else those of `sw_client_subscriber_info`. Any thread.
sw_status sw_client_addresses_at(struct sw_client *client,
                                 const char *link,
                                 struct sw_address_page_completion done);

// Reads one address by its id, always from the service.
//
// `client`, `id`: not null; copied. Completion: `SW_ERR_NOT_FOUND` if there is none, or none that
// this subscriber can see; `SW_ERR_INVALID_ARGUMENT` for an empty id; else those of
// `sw_client_subscriber_info`. Any thread.
sw_status sw_client_address(struct sw_client *client,
                            const char *id,
                            struct sw_address_completion done);

// Finds one address by its name, always at the service.
//
// `client`, `name`: not null; copied; `/context/name`, such as `/private/alice` (a `?channel=` is
// ignored), or the name alone, which may exist in several contexts: the service's first is given.
// Completion: `SW_ERR_NOT_FOUND`; `SW_ERR_INVALID_ARGUMENT` for an empty name; else those of
// `sw_client_subscriber_info`. Any thread.
sw_status sw_client_address_by_name(struct sw_client *client,
                                    const char *name,
                                    struct sw_address_completion done);

// Gives the address of this id as it was read last in this session, without asking the service.
// `sw_client_address` reads it anew.
//
// The last 1024 addresses of pages, single addresses and the subscriber are kept, until a session
// is made anew or `sw_client_update_token`. `client`, `id`: not null; copied. Completion:
// `SW_ERR_NOT_FOUND` if it was not read. Any thread.
sw_status sw_client_cached_address(struct sw_client *client,
                                   const char *id,
                                   struct sw_address_completion done);

// Issues a token with which somebody who has none may call an address of this subscriber: for a
// link that is sent to them. Needs no session.
//
// `client`, `address_id`: not null; the id of one of the own addresses, as
// `sw_client_subscriber_info` gives them; copied. `expires_at`: seconds since 1970; 0: two hours
// from now. Whoever has the token can call, but cannot be called. Completion: the token, a secret;
// `SW_ERR_INVALID_ARGUMENT` for an empty address or an expiry that is not in seconds;
// `SW_ERR_REJECTED` for an address that is not the subscriber's or a time in the past; else those
// of `sw_client_subscriber_info`. Any thread. Source: `POST /api/fabric/subscriber/invites`.
sw_status sw_client_create_invite(struct sw_client *client,
                                  const char *address_id,
                                  int64_t expires_at,
                                  struct sw_text_completion done);

// Adds a reference to a call, for another owner who will `sw_call_unref` it.
//
// `call`: not null. Errors: `SW_ERR_INVALID_HANDLE`. Any thread; does not block.
sw_status sw_call_ref(struct sw_call *call);

// Takes a reference away; with the last one the handle ends. The call itself does **not**: it
// goes on until `sw_call_hangup`, the far side, or its client ends it.
//
// `call`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` when no reference is left. Any
// thread, also inside the call's own callbacks; does not block.
sw_status sw_call_unref(struct sw_call *call);

// Gives the call's id (UUID); the service knows this leg by it.
//
// `call`, `out_id`: not null. Free the text with `sw_string_free`. Any thread; does not block.
sw_status sw_call_id(const struct sw_call *call, char **out_id);

// Gives the destination as it was dialled.
//
// `call`, `out_destination`: not null. Free the text with `sw_string_free`. Any thread; does
// not block.
sw_status sw_call_destination(const struct sw_call *call, char **out_destination);

// Gives where the call stands at this moment: one of `SW_CALL_STATE_*`.
//
// `call`, `out_state`: not null. Any thread; does not block.
sw_status sw_call_state(const struct sw_call *call, int32_t *out_state);

// Gives why the call ended.
//
// `call`: not null. `out_reason`: not null; start from `SW_END_REASON_INIT`.
// Errors: `SW_ERR_INVALID_STATE` while the call has not ended. Any thread; does not block.
sw_status sw_call_end_reason(const struct sw_call *call, struct sw_end_reason *out_reason);

// Tells the completion when the call is answered, or that it will not be.
//
// The same as the `answered` of `sw_client_dial`, for whoever comes later. `call`: not null.
// Completion: `SW_OK`; `SW_ERR_CALL_FAILED` with the hang-up cause as `code`;
// `SW_ERR_CANCELLED` after the client's end. Any thread. May be called any number of times.
sw_status sw_call_answered(struct sw_call *call, struct sw_completion done);

// Tells the completion when the call is over; `sw_call_end_reason` then says why.
//
// `call`: not null. Completion: `SW_OK`, however the call ended; `SW_ERR_CANCELLED` if the
// library is shut down first. Any thread. May be called any number of times.
sw_status sw_call_ended(struct sw_call *call, struct sw_completion done);

// Hangs up: audio stops at once; the completion tells when the service has confirmed, after 2 s
// at most. The call is over in any case.
//
// `call`: not null; the handle must still be released. Hanging up an ended call is `SW_OK`.
// Errors: `SW_ERR_CANCELLED` if the library is shut down meanwhile. Any thread.
sw_status sw_call_hangup(struct sw_call *call, struct sw_completion done);

// Sends DTMF digits the way that `dtmf` of the call's options chose: through the service unless
// said otherwise.
//
// `call`: not null. `digits`: not null, 1 to 64 of `0-9 A-D * #`, and `w`/`W` for a pause of
// 0.5 s/1 s; copied. Through the service this is done when it took them; in the audio stream when
// the last one was sent, 160 ms per digit, while no other audio is sent.
// Completion: `SW_ERR_INVALID_ARGUMENT` for other characters;
// `SW_ERR_INVALID_STATE` unless the call is answered, for the audio stream also while it is held
// or has no media yet; `SW_ERR_NOT_SUPPORTED` where the far side takes no digits in the audio
// stream; `SW_ERR_MEDIA` when its audio was stopped before the last one was out; `SW_ERR_CLOSED`
// after its end; `SW_ERR_TIMEOUT` (unsure whether they were sent); `SW_ERR_REJECTED`. Any thread.
sw_status sw_call_send_digits(struct sw_call *call, const char *digits, struct sw_completion done);

// Mutes the microphone: silence is sent at once, and the service stops passing on this member's
// audio. Muting twice is `SW_OK`.
//
// `call`: not null. Completion: `SW_ERR_INVALID_STATE` unless answered
// and joined; `SW_ERR_CLOSED`; `SW_ERR_TIMEOUT` and `SW_ERR_REJECTED`, after which the local
// side stays muted. Any thread.
sw_status sw_call_mute(struct sw_call *call, struct sw_completion done);

// Undoes `sw_call_mute`; same parameters and errors. Unmuting twice is `SW_OK`.
sw_status sw_call_unmute(struct sw_call *call, struct sw_completion done);

// Gives whether the microphone is muted, by this side or by the service.
//
// `call`, `out_is_muted`: not null. Any thread; does not block.
sw_status sw_call_is_muted(const struct sw_call *call, bool *out_is_muted);

// Puts the call on hold: the service stops sending media. Holding a held call is `SW_OK`.
//
// `call`: not null. Takes about 0.3 s. Completion:
// `SW_ERR_INVALID_STATE` unless answered; `SW_ERR_CLOSED`; `SW_ERR_TIMEOUT` (state unchanged,
// retry is safe); `SW_ERR_REJECTED`. Any thread.
sw_status sw_call_hold(struct sw_call *call, struct sw_completion done);

// Takes the call off hold; same parameters and errors as `sw_call_hold`.
sw_status sw_call_unhold(struct sw_call *call, struct sw_completion done);

// Gives numbers about the call's audio at this moment; after the end those of its last moment.
//
// `call`: not null. `out_stats`: not null; start from `SW_CALL_STATISTICS_INIT`. Any thread;
// does not block.
sw_status sw_call_stats(const struct sw_call *call, struct sw_call_statistics *out_stats);

// Gives when each step of the call's set-up was done.
//
// `call`: not null. `out_times`: not null; start from `SW_SETUP_TIMES_INIT`. Any thread; does
// not block.
sw_status sw_call_setup_times(const struct sw_call *call, struct sw_setup_times *out_times);

// Asks the service for one more type of event during this call, such as `user_event`; they come
// as `SW_CALL_EVENT_OTHER`, or as the event of their own that a type has here. For what an AI
// agent says see `sw_call_subscribe_transcript`. Subscribing twice is `SW_OK`. When the service
// takes the call up in another session, they are asked for again.
//
// `call`: not null. `event_type`: not null, 1 to 256 characters; copied; which types there are
// the service decides. Completion: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_INVALID_STATE` unless
// answered, and for more than 256 types; `SW_ERR_CLOSED`; `SW_ERR_TIMEOUT` (retry is safe);
// `SW_ERR_REJECTED`. Any thread.
sw_status sw_call_subscribe(struct sw_call *call,
                            const char *event_type,
                            struct sw_completion done);

// Asks for what is said in a conversation with an AI agent, from now on:
// `SW_CALL_EVENT_TRANSCRIPT`. Subscribing twice is `SW_OK`.
//
// `call`: not null. Completions as for `sw_call_subscribe`; asking again is safe. Any thread.
sw_status sw_call_subscribe_transcript(struct sw_call *call, struct sw_completion done);

// Sends any `call.*` request of the service, and gives the text of its JSON result: for what
// this library has no function for.
//
// `call`: not null. `method`: not null, such as `call.raisehand`; copied. `params_json`:
// nullable, the text of one JSON object; copied. `self`, who asks, is added unless given;
// `target`, who is acted on, is the own member unless `target` or `targets` is given. Another
// member is named by its three ids, `member_id`, `call_id` and `node_id`, as its events have them.
// Completion: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_INVALID_STATE` unless answered and joined;
// `SW_ERR_CLOSED`; `SW_ERR_TIMEOUT` (unsure whether it was done); `SW_ERR_NOT_FOUND` for a method
// that the service lacks; `SW_ERR_REJECTED` with the service's code. Any thread.
sw_status sw_call_execute(struct sw_call *call,
                          const char *method,
                          const char *params_json,
                          struct sw_text_completion done);

// Gives everybody known to be in the call at this moment, in the order in which they came: the
// own member (more than once while the call is in several sessions, see `room_session_id`),
// other people, screens, devices. Empty before the call joined its session.
//
// `call`: not null. `out_list`: not null; written on success; free it with
// `sw_member_list_free`. It does not change any more; each change of the call's members is an
// event. Any thread; does not block.
sw_status sw_call_members(const struct sw_call *call, struct sw_member_list **out_list);

// Gives the members of a list: `*out_count` pointers, none of them NULL; NULL when there are
// none. They are borrowed until `sw_member_list_free`.
//
// `list`, `out_members`, `out_count`: not null. Errors: `SW_ERR_INVALID_HANDLE`. Any thread; does
// not block.
sw_status sw_member_list_get(const struct sw_member_list *list,
                             const struct sw_member *const **out_members,
                             size_t *out_count);

// Frees a list of members, and with it what `sw_member_list_get` gave.
//
// `list`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread.
sw_status sw_member_list_free(struct sw_member_list *list);

// Gives the layout where the call is at the moment.
//
// `call`: not null. `out_layout`: not null; written on success; free it with
// `sw_layout_snapshot_free`. It does not change any more. Errors: `SW_ERR_INVALID_STATE` before
// the service told one. Any thread; does not block.
sw_status sw_call_layout(const struct sw_call *call, struct sw_layout_snapshot **out_layout);

// Gives the layout of a snapshot, borrowed until `sw_layout_snapshot_free`.
//
// `snapshot`, `out_layout`: not null. Errors: `SW_ERR_INVALID_HANDLE`. Any thread; does not block.
sw_status sw_layout_snapshot_get(const struct sw_layout_snapshot *snapshot,
                                 const struct sw_layout **out_layout);

// Frees a snapshot of a layout, and with it what `sw_layout_snapshot_get` gave.
//
// `snapshot`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any
// thread.
sw_status sw_layout_snapshot_free(struct sw_layout_snapshot *snapshot);

// Gives what the own member may do where the call is at the moment, as the service words it:
// such as `self.mute` or `member.remove`; a word grants everything below it (`self`). Empty
// before the call joined its session.
//
// `call`: not null. `out_list`: not null; written on success; free it with `sw_text_list_free`.
// Any thread; does not block.
sw_status sw_call_capabilities(const struct sw_call *call, struct sw_text_list **out_list);

// Gives the texts of a list: `*out_count` pointers, none of them NULL; NULL when there are none.
// They are borrowed until `sw_text_list_free`.
//
// `list`, `out_texts`, `out_count`: not null. Errors: `SW_ERR_INVALID_HANDLE`. Any thread; does
// not block.
sw_status sw_text_list_get(const struct sw_text_list *list,
                           const char *const **out_texts,
                           size_t *out_count);

// Frees a list of texts, and with it what `sw_text_list_get` gave.
//
// `list`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread.
sw_status sw_text_list_free(struct sw_text_list *list);

// Mutes or unmutes a microphone: the service stops passing on the member's audio. Of the own
// microphone, silence is sent from here at once, too; when the request fails it stays muted.
// Repeating is `SW_OK`. What it does to each of everybody `SW_CALL_EVENT_MEMBER_UPDATED` tells; the
// own microphone follows it.
//
// All functions about members have these parameters and completions in common. `call`: not null.
// `member_id`: nullable; NULL is the own member, `SW_MEMBER_ALL` everybody, else the id of an
// `sw_member`; copied. Completion: `SW_ERR_INVALID_ARGUMENT` for an argument out of its range;
// `SW_ERR_INVALID_STATE` unless the call is answered and joined (wait for
// `SW_CALL_EVENT_JOINED`); `SW_ERR_NOT_FOUND` for a member that is not in `sw_call_members`, or
// that the service no longer knows; `SW_ERR_CLOSED` after the end; `SW_ERR_TIMEOUT` and
// `SW_ERR_NETWORK` (unsure whether it was done; asking again is safe); `SW_ERR_REJECTED` with
// the service's code, -32001 when `sw_call_capabilities` do not allow it. Nothing is checked here
// against the capabilities: the service decides. Any thread.
sw_status sw_call_set_audio_muted(struct sw_call *call,
                                  const char *member_id,
                                  bool muted,
                                  struct sw_completion done);

// Mutes or unmutes a camera at the service. Parameters and completions as for
// `sw_call_set_audio_muted`.
sw_status sw_call_set_video_muted(struct sw_call *call,
                                  const char *member_id,
                                  bool muted,
                                  struct sw_completion done);

// Stops or restores the audio that a member hears. Parameters and completions as for
// `sw_call_set_audio_muted`.
sw_status sw_call_set_deaf(struct sw_call *call,
                           const char *member_id,
                           bool deaf,
                           struct sw_completion done);

// Raises or lowers a hand. Parameters and completions as for `sw_call_set_audio_muted`.
sw_status sw_call_set_hand_raised(struct sw_call *call,
                                  const char *member_id,
                                  bool raised,
                                  struct sw_completion done);

// Sets the volume of a member's microphone, -50 to 50; 0 leaves it as it comes. Parameters and
// completions as for `sw_call_set_audio_muted`.
sw_status sw_call_set_input_volume(struct sw_call *call,
                                   const char *member_id,
                                   int32_t volume,
                                   struct sw_completion done);

// Sets the volume of what a member hears, -50 to 50; 0 leaves it as it comes. Parameters and
// completions as for `sw_call_set_audio_muted`.
sw_status sw_call_set_output_volume(struct sw_call *call,
                                    const char *member_id,
                                    int32_t volume,
                                    struct sw_completion done);

// Sets below which level a member's sound counts as silence, 0 to 100; 30 by default. Has an
// effect in conferences only. Parameters and completions as for `sw_call_set_audio_muted`.
sw_status sw_call_set_input_sensitivity(struct sw_call *call,
                                        const char *member_id,
                                        int32_t sensitivity,
                                        struct sw_completion done);

// Switches what the service does to a member's microphone.
//
// `flags`: not null; at least one must not be -1; copied. Other parameters and completions as
// for `sw_call_set_audio_muted`.
sw_status sw_call_set_audio_flags(struct sw_call *call,
                                  const char *member_id,
                                  const struct sw_audio_flags *flags,
                                  struct sw_completion done);

// Asks the service to send a member video of low bit rate, or no longer. Parameters and
// completions as for `sw_call_set_audio_muted`.
sw_status sw_call_set_low_bitrate(struct sw_call *call,
                                  const char *member_id,
                                  bool low,
                                  struct sw_completion done);

// Locks the room, so that nobody else can join, or unlocks it.
//
// `call`: not null. Completions as for `sw_call_set_audio_muted`. Any thread.
sw_status sw_call_set_locked(struct sw_call *call, bool locked, struct sw_completion done);

// Asks for the names of the layouts that `sw_call_set_layout` takes.
//
// `call`: not null. Completions as for `sw_call_set_audio_muted`; `SW_ERR_PROTOCOL` for an answer
// without a list. Any thread.
sw_status sw_call_layouts(struct sw_call *call, struct sw_texts_completion done);

// Chooses a layout by its name. `SW_CALL_EVENT_LAYOUT_CHANGED` tells the effect; place members
// with `sw_call_set_positions` afterwards.
//
// `call`: not null. `name`: not null, 1 to 256 characters; copied. Completions as for
// `sw_call_set_audio_muted`; `SW_ERR_REJECTED` for a name that the service lacks. Any thread.
sw_status sw_call_set_layout(struct sw_call *call, const char *name, struct sw_completion done);

// Places members in the layout, all in one request. Has no effect outside of conferences.
//
// `call`: not null. `positions`: not null, an array of `count` structs, 1 to 1024; copied.
// Completions as for `sw_call_set_audio_muted`; `SW_ERR_INVALID_ARGUMENT` also for
// `SW_MEMBER_ALL`. Any thread.
sw_status sw_call_set_positions(struct sw_call *call,
                                const struct sw_member_position *positions,
                                size_t count,
                                struct sw_completion done);

// Removes another member from the session.
//
// `member_id`: not null. Other parameters and completions as for `sw_call_set_audio_muted`.
sw_status sw_call_remove_member(struct sw_call *call,
                                const char *member_id,
                                struct sw_completion done);

// Ends the call of a member at the service. For the own call `sw_call_hangup` is the usual way;
// whether others are dropped with a member is the service's decision.
//
// Parameters and completions as for `sw_call_set_audio_muted`.
sw_status sw_call_end_for(struct sw_call *call, const char *member_id, struct sw_completion done);

// Asks the service to connect the far side with `destination` instead. What becomes of this
// call then the service decides: it ends it, or moves it on, which `SW_CALL_EVENT_JOINED` tells.
//
// `call`: not null. `destination`: not null, in the forms of `sw_client_dial`; copied.
// Completion: `SW_ERR_INVALID_ARGUMENT` for what is no destination; `SW_ERR_INVALID_STATE` unless
// the call is answered; `SW_ERR_CLOSED`; `SW_ERR_TIMEOUT` (unsure whether it was done);
// `SW_ERR_NOT_SUPPORTED` where the service has no transfer; `SW_ERR_REJECTED` with its code where
// it refused. Any thread.
sw_status sw_call_transfer(struct sw_call *call,
                           const char *destination,
                           struct sw_completion done);

// Makes the client reachable: from now on calls come in as `SW_CLIENT_EVENT_INCOMING_CALL`, also
// after a reconnection. Being online twice is `SW_OK`.
//
// A device that is registered for push should not be online as well: calls would come twice.
// `client`: not null. Completion: `SW_ERR_NOT_CONNECTED` before `sw_client_connect`;
// `SW_ERR_REJECTED` (guest and invite tokens cannot be called); `SW_ERR_TIMEOUT`;
// `SW_ERR_CLOSED`; `SW_ERR_CANCELLED` when freed meanwhile. Any thread.
sw_status sw_client_online(struct sw_client *client, struct sw_completion done);

// Undoes `sw_client_online`; calls that are up go on. Same parameters and errors.
sw_status sw_client_offline(struct sw_client *client, struct sw_completion done);

// Sets which calls that come in are refused as busy from now on, without being announced: each
// is an `SW_CLIENT_EVENT_CALL_DECLINED`. Calls that ring already ring on, and the subscriber's
// other devices ring in any case. Off at first.
//
// `client`: not null. `mode`: one of `SW_DO_NOT_DISTURB_*`. Errors: `SW_ERR_INVALID_ARGUMENT` for
// another mode. Any thread; does not block.
sw_status sw_client_set_do_not_disturb(struct sw_client *client, int32_t mode);

// Gives a call of this client by its id: the one that `SW_CLIENT_EVENT_INCOMING_CALL` announced.
//
// `client`, `id`: not null. `observer`: nullable; copied; hears the call's events, the first
// one from the call's beginning. `out_call`: not null; written on success, before the observer's
// first event; release it with `sw_call_unref`. Each call of the function gives another handle.
// Errors: `SW_ERR_NOT_FOUND` if the call is over by now or never was. Any thread, also inside
// callbacks; does not block.
sw_status sw_client_call(struct sw_client *client,
                         const char *id,
                         const struct sw_call_observer *observer,
                         struct sw_call **out_call);

// Gives whether a call was dialled here or came in: one of `SW_DIRECTION_*`.
//
// `call`, `out_direction`: not null. Any thread; does not block.
sw_status sw_call_direction(const struct sw_call *call, int32_t *out_direction);

// Gives who is at the other end: the caller of a call that came in, else what was dialled.
//
// `call`, `out_name`, `out_number`: not null. The name is for people and empty when the service
// knows none; the number is an address (`/private/bob`) or a number. Free both texts with
// `sw_string_free`. Any thread; does not block.
sw_status sw_call_remote_party(const struct sw_call *call, char **out_name, char **out_number);

// Answers a call that came in with audio both ways; the completion tells when it is up.
//
// `call`: not null. `options`: nullable; copied.
// Completion: `SW_ERR_INVALID_ARGUMENT` for an option that cannot be; `SW_ERR_INVALID_STATE` for
// a call that was dialled here or is answered already; `SW_ERR_CLOSED` after its end;
// `SW_ERR_CALL_FAILED` when the caller gave up meanwhile, another device was faster, or no
// common media was found. Any thread.
sw_status sw_call_answer(struct sw_call *call,
                         const struct sw_answer_options *options,
                         struct sw_completion done);

// Refuses a call that came in as busy; the completion tells when the service has confirmed,
// after 2 s at most. The subscriber's other devices ring on.
//
// `call`: not null; the handle must still be released. Completion: `SW_ERR_INVALID_STATE` for a
// call that was dialled here or is answered already; `SW_ERR_CLOSED` after its end. Any thread.
sw_status sw_call_reject(struct sw_call *call, struct sw_completion done);

// Refuses a call that came in on all the subscriber's devices; same parameters and errors as
// `sw_call_reject`.
sw_status sw_call_reject_everywhere(struct sw_call *call, struct sw_completion done);

// Tells the client that the device's network changed: another Wi-Fi, mobile data instead of
// Wi-Fi, a VPN, waking up. Call it from the platform's own notice; on Linux the client notices by
// itself unless `ignores_network_changes` is set.
//
// The connection to the service is checked at once, and made anew without a pause if it is dead.
// Calls whose local address is gone make their media path anew (`SW_CALL_EVENT_RECOVERING`).
// `client`: not null. Harmless when nothing changed. Errors: `SW_ERR_CLOSED` after
// `sw_client_disconnect`. Any thread; does not block.
sw_status sw_client_network_changed(const struct sw_client *client);

// Gives the session and its answered calls as a text with which another process can go on, by
// `resume_from`, when this one dies. A secret, like the token.
//
// It is out of date with every `SW_CLIENT_EVENT_SESSION_READY` and
// `SW_CLIENT_EVENT_SESSION_RECORD_CHANGED` and when a call is answered, ends or changes its media:
// store it anew then.
// Do not use it while this process lives: a session has one connection.
// `client`, `out_record`: not null; `*out_record` is written on success; free it with
// `sw_string_free`. Errors: `SW_ERR_NOT_CONNECTED` before the first connection; `SW_ERR_CLOSED`
// after `sw_client_disconnect`. Any thread; does not block.
sw_status sw_client_session_record(const struct sw_client *client, char **out_record);

// Gives whether the media path is being made anew at this moment; the state stays
// `SW_CALL_STATE_ACTIVE` or `SW_CALL_STATE_HELD`.
//
// `call`, `out_is_recovering`: not null. Any thread; does not block.
sw_status sw_call_is_recovering(const struct sw_call *call, bool *out_is_recovering);

// Queues PCM to be sent. Never blocks; the samples are copied.
//
// `call`: not null. `samples`: not null; signed 16-bit, interleaved left, right when stereo.
// `sample_count`: how many there are, all channels together; a multiple of `channels`, any
// positive number of them. `sample_rate_hz`: 8000 to 192000; `channels`: 1 or 2; both may change
// from call to call. `out_dropped_ms`: nullable; milliseconds of older audio that had to be
// dropped because the queue was full, 0 normally. The queue holds `audio_queue_ms` of the dial
// options. Audio pushed before the answer is dropped.
// Errors: `SW_ERR_INVALID_ARGUMENT` for a format or count that cannot be; `SW_ERR_CLOSED` after
// the call's end. Any thread.
sw_status sw_call_push_audio(struct sw_call *call,
                             const int16_t *samples,
                             size_t sample_count,
                             uint32_t sample_rate_hz,
                             uint32_t channels,
                             uint32_t *out_dropped_ms);

// Gives how many milliseconds of pushed audio wait to be sent.
//
// `call`, `out_queued_ms`: not null. Any thread; does not block.
sw_status sw_call_queued_audio_ms(const struct sw_call *call, uint32_t *out_queued_ms);

// Discards at once what was pushed and is not sent yet, for a bot that is interrupted.
//
// `call`: not null. `out_cleared_ms`: nullable; the milliseconds that were discarded, rounded up: 0 when
// nothing waited, and after the end. The far side hears silence from the next packet on, or what is
// pushed after it. A push at the same time, of another thread, is discarded as a whole or not at all.
// A file that is played goes on. What was discarded does not count as dropped. Errors:
// `SW_ERR_INVALID_HANDLE`. Any thread; does not block.
sw_status sw_call_clear_audio(struct sw_call *call,
                              uint32_t *out_cleared_ms);

// Delivers the received audio to a sink, from the first packet until the call ends or
// `sw_call_remove_audio_sink`.
//
// `call`: not null. `sample_rate_hz`: 8000 to 192000; `channels`: 1 or 2; frames are converted
// to them. `sink`: not null; copied. `out_sink_id`: nullable; names the sink for its removal.
// Lost packets and silence arrive as frames too. A sink that is slower than real time loses the
// oldest of its 10 waiting frames; `output_dropped_frames` counts them. Several sinks may be
// added; each call of the function adds another.
// Errors: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_CLOSED` after the call's end. Any thread; does not
// block.
sw_status sw_call_add_audio_sink(struct sw_call *call,
                                 uint32_t sample_rate_hz,
                                 uint32_t channels,
                                 const struct sw_audio_sink *sink,
                                 uint64_t *out_sink_id);

// Ends the deliveries to a sink. When it returns, `on_frame` does not run and will not be
// called again; its `drop` follows on the dispatcher thread.
//
// `call`: not null. Waits for a running `on_frame`, unless called from inside it. An unknown or
// removed id is ignored. Errors: `SW_ERR_INVALID_HANDLE`. Any thread, also inside callbacks; do
// not call it while holding a lock that `on_frame` takes.
sw_status sw_call_remove_audio_sink(struct sw_call *call, uint64_t sink_id);

// Plays a WAV file into the call in real time; the completion tells when all of it was sent.
//
// `call`: not null. `path`: not null, UTF-8; copied. PCM of 8 to 32 bits or float, 8000 to
// 192000 Hz; at most 256 MB. A second file plays at the same time and both are garbled: wait for
// the first.
// Completion: `SW_ERR_INVALID_STATE` unless the call is answered;
// `SW_ERR_MEDIA` for files that cannot be read; `SW_ERR_CLOSED` when the call ends first. Any
// thread.
sw_status sw_call_play_wav(struct sw_call *call, const char *path, struct sw_completion done);

// Gives the devices of this machine.
//
// `out_devices`: not null; written on success; free it with `sw_audio_devices_free`. A machine
// without devices is no error here: its list is empty.
// Errors: `SW_ERR_NOT_SUPPORTED` in libraries without the feature `devices`, as the installed one
// is, since it would not load without libasound; `SW_ERR_MEDIA` where the audio system does not
// answer. Any thread.
sw_status sw_audio_devices_system(struct sw_audio_devices **out_devices);

// Gives one microphone that hears nothing and one loudspeaker that nobody hears, for programs
// that want devices on a machine that has none.
//
// `out_devices`: not null; written on success; free it with `sw_audio_devices_free`.
// Errors: `SW_ERR_INTERNAL` if no thread can be started. Any thread.
sw_status sw_audio_devices_silent(struct sw_audio_devices **out_devices);

// Frees the devices; what was opened goes on. The observers end with the last open microphone
// and loudspeaker. `devices`: nullable; NULL is ok.
// Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread, also inside callbacks.
sw_status sw_audio_devices_free(struct sw_audio_devices *devices);

// Tells the devices that are there now, with their rates: `on_device` is called for each, on this
// thread, before the function returns.
//
// `devices`, `on_device`: not null. `user_data`: passed unchanged. Asking a device for its rates
// may take some 10 ms. Errors: `SW_ERR_MEDIA` where the audio system does not answer. Any thread.
sw_status sw_audio_devices_list(const struct sw_audio_devices *devices,
                                void (*on_device)(const struct sw_audio_device *device,
                                                  void *user_data),
                                void *user_data);

// Tells an observer what happens to the devices and to what was opened; the first one is told
// everything since the devices were made. They are looked at every second.
//
// `devices`: not null. `observer`: not null; copied. Several observers may be added.
// Errors: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_MEDIA` where the audio system does not answer;
// `SW_ERR_INTERNAL` if no thread can be started. Any thread.
sw_status sw_audio_devices_observe(struct sw_audio_devices *devices,
                                   const struct sw_audio_device_observer *observer);

// Starts a microphone; connect it to calls by `sw_call_connect_microphone`.
//
// `devices`: not null; may be freed afterwards. `options`: nullable; copied. `out_microphone`: not
// null; written on success; free it with `sw_microphone_free`. A named microphone falls back to
// the default while it is unplugged, and is taken again when it comes back.
// Errors: `SW_ERR_NOT_FOUND` when there is no such microphone, or none at all (the text says which
// there are); `SW_ERR_INVALID_ARGUMENT` for a part of a name that fits several; `SW_ERR_MEDIA` when
// it cannot be opened, e.g. since another program has it or this one lacks the permission;
// `SW_ERR_INTERNAL` if no thread can be started. Any thread; it may take some 100 ms.
sw_status sw_audio_devices_open_microphone(struct sw_audio_devices *devices,
                                           const struct sw_microphone_options *options,
                                           struct sw_microphone **out_microphone);

// Starts a loudspeaker; connect calls to it by `sw_call_connect_loudspeaker`.
//
// `devices`: not null; may be freed afterwards. `device`: id, name or part of a name; NULL for the
// default, also when that changes; copied. `out_loudspeaker`: not null; written on success; free
// it with `sw_loudspeaker_free`. Errors: as for `sw_audio_devices_open_microphone`. Any thread; it
// may take some 100 ms.
sw_status sw_audio_devices_open_loudspeaker(struct sw_audio_devices *devices,
                                            const char *device,
                                            struct sw_loudspeaker **out_loudspeaker);

// Gives the id of the device in use.
//
// `microphone`: not null. `out_id`: not null; NULL is written while it is unplugged and there is
// no other, and after `sw_microphone_stop`; free it with `sw_string_free`. Any thread.
sw_status sw_microphone_device(const struct sw_microphone *microphone, char **out_id);

// Gives what a microphone did so far. `microphone`, `out_stats`: not null. Any thread.
sw_status sw_microphone_stats(const struct sw_microphone *microphone,
                              struct sw_microphone_statistics *out_stats);

// Stops a microphone for good; calls send silence. `microphone`: not null; it must still be
// freed. A second call does nothing. Any thread.
sw_status sw_microphone_stop(struct sw_microphone *microphone);

// Stops and frees a microphone. `microphone`: nullable; NULL is ok.
// Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread, also inside callbacks.
sw_status sw_microphone_free(struct sw_microphone *microphone);

// Gives the id of the device in use.
//
// `loudspeaker`: not null. `out_id`: not null; NULL is written while it is unplugged and there is
// no other, and after `sw_loudspeaker_stop`; free it with `sw_string_free`. Any thread.
sw_status sw_loudspeaker_device(const struct sw_loudspeaker *loudspeaker, char **out_id);

// Gives what a loudspeaker did so far. `loudspeaker`, `out_stats`: not null. Any thread.
sw_status sw_loudspeaker_stats(const struct sw_loudspeaker *loudspeaker,
                               struct sw_loudspeaker_statistics *out_stats);

// Stops a loudspeaker for good; calls go on unheard. `loudspeaker`: not null; it must still be
// freed. A second call does nothing. Any thread.
sw_status sw_loudspeaker_stop(struct sw_loudspeaker *loudspeaker);

// Stops and frees a loudspeaker. `loudspeaker`: nullable; NULL is ok.
// Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread, also inside callbacks.
sw_status sw_loudspeaker_free(struct sw_loudspeaker *loudspeaker);

// Sends what a microphone hears, from the moment that media flow until the call ends, the
// microphone stops or `sw_call_disconnect_microphone`. While its device is unplugged silence is
// sent. What is pushed besides competes for the same queue.
//
// `call`, `microphone`: not null. One microphone may be connected to several calls. Connecting it
// twice does nothing. Errors: `SW_ERR_CLOSED` after the call's end. Any thread; does not block.
sw_status sw_call_connect_microphone(struct sw_call *call, struct sw_microphone *microphone);

// Stops sending what a microphone hears. `call`, `microphone`: not null; one that is not connected
// is ignored. Any thread.
sw_status sw_call_disconnect_microphone(struct sw_call *call, struct sw_microphone *microphone);

// Plays what is received on a loudspeaker, until the call ends, the loudspeaker stops or
// `sw_call_disconnect_loudspeaker`. Sinks go on beside it.
//
// `call`, `loudspeaker`: not null. A loudspeaker plays the sum of its calls. Connecting it twice
// does nothing. Errors: `SW_ERR_CLOSED` after the call's end. Any thread; does not block.
sw_status sw_call_connect_loudspeaker(struct sw_call *call, struct sw_loudspeaker *loudspeaker);

// Stops playing the call on a loudspeaker. `call`, `loudspeaker`: not null; one that is not
// connected is ignored. Any thread.
sw_status sw_call_disconnect_loudspeaker(struct sw_call *call, struct sw_loudspeaker *loudspeaker);

// Makes a processor.
//
// `options`: nullable; copied. `out_processor`: not null; written on success; free it with
// `sw_audio_processor_free`. Errors: `SW_ERR_NOT_SUPPORTED` in libraries without the feature
// `audio-processing`; `SW_ERR_INVALID_ARGUMENT`. Any thread.
sw_status sw_audio_processor_new(const struct sw_audio_processing_options *options,
                                 struct sw_audio_processor **out_processor);

// Takes what the microphone heard and gives it back cleaned: any number of samples, of which whole
// 10 ms come back and the rest with a later call.
//
// `processor`, `samples`, `out_samples`, `out_sample_count`: not null. `samples`: signed 16-bit,
// interleaved; `sample_count`: how many, all channels together. `sample_rate_hz`: 8000 to 192000;
// `channels`: 1 or 2; both may change from call to call, and what waited in another format is then
// dropped. `out_samples`: a place for `capacity` samples, at least `sample_count` and 10 ms more;
// it may be `samples` itself. `out_sample_count`: how many were written.
// Errors: `SW_ERR_INVALID_ARGUMENT` for a format or count that cannot be, and for too little
// capacity; then nothing was processed. Any thread.
sw_status sw_audio_processor_process_capture(struct sw_audio_processor *processor,
                                             const int16_t *samples,
                                             size_t sample_count,
                                             uint32_t sample_rate_hz,
                                             uint32_t channels,
                                             int16_t *out_samples,
                                             size_t capacity,
                                             size_t *out_sample_count);

// Takes what the loudspeaker plays, for the echo cancellation. Parameters and errors as for
// `sw_audio_processor_process_capture`. Any thread.
sw_status sw_audio_processor_process_render(struct sw_audio_processor *processor,
                                            const int16_t *samples,
                                            size_t sample_count,
                                            uint32_t sample_rate_hz,
                                            uint32_t channels);

// Says how long a sound takes from `sw_audio_processor_process_render` through loudspeaker and
// microphone to `sw_audio_processor_process_capture`, where that is known.
//
// `processor`: not null. `delay_ms`: 0 to 500, else `SW_ERR_INVALID_ARGUMENT`. Any thread.
sw_status sw_audio_processor_set_delay_ms(struct sw_audio_processor *processor, uint32_t delay_ms);

// Gives numbers about the echo at this moment. `processor`, `out_stats`: not null. Any thread.
sw_status sw_audio_processor_stats(const struct sw_audio_processor *processor,
                                   struct sw_audio_processing_statistics *out_stats);

// Frees a processor; a microphone that has it goes on with it. `processor`: nullable; NULL is ok.
// Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread, also inside callbacks.
sw_status sw_audio_processor_free(struct sw_audio_processor *processor);

// Records the call to a file until the recorder is finished or freed, or the call ends: what is
// received, what is sent, or both. An existing file is replaced.
//
// Both sides are on one time line from the moment that media flow: what is lost, muted, held or
// not pushed is silence. A disk that is slow costs audio, after 10 s, never the call; the file is
// valid at any moment but for the last half second.
//
// `call`: not null. `path`: not null, UTF-8; copied. `options`: nullable, copied; NULL: the received
// audio to WAV. `out_recorder`: not null; written on success; free it with `sw_recorder_free`.
// It may outlive the call's handle. Several recordings may run.
// Errors: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_MEDIA` when the file cannot be made (the text says
// why); `SW_ERR_CLOSED` after the call's end. Any thread; opens the file before it returns.
sw_status sw_call_record(struct sw_call *call,
                         const char *path,
                         const struct sw_record_options *options,
                         struct sw_recorder **out_recorder);

// Records the received audio to a 16-bit WAV file until the recorder is finished or freed, or
// the call ends. An existing file is replaced.
//
// `call`: not null. `path`: not null, UTF-8; copied. `sample_rate_hz`: 8000 to 192000;
// `channels`: 1 or 2. `out_recorder`: not null; written on success; free it with
// `sw_recorder_free`. It may outlive the call's handle.
// Errors: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_MEDIA` when the file cannot be made;
// `SW_ERR_CLOSED` after the call's end. Any thread; opens the file before it returns.
sw_status sw_call_record_wav(struct sw_call *call,
                             const char *path,
                             uint32_t sample_rate_hz,
                             uint32_t channels,
                             struct sw_recorder **out_recorder);

// Ends the recording and completes the file.
//
// `recorder`: not null; the handle must still be freed. A second call does nothing
// but say the same.
// Errors: `SW_ERR_MEDIA` if something could not be written, such as on a full disk, or if the disk
// was too slow: the text says which. Any thread; writes what is left before it returns.
sw_status sw_recorder_finish(struct sw_recorder *recorder);

// Gives how many milliseconds are silent in the file because the disk was too slow for 10 s.
//
// `recorder`, `out_lost_ms`: not null. Any thread; does not block.
sw_status sw_recorder_lost_ms(const struct sw_recorder *recorder, uint64_t *out_lost_ms);

// Frees a recorder; finishes the recording if that was not done, and logs a failure of it.
//
// `recorder`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any
// thread, also inside callbacks.
sw_status sw_recorder_free(struct sw_recorder *recorder);

// Makes an empty conference.
//
// `out_mixer`: not null; written on success. Errors: `SW_ERR_INTERNAL` if no thread can be started.
// Any thread; does not block.
sw_status sw_mixer_new(struct sw_mixer **out_mixer);

// Takes a call in. What the application pushes into the call itself competes with the mix: push it
// into the mixer instead. A call that is in already stays as it is; one that is over leaves by
// itself.
//
// `mixer`, `call`: not null; the mixer keeps the call alive, not its handle. Errors: `SW_ERR_CLOSED`
// for a call that is over; `SW_ERR_INVALID_ARGUMENT` for more than 64 calls. Any thread; does not
// block.
sw_status sw_mixer_add(struct sw_mixer *mixer,
                       struct sw_call *call);

// Takes a call out; it goes on without the others. A call that is not in is ignored.
//
// `mixer`, `call`: not null. Any thread; does not block.
sw_status sw_mixer_remove(struct sw_mixer *mixer, struct sw_call *call);

// Gives the ids of the calls that are in.
//
// `mixer`: not null. `out_list`: not null; written on success; free it with `sw_text_list_free`. Any
// thread; does not block.
sw_status sw_mixer_call_ids(const struct sw_mixer *mixer,
                            struct sw_text_list **out_list);

// Sets how loud a call is for the others: 1.0 as it comes, 0.0 not at all, at most 4.0.
//
// `mixer`, `call`: not null. Errors: `SW_ERR_INVALID_ARGUMENT` for a gain outside, and for a call
// that is not in. Any thread; does not block.
sw_status sw_mixer_set_gain(struct sw_mixer *mixer, struct sw_call *call, double gain);

// Queues audio that all calls are to hear: mono 48 kHz, at most 200 ms; of more, the oldest is
// dropped. The samples are copied.
//
// `mixer`: not null. `samples`: not null; `sample_count` of them. `out_dropped_ms`: nullable; the
// milliseconds that were dropped since the mixer was made.
// Errors: `SW_ERR_INVALID_ARGUMENT`. Any thread; does not block.
sw_status sw_mixer_push_audio(struct sw_mixer *mixer,
                              const int16_t *samples,
                              size_t sample_count,
                              uint64_t *out_dropped_ms);

// Discards at once what the application pushed and was not mixed yet, at most 200 ms. What the calls
// say is not touched.
//
// `mixer`: not null. `out_cleared_ms`: nullable; the milliseconds that were discarded, rounded up. Errors:
// `SW_ERR_INVALID_HANDLE`. Any thread; does not block.
sw_status sw_mixer_clear_audio(struct sw_mixer *mixer,
                               uint32_t *out_cleared_ms);

// Delivers what all calls say, without what the application pushes, to a sink: 20 ms frames of mono
// 48 kHz, until it is replaced, removed or the mixer freed. When it returns, the sink of before does
// not run and will not be called again; its `drop` follows on the dispatcher thread.
//
// `mixer`: not null. `sink`: nullable, copied; NULL removes the present one. Waits for a running
// `on_frame`, unless called from inside it. A sink that is slower than real time loses the oldest
// of its 10 waiting frames.
// Errors: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_INTERNAL` if no thread can be started. Any thread, also
// inside callbacks; do not call it while holding a lock that `on_frame` takes.
sw_status sw_mixer_set_sink(struct sw_mixer *mixer,
                            const struct sw_audio_sink *sink);

// Frees a mixer: all calls leave it and go on, and its sink is called no more.
//
// `mixer`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread,
// also inside callbacks.
sw_status sw_mixer_free(struct sw_mixer *mixer);

// Gives how long each step of the last connection to the service took.
//
// `client`: not null. `out_times`: not null; start from `SW_CONNECT_TIMES_INIT`; written on
// success. Errors: `SW_ERR_NOT_CONNECTED` before the first connection. Any thread; does not block.
sw_status sw_client_connect_times(const struct sw_client *client,
                                  struct sw_connect_times *out_times);

// Tests what a call needs: the way to the service, each of its STUN and TURN servers and, with
// `echo_address`, a short call that sends a tone and listens for it. Connects the client if it is
// not connected.
//
// `client`: not null. `echo_address`: nullable; an address that answers and sends back what it
// hears; it is called and billed like any other; copied; NULL makes no call. `call_ms`: how long
// the call is listened to, 1000 to 60000; 0 for 6000.
// Completion: `text` is a JSON object: `verdict` is `passed`, `impaired` or `failed`; `problems` a
// list of `kind` (such as `no_signalling`, `unauthorized`, `server_unreachable`, `udp_blocked`,
// `no_relay`, `call_failed`, `no_media`, `no_echo`, `high_loss`, `high_remote_loss`,
// `high_jitter`, `high_round_trip`, `low_score`, `slow_signalling`; ignore others) and `message`;
// `signalling` the steps as in `sw_connect_times` or null; `servers` one entry for each URL with
// `url`, `transport`, `is_relay`, `is_reached`, `took_ms`, `address`, `error`; `call` what the
// call showed, or null: `first_packet_ms`, `codec`, `is_echo_heard`, `loss_fraction`,
// `remote_loss_fraction`, `jitter_ms`, `round_trip_ms`, `mos`, and the candidates. Whatever does
// not work is in there, and is no error. `SW_ERR_INVALID_ARGUMENT` for the address or time;
// `SW_ERR_CLOSED` after `sw_client_disconnect`; `SW_ERR_CANCELLED` when freed meanwhile. Any
// thread.
sw_status sw_client_preflight(struct sw_client *client,
                              const char *echo_address,
                              uint32_t call_ms,
                              struct sw_text_completion done);

// Gives what happened to a client and its calls as a JSON object to attach to a report of a
// problem: version, options, state, the last events, the last connection's times, and of each call
// what `sw_call_diagnostics` gives, of the last eight that are over, too.
//
// Network addresses, host names and the numbers of calls are in it; tokens, keys, ICE and TURN
// credentials, messages and transcripts are not. `client`: not null. Its completion comes at once.
// Any thread; does not block.
sw_status sw_client_diagnostics(struct sw_client *client, struct sw_text_completion done);

// Gives what happened in a call and how it stands as a JSON object for a report of a problem; also
// after the end: state, end, the steps of the set-up, the last events by name, the descriptions of
// media (SDP) without ICE credentials, fingerprints and keys, candidates and statistics.
//
// `call`: not null. Its completion comes at once. Any thread; does not block.
sw_status sw_call_diagnostics(struct sw_call *call, struct sw_text_completion done);

// Reads the first page of the subscriber's conversations. Needs no session.
//
// `client`: not null. `size`: 1 to 1000 conversations, 0 for the service's own page size.
// Completion: `SW_ERR_INVALID_ARGUMENT` for the size, else those of `sw_client_subscriber_info`.
// Any thread.
sw_status sw_client_conversations(struct sw_client *client,
                                  uint32_t size,
                                  struct sw_conversation_page_completion done);

// Reads the page of conversations that a link of another page leads to. Parameters and errors as
// `sw_client_addresses_at`.
sw_status sw_client_conversations_at(struct sw_client *client,
                                     const char *link,
                                     struct sw_conversation_page_completion done);

// Finds the conversation with an address, or begins it. Needs no session; joining twice gives the
// same conversation.
//
// `client`, `address_id`: not null; the other address; copied. `from_address_id`: nullable; which
// of the own addresses takes part, by default the first one of the subscriber, which is read.
// Completion: `SW_ERR_INVALID_ARGUMENT` for the own address, or when the subscriber has none;
// `SW_ERR_REJECTED` for an address that the service does not know; else those of
// `sw_client_subscriber_info`. Any thread.
sw_status sw_client_join_conversation(struct sw_client *client,
                                      const char *address_id,
                                      const char *from_address_id,
                                      struct sw_conversation_completion done);

// Reads the first page of a conversation's messages, with the calls among them. Needs no session.
//
// `client`, `conversation_id`: not null; copied. `size`: 1 to 1000 messages, 0 for the service's
// own page size. Completion: `SW_ERR_NOT_FOUND` for an unknown conversation;
// `SW_ERR_INVALID_ARGUMENT`; else those of `sw_client_subscriber_info`. Any thread.
sw_status sw_client_messages(struct sw_client *client,
                             const char *conversation_id,
                             uint32_t size,
                             struct sw_message_page_completion done);

// Reads the page of messages that a link of another page leads to. Parameters and errors as
// `sw_client_addresses_at`.
sw_status sw_client_messages_at(struct sw_client *client,
                                const char *link,
                                struct sw_message_page_completion done);

// Makes a text message for a conversation; nothing is sent before `sw_outgoing_message_send`.
//
// `client`, `conversation_id`, `from_address_id`, `text`: not null; copied; the ids are the
// conversation's `id` and `from_address_id`; the text has 1 to 65536 bytes. `out_message`: not
// null; written on success; free it with `sw_outgoing_message_free`. It may outlive the client.
// Errors: `SW_ERR_INVALID_ARGUMENT` for an empty id or text. Any thread; does not block.
sw_status sw_client_compose_message(struct sw_client *client,
                                    const char *conversation_id,
                                    const char *from_address_id,
                                    const char *text,
                                    struct sw_outgoing_message **out_message);

// Sends a message; the completion tells when the service has answered. Needs no session.
//
// A sent message is not sent again: the second call is `SW_OK`. An uncertain one is looked for
// first, and sent again only if it is not there. `message`: not null. Completion:
// `SW_ERR_UNCERTAIN` when the answer was lost or the service failed: call this again to find out
// and go on; `SW_ERR_REJECTED` for an unknown conversation or another's address;
// `SW_ERR_INVALID_STATE` while it is being sent; `SW_ERR_NETWORK`, `SW_ERR_TLS`,
// `SW_ERR_UNAUTHORIZED`, `SW_ERR_RATE_LIMITED`. Any thread.
sw_status sw_outgoing_message_send(struct sw_outgoing_message *message, struct sw_completion done);

// Looks into the conversation's history whether an uncertain message arrived; then the state is
// `SENT` or `UNSENT`. In any other state it asks nobody.
//
// The same text written by another device of the subscriber within two minutes is taken for it.
// `message`: not null. Completion: as `sw_client_messages`; the message stays uncertain. Any
// thread.
sw_status sw_outgoing_message_reconcile(struct sw_outgoing_message *message,
                                        struct sw_completion done);

// Gives where a message stands: one of `SW_SEND_STATE_*`.
//
// `message`, `out_state`: not null. Any thread; does not block.
sw_status sw_outgoing_message_state(const struct sw_outgoing_message *message, int32_t *out_state);

// Frees a message. What is being sent goes on.
//
// `message`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any
// thread, also inside callbacks.
sw_status sw_outgoing_message_free(struct sw_outgoing_message *message);

// Registers this device for push notifications of calls. Needs no session.
//
// `client`: not null. `device_type`: one of `SW_DEVICE_TYPE_*`. `device_token`: not null; what
// the platform gave; copied. The answer's key opens the notifications. A device that is
// registered should not be online as well, or calls come twice; this client announces each once
// nevertheless. Newer deployments of the service send no notifications.
// Errors: `SW_ERR_INVALID_ARGUMENT` for the type. Completion: `SW_ERR_INVALID_ARGUMENT` for an
// empty token; `SW_ERR_UNCERTAIN` when the answer was lost: registering again is safe;
// `SW_ERR_NOT_FOUND` where the service has no push; `SW_ERR_REJECTED`; else those of
// `sw_client_subscriber_info`. Any thread.
sw_status sw_client_register_device(struct sw_client *client,
                                    int32_t device_type,
                                    const char *device_token,
                                    struct sw_device_completion done);

// Takes the registration of a device back. Needs no session.
//
// `client`, `device_id`: not null; copied. Completion: `SW_ERR_NOT_FOUND` for an id that is not
// registered; `SW_ERR_INVALID_ARGUMENT` for an empty one; else those of
// `sw_client_subscriber_info`. Any thread.
sw_status sw_client_unregister_device(struct sw_client *client,
                                      const char *device_id,
                                      struct sw_completion done);

// Gives who calls, from the JSON text of a notification that announces a call, still encrypted:
// to be shown at once. It is not authenticated.
//
// `notification`, `out_name`, `out_number`, `out_has_video`: not null. Free both texts with
// `sw_string_free`. Errors: `SW_ERR_INVALID_ARGUMENT` for any other notification;
// `SW_ERR_PROTOCOL` for one that lacks something. Any thread; does not block.
sw_status sw_parse_push(const char *notification,
                        char **out_name,
                        char **out_number,
                        bool *out_has_video);

// Takes the call that a notification of the service announces, and gives its id for
// `sw_client_call`: it rings.
//
// Decrypts the notification, connects if the client is not connected, and announces the call by
// `SW_CLIENT_EVENT_INCOMING_CALL` unless it was announced before: then it gives that call.
// `client`, `notification`: not null; copied. `push_notification_key`: nullable; what
// `sw_client_register_device` gave; by default what this client's own registration gave, else
// what the subscriber info says. Completion: `SW_ERR_INVALID_ARGUMENT` for another notification
// or a key that does not fit; `SW_ERR_NOT_SUPPORTED`, `SW_ERR_PROTOCOL`; those of
// `sw_client_connect`; `SW_ERR_CALL_FAILED` if that call is over by now. Any thread.
sw_status sw_client_handle_push(struct sw_client *client,
                                const char *notification,
                                const char *push_notification_key,
                                struct sw_text_completion done);

// Waits for a call that was announced by other means than its invite: by a notification of the
// application's own backend, which carries the call's id. It can be answered and rejected at once.
//
// The invite comes when the client is connected and online, or with `sw_client_handle_push`; this
// does not connect. `client`, `call_id`: not null; copied. `deadline_ms`: how long to wait, 1 to
// 600000; 20000 suits most platforms. When it is over, what waits ends with `SW_ERR_TIMEOUT` and
// `SW_CLIENT_EVENT_EXPECTED_CALL_OVER` tells. `out_expected`: not null; written on success; free
// it with `sw_expected_call_free`.
// Errors: `SW_ERR_INVALID_ARGUMENT` for the id or the deadline; `SW_ERR_CLOSED` after
// `sw_client_disconnect`; `SW_ERR_INVALID_STATE` when 256 calls are expected. Any thread; does
// not block.
sw_status sw_client_expect_call(struct sw_client *client,
                                const char *call_id,
                                uint32_t deadline_ms,
                                struct sw_expected_call **out_expected);

// Gives the id that was announced.
//
// `expected`, `out_call_id`: not null. Free the text with `sw_string_free`. Any thread.
sw_status sw_expected_call_call_id(const struct sw_expected_call *expected, char **out_call_id);

// Gives where an expected call stands: one of `SW_EXPECTED_CALL_*`.
//
// `expected`, `out_state`: not null. Any thread; does not block.
sw_status sw_expected_call_state(const struct sw_expected_call *expected, int32_t *out_state);

// Waits for the invite; then `sw_client_call` gives the call.
//
// `expected`: not null. Completion: `SW_ERR_TIMEOUT` when the deadline passed;
// `SW_ERR_CALL_FAILED` when the call was over before; `SW_ERR_CANCELLED` after
// `sw_expected_call_cancel`; `SW_ERR_CLOSED` after the client's end. Any thread.
sw_status sw_expected_call_arrived(struct sw_expected_call *expected, struct sw_completion done);

// Answers the call as soon as its invite is there; the completion tells when it is up.
//
// `expected`: not null. `options`: nullable; copied. Completion: those of
// `sw_expected_call_arrived` and `sw_call_answer`; `SW_ERR_INVALID_STATE` if it was answered or
// rejected before. Any thread.
sw_status sw_expected_call_answer(struct sw_expected_call *expected,
                                  const struct sw_answer_options *options,
                                  struct sw_completion done);

// Rejects the call as soon as its invite is there, as busy; the completion tells when that is
// done. It is not announced then. Rejecting takes an answer back that could not be given yet.
//
// `expected`: not null. Completion: those of `sw_expected_call_arrived` and `sw_call_reject`;
// `SW_ERR_INVALID_STATE` if it was rejected before. An invite after the deadline is ignored. Any
// thread.
sw_status sw_expected_call_reject(struct sw_expected_call *expected, struct sw_completion done);

// Gives up waiting, as when the platform took the announcement back. A call that comes
// nevertheless is announced as any other. Does nothing once it arrived or ended.
//
// `expected`: not null; the handle must still be freed. Any thread; does not block.
sw_status sw_expected_call_cancel(struct sw_expected_call *expected);

// Frees an expected call. What was decided holds.
//
// `expected`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any
// thread, also inside callbacks.
sw_status sw_expected_call_free(struct sw_expected_call *expected);

// Makes a call of this id, of which nothing happened yet.
//
// `call_id`, `out_call`: not null; the id is copied; written on success; free it with
// `sw_host_call_free`. Any thread; does not block.
sw_status sw_host_call_new(const char *call_id, struct sw_host_call **out_call);

// Gives the id that it was made with.
//
// `call`, `out_call_id`: not null. Free the text with `sw_string_free`. Any thread.
sw_status sw_host_call_call_id(const struct sw_host_call *call, char **out_call_id);

// Gives where the call stands: one of `SW_HOST_PHASE_*`.
//
// `call`, `out_phase`: not null. Any thread; does not block.
sw_status sw_host_call_phase(const struct sw_host_call *call, int32_t *out_phase);

// Tells what happened and gives what to do. Every input may come at any time and any number of
// times.
//
// `call`: not null. `input`: one of `SW_HOST_INPUT_*`; `argument`: what its description says,
// else ignored. `out_actions`: not null; start from `SW_HOST_ACTIONS_INIT`; written on success.
// Errors: `SW_ERR_INVALID_ARGUMENT` for a number that is none; nothing happened then. Any thread;
// does not block.
sw_status sw_host_call_handle(struct sw_host_call *call,
                              int32_t input,
                              int32_t argument,
                              struct sw_host_actions *out_actions);

// Frees a call of the call screen.
//
// `call`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread,
// also inside callbacks.
sw_status sw_host_call_free(struct sw_host_call *call);

// Makes credentials from a provider of the application. Nothing is asked for yet.
//
// `provider`: not null; copied. `out_credentials`: not null; written on success; free it with
// `sw_credentials_free`. Errors: `SW_ERR_INVALID_ARGUMENT`. Any thread.
sw_status sw_credentials_provider(const struct sw_credential_provider *provider,
                                  struct sw_credentials **out_credentials);

// Makes credentials from a click-to-call token (`c2c_…`), which is exchanged for a guest's token,
// and again before that expires.
//
// `host`: not null; the space, such as `example.signalwire.com`, or a URL. `embed_token`: not
// null. `ca_certificates_pem`: nullable. All are copied. `out_credentials`: as for
// `sw_credentials_provider`. Errors: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_TLS`. Any thread.
sw_status sw_credentials_embed(const char *host,
                               const char *embed_token,
                               const char *ca_certificates_pem,
                               struct sw_credentials **out_credentials);

// Frees credentials; clients that were made with them go on. `credentials`: nullable; NULL is ok.
// Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread.
sw_status sw_credentials_free(struct sw_credentials *credentials);

// Gives the token that a provider was asked for, and ends the reply.
//
// `reply`: not null; invalid afterwards. `token`: not null; copied. `expires_at`: when the token
// expires, in seconds since 1970; 0 if not known, the service says it then. A reply that comes too
// late is `SW_OK` and does nothing.
// Errors: `SW_ERR_INVALID_ARGUMENT`, after which the reply is still owed; `SW_ERR_INVALID_HANDLE`
// on the second call. Any thread; does not block.
sw_status sw_token_reply_give(struct sw_token_reply *reply, const char *token, int64_t expires_at);

// Says that there is no token, and ends the reply.
//
// `reply`: not null; invalid afterwards. `reason`: nullable; for people, without secrets.
// `is_final`: whether asking again is pointless, as the user must log in again; otherwise the
// client asks again, with growing pauses.
// Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread; does not block.
sw_status sw_token_reply_fail(struct sw_token_reply *reply, const char *reason, bool is_final);

// Makes a client that gets its tokens from `credentials`. Nothing is sent yet.
//
// As `sw_client_new`, but the token in `options` is nullable: the first one if it is there. Each
// token is replaced 30 s before it expires, or when the service refuses it, and calls stay up.
// `credentials`: not null; may be freed at once, and used for several clients.
// Errors: as `sw_client_new`, and `SW_ERR_INVALID_HANDLE`. Any thread; does not block.
sw_status sw_client_with_credentials(const struct sw_client_options *options,
                                     const struct sw_credentials *credentials,
                                     const struct sw_client_observer *observer,
                                     struct sw_client **out_client);

// Installs another token, which HTTP and the session use from now on; calls stay up.
//
// For applications that renew tokens themselves. While the session is up the service is asked at
// once, and the earlier token stays in use if it refuses. Otherwise the token is for the next
// connection. `client`, `token`: not null; the token is copied. `expires_at`: seconds since 1970; 0
// if not known. Completion: `SW_ERR_INVALID_TOKEN`; `SW_ERR_UNAUTHORIZED` if the service refuses
// it; `SW_ERR_CLOSED`; `SW_ERR_CANCELLED` when freed meanwhile. Any thread.
sw_status sw_client_update_token(struct sw_client *client,
                                 const char *token,
                                 int64_t expires_at,
                                 struct sw_completion done);

// Makes a new key. It takes some tenths of a second, and blocks that long.
//
// Make it once, keep what `sw_device_key_pkcs8` gives where the platform keeps secrets, and read it
// back at the next start. `out_key`: not null; written on success; free it with
// `sw_device_key_free`. Errors: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_INTERNAL` if the system has no
// randomness. Any thread.
sw_status sw_device_key_generate(struct sw_device_key **out_key);

// Reads a key that was kept.
//
// `pkcs8`: `length` bytes, not null; an RSA key of 2048 bits or more, unencrypted, in DER; copied.
// `out_key`: as for `sw_device_key_generate`. Errors: `SW_ERR_INVALID_ARGUMENT` for anything else;
// make a new key then. Any thread.
sw_status sw_device_key_from_pkcs8(const uint8_t *pkcs8,
                                   size_t length,
                                   struct sw_device_key **out_key);

// Copies the private key, in DER, to be kept in a safe place. A secret: wipe the copy after use.
//
// `key`: not null. `buffer`: a place for `capacity` bytes; NULL to ask for the length alone.
// `out_length`: not null; the length of the key, written also when `capacity` is too small.
// Errors: `SW_ERR_INVALID_ARGUMENT` if `buffer` is not NULL and too small, with nothing copied;
// `SW_ERR_INVALID_HANDLE`. Any thread.
sw_status sw_device_key_pkcs8(const struct sw_device_key *key,
                              uint8_t *buffer,
                              size_t capacity,
                              size_t *out_length);

// Gives the key's thumbprint (RFC 7638, SHA-256): 43 characters of base64url.
//
// The backend passes it as `fingerprint`, with `scope` = `sat:refresh`, when it makes a token.
// `key`: not null. `out_thumbprint`: not null; free it with `sw_string_free`.
// Errors: `SW_ERR_INVALID_ARGUMENT`, `SW_ERR_INVALID_HANDLE`. Any thread.
sw_status sw_device_key_thumbprint(const struct sw_device_key *key, char **out_thumbprint);

// Frees a key; what it was given to goes on. `key`: nullable; NULL is ok.
// Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread.
sw_status sw_device_key_free(struct sw_device_key *key);

// Makes credentials like these for clients that prove with every connection that they have this key.
//
// A token with the scope `sat:refresh` is exchanged for one that is bound to the key before
// `sw_client_connect` is done, and renewed with the key alone from then on; a provider is asked only
// for the first token, and again if the service refuses the bound one. If the exchange fails,
// `sw_client_connect` does. A token without the scope is used as it is, and
// `SW_CLIENT_EVENT_TOKEN_NOT_BOUND` says so; once a client was bound, that ends the session.
//
// `credentials`: nullable; NULL for the token in the client's options. `key`: not null. Both may be
// freed afterwards. `out_credentials`: not null; written on success; free it with
// `sw_credentials_free`. Errors: `SW_ERR_INVALID_ARGUMENT`, `SW_ERR_INVALID_HANDLE`. Any thread.
sw_status sw_credentials_bound_to(const struct sw_credentials *credentials,
                                  const struct sw_device_key *key,
                                  struct sw_credentials **out_credentials);

// Prepares logins; nothing is sent.
//
// `options`: not null. `out_oauth`: not null; written on success; free it with `sw_oauth_free`.
// Errors: `SW_ERR_INVALID_ARGUMENT` for a client id, redirect URI or endpoint that cannot be;
// `SW_ERR_TLS` for unreadable CA certificates. Any thread.
sw_status sw_oauth_new(const struct sw_oauth_options *options, struct sw_oauth **out_oauth);

// Frees it; operations that are under way go on. `oauth`: nullable; NULL is ok.
// Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread.
sw_status sw_oauth_free(struct sw_oauth *oauth);

// Begins a login and gives the URL for the system's browser (never for a web view).
//
// It is good once, and as long as `flow_lifetime_ms` says. Up to 16 logins are remembered.
// `oauth`, `out_url`: not null; free the URL with `sw_string_free`. Errors:
// `SW_ERR_INVALID_ARGUMENT` for a redirect URI with port 0. Any thread.
sw_status sw_oauth_begin(struct sw_oauth *oauth, char **out_url);

// Gives whether a URL that the application was opened with is the answer to a login.
//
// `oauth`, `url`, `out_is_callback`: not null. Any thread; does not block.
sw_status sw_oauth_is_callback(const struct sw_oauth *oauth,
                               const char *url,
                               bool *out_is_callback);

// Completes a login with the URL that the browser returned to, and gives the tokens as the text of
// one JSON object: `access_token`, `refresh_token` and `expires_at` (seconds since 1970; both may be
// null), `scope`, `version`. It holds secrets: keep it where the platform keeps them.
//
// The login is spent by the first call. `oauth`, `callback_url`: not null; copied. Completion: an
// error with one of `SW_OAUTH_FAILURE_*` as `code`, or `SW_ERR_NETWORK`, `SW_ERR_TLS`,
// `SW_ERR_TIMEOUT`, `SW_ERR_SERVER`; begin anew after each of them. Any thread.
sw_status sw_oauth_complete(struct sw_oauth *oauth,
                            const char *callback_url,
                            struct sw_text_completion done);

// Gets new tokens, in the form of `sw_oauth_complete`. Keep them at once: the earlier refresh token
// may be spent.
//
// `oauth`: not null. `tokens_json`: not null; what an earlier call gave; copied. Completion:
// `SW_ERR_UNAUTHORIZED` with `SW_OAUTH_FAILURE_REFRESH_REFUSED` or `_NOT_LOGGED_IN`: log in again;
// `SW_ERR_NETWORK`, `SW_ERR_TLS`, `SW_ERR_TIMEOUT` and `SW_ERR_SERVER`: the same tokens may be tried
// again. Any thread.
sw_status sw_oauth_refresh(struct sw_oauth *oauth,
                           const char *tokens_json,
                           struct sw_text_completion done);

// Gives a login up: its redirect is refused with `SW_OAUTH_FAILURE_CANCELLED`.
//
// `oauth`: not null. `authorize_url`: not null; what `sw_oauth_begin` gave. A login that is complete
// or unknown is left as it is. Any thread; does not block.
sw_status sw_oauth_cancel(struct sw_oauth *oauth,
                          const char *authorize_url);

// Binds the port of the redirect URI, begins a login that returns to it, and gives the URL for the
// system's browser.
//
// `oauth`, `out_login`, `out_url`: not null; free the login with `sw_oauth_login_free`, the URL with
// `sw_string_free`. Errors: `SW_ERR_INVALID_ARGUMENT` for a redirect URI that does not lead to this
// machine; `SW_ERR_INVALID_STATE` with `SW_OAUTH_FAILURE_PORT_TAKEN`. Any thread.
sw_status sw_oauth_begin_loopback(struct sw_oauth *oauth,
                                  struct sw_oauth_login **out_login,
                                  char **out_url);

// Waits for the browser, answers it with a small page, gives the port back, exchanges the code, and
// gives the tokens in the form of `sw_oauth_complete`.
//
// `login`: not null. `timeout_ms`: how long the user may take. Completion: `SW_ERR_TIMEOUT` with
// `SW_OAUTH_FAILURE_NO_CALLBACK`; `SW_ERR_CANCELLED`; `SW_ERR_INVALID_STATE` for a second call; else
// as `sw_oauth_complete`. Any thread.
sw_status sw_oauth_login_finish(struct sw_oauth_login *login,
                                uint32_t timeout_ms,
                                struct sw_text_completion done);

// Gives the login up: `sw_oauth_login_finish` ends with `SW_ERR_CANCELLED`. A second call is
// `SW_OK`. `login`: not null. Any thread; does not block.
sw_status sw_oauth_login_cancel(struct sw_oauth_login *login);

// Gives the login up and frees it. `login`: nullable; NULL is ok.
// Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread; does not block.
sw_status sw_oauth_login_free(struct sw_oauth_login *login);

// Makes credentials from a login: the tokens are taken from `store` and renewed by `oauth`; each new
// pair is saved before it is used. Save what `sw_oauth_complete` gave before the client connects.
//
// When the refresh token is refused the store is cleared, and the client's error has
// `SW_OAUTH_FAILURE_REFRESH_REFUSED` as `code`. `oauth`: not null; may be freed at once. `store`: not
// null; copied. `out_credentials`: as for `sw_credentials_provider`.
// Errors: `SW_ERR_INVALID_ARGUMENT`. Any thread.
sw_status sw_credentials_oauth(struct sw_oauth *oauth,
                               const struct sw_token_store *store,
                               struct sw_credentials **out_credentials);

// Makes a client of the REST API; nothing is sent yet.
//
// `options`: not null; copied. `out_rest`: not null; written on success; free it with
// `sw_rest_client_free`. Errors: `SW_ERR_INVALID_ARGUMENT` for options that cannot be; `SW_ERR_TLS`
// for unreadable CA certificates. Any thread.
sw_status sw_rest_client_new(const struct sw_rest_options *options,
                             struct sw_rest_client **out_rest);

// Frees a client of the REST API; operations that were begun go on. `rest`: nullable; NULL is ok.
// Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread.
sw_status sw_rest_client_free(struct sw_rest_client *rest);

// Issues a token for a subscriber, who is created if unknown. It is not repeated once it may have
// been processed.
//
// `rest`: not null. `request`: not null; copied. Completion: see `sw_rest_client`. Any thread.
// Source: `POST /api/fabric/subscribers/tokens`.
sw_status sw_rest_client_create_subscriber_token(struct sw_rest_client *rest,
                                                 const struct sw_subscriber_token_request *request,
                                                 struct sw_issued_token_completion done);

// Exchanges a refresh token for a new pair, which replaces the old one: store it at once.
//
// `rest`, `refresh_token`: not null; copied. Completion: `SW_ERR_REJECTED` for a token that is spent
// or expired: issue a new one then; after `SW_ERR_TIMEOUT` or `SW_ERR_NETWORK` the old one may be
// spent; else see `sw_rest_client`. Any thread.
// Source: `POST /api/fabric/subscribers/tokens/refresh`.
sw_status sw_rest_client_refresh_subscriber_token(struct sw_rest_client *rest,
                                                  const char *refresh_token,
                                                  struct sw_issued_token_completion done);

// Issues a token for a guest, who may call the given addresses and cannot be called.
//
// `rest`: not null. `request`: not null; copied. Completion: see `sw_rest_client`. Any thread.
// Source: `POST /api/fabric/guests/tokens`.
sw_status sw_rest_client_create_guest_token(struct sw_rest_client *rest,
                                            const struct sw_guest_token_request *request,
                                            struct sw_issued_token_completion done);

// Issues a token with which an invited person may call one address of a subscriber.
//
// `rest`: not null. `subscriber_token`: not null; the inviting subscriber's access token, which
// authorizes it. `address_id`: not null; both are copied. `expires_at`: seconds since 1970; 0: two
// hours from now. Completion: `SW_ERR_INVALID_TOKEN` if that is no access token; else see
// `sw_rest_client`. Any thread. Source: `POST /api/fabric/subscriber/invites`.
sw_status sw_rest_client_create_invite_token(struct sw_rest_client *rest,
                                             const char *subscriber_token,
                                             const char *address_id,
                                             int64_t expires_at,
                                             struct sw_issued_token_completion done);

// Exchanges the public token of an embedded button (`c2c_…`) for a guest's access token, without
// credentials.
//
// `rest`, `embed_token`: not null; copied. Completion: see `sw_rest_client`. Any thread.
// Source: `POST /api/fabric/embeds/tokens`.
sw_status sw_rest_client_exchange_embed_token(struct sw_rest_client *rest,
                                              const char *embed_token,
                                              struct sw_issued_token_completion done);

// Creates a subscriber. It is not repeated once it may have been processed.
//
// `rest`, `request`: not null; copied. Completion: `SW_ERR_REJECTED` for an e-mail address that is
// taken; else see `sw_rest_client`. Any thread. Source: `POST /api/fabric/resources/subscribers`.
sw_status sw_rest_client_create_subscriber(struct sw_rest_client *rest,
                                           const struct sw_subscriber_request *request,
                                           struct sw_subscriber_resource_completion done);

// Replaces the subscriber with this resource id.
//
// `rest`, `id`, `request`: not null; copied. Completion: see `sw_rest_client`.
// Any thread. Source: `PUT /api/fabric/resources/subscribers/{id}`.
sw_status sw_rest_client_update_subscriber(struct sw_rest_client *rest,
                                           const char *id,
                                           const struct sw_subscriber_request *request,
                                           struct sw_subscriber_resource_completion done);

// Reads a page of the project's subscribers.
//
// `rest`: not null. `page_size`: 1 to 1000; 0: what the service chooses. `link`:
// nullable; NULL for the first page, else one of a page's links, unchanged. Completion: see `sw_rest_client`.
// Any thread. Source: `GET /api/fabric/resources/subscribers`.
sw_status sw_rest_client_subscribers(struct sw_rest_client *rest,
                                     uint32_t page_size,
                                     const char *link,
                                     struct sw_subscriber_resource_page_completion done);

// Reads the subscriber with this resource id.
//
// `rest`, `id`: not null; copied. Completion: see `sw_rest_client`.
// Any thread. Source: `GET /api/fabric/resources/subscribers/{id}`.
sw_status sw_rest_client_subscriber(struct sw_rest_client *rest,
                                    const char *id,
                                    struct sw_subscriber_resource_completion done);

// Deletes the subscriber with this resource id. Deleting it again is `SW_ERR_NOT_FOUND`.
//
// `rest`, `id`: not null; copied. Completion: see `sw_rest_client`.
// Any thread. Source: `DELETE /api/fabric/resources/subscribers/{id}`.
sw_status sw_rest_client_delete_subscriber(struct sw_rest_client *rest,
                                           const char *id,
                                           struct sw_completion done);

// Reads a page of a subscriber's addresses.
//
// `rest`, `id`: not null; copied. `page_size`: 1 to 1000; 0: what the service chooses. `link`:
// nullable; NULL for the first page, else one of a page's links, unchanged. Completion: see `sw_rest_client`.
// Any thread. Source: `GET /api/fabric/resources/subscribers/{id}/addresses`.
sw_status sw_rest_client_subscriber_addresses(struct sw_rest_client *rest,
                                              const char *id,
                                              uint32_t page_size,
                                              const char *link,
                                              struct sw_address_page_completion done);

// Reads a page of the project's resources.
//
// `rest`: not null. `page_size`: 1 to 1000; 0: what the service chooses. `link`:
// nullable; NULL for the first page, else one of a page's links, unchanged. Completion: see `sw_rest_client`.
// Any thread. Source: `GET /api/fabric/resources`.
sw_status sw_rest_client_resources(struct sw_rest_client *rest,
                                   uint32_t page_size,
                                   const char *link,
                                   struct sw_resource_page_completion done);

// Reads one resource.
//
// `rest`, `id`: not null; copied. Completion: see `sw_rest_client`.
// Any thread. Source: `GET /api/fabric/resources/{id}`.
sw_status sw_rest_client_resource(struct sw_rest_client *rest,
                                  const char *id,
                                  struct sw_resource_completion done);

// Deletes a resource of any kind, with its addresses. Deleting it again is `SW_ERR_NOT_FOUND`.
//
// `rest`, `id`: not null; copied. Completion: see `sw_rest_client`.
// Any thread. Source: `DELETE /api/fabric/resources/{id}`.
sw_status sw_rest_client_delete_resource(struct sw_rest_client *rest,
                                         const char *id,
                                         struct sw_completion done);

// Reads a page of a resource's addresses.
//
// `rest`, `id`: not null; copied. `page_size`: 1 to 1000; 0: what the service chooses. `link`:
// nullable; NULL for the first page, else one of a page's links, unchanged. Completion: see `sw_rest_client`.
// Any thread. Source: `GET /api/fabric/resources/{id}/addresses`.
sw_status sw_rest_client_resource_addresses(struct sw_rest_client *rest,
                                            const char *id,
                                            uint32_t page_size,
                                            const char *link,
                                            struct sw_address_page_completion done);

// Reads a page of the SIP credentials of the subscriber with this resource id.
//
// `rest`, `subscriber_id`: not null; copied. `page_size`: 1 to 1000; 0: what the service chooses. `link`:
// nullable; NULL for the first page, else one of a page's links, unchanged. Completion: see `sw_rest_client`. Any
// thread. Source: `GET /api/fabric/resources/subscribers/{id}/sip_endpoints`.
sw_status sw_rest_client_sip_credentials(struct sw_rest_client *rest,
                                         const char *subscriber_id,
                                         uint32_t page_size,
                                         const char *link,
                                         struct sw_sip_credential_page_completion done);

// Gives a subscriber further SIP credentials. It is not repeated once it may have been processed.
//
// `rest`, `subscriber_id`, `request`: not null; copied. Completion: see `sw_rest_client`. Any thread.
// Source: `POST /api/fabric/resources/subscribers/{id}/sip_endpoints`.
sw_status sw_rest_client_create_sip_credential(struct sw_rest_client *rest,
                                               const char *subscriber_id,
                                               const struct sw_sip_credential_request *request,
                                               struct sw_sip_credential_completion done);

// Reads SIP credentials of a subscriber.
//
// `rest`, `subscriber_id`, `id`: not null; copied. Completion: see `sw_rest_client`. Any thread.
// Source: `GET /api/fabric/resources/subscribers/{id}/sip_endpoints/{id}`.
sw_status sw_rest_client_sip_credential(struct sw_rest_client *rest,
                                        const char *subscriber_id,
                                        const char *id,
                                        struct sw_sip_credential_completion done);

// Changes what the request has; the rest stays.
//
// `rest`, `subscriber_id`, `id`, `request`: not null; copied. Completion: see `sw_rest_client`. Any thread.
// Source: `PATCH /api/fabric/resources/subscribers/{id}/sip_endpoints/{id}`.
sw_status sw_rest_client_update_sip_credential(struct sw_rest_client *rest,
                                               const char *subscriber_id,
                                               const char *id,
                                               const struct sw_sip_credential_request *request,
                                               struct sw_sip_credential_completion done);

// Takes SIP credentials away. Doing it again is `SW_ERR_NOT_FOUND`.
//
// `rest`, `subscriber_id`, `id`: not null; copied. Completion: see `sw_rest_client`. Any thread.
// Source: `DELETE /api/fabric/resources/subscribers/{id}/sip_endpoints/{id}`.
sw_status sw_rest_client_delete_sip_credential(struct sw_rest_client *rest,
                                               const char *subscriber_id,
                                               const char *id,
                                               struct sw_completion done);

// Queues an encoded frame to be sent. Never blocks; the bytes are copied.
//
// `call`: not null. `codec`: one of `SW_VIDEO_CODEC_*`, the negotiated one. `data`: not null;
// `size` bytes, 1 to 2 MiB: a VP8 frame, or an H.264 access unit in Annex B format. `timestamp_us`:
// when it was captured, by any clock that never goes back. `out_dropped_frames`: nullable; how many
// frames were dropped, 0 normally: the queue of 10 was full, a key frame was missing, or the camera
// is muted. The first frame has to be a key frame, and so has the next one after
// `SW_CALL_EVENT_KEY_FRAME_REQUESTED`.
// Errors: `SW_ERR_INVALID_ARGUMENT` for a frame that cannot be, or of another codec;
// `SW_ERR_INVALID_STATE` before `SW_CALL_EVENT_VIDEO_CONNECTED` and while video is not sent;
// `SW_ERR_CLOSED` after the call's end. Any thread.
sw_status sw_call_push_video(struct sw_call *call,
                             int32_t codec,
                             const uint8_t *data,
                             size_t size,
                             uint64_t timestamp_us,
                             uint32_t *out_dropped_frames);

// Delivers the received video to a sink: whole encoded frames, a key frame first, until the call
// ends or `sw_call_remove_video_sink`.
//
// `call`: not null. `sink`: not null; copied. `out_sink_id`: nullable; names the sink for its
// removal. Several sinks may be added, also before there is video.
// Errors: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_CLOSED` after the call's end. Any thread; does not
// block.
sw_status sw_call_add_video_sink(struct sw_call *call,
                                 const struct sw_video_sink *sink,
                                 uint64_t *out_sink_id);

// Ends the deliveries to a video sink. When it returns, `on_frame` does not run and will not be
// called again; its `drop` follows on the dispatcher thread.
//
// `call`: not null. Waits for a running `on_frame`, unless called from inside it. An unknown or
// removed id is ignored. Any thread, also inside callbacks; do not call it while holding a lock
// that `on_frame` takes.
sw_status sw_call_remove_video_sink(struct sw_call *call, uint64_t sink_id);

// Asks the far side for a key frame, at most twice a second. Losses ask by themselves.
//
// `call`: not null. Errors: `SW_ERR_CLOSED` after the call's end. Any thread; does not block.
sw_status sw_call_request_key_frame(struct sw_call *call);

// Gives whether the camera is muted, by this side or by the service: then no video is sent.
//
// `call`, `out_is_muted`: not null. Any thread; does not block.
sw_status sw_call_is_video_muted(const struct sw_call *call, bool *out_is_muted);

// Gives in which directions audio and video flow, as both sides agreed on: `SW_MEDIA_DIRECTION_*`.
//
// `call`, `out_audio`, `out_video`: not null. Any thread; does not block.
sw_status sw_call_media(const struct sw_call *call, int32_t *out_audio, int32_t *out_video);

// Changes what flows: adds video to an audio call, stops it, turns directions. The completion tells
// when the far side agreed.
//
// `call`: not null. `audio`, `video`: one of `SW_MEDIA_DIRECTION_*`, not `DEFAULT`. One change is
// negotiated at a time, up to 8 wait.
// Completion: `SW_ERR_INVALID_STATE` unless the call is answered; `SW_ERR_REJECTED` or
// `SW_ERR_TIMEOUT` when the service does not take it, and everything stays as it was; `SW_ERR_MEDIA`
// when the far side agreed on less, which then counts; `SW_ERR_NETWORK` when the path broke
// meanwhile; `SW_ERR_CLOSED`. Any thread.
sw_status sw_call_set_media(struct sw_call *call,
                            int32_t audio,
                            int32_t video,
                            struct sw_completion done);

// Gives the numbers of the call's video at this moment; those of the last moment after the end.
//
// `call`: not null. `out_stats`: not null, `struct_size` set. Any thread; does not block.
sw_status sw_call_video_stats(const struct sw_call *call, struct sw_video_statistics *out_stats);

// Queues a picture to be encoded and sent, on a thread of the call's own. Never blocks; the planes are
// copied. Key frames, size, number and bit rate are taken care of.
//
// `call`: not null. `picture`: not null; 16x16 to 4096x2304 pixels, with as many planes as its format
// has. `out_dropped_pictures`: nullable; how many pictures were dropped, 0 normally: a third one that
// waits takes the place of the oldest, and all are dropped while the camera is muted. Use either
// this or `sw_call_push_video` in one call.
// Errors: `SW_ERR_INVALID_ARGUMENT` for a picture that cannot be; `SW_ERR_INVALID_STATE` before
// `SW_CALL_EVENT_VIDEO_CONNECTED` and while video is not sent; `SW_ERR_NOT_SUPPORTED` where the
// library was built without the codec; `SW_ERR_CLOSED` after the call's end. Any thread.
sw_status sw_call_push_picture(struct sw_call *call,
                               const struct sw_picture_info *picture,
                               uint32_t *out_dropped_pictures);

// Says how pushed pictures are encoded, from the next one on; also before there is video.
//
// `call`, `encoding`: not null. Errors: `SW_ERR_INVALID_ARGUMENT` for a frame rate that is negative
// or no number; `SW_ERR_NOT_SUPPORTED`; `SW_ERR_CLOSED` after the call's end. Any thread.
sw_status sw_call_set_video_encoding(struct sw_call *call,
                                     const struct sw_video_encoding *encoding);

// Decodes the received video and delivers its pictures to a sink, until the call ends or
// `sw_call_remove_picture_sink`. It is decoded once for all sinks, on a thread of the call's own.
//
// `call`: not null. `sink`: not null; copied. `out_sink_id`: nullable; names the sink for its
// removal. Several sinks may be added, also before there is video. A picture is never shown damaged:
// after a loss nothing comes before the next key frame, which is asked for.
// Errors: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_NOT_SUPPORTED` where the library was built without
// pictures; `SW_ERR_MEDIA` when no thread can be started; `SW_ERR_CLOSED` after the call's end. Any
// thread; does not block.
sw_status sw_call_add_picture_sink(struct sw_call *call,
                                   const struct sw_picture_sink *sink,
                                   uint64_t *out_sink_id);

// Ends the deliveries to a picture sink. When it returns, `on_picture` does not run and will not be
// called again; its `drop` follows on the dispatcher thread.
//
// `call`: not null. Waits for a running `on_picture`, unless called from inside it. An unknown or
// removed id is ignored. Any thread, also inside callbacks; do not call it while holding a lock that
// `on_picture` takes.
sw_status sw_call_remove_picture_sink(struct sw_call *call,
                                      uint64_t sink_id);

// Gives what became of the call's pictures so far; the last numbers after the end.
//
// `call`: not null. `out_stats`: not null, `struct_size` set. Any thread; does not block.
sw_status sw_call_picture_stats(const struct sw_call *call,
                                struct sw_picture_statistics *out_stats);

// Adds a reference to a picture, so that it and its planes outlive the callback.
//
// `picture`: not null. Any thread.
sw_status sw_picture_ref(struct sw_picture *picture);

// Takes a reference to a picture away; the last one frees it.
//
// `picture`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` for one that is freed. Any
// thread.
sw_status sw_picture_unref(struct sw_picture *picture);

// Gives a picture's planes, which are good for as long as the reference is held.
//
// `picture`: not null. `out_info`: not null, `struct_size` set. Any thread.
sw_status sw_picture_get_info(const struct sw_picture *picture, struct sw_picture_info *out_info);

// Writes a picture into a PNG file, upright: a snapshot. An existing file is replaced.
//
// `picture`: not null. `path`: not null, UTF-8. Errors: `SW_ERR_MEDIA` when it cannot be written;
// `SW_ERR_NOT_SUPPORTED` where the library was built without `video-codecs`. Any thread; returns when
// it is written, so not in a sink that has to keep up.
sw_status sw_picture_write_png(const struct sw_picture *picture,
                               const char *path);

// Copies a picture out of the application's memory into one that is counted by references.
//
// It can be scaled, written and, by what `sw_picture_get_info` gives, sent; what it is sent from is not
// changed. `info`: not null; copied with its planes. `out_picture`: not null; a reference that
// `sw_picture_unref` takes away.
// Errors: `SW_ERR_INVALID_ARGUMENT` for a picture that cannot be, as in `sw_call_push_picture`. Any
// thread.
sw_status sw_picture_new(const struct sw_picture_info *info,
                         struct sw_picture **out_picture);

// Gives a picture in another format: the same picture, with one reference more, where it has that
// format already. Exact both ways.
//
// `picture`: not null. `format`: one of `SW_PIXEL_FORMAT_*`. `out_picture`: not null; a reference that
// `sw_picture_unref` takes away. Errors: `SW_ERR_INVALID_ARGUMENT`. Any thread.
sw_status sw_picture_to_format(const struct sw_picture *picture,
                               int32_t format,
                               struct sw_picture **out_picture);

// Gives a picture as it is to be seen: turned by its rotation, in I420.
//
// `picture`: not null. `out_picture`: not null; a reference that `sw_picture_unref` takes away. Any
// thread.
sw_status sw_picture_upright(const struct sw_picture *picture, struct sw_picture **out_picture);

// Gives a picture at another size, in I420, its shape not kept.
//
// `picture`: not null. `width`, `height`: in pixels, before any rotation. `out_picture`: not null; a
// reference that `sw_picture_unref` takes away. Errors: `SW_ERR_INVALID_ARGUMENT` for a size below
// 16x16 or above 4096x2304 pixels. Any thread.
sw_status sw_picture_scaled(const struct sw_picture *picture,
                            uint32_t width,
                            uint32_t height,
                            struct sw_picture **out_picture);

// Gives the same samples, to be turned: for cameras that are mounted so. When it is sent it is turned
// first, since the service is told of no rotation.
//
// `picture`: not null. `rotation`: clockwise, 0, 90, 180 or 270 degrees. `out_picture`: not null; a
// reference that `sw_picture_unref` takes away. Errors: `SW_ERR_INVALID_ARGUMENT`. Any thread.
sw_status sw_picture_with_rotation(const struct sw_picture *picture,
                                   int32_t rotation,
                                   struct sw_picture **out_picture);

// Gives the same samples at another time.
//
// `picture`: not null. `timestamp_us`: in microseconds. `out_picture`: not null; a reference that
// `sw_picture_unref` takes away. Any thread.
sw_status sw_picture_with_timestamp_us(const struct sw_picture *picture,
                                       uint64_t timestamp_us,
                                       struct sw_picture **out_picture);

// Gives a picture, upright, as the bytes of a PNG file: a snapshot.
//
// `picture`: not null. `on_file`: not null; called once on this thread before the function returns,
// unless there is an error. `file` is borrowed for the time of the call; it must not throw or
// `longjmp` out. `user_data`: nullable; passed on unchanged. Errors: `SW_ERR_MEDIA`;
// `SW_ERR_NOT_SUPPORTED` where the library was built without `video-codecs`. Any thread; takes some
// milliseconds.
sw_status sw_picture_to_png(const struct sw_picture *picture,
                            void (*on_file)(const uint8_t *file, size_t size, void *user_data),
                            void *user_data);

// Makes a test picture in I420: colour bars that wander, a square that moves, and at the top a strip
// that holds the picture's number for `sw_test_card_read`. A source for tests, in place of a camera.
//
// `width`, `height`: in pixels, 96x48 to 4096x2304. `number`: 0 to 65535. `out_picture`: not null; a
// reference that `sw_picture_unref` takes away. Errors: `SW_ERR_INVALID_ARGUMENT`. Any thread.
sw_status sw_test_card_picture(uint32_t width,
                               uint32_t height,
                               uint16_t number,
                               uint64_t timestamp_us,
                               struct sw_picture **out_picture);

// Reads the number of a test picture, of any format and size and after encoding.
//
// `picture`: not null. `out_number`: not null; 0 to 65535, or -1 when the picture is no test card or
// is damaged there. Any thread.
sw_status sw_test_card_read(const struct sw_picture *picture,
                            int32_t *out_number);

// Shares a screen: a further leg to the same destination that only sends, a call of its own with
// its own states and events. Push the screen's frames into it. It appears in the session as a member
// of kind `SW_MEMBER_KIND_SCREEN` whose parent is the own member. Hanging it up ends the sharing; it
// ends with `call` at the latest.
//
// `call`: not null. `options`: nullable; copied. `done`: told once when the leg was started, with its
// handle; `sw_call_answered` tells when it is answered. The observer's `drop` is called exactly once
// if this returned `SW_OK`, also if the leg could not be started.
// Errors: `SW_ERR_INVALID_ARGUMENT` for a struct, text or codec that cannot be, and without a
// function in `done`. Completion: `SW_ERR_INVALID_ARGUMENT` for options that cannot be;
// `SW_ERR_INVALID_STATE` unless `call` is answered; `SW_ERR_CLOSED`. That the capability
// `screenshare` is missing shows as the leg's end. Any thread; does not block.
sw_status sw_call_start_screen_share(struct sw_call *call,
                                     const struct sw_screen_share_options *options,
                                     struct sw_call_completion done);

// Adds a device, such as a second camera or microphone: a further leg as with
// `sw_call_start_screen_share`, a member of kind `SW_MEMBER_KIND_DEVICE`.
//
// `call`: not null. `options`: nullable; copied; NULL sends video. `done`, errors and thread as
// there; `SW_ERR_INVALID_ARGUMENT` for a device that sends nothing.
sw_status sw_call_add_device(struct sw_call *call,
                             const struct sw_device_options *options,
                             struct sw_call_completion done);

// Gives the id of the call that this one is a screen or device of; NULL for any other call.
//
// `call`, `out_parent_id`: not null. Free the text with `sw_string_free`. Any thread; does not
// block.
sw_status sw_call_parent_id(const struct sw_call *call, char **out_parent_id);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SIGNALWIRE_H */
