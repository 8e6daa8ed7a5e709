// A whole call to /public/echo: events, audio out and in, digits, hold, mute, files, numbers.

#include "check.h"

#include <math.h>

#define RATE_HZ 16000u
#define TONE_HZ 440.0
#define PI 3.14159265358979323846

static latch answered = LATCH_INIT, tone_heard = LATCH_INIT, completions = LATCH_INIT;
static latch call_dropped = LATCH_INIT, sink_dropped = LATCH_INIT, client_dropped = LATCH_INIT;
static latch media_up = LATCH_INIT, info_done = LATCH_INIT, addresses_done = LATCH_INIT;

// What the observers saw, in order. Written on the dispatcher only, read after the last event.
static int32_t call_states[16], client_states[16];
static unsigned call_state_count, client_state_count, ended_count, media_count, joined_count;
static unsigned statistics_count;
static uint64_t told_packets;
static sw_call *expected_call;

static void on_client_event(const sw_client_event *event, void *user_data) {
    CHECK(event->struct_size == sizeof(*event) && user_data == &client_dropped);
    CHECK(latch_count(&client_dropped) == 0 && event->missed_events == 0);
    if (event->type == SW_CLIENT_EVENT_STATE_CHANGED) {
        CHECK(event->reason != NULL && event->raw_json == NULL && client_state_count < 16);
        client_states[client_state_count++] = event->state;
    }
}

static void on_call_event(const sw_call_event *event, void *user_data) {
    CHECK(event->struct_size == sizeof(*event) && user_data == &call_dropped);
    CHECK(latch_count(&call_dropped) == 0 && ended_count == 0 && event->missed_events == 0);
    int32_t state;
    if (sw_call_state(event->call, &state) == SW_OK) {
        CHECK(expected_call == NULL || event->call == expected_call);
    }
    switch (event->type) {
    case SW_CALL_EVENT_STATE_CHANGED:
        CHECK(call_state_count < 16 && event->codec == NULL && event->end_reason == NULL);
        CHECK(call_state_count == 0 || call_states[call_state_count - 1] == event->previous_state);
        call_states[call_state_count++] = event->state;
        break;
    case SW_CALL_EVENT_MEDIA_CONNECTED:
        CHECK(strcmp(event->codec, "opus") == 0 && event->statistics == NULL);
        media_count++;
        latch_add(&media_up);
        break;
    case SW_CALL_EVENT_STATISTICS:
        CHECK(media_count > 0 && event->end_reason == NULL);
        CHECK(event->statistics->struct_size == sizeof(*event->statistics));
        CHECK(event->statistics->packets_sent >= told_packets);
        told_packets = event->statistics->packets_sent;
        statistics_count++;
        break;
    case SW_CALL_EVENT_JOINED:
        CHECK(event->call_id && event->member_id && event->room_session_id && event->raw_json);
        for (size_t i = 0; i < event->capability_count; i++) {
            CHECK(event->capabilities[i] != NULL);
        }
        joined_count++;
        break;
    case SW_CALL_EVENT_ENDED:
        CHECK(event->end_reason->kind == SW_END_KIND_LOCAL_HANGUP);
        CHECK(strcmp(event->end_reason->cause, "NORMAL_CLEARING") == 0);
        ended_count++;
        break;
    }
}

static void on_drop(void *user_data) { latch_add(user_data); }

static void on_answered(sw_status status, const sw_error *error, void *user_data) {
    CHECK(status == SW_OK && error == NULL);
    latch_add(user_data);
}

static void count(sw_status status, const sw_error *error, void *user_data) {
    CHECK((status == SW_OK) == (error == NULL));
    latch_add(user_data);
}

// Power of the tone in a frame, as a part of the frame's power: Goertzel's algorithm.
static double tone_part(const int16_t *samples, uint32_t n) {
    double coefficient = 2 * cos(2 * PI * TONE_HZ / RATE_HZ), s1 = 0, s2 = 0, power = 0;
    for (uint32_t i = 0; i < n; i++) {
        double s0 = samples[i] + coefficient * s1 - s2;
        power += (double)samples[i] * samples[i];
        s2 = s1;
        s1 = s0;
    }
    double tone = s1 * s1 + s2 * s2 - coefficient * s1 * s2;
    return power / n < 1e4 ? 0 : tone / (power * n / 2);
}

