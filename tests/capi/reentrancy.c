// Callbacks that free what they are called for, and callbacks that try to block.

#include "check.h"

static sw_waiter *waiter;

// Frees its client in the event that tells of the connection.
typedef struct freeing {
    latch freed, dropped;
} freeing;

static void free_client(const sw_client_event *event, void *user_data) {
    freeing *state = user_data;
    if (event->type == SW_CLIENT_EVENT_STATE_CHANGED && event->state == SW_CLIENT_STATE_CONNECTED) {
        EXPECT(SW_OK, sw_client_free(event->client));
        EXPECT(SW_ERR_INVALID_HANDLE, sw_client_free(event->client));
        latch_add(&state->freed);
    }
}

static void freeing_dropped(void *user_data) { latch_add(&((freeing *)user_data)->dropped); }

static void a_client_freed_in_its_observer(void) {
    static freeing state = {LATCH_INIT, LATCH_INIT};
    sw_client_options options = gateway_options();
    sw_client_observer observer = SW_CLIENT_OBSERVER_INIT;
    observer.on_event = free_client;
    observer.drop = freeing_dropped;
    observer.user_data = &state;
    sw_client *client = NULL;
    EXPECT(SW_OK, sw_client_new(&options, &observer, &client));
    sw_status status = WAIT(waiter, sw_client_connect(client, sw_waiter_completion(waiter)));
    CHECK(status == SW_OK || status == SW_ERR_CANCELLED || status == SW_ERR_INVALID_HANDLE);
    CHECK(latch_wait(&state.freed, 1) && latch_wait(&state.dropped, 1));
    CHECK(latch_count(&state.freed) == 1 && latch_count(&state.dropped) == 1);
}

// A sink that removes itself, releases its call and does what a media thread must not do.
typedef struct sink_state {
    sw_call *call;
    uint64_t id;
    latch added, frames, dropped;
} sink_state;

static void frame_once(const sw_audio_frame *frame, void *user_data) {
    sink_state *state = user_data;
    CHECK(frame->samples != NULL && latch_count(&state->frames) == 0);
    CHECK(latch_wait(&state->added, 1));
    EXPECT(SW_ERR_IN_CALLBACK, sw_waiter_wait(waiter, 0));
    EXPECT(SW_ERR_IN_CALLBACK, sw_shutdown());
    EXPECT(SW_OK, sw_call_remove_audio_sink(state->call, state->id));
    EXPECT(SW_OK, sw_call_hangup(state->call, NOBODY));
    EXPECT(SW_OK, sw_call_unref(state->call));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_call_unref(state->call));
    latch_add(&state->frames);
}

static void sink_dropped(void *user_data) { latch_add(&((sink_state *)user_data)->dropped); }

static void a_sink_that_removes_itself_and_its_call(sw_client *client) {
    static sink_state state = {NULL, 0, LATCH_INIT, LATCH_INIT, LATCH_INIT};
    sw_audio_sink sink = SW_AUDIO_SINK_INIT;
    sink.on_frame = frame_once;
    sink.drop = sink_dropped;
    sink.user_data = &state;
    EXPECT(SW_OK, WAIT(waiter, sw_client_dial(client, "/public/tone", NULL, &state.call,
                                              sw_waiter_completion(waiter))));
    EXPECT(SW_OK, sw_call_add_audio_sink(state.call, 48000, 2, &sink, &state.id));
    latch_add(&state.added);
    CHECK(latch_wait(&state.frames, 1) && latch_wait(&state.dropped, 1));
    CHECK(latch_count(&state.frames) == 1 && latch_count(&state.dropped) == 1);
}

// An observer that blocks, dials again and releases, all inside its events.
typedef struct nested {
    sw_client *client;
    latch dialled, ended, dropped;
} nested;

static void nested_event(const sw_call_event *event, void *user_data) {
    nested *state = user_data;
    if (event->type == SW_CALL_EVENT_STATE_CHANGED && event->state == SW_CALL_STATE_ACTIVE) {
        sw_call *other = NULL;
        EXPECT(SW_ERR_IN_CALLBACK, sw_waiter_wait(waiter, SW_WAIT_FOREVER));
        EXPECT(SW_ERR_IN_CALLBACK, sw_shutdown());
        EXPECT(SW_OK, sw_client_dial(state->client, "/public/echo", NULL, &other, NOBODY));
        EXPECT(SW_OK, sw_call_hangup(other, NOBODY));
        EXPECT(SW_OK, sw_call_unref(other));
        EXPECT(SW_OK, sw_call_hangup(event->call, NOBODY));
        EXPECT(SW_OK, sw_call_unref(event->call));
        latch_add(&state->dialled);
    } else if (event->type == SW_CALL_EVENT_ENDED) {
        latch_add(&state->ended);
    }
}

static void nested_dropped(void *user_data) { latch_add(&((nested *)user_data)->dropped); }

static void an_observer_that_does_everything(sw_client *client) {
    static nested state = {NULL, LATCH_INIT, LATCH_INIT, LATCH_INIT};
    state.client = client;
    sw_call_observer observer = SW_CALL_OBSERVER_INIT;
    observer.on_event = nested_event;
    observer.drop = nested_dropped;
    observer.user_data = &state;
    sw_dial_options options = SW_DIAL_OPTIONS_INIT;
    options.observer = &observer;
    sw_call *call = NULL;
    EXPECT(SW_OK, sw_client_dial(client, "/public/echo", &options, &call, NOBODY));
    CHECK(latch_wait(&state.dialled, 1) && latch_wait(&state.ended, 1));
    CHECK(latch_wait(&state.dropped, 1) && latch_count(&state.ended) == 1);
}

static void free_waiter(sw_status status, const sw_error *error, void *user_data) {
    CHECK(status == SW_ERR_CALL_FAILED && error != NULL);
    EXPECT(SW_ERR_IN_CALLBACK, sw_waiter_wait(waiter, 1));
    EXPECT(SW_OK, sw_set_log_handler(SW_LOG_OFF, NULL));
    latch_add(user_data);
}

static void a_completion_that_tries_to_wait(sw_client *client) {
    static latch told = LATCH_INIT;
    sw_call *call;
    EXPECT(SW_OK, sw_client_dial(client, "/public/reject", NULL, &call,
                                 (sw_completion){free_waiter, &told}));
    EXPECT(SW_OK, sw_call_unref(call));
    CHECK(latch_wait(&told, 1));
}

int main(void) {
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    a_client_freed_in_its_observer();
    sw_client *client = connected_client(NULL);
    a_sink_that_removes_itself_and_its_call(client);
    an_observer_that_does_everything(client);
    a_completion_that_tries_to_wait(client);
    EXPECT(SW_OK, sw_client_free(client));
    EXPECT(SW_OK, sw_shutdown());
    EXPECT(SW_OK, sw_waiter_free(waiter));
    return 0;
}
