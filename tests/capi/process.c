// What becomes of the process: its end with a call up, callbacks that never return, a second copy of
// the library, children. Each in a process of its own, which says on its output how far it came.

#include "check.h"

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct sounds {
    latch frames;
    int is_stuck;
} sounds;

// For ever: nobody opens it.
static latch never = LATCH_INIT;

static void stay(void) {
    pthread_mutex_lock(&never.mutex);
    for (;;) {
        pthread_cond_wait(&never.changed, &never.mutex);
    }
}

static void on_frame(const sw_audio_frame *frame, void *user_data) {
    sounds *state = user_data;
    CHECK(frame->samples != NULL);
    latch_add(&state->frames);
    if (state->is_stuck) {
        stay();
    }
}

static void say(const char *text) {
    puts(text);
    fflush(stdout);
}

static sw_call *heard(sw_client *client, sounds *state) {
    sw_waiter *waiter = NULL;
    sw_call *call = NULL;
    sw_audio_sink sink = SW_AUDIO_SINK_INIT;
    sink.on_frame = on_frame;
    sink.user_data = state;
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    EXPECT(SW_OK, WAIT(waiter, sw_client_dial(client, "/public/tone", NULL, &call,
                                              sw_waiter_completion(waiter))));
    EXPECT(SW_OK, sw_waiter_free(waiter));
    EXPECT(SW_OK, sw_call_add_audio_sink(call, 48000, 1, &sink, NULL));
    CHECK(latch_wait(&state->frames, 3));
    return call;
}

// The calls go on until the very end of the process.
static void leave_with_a_call_up(int by_exit) {
    static sounds state = {LATCH_INIT, 0};
    heard(connected_client(NULL), &state);
    say("heard");
    if (by_exit) {
        exit(3);
    }
}

static void a_sink_that_never_returns(void) {
    static sounds stuck = {LATCH_INIT, 1}, other = {LATCH_INIT, 0};
    sw_client *client = connected_client(NULL);
    sw_waiter *waiter = NULL;
    sw_call *call = NULL;
    sw_audio_sink sink = SW_AUDIO_SINK_INIT;
    sink.on_frame = on_frame;
    sink.user_data = &stuck;
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    EXPECT(SW_OK, WAIT(waiter, sw_client_dial(client, "/public/tone", NULL, &call,
                                              sw_waiter_completion(waiter))));
    EXPECT(SW_OK, sw_call_add_audio_sink(call, 48000, 1, &sink, NULL));
    CHECK(latch_wait(&stuck.frames, 1));
    say("stuck");
    // Neither its own call nor another one waits for it.
    heard(client, &other);
    EXPECT(SW_OK, WAIT(waiter, sw_call_hangup(call, sw_waiter_completion(waiter))));
    say("hung up");
    EXPECT(SW_OK, sw_shutdown());
    CHECK(latch_count(&stuck.frames) == 1);
    say("shut down");
}

static void on_client_event(const sw_client_event *event, void *user_data) {
    CHECK(event->client != NULL);
    latch_add(user_data);
    stay();
}

static void an_observer_that_never_returns(void) {
    static latch events = LATCH_INIT;
    sw_client_options options = gateway_options();
    sw_client_observer observer = SW_CLIENT_OBSERVER_INIT;
    observer.on_event = on_client_event;
    observer.user_data = &events;
    sw_client *client = NULL;
    EXPECT(SW_OK, sw_client_new(&options, &observer, &client));
    EXPECT(SW_OK, sw_client_connect(client, NOBODY));
    CHECK(latch_wait(&events, 1));
    say("stuck");
    EXPECT(SW_OK, sw_shutdown());
    CHECK(latch_count(&events) == 1);
    say("shut down");
    int32_t state = -1;
    EXPECT(SW_OK, sw_client_state(client, &state));
    CHECK(state == SW_CLIENT_STATE_CLOSED);
    EXPECT(SW_OK, sw_client_free(client));
}

// The functions of another copy.
typedef struct copy {
    sw_status (*client_new)(const sw_client_options *, const sw_client_observer *, sw_client **);
    sw_status (*client_connect)(sw_client *, sw_completion);
    sw_status (*client_dial)(sw_client *, const char *, const sw_dial_options *, sw_call **,
                             sw_completion);
    sw_status (*client_free)(sw_client *);
    sw_status (*call_state)(const sw_call *, int32_t *);
    sw_status (*add_audio_sink)(sw_call *, uint32_t, uint32_t, const sw_audio_sink *, uint64_t *);
    sw_status (*call_unref)(sw_call *);
    sw_status (*shut_down)(void);
} copy;

static void *symbol(void *library, const char *name) {
    void *found = dlsym(library, name);
    CHECK(found != NULL);
    return found;
}

// C has no conversion from a pointer to data to one to a function; POSIX has this one.
#define TAKE(library, field, name) (*(void **)&(field) = symbol((library), (name)))

static void on_done(sw_status status, const sw_error *error, void *user_data) {
    CHECK(status == SW_OK && error == NULL);
    latch_add(user_data);
}