static void on_frame(const sw_audio_frame *frame, void *user_data) {
    static uint64_t last_us;
    CHECK(user_data == &sink_dropped && latch_count(&sink_dropped) == 0);
    CHECK(frame->sample_rate_hz == RATE_HZ && frame->channels == 1);
    CHECK(frame->samples_per_channel == RATE_HZ / 50 && frame->timestamp_us >= last_us);
    last_us = frame->timestamp_us;
    if (tone_part(frame->samples, frame->samples_per_channel) > 0.9) {
        latch_add(&tone_heard);
    }
}

static void on_subscriber(sw_status status, const sw_error *error, const sw_subscriber *subscriber,
                          void *user_data) {
    CHECK(status == SW_OK && error == NULL && subscriber->struct_size == sizeof(*subscriber));
    CHECK(strcmp(subscriber->email, "alice@example.com") == 0 && subscriber->id[0] != '\0');
    for (size_t i = 0; i < subscriber->address_count; i++) {
        CHECK(subscriber->addresses[i]->name[0] != '\0');
    }
    latch_add(user_data);
}

static void on_addresses(sw_status status, const sw_error *error, const sw_address_page *page,
                         void *user_data) {
    CHECK(status == SW_OK && error == NULL && page->address_count > 0);
    for (size_t i = 0; i < page->address_count; i++) {
        CHECK(page->addresses[i]->id[0] != '\0' && page->addresses[i]->dial_string != NULL);
    }
    latch_add(user_data);
}

static void directory(sw_client *client) {
    sw_address_query query = SW_ADDRESS_QUERY_INIT;
    query.page_size = 5;
    EXPECT(SW_OK, sw_client_subscriber_info(
                      client, (sw_subscriber_completion){on_subscriber, &info_done}));
    EXPECT(SW_OK, sw_client_addresses(
                      client, &query, (sw_address_page_completion){on_addresses, &addresses_done}));
    CHECK(latch_wait(&info_done, 1) && latch_wait(&addresses_done, 1));
}

static void push_tone(sw_call *call, unsigned milliseconds) {
    static int16_t samples[RATE_HZ * 3];
    unsigned n = RATE_HZ / 1000 * milliseconds;
    CHECK(n <= sizeof(samples) / sizeof(*samples));
    for (unsigned i = 0; i < n; i++) {
        samples[i] = (int16_t)(12000 * sin(2 * PI * TONE_HZ * i / RATE_HZ));
    }
    uint32_t dropped = 99, queued = 0;
    EXPECT(SW_OK, sw_call_push_audio(call, samples, n, RATE_HZ, 1, &dropped));
    CHECK(dropped == 0);
    EXPECT(SW_OK, sw_call_queued_audio_ms(call, &queued));
    CHECK(queued > 0 && queued <= milliseconds);
}

static void wrong_audio(sw_call *call) {
    int16_t samples[960] = {0};
    uint32_t dropped = 77;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_call_push_audio(call, samples, 0, 48000, 1, &dropped));
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_call_push_audio(call, samples, 3, 48000, 2, &dropped));
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_call_push_audio(call, samples, 960, 0, 1, &dropped));
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_call_push_audio(call, samples, 960, 7999, 1, &dropped));
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_call_push_audio(call, samples, 960, 192001, 1, &dropped));
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_call_push_audio(call, samples, 960, 48000, 0, &dropped));
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_call_push_audio(call, samples, 960, 48000, 3, &dropped));
    EXPECT(SW_ERR_INVALID_ARGUMENT,
           sw_call_push_audio(call, samples, SIZE_MAX, 48000, 1, &dropped));
    CHECK(dropped == 77);
    sw_audio_sink sink = SW_AUDIO_SINK_INIT;
    sink.on_frame = on_frame;
    sink.drop = on_drop;
    sink.user_data = &sink_dropped;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_call_add_audio_sink(call, 1, 1, &sink, NULL));
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_call_add_audio_sink(call, RATE_HZ, 5, &sink, NULL));
    sink.on_frame = NULL;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_call_add_audio_sink(call, RATE_HZ, 1, &sink, NULL));
    EXPECT(SW_OK, sw_call_remove_audio_sink(call, 123456789));
}

