// Calls an address and sends a tone that is made here, sample by sample.
//
//   SW_TOKEN=<subscriber access token> ./tone /public/echo [SECONDS] [HERTZ]
//
// Three seconds of 440 Hz unless said otherwise. Tells how loud the answer is: an address that
// sends back what it hears is about as loud as the tone.
//
// Environment: SW_TOKEN (required); SW_WS_URL, SW_HTTP_URL and SW_CA_FILE for another server
// than the one that the token names. Exit codes: 0 sent, 1 failed, 2 wrong usage.

#define _POSIX_C_SOURCE 200809L // nanosleep

#include "signalwire.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RATE_HZ = 16000, CHUNK_MS = 20, CHUNK = RATE_HZ / 1000 * CHUNK_MS, QUEUE_MS = 100 };

static const double PI = 3.14159265358979323846;

static int failed(const char *what, sw_status status) {
    fprintf(stderr, "%s: %s (%s)\n", what, sw_last_error(), sw_status_name(status));
    return 1;
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

// The next samples of a tone; `done` is how many there were before.
static void make_tone(int16_t *samples, double hertz, unsigned long done) {
    for (unsigned n = 0; n < CHUNK; n++) {
        double phase = fmod(hertz * (double)(done + n) / RATE_HZ, 1.0);
        samples[n] = (int16_t)(12000.0 * sin(2.0 * PI * phase));
    }
}

// Pushes the tone as fast as it is sent: what waits in the call's queue stays below QUEUE_MS, so
// that nothing is dropped and the delay is small.
static sw_status send_tone(sw_call *call, double hertz, unsigned long seconds) {
    const struct timespec pause = {0, 10 * 1000 * 1000};
    int16_t samples[CHUNK];
    unsigned long done = 0;
    while (done < seconds * RATE_HZ) {
        uint32_t queued_ms = 0;
        sw_status status = sw_call_queued_audio_ms(call, &queued_ms);
        if (status == SW_OK && queued_ms >= QUEUE_MS) {
            nanosleep(&pause, NULL);
            continue;
        }
        make_tone(samples, hertz, done);
        if (status == SW_OK) {
            status = sw_call_push_audio(call, samples, CHUNK, RATE_HZ, 1, NULL);
        }
        if (status != SW_OK) {
            return status; // SW_ERR_CLOSED when the far side hung up
        }
        done += CHUNK;
    }
    return SW_OK;
}

static int call_somebody(sw_client *client, sw_waiter *waiter, char **arguments, int count) {
    double hertz = count > 2 ? atof(arguments[2]) : 440.0;
    unsigned long seconds = count > 1 ? strtoul(arguments[1], NULL, 10) : 3;
    sw_call_statistics stats = SW_CALL_STATISTICS_INIT;
    sw_call *call = NULL;
    sw_client_dial(client, arguments[0], NULL, &call, sw_waiter_completion(waiter));
    sw_status status = sw_waiter_wait(waiter, 60000);
    if (status != SW_OK) {
        sw_call_unref(call);
        return failed("no answer", status);
    }
    status = send_tone(call, hertz, seconds);
    int code = status == SW_OK ? 0 : failed("cannot send", status);
    sw_call_stats(call, &stats);
    printf("%llu packets sent at %.0f dBFS, %llu received at %.0f dBFS\n",
           (unsigned long long)stats.packets_sent, stats.output_level_dbfs,
           (unsigned long long)stats.packets_received, stats.input_level_dbfs);
    sw_call_hangup(call, sw_waiter_completion(waiter));
    sw_waiter_wait(waiter, SW_WAIT_FOREVER);
    sw_call_unref(call);
    return code;
}

int main(int argc, char **argv) {
    sw_client_options options = SW_CLIENT_OPTIONS_INIT;
    sw_client *client = NULL;
    sw_waiter *waiter = NULL;
    options.token = getenv("SW_TOKEN");
    if (argc < 2 || argc > 4 || !options.token) {
        fprintf(stderr, "usage: SW_TOKEN=... %s ADDRESS [SECONDS] [HERTZ]\n", argv[0]);
        return 2;
    }
    options.ws_url = getenv("SW_WS_URL"); // NULL means: as the token says
    options.http_url = getenv("SW_HTTP_URL");
    options.ca_certificates_pem = read_file(getenv("SW_CA_FILE"));
    options.agent = "tone-example";
    sw_waiter_new(&waiter);
    sw_status status = sw_client_new(&options, NULL, &client);
    if (status == SW_OK) {
        sw_client_connect(client, sw_waiter_completion(waiter));
        status = sw_waiter_wait(waiter, SW_WAIT_FOREVER);
    }
    int code = status == SW_OK ? call_somebody(client, waiter, argv + 1, argc - 1)
                               : failed("cannot connect", status);
    sw_client_free(client);
    sw_waiter_free(waiter);
    sw_shutdown(); // hangs up what is left and ends the library's threads
    return code;
}