static void a_second_copy(const char *path) {
    static sounds first = {LATCH_INIT, 0}, second = {LATCH_INIT, 0};
    static latch connected = LATCH_INIT, answered = LATCH_INIT;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CHECK(library != NULL);
    copy other;
    TAKE(library, other.client_new, "sw_client_new");
    TAKE(library, other.client_connect, "sw_client_connect");
    TAKE(library, other.client_dial, "sw_client_dial");
    TAKE(library, other.client_free, "sw_client_free");
    TAKE(library, other.call_state, "sw_call_state");
    TAKE(library, other.add_audio_sink, "sw_call_add_audio_sink");
    TAKE(library, other.call_unref, "sw_call_unref");
    TAKE(library, other.shut_down, "sw_shutdown");
    CHECK(other.shut_down != sw_shutdown);

    sw_client *ours = connected_client(NULL), *theirs = NULL;
    sw_call *our_call = heard(ours, &first), *their_call = NULL;
    sw_client_options options = gateway_options();
    EXPECT(SW_OK, other.client_new(&options, NULL, &theirs));
    EXPECT(SW_OK, other.client_connect(theirs, (sw_completion){on_done, &connected}));
    CHECK(latch_wait(&connected, 1));
    EXPECT(SW_OK, other.client_dial(theirs, "/public/tone", NULL, &their_call,
                                    (sw_completion){on_done, &answered}));
    CHECK(latch_wait(&answered, 1));
    sw_audio_sink sink = SW_AUDIO_SINK_INIT;
    sink.on_frame = on_frame;
    sink.user_data = &second;
    EXPECT(SW_OK, other.add_audio_sink(their_call, 48000, 1, &sink, NULL));
    CHECK(latch_wait(&second.frames, 3));
    say("both heard");

    // The end of one leaves the other alone.
    EXPECT(SW_OK, sw_shutdown());
    unsigned so_far = latch_count(&second.frames);
    CHECK(latch_wait(&second.frames, so_far + 3));
    int32_t state = -1;
    EXPECT(SW_OK, other.call_state(their_call, &state));
    CHECK(state == SW_CALL_STATE_ACTIVE);
    EXPECT(SW_OK, sw_call_state(our_call, &state));
    CHECK(state == SW_CALL_STATE_ENDED);
    say("one ended alone");
    EXPECT(SW_OK, other.call_unref(their_call));
    EXPECT(SW_OK, other.client_free(theirs));
    EXPECT(SW_OK, other.shut_down());
    EXPECT(SW_OK, sw_call_unref(our_call));
    EXPECT(SW_OK, sw_client_free(ours));
}

static void ends_well(pid_t child) {
    int status = 1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void children_of_a_call(void) {
    static sounds state = {LATCH_INIT, 0};
    sw_client *client = connected_client(NULL);
    sw_call *call = heard(client, &state);
    sw_waiter *waiter = NULL;
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    // One that never heard of the library; at its end everything registered for the end runs.
    pid_t child = fork();
    if (child == 0) {
        exit(0);
    }
    ends_well(child);
    child = fork();
    if (child == 0) {
        int16_t samples[480] = {0};
        int32_t number;
        EXPECT(SW_ERR_FORKED, sw_call_state(call, &number));
        EXPECT(SW_ERR_FORKED, sw_call_hangup(call, NOBODY));
        EXPECT(SW_ERR_FORKED, sw_call_push_audio(call, samples, 480, 48000, 1, NULL));
        EXPECT(SW_ERR_FORKED, sw_client_connect(client, NOBODY));
        EXPECT(SW_ERR_FORKED, sw_client_dial(client, "/public/tone", NULL, &call, NOBODY));
        EXPECT(SW_ERR_FORKED, sw_waiter_wait(waiter, LIMIT_MS));
        EXPECT(SW_ERR_FORKED, sw_call_unref(call));
        EXPECT(SW_ERR_FORKED, sw_client_free(client));
        EXPECT(SW_OK, sw_shutdown());
        exit(0);
    }
    ends_well(child);
    say("children ended");
    // The parent has lost nothing.
    unsigned so_far = latch_count(&state.frames);
    CHECK(latch_wait(&state.frames, so_far + 3));
    EXPECT(SW_OK, WAIT(waiter, sw_call_hangup(call, sw_waiter_completion(waiter))));
    EXPECT(SW_OK, sw_shutdown());
    say("parent ended");
}

int main(int argc, char **argv) {
    CHECK(argc >= 2);
    const char *what = argv[1];
    if (strcmp(what, "exit") == 0) {
        leave_with_a_call_up(1);
    } else if (strcmp(what, "return") == 0) {
        leave_with_a_call_up(0);
    } else if (strcmp(what, "sink") == 0) {
        a_sink_that_never_returns();
    } else if (strcmp(what, "observer") == 0) {
        an_observer_that_never_returns();
    } else if (strcmp(what, "copies") == 0) {
        CHECK(argc == 3);
        a_second_copy(argv[2]);
    } else if (strcmp(what, "fork") == 0) {
        children_of_a_call();
    } else {
        return 2;
    }
    return 0;
}
