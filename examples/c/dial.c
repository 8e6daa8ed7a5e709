// Calls an address, plays and records WAV files, and tells how it went.
//
//   SW_TOKEN=<subscriber access token> ./dial /public/echo --play hello.wav --record heard.wav
//
// Environment: SW_TOKEN (required); SW_WS_URL, SW_HTTP_URL and SW_CA_FILE for another server
// than the one that the token names. Exit codes: 0 answered, 1 failed, 2 wrong usage.

#include "signalwire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sw_waiter *waiter;

// Tells what went wrong. Every failure has a status, and a text that says what to do.
static int failed(const char *what, sw_status status) {
    fprintf(stderr, "%s: %s (%s)\n", what, sw_last_error(), sw_status_name(status));
    return 1;
}

// Called on the library's dispatcher thread. The texts are valid until it returns.
static void on_subscriber(sw_status status, const sw_error *error, const sw_subscriber *subscriber,
                          void *user_data) {
    if (status == SW_OK) {
        printf("you are %s <%s>\n", subscriber->display_name, subscriber->email);
    }
    // Passes the end on to the waiter that main waits for.
    const sw_completion *done = user_data;
    done->fn(status, error, done->user_data);
}

static void on_event(const sw_call_event *event, void *user_data) {
    static const char *names[] = {"new",      "trying", "ringing", "early media",
                                  "answered", "held",   "ending",  "ended"};
    (void)user_data;
    if (event->type == SW_CALL_EVENT_STATE_CHANGED && event->state <= SW_CALL_STATE_ENDED) {
        printf("call: %s\n", names[event->state]);
    } else if (event->type == SW_CALL_EVENT_MEDIA_CONNECTED) {
        printf("call: audio is up, %s\n", event->codec);
    }
}

static char *read_file(const char *path) {
    static char text[1 << 16]; // zeros at first, so what is read is terminated
    FILE *file = fopen(path, "rb");
    size_t length = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
    if (file) {
        fclose(file);
    }
    return length > 0 ? text : NULL;
}

// Plays and records while the call is up, until the file was played or the call ended.
static int talk(sw_call *call, const char *play, const char *record) {
    sw_recorder *recorder = NULL;
    sw_status status = SW_OK;
    if (record && (status = sw_call_record_wav(call, record, 48000, 1, &recorder)) != SW_OK) {
        return failed("cannot record", status);
    }
    if (play) {
        sw_call_play_wav(call, play, sw_waiter_completion(waiter));
        if ((status = sw_waiter_wait(waiter, SW_WAIT_FOREVER)) != SW_OK) {
            failed("cannot play", status);
        }
    } else { // nothing to say: listen for five seconds, or until the far side hangs up
        sw_call_ended(call, sw_waiter_completion(waiter));
        sw_waiter_wait(waiter, 5000);
    }
    if (recorder && sw_recorder_finish(recorder) != SW_OK) {
        status = failed("the recording is not complete", SW_ERR_MEDIA);
    }
    sw_recorder_free(recorder);
    return status == SW_OK ? 0 : 1;
}

static void print_summary(sw_call *call) {
    sw_call_statistics stats = SW_CALL_STATISTICS_INIT;
    sw_setup_times times = SW_SETUP_TIMES_INIT;
    sw_end_reason reason = SW_END_REASON_INIT;
    sw_call_stats(call, &stats);
    sw_call_setup_times(call, &times);
    printf("answered after %.0f ms, audio after %.0f ms\n", times.answered_ms,
           times.first_audio_ms);
    printf("%llu packets sent, %llu received, %llu lost, round trip %.1f ms\n",
           (unsigned long long)stats.packets_sent, (unsigned long long)stats.packets_received,
           (unsigned long long)stats.packets_lost, stats.round_trip_ms);
    if (sw_call_end_reason(call, &reason) == SW_OK) {
        printf("ended: %s (%s, %d)\n", reason.message, reason.cause, (int)reason.code);
    }
}

// One call from start to end; the exit code of the program.
static int call_somebody(sw_client *client, const char *address, const char *play,
                         const char *record) {
    sw_call_observer observer = SW_CALL_OBSERVER_INIT;
    sw_dial_options options = SW_DIAL_OPTIONS_INIT;
    sw_call *call = NULL;
    observer.on_event = on_event;
    options.observer = &observer;
    options.ring_timeout_ms = 60000;
    // sw_client_dial gives the call at once; the waiter hears of the answer.
    sw_client_dial(client, address, &options, &call, sw_waiter_completion(waiter));
    sw_status status = sw_waiter_wait(waiter, SW_WAIT_FOREVER);
    int code = status == SW_OK ? talk(call, play, record) : failed("no call", status);
    if (call) {
        sw_call_hangup(call, sw_waiter_completion(waiter));
        sw_waiter_wait(waiter, SW_WAIT_FOREVER);
        print_summary(call);
    }
    sw_call_unref(call);
    return code;
}

int main(int argc, char **argv) {
    sw_client_options options = SW_CLIENT_OPTIONS_INIT;
    const char *ca_file = getenv("SW_CA_FILE"), *play = NULL, *record = NULL;
    char *ca_text = ca_file ? read_file(ca_file) : NULL;
    for (int i = 2; i + 1 < argc; i += 2) {
        *(strcmp(argv[i], "--play") == 0 ? &play : &record) = argv[i + 1];
    }
    options.token = getenv("SW_TOKEN");
    if (argc < 2 || argc % 2 != 0 || !options.token || (ca_file && !ca_text)) {
        fprintf(stderr, "usage: SW_TOKEN=... %s ADDRESS [--play FILE] [--record FILE]\n", argv[0]);
        return 2;
    }
    options.ws_url = getenv("SW_WS_URL"); // NULL means: as the token says
    options.http_url = getenv("SW_HTTP_URL");
    options.ca_certificates_pem = ca_text;
    options.agent = "dial-example";

    sw_client *client = NULL;
    sw_waiter_new(&waiter);
    sw_status status = sw_client_new(&options, NULL, &client);
    if (status == SW_OK) {
        sw_client_connect(client, sw_waiter_completion(waiter));
        status = sw_waiter_wait(waiter, SW_WAIT_FOREVER);
    }
    int code = status == SW_OK ? 0 : failed("cannot connect", status);
    if (code == 0) {
        sw_completion done = sw_waiter_completion(waiter);
        sw_client_subscriber_info(client, (sw_subscriber_completion){on_subscriber, &done});
        sw_waiter_wait(waiter, SW_WAIT_FOREVER);
        code = call_somebody(client, argv[1], play, record);
    }
    sw_client_free(client);
    sw_waiter_free(waiter);
    sw_shutdown(); // hangs up what is left and ends the library's threads
    return code;
}