static void audio(sw_call *call) {
    uint64_t id = 0;
    sw_audio_sink sink = SW_AUDIO_SINK_INIT;
    sink.on_frame = on_frame;
    sink.drop = on_drop;
    sink.user_data = &sink_dropped;
    EXPECT(SW_OK, sw_call_add_audio_sink(call, RATE_HZ, 1, &sink, &id));
    CHECK(latch_wait(&media_up, 1));
    push_tone(call, 3000);
    CHECK(latch_wait(&tone_heard, 25));
    EXPECT(SW_OK, sw_call_remove_audio_sink(call, id));
    EXPECT(SW_OK, sw_call_remove_audio_sink(call, id));
    CHECK(latch_wait(&sink_dropped, 1));
}

static void controls(sw_call *call, sw_waiter *waiter) {
    bool is_muted = true;
    int32_t state;
    EXPECT(SW_OK, WAIT(waiter, sw_call_send_digits(call, "1#", sw_waiter_completion(waiter))));
    EXPECT(SW_ERR_INVALID_ARGUMENT,
           WAIT(waiter, sw_call_send_digits(call, "1x", sw_waiter_completion(waiter))));
    EXPECT(SW_OK, sw_call_is_muted(call, &is_muted));
    CHECK(!is_muted);
    EXPECT(SW_OK, WAIT(waiter, sw_call_mute(call, sw_waiter_completion(waiter))));
    EXPECT(SW_OK, sw_call_is_muted(call, &is_muted));
    CHECK(is_muted);
    EXPECT(SW_OK, WAIT(waiter, sw_call_unmute(call, sw_waiter_completion(waiter))));
    EXPECT(SW_OK, WAIT(waiter, sw_call_hold(call, sw_waiter_completion(waiter))));
    EXPECT(SW_OK, sw_call_state(call, &state));
    CHECK(state == SW_CALL_STATE_HELD);
    EXPECT(SW_OK, WAIT(waiter, sw_call_unhold(call, sw_waiter_completion(waiter))));
}

static void files(sw_call *call, sw_waiter *waiter) {
    sw_recorder *recorder = NULL;
    const char *recording = setting("SW_RECORDING");
    EXPECT(SW_ERR_MEDIA, sw_call_record_wav(call, "/no/such/dir/x.wav", RATE_HZ, 1, &recorder));
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_call_record_wav(call, recording, 1, 1, &recorder));
    EXPECT(SW_OK, sw_call_record_wav(call, recording, RATE_HZ, 1, &recorder));
    EXPECT(SW_ERR_MEDIA,
           WAIT(waiter, sw_call_play_wav(call, "/no/such.wav", sw_waiter_completion(waiter))));
    EXPECT(SW_OK, WAIT(waiter, sw_call_play_wav(call, setting("SW_WAV_FILE"),
                                                sw_waiter_completion(waiter))));
    EXPECT(SW_OK, sw_recorder_finish(recorder));
    EXPECT(SW_OK, sw_recorder_finish(recorder));
    EXPECT(SW_OK, sw_recorder_free(recorder));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_recorder_free(recorder));
    FILE *file = fopen(recording, "rb");
    CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0 && ftell(file) > (long)RATE_HZ / 2);
    fclose(file);
}

static void on_mixed(const sw_audio_frame *frame, void *user_data) {
    CHECK(frame->sample_rate_hz == 48000 && frame->channels == 1);
    CHECK(frame->samples_per_channel == 960);
    __atomic_fetch_add((int *)user_data, 1, __ATOMIC_SEQ_CST);
}

