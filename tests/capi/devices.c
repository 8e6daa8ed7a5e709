// Devices without hardware, and the processor on its own.

#include "check.h"

#include <math.h>
#include <string.h>

typedef struct seen {
    latch opened, dropped;
    int inputs, outputs;
} seen;

static void on_device(const sw_audio_device *device, void *user_data) {
    seen *state = user_data;
    CHECK(strcmp(device->id, "null") == 0 && strcmp(device->name, "Silence") == 0);
    CHECK(device->is_default);
    CHECK(device->sample_rate_count == 1 && device->sample_rates_hz[0] == 48000);
    state->inputs += device->kind == SW_AUDIO_DEVICE_INPUT;
    state->outputs += device->kind == SW_AUDIO_DEVICE_OUTPUT;
}

static void on_event(const sw_audio_device_event *event, void *user_data) {
    seen *state = user_data;
    CHECK(event->event_type == SW_AUDIO_DEVICE_EVENT_OPENED);
    CHECK(event->device != NULL && event->device->kind == event->kind);
    CHECK(event->device->sample_rates_hz == NULL && event->reason == NULL);
    CHECK(event->missed == 0);
    latch_add(&state->opened);
}

static void on_drop(void *user_data) { latch_add(&((seen *)user_data)->dropped); }

static void a_call_with_devices(void) {
    static seen state = {LATCH_INIT, LATCH_INIT, 0, 0};
    sw_client *client = connected_client(NULL);
    sw_waiter *waiter;
    sw_call *call = NULL;
    sw_audio_devices *devices = NULL;
    sw_microphone *microphone = NULL;
    sw_loudspeaker *loudspeaker = NULL;
    char *id = NULL;
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    EXPECT(SW_ERR_NOT_SUPPORTED, sw_audio_devices_system(&devices));
    EXPECT(SW_OK, sw_audio_devices_silent(&devices));
    EXPECT(SW_OK, sw_audio_devices_list(devices, on_device, &state));
    CHECK(state.inputs == 1 && state.outputs == 1);
    sw_audio_device_observer observer = SW_AUDIO_DEVICE_OBSERVER_INIT;
    observer.on_event = on_event;
    observer.drop = on_drop;
    observer.user_data = &state;
    EXPECT(SW_OK, sw_audio_devices_observe(devices, &observer));

    EXPECT(SW_ERR_NOT_FOUND, sw_audio_devices_open_loudspeaker(devices, "none", &loudspeaker));
    EXPECT(SW_OK, sw_audio_devices_open_loudspeaker(devices, "silence", &loudspeaker));
    sw_microphone_options options = SW_MICROPHONE_OPTIONS_INIT;
    options.echo_of = loudspeaker;
    EXPECT(SW_OK, sw_audio_processor_new(NULL, (sw_audio_processor **)&options.processor));
    EXPECT(SW_OK, sw_audio_devices_open_microphone(devices, &options, &microphone));
    EXPECT(SW_OK, sw_audio_processor_free((sw_audio_processor *)options.processor));
    CHECK(latch_wait(&state.opened, 2));

    EXPECT(SW_OK, WAIT(waiter, sw_client_dial(client, "/public/echo", NULL, &call,
                                              sw_waiter_completion(waiter))));
    EXPECT(SW_OK, sw_call_connect_microphone(call, microphone));
    EXPECT(SW_OK, sw_call_connect_microphone(call, microphone));
    EXPECT(SW_OK, sw_call_connect_loudspeaker(call, loudspeaker));
    EXPECT(SW_OK, sw_microphone_device(microphone, &id));
    CHECK(strcmp(id, "null") == 0);
    EXPECT(SW_OK, sw_string_free(id));
    sw_microphone_statistics heard = SW_MICROPHONE_STATISTICS_INIT;
    EXPECT(SW_OK, sw_microphone_stats(microphone, &heard));
    CHECK(heard.captured_ms == 0 && heard.level_dbfs == -127.0);
    sw_loudspeaker_statistics played = SW_LOUDSPEAKER_STATISTICS_INIT;
    EXPECT(SW_OK, sw_loudspeaker_stats(loudspeaker, &played));
    CHECK(played.played_ms == 0 && played.underruns == 0);

    EXPECT(SW_OK, sw_microphone_stop(microphone));
    EXPECT(SW_OK, sw_microphone_stop(microphone));
    EXPECT(SW_OK, sw_microphone_device(microphone, &id));
    CHECK(id == NULL);
    EXPECT(SW_OK, sw_call_disconnect_microphone(call, microphone));
    EXPECT(SW_OK, sw_call_disconnect_loudspeaker(call, loudspeaker));
    EXPECT(SW_OK, sw_audio_devices_free(devices));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_audio_devices_free(devices));
    CHECK(latch_count(&state.dropped) == 0);
    EXPECT(SW_OK, sw_microphone_free(microphone));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_microphone_stop(microphone));
    EXPECT(SW_OK, sw_loudspeaker_free(loudspeaker));
    CHECK(latch_wait(&state.dropped, 1));

    EXPECT(SW_OK, WAIT(waiter, sw_call_hangup(call, sw_waiter_completion(waiter))));
    EXPECT(SW_OK, sw_call_unref(call));
    EXPECT(SW_OK, sw_client_free(client));
    EXPECT(SW_OK, sw_waiter_free(waiter));
}

static void a_processor(void) {
    static int16_t heard[1000], cleaned[1480];
    sw_audio_processor *processor = NULL;
    sw_audio_processing_options options = SW_AUDIO_PROCESSING_OPTIONS_INIT;
    sw_audio_processing_statistics stats = SW_AUDIO_PROCESSING_STATISTICS_INIT;
    size_t count = 0;
    for (int i = 0; i < 1000; i++) {
        heard[i] = (int16_t)(8000 * ((i / 10) % 2));
    }
    options.noise_suppression = 9;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_audio_processor_new(&options, &processor));
    options.noise_suppression = SW_NOISE_SUPPRESSION_OFF;
    EXPECT(SW_OK, sw_audio_processor_new(&options, &processor));
    EXPECT(SW_OK, sw_audio_processor_set_delay_ms(processor, 80));
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_audio_processor_set_delay_ms(processor, 501));
    EXPECT(SW_OK, sw_audio_processor_process_render(processor, heard, 1000, 48000, 1));
    EXPECT(SW_ERR_INVALID_ARGUMENT,
           sw_audio_processor_process_capture(processor, heard, 1000, 48000, 1, cleaned, 1479,
                                              &count));
    CHECK(count == 0);
    EXPECT(SW_OK, sw_audio_processor_process_capture(processor, heard, 1000, 48000, 1, cleaned,
                                                     1480, &count));
    CHECK(count == 960); // 20 ms, and 40 samples wait
    EXPECT(SW_OK, sw_audio_processor_process_capture(processor, heard, 440, 48000, 1, cleaned,
                                                     1480, &count));
    CHECK(count == 480);
    EXPECT(SW_ERR_INVALID_ARGUMENT,
           sw_audio_processor_process_render(processor, heard, 3, 48000, 2));
    EXPECT(SW_OK, sw_audio_processor_stats(processor, &stats));
    CHECK(stats.delay_ms >= -1);
    CHECK(isnan(stats.echo_return_loss_db) || fabs(stats.echo_return_loss_db) < 100);
    EXPECT(SW_OK, sw_audio_processor_free(processor));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_audio_processor_stats(processor, &stats));
}

int main(void) {
    a_call_with_devices();
    a_processor();
    EXPECT(SW_OK, sw_shutdown());
    return 0;
}
