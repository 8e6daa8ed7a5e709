// Calls that come in: one client calls another, which answers, refuses, or is too late.

#include "check.h"

#define CALLEE_ADDRESS "/private/alice-example-com"

static latch incoming = LATCH_INIT, declined = LATCH_INIT, ended = LATCH_INIT, media_up = LATCH_INIT;
static char call_id[64];

static void on_client_event(const sw_client_event *event, void *user_data) {
    (void)user_data;
    if (event->type == SW_CLIENT_EVENT_CALL_DECLINED) {
        CHECK(event->call_id != NULL && event->from_name != NULL && event->to_number != NULL);
        CHECK(strcmp(event->from_number, CALLEE_ADDRESS) == 0);
        CHECK(event->user_variables_json == NULL);
        latch_add(&declined);
        return;
    }
    if (event->type != SW_CLIENT_EVENT_INCOMING_CALL) {
        CHECK(event->call_id == NULL && event->from_number == NULL);
        return;
    }
    CHECK(event->struct_size == sizeof(*event) && event->from_name && event->to_name);
    CHECK(strcmp(event->from_number, CALLEE_ADDRESS) == 0); // alice calls herself
    CHECK(event->to_number != NULL && event->user_variables_json[0] == '{' && !event->has_video);
    CHECK(strlen(event->call_id) < sizeof(call_id));
    strcpy(call_id, event->call_id);
    latch_add(&incoming);
}

static void on_call_event(const sw_call_event *event, void *user_data) {
    (void)user_data;
    if (event->type == SW_CALL_EVENT_MEDIA_CONNECTED) {
        latch_add(&media_up);
    }
    if (event->type == SW_CALL_EVENT_ENDED) {
        latch_add(&ended);
    }
}

static void on_text(sw_status status, const sw_error *error, const char *text, void *user_data) {
    CHECK(status == SW_OK && error == NULL && text[0] == '{');
    latch_add(user_data);
}

static void on_refusal(sw_status status, const sw_error *error, const char *text,
                       void *user_data) {
    CHECK(status == SW_ERR_INVALID_ARGUMENT && error->message[0] != '\0' && text == NULL);
    latch_add(user_data);
}

// Runs an operation whose completion is `done`, and checks how it ended.
#define DONE(wanted, start)                                    \
    do {                                                       \
        sw_waiter *waiter_ = NULL;                             \
        EXPECT(SW_OK, sw_waiter_new(&waiter_));                \
        sw_completion done = sw_waiter_completion(waiter_);    \
        EXPECT(SW_OK, start);                                  \
        EXPECT(wanted, sw_waiter_wait(waiter_, LIMIT_MS));     \
        EXPECT(SW_OK, sw_waiter_free(waiter_));                \
    } while (0)

static sw_call *next_call(sw_client *callee, unsigned count) {
    sw_call_observer observer = SW_CALL_OBSERVER_INIT;
    observer.on_event = on_call_event;
    sw_call *call = NULL;
    CHECK(latch_wait(&incoming, count));
    EXPECT(SW_OK, sw_client_call(callee, call_id, &observer, &call));
    int32_t direction = -1, state = -1;
    EXPECT(SW_OK, sw_call_direction(call, &direction));
    EXPECT(SW_OK, sw_call_state(call, &state));
    CHECK(direction == SW_DIRECTION_INBOUND && state == SW_CALL_STATE_RINGING);
    return call;
}