static void in_conference(sw_call *call, sw_waiter *waiter) {
    static const int16_t silence[960];
    static int mixed;
    sw_audio_sink sink = SW_AUDIO_SINK_INIT;
    sw_record_options options = SW_RECORD_OPTIONS_INIT;
    sw_recorder *recorder = NULL;
    sw_mixer *mixer = NULL;
    sw_text_list *list = NULL;
    const char *const *ids = NULL;
    const char *recording = setting("SW_RECORDING");
    size_t count = 0;
    uint64_t dropped = 1, lost = 1;
    char magic[4] = {0};
    options.side = SW_RECORD_SIDE_BOTH;
    options.format = SW_RECORD_FORMAT_OGG_OPUS;
    EXPECT(SW_OK, sw_call_record(call, recording, &options, &recorder));
    sink.on_frame = on_mixed;
    sink.user_data = &mixed;
    EXPECT(SW_OK, sw_mixer_new(&mixer));
    EXPECT(SW_OK, sw_mixer_add(mixer, call));
    EXPECT(SW_OK, sw_mixer_set_gain(mixer, call, 0.5));
    EXPECT(SW_OK, sw_mixer_call_ids(mixer, &list));
    EXPECT(SW_OK, sw_text_list_get(list, &ids, &count));
    CHECK(count == 1 && strlen(ids[0]) == 36);
    EXPECT(SW_OK, sw_text_list_free(list));
    EXPECT(SW_OK, sw_mixer_push_audio(mixer, silence, 960, &dropped));
    uint32_t cleared = 99;
    EXPECT(SW_OK, sw_mixer_clear_audio(mixer, &cleared));
    CHECK(cleared <= 20);
    CHECK(dropped == 0);
    EXPECT(SW_OK, sw_mixer_set_sink(mixer, &sink));
    EXPECT(SW_OK, WAIT(waiter, sw_call_play_wav(call, setting("SW_WAV_FILE"),
                                                sw_waiter_completion(waiter))));
    EXPECT(SW_OK, sw_mixer_set_sink(mixer, NULL));
    CHECK(__atomic_load_n(&mixed, __ATOMIC_SEQ_CST) > 5);
    EXPECT(SW_OK, sw_mixer_free(mixer));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_mixer_add(mixer, call));
    EXPECT(SW_OK, sw_recorder_finish(recorder));
    EXPECT(SW_OK, sw_recorder_lost_ms(recorder, &lost));
    CHECK(lost == 0);
    EXPECT(SW_OK, sw_recorder_free(recorder));
    FILE *file = fopen(recording, "rb");
    CHECK(file != NULL && fread(magic, 1, 4, file) == 4 && memcmp(magic, "OggS", 4) == 0);
    fclose(file);
}

static void numbers(sw_call *call) {
    sw_call_statistics stats = SW_CALL_STATISTICS_INIT;
    sw_setup_times times = SW_SETUP_TIMES_INIT;
    sw_end_reason reason = SW_END_REASON_INIT;
    char *id = NULL, *destination = NULL;
    EXPECT(SW_OK, sw_call_stats(call, &stats));
    CHECK(strcmp(stats.codec, "opus") == 0 && stats.packets_sent > 0 && stats.packets_received > 0);
    CHECK(strchr(stats.local_candidate, ':') && strchr(stats.remote_candidate, ':'));
    EXPECT(SW_OK, sw_call_setup_times(call, &times));
    CHECK(times.offer_ready_ms > 0 && times.answered_ms >= times.offer_ready_ms);
    CHECK(times.first_packet_ms > 0 && times.first_audio_ms >= times.first_packet_ms);
    EXPECT(SW_OK, sw_call_id(call, &id));
    EXPECT(SW_OK, sw_call_destination(call, &destination));
    CHECK(strlen(id) == 36 && strcmp(destination, "/public/echo") == 0);
    EXPECT(SW_OK, sw_string_free(id));
    EXPECT(SW_OK, sw_string_free(destination));
    EXPECT(SW_ERR_INVALID_STATE, sw_call_end_reason(call, &reason));
}

static void after_the_end(sw_call *call, sw_waiter *waiter) {
    int16_t samples[160] = {0};
    sw_end_reason reason = SW_END_REASON_INIT;
    sw_audio_sink sink = SW_AUDIO_SINK_INIT;
    sink.on_frame = on_frame;
    EXPECT(SW_OK, sw_call_end_reason(call, &reason));
    CHECK(reason.kind == SW_END_KIND_LOCAL_HANGUP && reason.code == 16);
    EXPECT(SW_OK, WAIT(waiter, sw_call_hangup(call, sw_waiter_completion(waiter))));
    EXPECT(SW_OK, WAIT(waiter, sw_call_ended(call, sw_waiter_completion(waiter))));
    EXPECT(SW_ERR_CLOSED, WAIT(waiter, sw_call_mute(call, sw_waiter_completion(waiter))));
    EXPECT(SW_ERR_CLOSED, WAIT(waiter, sw_call_hold(call, sw_waiter_completion(waiter))));
    EXPECT(SW_ERR_CLOSED, WAIT(waiter, sw_call_send_digits(call, "1", sw_waiter_completion(waiter))));
    EXPECT(SW_ERR_CLOSED, sw_call_push_audio(call, samples, 160, 8000, 1, NULL));
    EXPECT(SW_ERR_CLOSED, sw_call_add_audio_sink(call, 8000, 1, &sink, NULL));
}

