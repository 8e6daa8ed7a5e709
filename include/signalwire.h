/*
 * signalwire.h - the native client for SignalWire: calls, audio and the directory.
 *
 * Generated from src/ffi; do not edit. License: MIT OR Apache-2.0.
 *
 *   sw_client        a subscriber's session        sw_call          a call
 *   sw_waiter        blocks until something ends   sw_wav_recorder  a recording
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
 * Handles (sw_client, sw_call, sw_waiter, sw_wav_recorder, sw_member_list, sw_layout_snapshot,
 *   sw_text_list) are checked: NULL, freed, foreign and
 *   garbage ones give SW_ERR_INVALID_HANDLE. They are not addresses: never dereference one.
 * Ownership. _new and _free belong together, _ref and _unref too; freeing NULL is SW_OK. Objects
 *   may be freed in any order. Inputs are copied before a function returns. Structs and texts
 *   that callbacks get are borrowed for the time of the callback. A char * result is freed with
 *   sw_string_free. user_data is given back to the drop function exactly once, after the last
 *   callback.
 * Threads. Any function may be called from any thread. Completions, observers, log lines and
 *   drop functions run on one dispatcher thread of the library, one after the other; audio sinks
 *   run on its media threads, each sink serially. So a callback should be quick. No lock is
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
    {sizeof(sw_client_options), 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, false}
#define SW_DIAL_OPTIONS_INIT {sizeof(sw_dial_options), 0, 0, 0, 0, {0, 0, 0}, NULL, NULL, 0, 0, false}
#define SW_ANSWER_OPTIONS_INIT {sizeof(sw_answer_options), 0, 0, {0, 0, 0}, NULL, 0, 0, false}
#define SW_ADDRESS_QUERY_INIT {sizeof(sw_address_query), 0, 0, NULL}
#define SW_CLIENT_OBSERVER_INIT {sizeof(sw_client_observer), NULL, NULL, NULL}
#define SW_CALL_OBSERVER_INIT {sizeof(sw_call_observer), NULL, NULL, NULL}
#define SW_AUDIO_SINK_INIT {sizeof(sw_audio_sink), NULL, NULL, NULL}
#define SW_LOG_HANDLER_INIT {sizeof(sw_log_handler), NULL, NULL, NULL}
#define SW_AUDIO_FLAGS_INIT {sizeof(sw_audio_flags), -1, -1, -1}
#define SW_COMPLETION_NONE {NULL, NULL}
#define SW_END_REASON_INIT {sizeof(sw_end_reason), 0, 0, {0}, {0}}
#define SW_CALL_STATISTICS_INIT \
    {sizeof(sw_call_statistics), {0}, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {0}, {0}, 0, 0, 0}
#define SW_SETUP_TIMES_INIT {sizeof(sw_setup_times), 0, 0, 0, 0, 0, 0, 0}


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
    // Every message's name.
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
    // The service refused the token, the session is over: `code`, `reason`. Make a new client
    // with a new token.
    SW_CLIENT_EVENT_AUTHORIZATION_FAILED = 4,
    // Somebody calls, see `sw_client_call`: `call_id`, `from_name`, `from_number`, `to_name`,
    // `to_number`, `has_video`, `user_variables_json`.
    SW_CLIENT_EVENT_INCOMING_CALL = 5,
    // The session was made anew, and the service did not take this client as reachable again:
    // `code`, `reason`. Call `sw_client_online` again.
    SW_CLIENT_EVENT_ONLINE_FAILED = 6,
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
    // The media path was lost; the call ends by itself when media stays away.
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
} sw_audio_codecs;

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

// A call. Shared: `sw_call_ref`, `sw_call_unref`.
typedef struct sw_call sw_call;

// One subscriber's session with SignalWire. Owned: `sw_client_free`.
typedef struct sw_client sw_client;

// The layout of a call at one moment. Owned: `sw_layout_snapshot_free`.
typedef struct sw_layout_snapshot sw_layout_snapshot;

// The members of a call at one moment. Owned: `sw_member_list_free`.
typedef struct sw_member_list sw_member_list;

// A list of texts. Owned: `sw_text_list_free`.
typedef struct sw_text_list sw_text_list;

// Turns one completion after the other into a blocking wait. Owned: `sw_waiter_free`.
typedef struct sw_waiter sw_waiter;

// A running recording of a call's received audio. Owned: `sw_wav_recorder_free`.
typedef struct sw_wav_recorder sw_wav_recorder;

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
} sw_client_options;

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
    // `RETRY_SCHEDULED`: how long it waits, in milliseconds.
    uint32_t delay_ms;
    // `AUTHORIZATION_FAILED`, `ONLINE_FAILED`: the service's code.
    int32_t code;
    // `SESSION_READY`: when the token expires, in seconds since 1970; 0 if not known.
    int64_t token_expires_at;
    // `SESSION_READY`: whether the service took up the earlier session and calls go on.
    bool is_resumed;
    // Why, for people; empty for expected changes.
    const char *reason;
    // `OTHER`: the service's name for the event.
    const char *event_type;
    // `OTHER`: the payload as JSON text.
    const char *raw_json;
    // `INCOMING_CALL`: the call's id, for `sw_client_call`.
    const char *call_id;
    // `INCOMING_CALL`: the caller's name for people; empty when there is none.
    const char *from_name;
    // `INCOMING_CALL`: the caller's address or number.
    const char *from_number;
    // `INCOMING_CALL`: the name of the own address that was called.
    const char *to_name;
    // `INCOMING_CALL`: the own address that was called.
    const char *to_number;
    // `INCOMING_CALL`: what the caller's scripts say, as the text of one JSON object.
    const char *user_variables_json;
    // `INCOMING_CALL`: whether the caller offers video; it is answered with audio only.
    bool has_video;
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
    // `MEDIA_CONNECTED`: SDP name of the codec: `opus`, `PCMU` or `PCMA`.
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
} sw_call_event;

// Who hears about a call's events. Named in `sw_dial_options`; copied by `sw_client_dial`.
typedef struct sw_call_observer {
    // `sizeof(sw_call_observer)`.
    uint32_t struct_size;
    // Called for every event, in order, on the dispatcher thread; nullable. The event is
    // borrowed for the time of the call. It must not block, throw or `longjmp` out.
    void (*on_event)(const struct sw_call_event *event, void *user_data);
    // Called exactly once after the last event, on the dispatcher thread, so that `user_data`
    // can be freed; nullable. Not called if `sw_client_dial` failed.
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
    // Codecs to offer, best first, each one of `SW_AUDIO_CODEC_*`. 0 ends the list; all 0:
    // Opus, PCMU, PCMA.
    int32_t audio_codecs[3];
    // Variables for the far side's scripts, as the text of one JSON object. NULL: none.
    const char *user_variables_json;
    // Who hears about the call's events; copied. NULL: nobody.
    const struct sw_call_observer *observer;
    // How digits are sent: one of `SW_DTMF_*`.
    int32_t dtmf;
    // Opus complexity, 1 (least work) to 10 (best sound at a given bitrate). 0: 5.
    uint32_t opus_complexity;
    // Whether silence is left out instead of sent (Opus only); it saves data and power.
    bool opus_dtx;
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
    // The whole answer as JSON text.
    const char *raw_json;
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
    // Delay that the jitter buffer adds at present, in milliseconds.
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
    // Delay that the jitter buffer aims at, in milliseconds.
    double jitter_buffer_target_ms;
    // Mean opinion score of what was received in the last five seconds, 1.0 to 4.5 (in practice at
    // most 4.41), by the E-model of ITU-T G.107 from loss, delay and jitter buffer; 0 until known.
    double mos;
} sw_call_statistics;

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
} sw_setup_times;

// As `sw_completion`, with a text.
typedef struct sw_text_completion {
    // Nullable. `error` is NULL and `text` is not on success; the other way round on failure.
    // Both are borrowed for the time of the call, on the dispatcher thread.
    void (*fn)(sw_status status, const struct sw_error *error, const char *text, void *user_data);
    // Passed to `fn` unchanged. Nullable.
    void *user_data;
} sw_text_completion;

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
    // Codecs to accept, each one of `SW_AUDIO_CODEC_*`. 0 ends the list; all 0: Opus, PCMU,
    // PCMA.
    int32_t audio_codecs[3];
    // Variables for the far side's scripts, as the text of one JSON object. NULL: none.
    const char *user_variables_json;
    // How digits are sent: one of `SW_DTMF_*`.
    int32_t dtmf;
    // Opus complexity, 1 (least work) to 10 (best sound at a given bitrate). 0: 5.
    uint32_t opus_complexity;
    // Whether silence is left out instead of sent (Opus only); it saves data and power.
    bool opus_dtx;
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

// Starts an audio call and gives it at once, in state `SW_CALL_STATE_NEW`, so that it can be
// watched and hung up before it is answered.
//
// `client`: not null. `address`: not null; `/context/name` with an optional `?channel=audio`,
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
// stream; `SW_ERR_CLOSED` after its end; `SW_ERR_TIMEOUT` (unsure whether they were sent);
// `SW_ERR_REJECTED`. Any thread.
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
// agent says see `sw_call_subscribe_transcript`. Subscribing twice is `SW_OK`.
//
// `call`: not null. `event_type`: not null, 1 to 256 characters; copied; which types there are
// the service decides. Completion: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_INVALID_STATE` unless
// answered; `SW_ERR_CLOSED`; `SW_ERR_TIMEOUT` (retry is safe); `SW_ERR_REJECTED`. Any thread.
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
// Repeating is `SW_OK`.
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

// Records the received audio to a 16-bit WAV file until the recorder is finished or freed, or
// the call ends. An existing file is replaced.
//
// `call`: not null. `path`: not null, UTF-8; copied. `sample_rate_hz`: 8000 to 192000;
// `channels`: 1 or 2. `out_recorder`: not null; written on success; free it with
// `sw_wav_recorder_free`. It may outlive the call's handle.
// Errors: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_MEDIA` when the file cannot be made;
// `SW_ERR_CLOSED` after the call's end. Any thread; opens the file before it returns.
sw_status sw_call_record_wav(struct sw_call *call,
                             const char *path,
                             uint32_t sample_rate_hz,
                             uint32_t channels,
                             struct sw_wav_recorder **out_recorder);

// Ends the recording and completes the file.
//
// `recorder`: not null; the handle must still be freed. A second call does nothing.
// Errors: `SW_ERR_MEDIA` if something could not be written, such as on a full disk: the file may
// be cut short. Any thread; writes what is left before it returns.
sw_status sw_wav_recorder_finish(struct sw_wav_recorder *recorder);

// Frees a recorder; finishes the recording if that was not done, and logs a failure of it.
//
// `recorder`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any
// thread, also inside callbacks.
sw_status sw_wav_recorder_free(struct sw_wav_recorder *recorder);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SIGNALWIRE_H */
