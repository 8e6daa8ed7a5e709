// Waits for one call, answers it, and sends back what it hears until the caller hangs up.
//
//   SW_TOKEN=<subscriber access token> ./answer
//
// Environment: SW_TOKEN (required); SW_WS_URL, SW_HTTP_URL and SW_CA_FILE for another server
// than the one that the token names. Exit codes: 0 there was a call, 1 failed.

#include "signalwire.h"

#include <stdio.h>
#include <stdlib.h>

static sw_client *client;
static sw_call *call;

// Called on a media thread with 20 ms of audio, which goes back as it is.
static void on_frame(const sw_audio_frame *frame, void *user_data) {
    size_t count = (size_t)frame->samples_per_channel * frame->channels;
    (void)user_data;
    sw_call_push_audio(call, frame->samples, count, frame->sample_rate_hz, frame->channels, NULL);
}

// Called on the dispatcher thread. The call is fetched, given its sink and answered right here.
static void on_event(const sw_client_event *event, void *user_data) {
    const sw_completion *over = user_data;
    sw_audio_sink sink = SW_AUDIO_SINK_INIT;
    if (event->type != SW_CLIENT_EVENT_INCOMING_CALL || call) {
        return;
    }
    printf("%s calls\n", event->from_number);
    if (sw_client_call(client, event->call_id, NULL, &call) == SW_OK) {
        sink.on_frame = on_frame;
        sw_call_add_audio_sink(call, 48000, 1, &sink, NULL);
        sw_call_answer(call, NULL, (sw_completion)SW_COMPLETION_NONE);
        sw_call_ended(call, *over); // main waits for this
    }
}

// Called on the dispatcher thread: tells what a caller has to dial.
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

int main(void) {
    sw_client_options options = SW_CLIENT_OPTIONS_INIT;
    sw_client_observer observer = SW_CLIENT_OBSERVER_INIT;
    sw_waiter *waiter = NULL, *ended = NULL;
    sw_waiter_new(&waiter);
    sw_waiter_new(&ended);
    sw_completion over = sw_waiter_completion(ended);
    observer.on_event = on_event;
    observer.user_data = &over;
    options.token = getenv("SW_TOKEN");
    options.ws_url = getenv("SW_WS_URL"); // NULL means: as the token says
    options.http_url = getenv("SW_HTTP_URL");
    options.ca_certificates_pem = read_file(getenv("SW_CA_FILE"));
    sw_status status = sw_client_new(&options, &observer, &client);
    if (status == SW_OK) {
        sw_client_connect(client, sw_waiter_completion(waiter));
        status = sw_waiter_wait(waiter, SW_WAIT_FOREVER);
    }
    if (status == SW_OK) {
        sw_client_online(client, sw_waiter_completion(waiter));
        status = sw_waiter_wait(waiter, SW_WAIT_FOREVER);
    }
    if (status == SW_OK) {
        sw_completion known = sw_waiter_completion(waiter);
        sw_subscriber_completion told = {on_subscriber, &known};
        status = sw_client_subscriber_info(client, told);
        if (status == SW_OK) {
            status = sw_waiter_wait(waiter, SW_WAIT_FOREVER);
        }
    }
    if (status == SW_OK) {
        status = sw_waiter_wait(ended, SW_WAIT_FOREVER);
    }
    if (status != SW_OK) {
        fprintf(stderr, "%s (%s)\n", sw_last_error(), sw_status_name(status));
    } else {
        printf("the call is over\n");
    }
    sw_call_unref(call);
    sw_client_free(client);
    sw_waiter_free(waiter);
    sw_waiter_free(ended);
    sw_shutdown(); // hangs up what is left and ends the library's threads
    return status == SW_OK ? 0 : 1;
}