static void check_order(void) {
    CHECK(ended_count == 1 && media_count >= 1 && joined_count >= 1);
    CHECK(statistics_count >= 3 && told_packets > 0);
    CHECK(call_state_count >= 3);
    CHECK(call_states[call_state_count - 1] == SW_CALL_STATE_ENDED);
    bool was_held = false;
    for (unsigned i = 0; i < call_state_count; i++) {
        was_held |= call_states[i] == SW_CALL_STATE_HELD;
    }
    CHECK(was_held);
    CHECK(client_state_count == 3 && client_states[0] == SW_CLIENT_STATE_CONNECTING);
    CHECK(client_states[1] == SW_CLIENT_STATE_CONNECTED);
    CHECK(client_states[2] == SW_CLIENT_STATE_CLOSED);
}

int main(void) {
    sw_client_observer client_observer = SW_CLIENT_OBSERVER_INIT;
    client_observer.on_event = on_client_event;
    client_observer.drop = on_drop;
    client_observer.user_data = &client_dropped;
    sw_client *client = connected_client(&client_observer);
    sw_call_observer observer = SW_CALL_OBSERVER_INIT;
    observer.on_event = on_call_event;
    observer.drop = on_drop;
    observer.user_data = &call_dropped;
    sw_dial_options options = SW_DIAL_OPTIONS_INIT;
    options.observer = &observer;
    options.audio_queue_ms = 5000;
    options.media_timeout_ms = LIMIT_MS;
    options.statistics_interval_ms = 100;
    options.user_variables_json = "{\"source\":\"capi\"}";
    sw_call *call = NULL;
    sw_waiter *waiter;
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    directory(client);
    EXPECT(SW_OK, sw_client_dial(client, "/public/echo", &options, &call,
                                 (sw_completion){on_answered, &answered}));
    expected_call = call;
    CHECK(latch_wait(&answered, 1));
    EXPECT(SW_OK, WAIT(waiter, sw_call_answered(call, sw_waiter_completion(waiter))));
    EXPECT(SW_OK, sw_call_ref(call));
    EXPECT(SW_OK, sw_call_unref(call));
    wrong_audio(call);
    audio(call);
    numbers(call);
    controls(call, waiter);
    files(call, waiter);
    in_conference(call, waiter);
    for (int i = 0; i < 3; i++) {
        EXPECT(SW_OK, sw_call_ended(call, (sw_completion){count, &completions}));
        EXPECT(SW_OK, sw_call_hangup(call, (sw_completion){count, &completions}));
    }
    CHECK(latch_wait(&completions, 6));
    after_the_end(call, waiter);
    CHECK(latch_wait(&call_dropped, 1));
    EXPECT(SW_OK, sw_call_unref(call));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_call_unref(call));
    EXPECT(SW_OK, WAIT(waiter, sw_client_disconnect(client, sw_waiter_completion(waiter))));
    EXPECT(SW_OK, WAIT(waiter, sw_client_disconnect(client, sw_waiter_completion(waiter))));
    EXPECT(SW_ERR_CLOSED, WAIT(waiter, sw_client_connect(client, sw_waiter_completion(waiter))));
    CHECK(latch_wait(&client_dropped, 1));
    EXPECT(SW_OK, sw_client_free(client));
    EXPECT(SW_OK, sw_waiter_free(waiter));
    EXPECT(SW_OK, sw_shutdown());
    check_order();
    CHECK(latch_count(&answered) == 1 && latch_count(&completions) == 6);
    CHECK(latch_count(&call_dropped) == 1 && latch_count(&sink_dropped) == 1);
    CHECK(latch_count(&client_dropped) == 1);
    return 0;
}
