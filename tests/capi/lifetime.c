// Ends out of order: clients freed with work under way, the library shut down with a call up
// and used again.

#include "check.h"

typedef struct ends {
    latch completions, cancelled, events, dropped, ended;
} ends;

#define ENDS_INIT {LATCH_INIT, LATCH_INIT, LATCH_INIT, LATCH_INIT, LATCH_INIT}

static void on_completion(sw_status status, const sw_error *error, void *user_data) {
    ends *state = user_data;
    CHECK((status == SW_OK) == (error == NULL));
    if (status == SW_ERR_CANCELLED) {
        latch_add(&state->cancelled);
    }
    latch_add(&state->completions);
}

static void on_event(const sw_call_event *event, void *user_data) {
    ends *state = user_data;
    CHECK(latch_count(&state->dropped) == 0);
    latch_add(&state->events);
    if (event->type == SW_CALL_EVENT_ENDED) {
        CHECK(event->end_reason->kind == SW_END_KIND_SHUTDOWN);
        latch_add(&state->ended);
    }
}

static void on_drop(void *user_data) { latch_add(&((ends *)user_data)->dropped); }

static void on_frame(const sw_audio_frame *frame, void *user_data) {
    (void)frame;
    CHECK(latch_count(&((ends *)user_data)->dropped) == 0);
}

static sw_call *dial(sw_client *client, const char *address, ends *state) {
    sw_call_observer observer = SW_CALL_OBSERVER_INIT;
    observer.on_event = on_event;
    observer.drop = on_drop;
    observer.user_data = state;
    sw_dial_options options = SW_DIAL_OPTIONS_INIT;
    options.observer = &observer;
    sw_call *call = NULL;
    EXPECT(SW_OK, sw_client_dial(client, address, &options, &call,
                                 (sw_completion){on_completion, state}));
    return call;
}

static void a_client_freed_with_work_under_way(void) {
    static ends state = ENDS_INIT;
    sw_completion completion = {on_completion, &state};
    sw_client *client = connected_client(NULL);
    sw_call *call = dial(client, "/public/slow", &state);
    EXPECT(SW_OK, sw_call_ended(call, completion));
    EXPECT(SW_OK, sw_client_free(client));
    CHECK(latch_wait(&state.completions, 2) && latch_wait(&state.dropped, 1));
    // The answer was given up, the end came.
    CHECK(latch_count(&state.cancelled) == 1 && latch_count(&state.ended) == 1);
    int32_t call_state = -1;
    EXPECT(SW_OK, sw_call_state(call, &call_state));
    CHECK(call_state == SW_CALL_STATE_ENDED);
    EXPECT(SW_OK, sw_call_unref(call));

    static ends connecting = ENDS_INIT;
    sw_client_options options = gateway_options();
    EXPECT(SW_OK, sw_client_new(&options, NULL, &client));
    EXPECT(SW_OK, sw_client_connect(client, (sw_completion){on_completion, &connecting}));
    EXPECT(SW_OK, sw_client_free(client));
    CHECK(latch_wait(&connecting.completions, 1));
    EXPECT(SW_OK, sw_shutdown());
    CHECK(latch_count(&state.completions) == 2 && latch_count(&state.dropped) == 1);
    CHECK(latch_count(&connecting.completions) == 1);
}

static void the_library_shut_down_with_a_call_up(void) {
    static ends state = ENDS_INIT, sink_ends = ENDS_INIT;
    sw_client *client = connected_client(NULL);
    sw_call *call = dial(client, "/public/echo", &state);
    CHECK(latch_wait(&state.completions, 1) && latch_count(&state.cancelled) == 0);
    sw_audio_sink sink = SW_AUDIO_SINK_INIT;
    sink.on_frame = on_frame;
    sink.drop = on_drop;
    sink.user_data = &sink_ends;
    EXPECT(SW_OK, sw_call_add_audio_sink(call, 24000, 1, &sink, NULL));
    EXPECT(SW_OK, sw_shutdown());
    // When it returns, everything that was owed has been called.
    CHECK(latch_count(&state.ended) == 1 && latch_count(&state.dropped) == 1);
    CHECK(latch_count(&sink_ends.dropped) == 1);
    int32_t number = -1;
    EXPECT(SW_OK, sw_client_state(client, &number));
    CHECK(number == SW_CLIENT_STATE_CLOSED);
    EXPECT(SW_OK, sw_call_state(call, &number));
    CHECK(number == SW_CALL_STATE_ENDED);
    EXPECT(SW_ERR_CLOSED, sw_client_dial(client, "/public/echo", NULL, &call, NOBODY));
    EXPECT(SW_OK, sw_call_unref(call));
    EXPECT(SW_OK, sw_client_free(client));
    EXPECT(SW_OK, sw_shutdown());
}

int main(void) {
    a_client_freed_with_work_under_way();
    the_library_shut_down_with_a_call_up();
    return 0;
}