static void answered(sw_client *callee, sw_client *caller) {
    sw_call *out = NULL;
    EXPECT(SW_OK, sw_client_dial(caller, CALLEE_ADDRESS, NULL, &out, NOBODY));
    sw_call *call = next_call(callee, 1);
    char *name = NULL, *number = NULL;
    EXPECT(SW_OK, sw_call_remote_party(call, &name, &number));
    CHECK(name != NULL && strcmp(number, CALLEE_ADDRESS) == 0);
    sw_string_free(name);
    sw_string_free(number);
    sw_answer_options options = SW_ANSWER_OPTIONS_INIT;
    options.audio_codecs[0] = 99;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_call_answer(call, &options, NOBODY));
    options.audio_codecs[0] = SW_AUDIO_CODEC_OPUS;
    options.dtmf = -1;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_call_answer(call, &options, NOBODY));
    options.dtmf = SW_DTMF_RTP;
    options.user_variables_json = "no JSON";
    DONE(SW_ERR_INVALID_ARGUMENT, sw_call_answer(call, &options, done));
    options.user_variables_json = "{\"who\":\"c\"}";
    DONE(SW_OK, sw_call_answer(call, &options, done));
    CHECK(latch_wait(&media_up, 1));
    DONE(SW_ERR_INVALID_STATE, sw_call_reject(call, done));
    DONE(SW_OK, sw_call_answered(out, done));
    static latch executed = LATCH_INIT;
    sw_text_completion on_result = {on_text, &executed}, on_failure = {on_refusal, &executed};
    EXPECT(SW_OK, sw_call_execute(out, "call.mute", "{\"channels\":[\"audio\"]}", on_result));
    EXPECT(SW_OK, sw_call_execute(out, "mute", NULL, on_failure));
    CHECK(latch_wait(&executed, 2));
    DONE(SW_OK, sw_call_subscribe(out, "user_event", done));
    DONE(SW_OK, sw_call_hangup(out, done));
    CHECK(latch_wait(&ended, 1));
    DONE(SW_ERR_CLOSED, sw_call_answer(call, NULL, done));
    sw_call *gone = NULL;
    EXPECT(SW_ERR_NOT_FOUND, sw_client_call(callee, call_id, NULL, &gone));
    EXPECT(SW_OK, sw_call_unref(call));
    EXPECT(SW_OK, sw_call_unref(out));
}

static void refused(sw_client *callee, sw_client *caller) {
    sw_call *out = NULL;
    EXPECT(SW_OK, sw_client_dial(caller, CALLEE_ADDRESS, NULL, &out, NOBODY));
    sw_call *call = next_call(callee, 2);
    DONE(SW_OK, sw_call_reject_everywhere(call, done));
    CHECK(latch_wait(&ended, 2));
    DONE(SW_OK, sw_call_ended(out, done));
    EXPECT(SW_OK, sw_call_unref(call));
    EXPECT(SW_OK, sw_call_unref(out));
}

static void do_not_disturb(sw_client *callee, sw_client *caller) {
    sw_call *out = NULL;
    sw_end_reason reason = SW_END_REASON_INIT;
    EXPECT(SW_OK, sw_client_set_do_not_disturb(callee, SW_DO_NOT_DISTURB_ALWAYS));
    DONE(SW_ERR_CALL_FAILED, sw_client_dial(caller, CALLEE_ADDRESS, NULL, &out, done));
    EXPECT(SW_OK, sw_call_end_reason(out, &reason));
    CHECK(reason.kind == SW_END_KIND_BUSY && latch_wait(&declined, 1));
    CHECK(latch_count(&incoming) == 2);
    EXPECT(SW_OK, sw_call_unref(out));
    EXPECT(SW_OK, sw_client_set_do_not_disturb(callee, SW_DO_NOT_DISTURB_OFF));
}

int main(void) {
    sw_client_observer observer = SW_CLIENT_OBSERVER_INIT;
    observer.on_event = on_client_event;
    sw_client *callee = connected_client(&observer), *caller = connected_client(NULL);
    DONE(SW_OK, sw_client_online(callee, done));
    answered(callee, caller);
    refused(callee, caller);
    do_not_disturb(callee, caller);
    DONE(SW_OK, sw_client_offline(callee, done));
    EXPECT(SW_OK, sw_client_free(caller));
    EXPECT(SW_OK, sw_client_free(callee));
    EXPECT(SW_OK, sw_shutdown());
    return 0;
}
