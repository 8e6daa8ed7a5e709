// A bot: answers every call that comes and sends back what it hears, until it is interrupted.
//
//   SW_TOKEN=<subscriber access token> ./echo_bot
//
// Up to 16 calls at a time; who calls beyond that is busy. Ends with SIGINT (Ctrl-C) or SIGTERM.
//
// Environment: SW_TOKEN (required); SW_WS_URL, SW_HTTP_URL and SW_CA_FILE for another server
// than the one that the token names. Exit codes: 0 interrupted, 1 failed, 2 wrong usage.

#define _POSIX_C_SOURCE 200809L // sigwait

#include "signalwire.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST_CALLS = 16 };

// A call that is being talked to. Touched on the dispatcher thread alone, but for the sink, which
// has its handle by then.
typedef struct talk {
    sw_call *call; // NULL: this place is free
} talk;

static talk talks[MOST_CALLS];
static sw_client *client;

// Called on a media thread with 20 ms of audio, which goes back as it is.
static void on_frame(const sw_audio_frame *frame, void *user_data) {
    talk *here = user_data;
    size_t count = (size_t)frame->samples_per_channel * frame->channels;
    sw_call_push_audio(here->call, frame->samples, count, frame->sample_rate_hz, frame->channels,
                       NULL);
}

// Called on the dispatcher thread when nothing more comes from the sink: the call is over, and its
// place is free.
static void on_drop(void *user_data) {
    talk *here = user_data;
    char *id = NULL;
    if (sw_call_id(here->call, &id) == SW_OK) {
        printf("%s is over\n", id);
        fflush(stdout);
    }
    sw_string_free(id);
    sw_call_unref(here->call);
    here->call = NULL;
}

static void answer(const sw_client_event *event) {
    sw_completion nobody = SW_COMPLETION_NONE;
    sw_audio_sink sink = SW_AUDIO_SINK_INIT;
    talk *here = talks;
    while (here < talks + MOST_CALLS && here->call) {
        here++;
    }
    sw_call *call = NULL;
    if (sw_client_call(client, event->call_id, NULL, &call) != SW_OK) {
        return; // the caller gave up already
    }
    if (here == talks + MOST_CALLS) {
        printf("%s calls, but all lines are taken\n", event->from_number);
        sw_call_reject(call, nobody);
        sw_call_unref(call);
        return;
    }
    printf("%s calls\n", event->from_number);
    fflush(stdout);
    here->call = call;
    sink.on_frame = on_frame;
    sink.drop = on_drop;
    sink.user_data = here;
    if (sw_call_add_audio_sink(call, 48000, 1, &sink, NULL) != SW_OK) {
        here->call = NULL; // it ended meanwhile
        sw_call_unref(call);
        return;
    }
    sw_call_answer(call, NULL, nobody);
}

static void on_event(const sw_client_event *event, void *user_data) {
    (void)user_data;
    if (event->type == SW_CLIENT_EVENT_INCOMING_CALL) {
        answer(event);
    } else if (event->type == SW_CLIENT_EVENT_SESSION_ENDED ||
               event->type == SW_CLIENT_EVENT_AUTHORIZATION_FAILED) {
        fprintf(stderr, "the session is over: %s\n", event->reason);
        kill(getpid(), SIGTERM); // main waits for it
    }
}

// Called on the dispatcher thread: tells what callers have to dial.
static void on_subscriber(sw_status status, const sw_error *error, const sw_subscriber *subscriber,
                          void *user_data) {
    const sw_completion *known = user_data;
    if (status == SW_OK && subscriber->address_count > 0 && subscriber->addresses[0]->dial_string) {
        printf("reachable as %s\n", subscriber->addresses[0]->dial_string);
        fflush(stdout);
    }
    known->fn(status, error, known->user_data); // main waits for this
}

static char *read_file(const char *path) {
    static char text[1 << 16]; // zeros at first, so what is read is terminated
    FILE *file = path ? fopen(path, "rb") : NULL;
    size_t length = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
    if (file) {
        fclose(file);
    }
    return length > 0 ? text : NULL;
}

static sw_status begin(sw_waiter *waiter) {
    sw_completion known = sw_waiter_completion(waiter);
    sw_subscriber_completion told = {on_subscriber, &known};
    sw_client_connect(client, known);
    sw_status status = sw_waiter_wait(waiter, SW_WAIT_FOREVER);
    if (status == SW_OK) {
        sw_client_online(client, sw_waiter_completion(waiter));
        status = sw_waiter_wait(waiter, SW_WAIT_FOREVER);
    }
    if (status == SW_OK) {
        known = sw_waiter_completion(waiter);
        status = sw_client_subscriber_info(client, told);
        if (status == SW_OK) {
            status = sw_waiter_wait(waiter, SW_WAIT_FOREVER);
        }
    }
    return status;
}

int main(int argc, char **argv) {
    sw_client_options options = SW_CLIENT_OPTIONS_INIT;
    sw_client_observer observer = SW_CLIENT_OBSERVER_INIT;
    sw_waiter *waiter = NULL;
    sigset_t signals;
    int which = 0;
    options.token = getenv("SW_TOKEN");
    if (argc != 1 || !options.token) {
        fprintf(stderr, "usage: SW_TOKEN=... %s\n", argv[0]);
        return 2;
    }
    // Before the library makes its threads, which inherit this: main alone waits for signals.
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    observer.on_event = on_event;
    options.ws_url = getenv("SW_WS_URL"); // NULL means: as the token says
    options.http_url = getenv("SW_HTTP_URL");
    options.ca_certificates_pem = read_file(getenv("SW_CA_FILE"));
    options.agent = "echo-bot-example";
    sw_waiter_new(&waiter);
    sw_status status = sw_client_new(&options, &observer, &client);
    if (status == SW_OK) {
        status = begin(waiter);
    }
    if (status == SW_OK) {
        sigwait(&signals, &which);
        printf("going\n");
    } else {
        fprintf(stderr, "%s (%s)\n", sw_last_error(), sw_status_name(status));
    }
    sw_waiter_free(waiter);
    sw_client_free(client);
    sw_shutdown(); // hangs up what is left, drops the sinks and ends the library's threads
    return status == SW_OK ? 0 : 1;
}
