// NULL for every pointer of every function: an error, never a crash, and nothing is written.

#include "check.h"

#define BAD_ARGUMENT(call) EXPECT(SW_ERR_INVALID_ARGUMENT, call)
#define BAD_HANDLE(call) EXPECT(SW_ERR_INVALID_HANDLE, call)
#define FINE(call) EXPECT(SW_OK, call)

static void on_frame(const sw_audio_frame *frame, void *user_data) { (void)frame, (void)user_data; }

static void for_clients(sw_client *client) {
    sw_client_options options = SW_CLIENT_OPTIONS_INIT;
    sw_client *made = NULL;
    sw_call *call = NULL;
    sw_subscriber_completion no_subscriber = {NULL, NULL};
    sw_address_page_completion no_page = {NULL, NULL};
    int32_t state;
    BAD_ARGUMENT(sw_client_new(NULL, NULL, &made));
    BAD_ARGUMENT(sw_client_new(&options, NULL, &made)); // no token
    options.token = setting("SW_TOKEN");
    BAD_ARGUMENT(sw_client_new(&options, NULL, NULL));
    options.media_address_count = 1;
    BAD_ARGUMENT(sw_client_new(&options, NULL, &made));
    options.media_address_count = 0;
    options.resume_from = "no record";
    BAD_ARGUMENT(sw_client_new(&options, NULL, &made));
    FINE(sw_client_free(NULL));
    BAD_HANDLE(sw_client_connect(NULL, NOBODY));
    BAD_HANDLE(sw_client_disconnect(NULL, NOBODY));
    BAD_HANDLE(sw_client_state(NULL, &state));
    BAD_ARGUMENT(sw_client_state(client, NULL));
    BAD_HANDLE(sw_client_subscriber_info(NULL, no_subscriber));
    FINE(sw_client_subscriber_info(client, no_subscriber));
    BAD_HANDLE(sw_client_addresses(NULL, NULL, no_page));
    FINE(sw_client_addresses(client, NULL, no_page));
    BAD_HANDLE(sw_client_dial(NULL, "/public/echo", NULL, &call, NOBODY));
    BAD_ARGUMENT(sw_client_dial(client, NULL, NULL, &call, NOBODY));
    BAD_ARGUMENT(sw_client_dial(client, "/public/echo", NULL, NULL, NOBODY));
    BAD_HANDLE(sw_client_online(NULL, NOBODY));
    BAD_HANDLE(sw_client_offline(NULL, NOBODY));
    char *record = NULL;
    BAD_HANDLE(sw_client_network_changed(NULL));
    FINE(sw_client_network_changed(client));
    BAD_HANDLE(sw_client_session_record(NULL, &record));
    BAD_ARGUMENT(sw_client_session_record(client, NULL));
    BAD_HANDLE(sw_client_call(NULL, "id", NULL, &call));
    BAD_ARGUMENT(sw_client_call(client, NULL, NULL, &call));
    BAD_ARGUMENT(sw_client_call(client, "id", NULL, NULL));
    CHECK(made == NULL && call == NULL);
}

static void for_calls(sw_call *call) {
    char *text = NULL;
    int32_t state;
    bool is_muted;
    sw_end_reason reason = SW_END_REASON_INIT;
    sw_call_statistics stats = SW_CALL_STATISTICS_INIT;
    sw_setup_times times = SW_SETUP_TIMES_INIT;
    BAD_HANDLE(sw_call_ref(NULL));
    FINE(sw_call_unref(NULL));
    BAD_HANDLE(sw_call_id(NULL, &text));
    BAD_ARGUMENT(sw_call_id(call, NULL));
    BAD_HANDLE(sw_call_destination(NULL, &text));
    BAD_ARGUMENT(sw_call_destination(call, NULL));
    BAD_HANDLE(sw_call_state(NULL, &state));
    BAD_ARGUMENT(sw_call_state(call, NULL));
    BAD_HANDLE(sw_call_end_reason(NULL, &reason));
    BAD_ARGUMENT(sw_call_end_reason(call, NULL));
    BAD_HANDLE(sw_call_answered(NULL, NOBODY));
    BAD_HANDLE(sw_call_ended(NULL, NOBODY));
    BAD_HANDLE(sw_call_hangup(NULL, NOBODY));
    BAD_HANDLE(sw_call_send_digits(NULL, "1", NOBODY));
    BAD_ARGUMENT(sw_call_send_digits(call, NULL, NOBODY));
    BAD_HANDLE(sw_call_mute(NULL, NOBODY));
    BAD_HANDLE(sw_call_unmute(NULL, NOBODY));
    BAD_HANDLE(sw_call_is_muted(NULL, &is_muted));
    BAD_ARGUMENT(sw_call_is_muted(call, NULL));
    BAD_HANDLE(sw_call_is_recovering(NULL, &is_muted));
    BAD_ARGUMENT(sw_call_is_recovering(call, NULL));
    BAD_HANDLE(sw_call_hold(NULL, NOBODY));
    BAD_HANDLE(sw_call_unhold(NULL, NOBODY));
    BAD_HANDLE(sw_call_stats(NULL, &stats));
    BAD_ARGUMENT(sw_call_stats(call, NULL));
    BAD_HANDLE(sw_call_setup_times(NULL, &times));
    BAD_ARGUMENT(sw_call_setup_times(call, NULL));
    char *other = NULL;
    BAD_HANDLE(sw_call_direction(NULL, &state));
    BAD_ARGUMENT(sw_call_direction(call, NULL));
    BAD_HANDLE(sw_call_remote_party(NULL, &text, &other));
    BAD_ARGUMENT(sw_call_remote_party(call, NULL, &other));
    BAD_ARGUMENT(sw_call_remote_party(call, &text, NULL));
    sw_text_completion no_text = {NULL, NULL};
    BAD_HANDLE(sw_call_subscribe(NULL, "user_event", NOBODY));
    BAD_ARGUMENT(sw_call_subscribe(call, NULL, NOBODY));
    BAD_HANDLE(sw_call_execute(NULL, "call.lock", NULL, no_text));
    BAD_ARGUMENT(sw_call_execute(call, NULL, NULL, no_text));
    BAD_HANDLE(sw_call_answer(NULL, NULL, NOBODY));
    BAD_HANDLE(sw_call_reject(NULL, NOBODY));
    BAD_HANDLE(sw_call_reject_everywhere(NULL, NOBODY));
    CHECK(text == NULL && other == NULL);
}

static void for_audio(sw_call *call) {
    int16_t samples[160] = {0};
    uint32_t number;
    uint64_t id;
    sw_audio_sink sink = SW_AUDIO_SINK_INIT;
    BAD_HANDLE(sw_call_push_audio(NULL, samples, 160, 8000, 1, &number));
    BAD_ARGUMENT(sw_call_push_audio(call, NULL, 160, 8000, 1, &number));
    FINE(sw_call_push_audio(call, samples, 160, 8000, 1, NULL));
    BAD_HANDLE(sw_call_queued_audio_ms(NULL, &number));
    BAD_ARGUMENT(sw_call_queued_audio_ms(call, NULL));
    BAD_ARGUMENT(sw_call_add_audio_sink(call, 8000, 1, &sink, &id)); // no on_frame
    sink.on_frame = on_frame;
    BAD_HANDLE(sw_call_add_audio_sink(NULL, 8000, 1, &sink, &id));
    BAD_ARGUMENT(sw_call_add_audio_sink(call, 8000, 1, NULL, &id));
    FINE(sw_call_add_audio_sink(call, 8000, 1, &sink, NULL));
    BAD_HANDLE(sw_call_remove_audio_sink(NULL, 1));
    BAD_HANDLE(sw_call_play_wav(NULL, "x.wav", NOBODY));
    BAD_ARGUMENT(sw_call_play_wav(call, NULL, NOBODY));
}

static void on_picture(const sw_video_frame *frame, void *user_data) {
    (void)frame, (void)user_data;
}

static void for_video(sw_call *call) {
    const uint8_t picture[3] = {0x10, 0, 0};
    uint32_t number;
    uint64_t id;
    int32_t audio, video;
    bool is_muted;
    sw_video_sink sink = SW_VIDEO_SINK_INIT;
    sw_video_statistics stats = SW_VIDEO_STATISTICS_INIT;
    const int32_t vp8 = SW_VIDEO_CODEC_VP8, both = SW_MEDIA_DIRECTION_SEND_RECEIVE;
    BAD_HANDLE(sw_call_push_video(NULL, vp8, picture, 3, 0, &number));
    BAD_ARGUMENT(sw_call_push_video(call, vp8, NULL, 3, 0, &number));
    BAD_ARGUMENT(sw_call_push_video(call, vp8, picture, 0, 0, &number));
    BAD_ARGUMENT(sw_call_push_video(call, vp8, picture, SIZE_MAX, 0, &number));
    BAD_ARGUMENT(sw_call_push_video(call, 7, picture, 3, 0, &number));
    EXPECT(SW_ERR_INVALID_STATE, sw_call_push_video(call, vp8, picture, 3, 0, NULL));
    BAD_ARGUMENT(sw_call_add_video_sink(call, &sink, &id)); // no on_frame
    sink.on_frame = on_picture;
    BAD_HANDLE(sw_call_add_video_sink(NULL, &sink, &id));
    BAD_ARGUMENT(sw_call_add_video_sink(call, NULL, &id));
    FINE(sw_call_add_video_sink(call, &sink, NULL));
    FINE(sw_call_add_video_sink(call, &sink, &id));
    FINE(sw_call_remove_video_sink(call, id));
    BAD_HANDLE(sw_call_remove_video_sink(NULL, 1));
    BAD_HANDLE(sw_call_request_key_frame(NULL));
    FINE(sw_call_request_key_frame(call));
    BAD_HANDLE(sw_call_is_video_muted(NULL, &is_muted));
    BAD_ARGUMENT(sw_call_is_video_muted(call, NULL));
    BAD_HANDLE(sw_call_media(NULL, &audio, &video));
    BAD_ARGUMENT(sw_call_media(call, NULL, &video));
    BAD_ARGUMENT(sw_call_media(call, &audio, NULL));
    BAD_HANDLE(sw_call_set_media(NULL, both, both, NOBODY));
    BAD_ARGUMENT(sw_call_set_media(call, SW_MEDIA_DIRECTION_DEFAULT, both, NOBODY));
    BAD_ARGUMENT(sw_call_set_media(call, both, 9, NOBODY));
    BAD_HANDLE(sw_call_video_stats(NULL, &stats));
    BAD_ARGUMENT(sw_call_video_stats(call, NULL));
}

static void for_recorders(sw_call *call) {
    sw_wav_recorder *recorder = NULL;
    BAD_HANDLE(sw_call_record_wav(NULL, setting("SW_RECORDING"), 8000, 1, &recorder));
    BAD_ARGUMENT(sw_call_record_wav(call, NULL, 8000, 1, &recorder));
    BAD_ARGUMENT(sw_call_record_wav(call, setting("SW_RECORDING"), 8000, 1, NULL));
    BAD_HANDLE(sw_wav_recorder_finish(NULL));
    FINE(sw_wav_recorder_free(NULL));
    CHECK(recorder == NULL);
}

static void for_the_rest(void) {
    sw_log_handler handler = SW_LOG_HANDLER_INIT;
    BAD_ARGUMENT(sw_set_log_handler(SW_LOG_WARN, &handler)); // no on_record
    FINE(sw_set_log_handler(SW_LOG_WARN, NULL));
    BAD_ARGUMENT(sw_waiter_new(NULL));
    FINE(sw_waiter_free(NULL));
    BAD_HANDLE(sw_waiter_reset(NULL));
    BAD_HANDLE(sw_waiter_wait(NULL, 0));
    CHECK(sw_waiter_completion(NULL).fn == NULL);
    FINE(sw_string_free(NULL));
    // These take no pointer: sw_version_number() sw_version_string() sw_status_name()
    // sw_status_text() sw_last_error() sw_last_error_info() sw_shutdown()
}

int main(void) {
    for_the_rest();
    sw_client *client = connected_client(NULL);
    sw_call *call = NULL;
    sw_waiter *waiter;
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    for_clients(client);
    EXPECT(SW_OK, WAIT(waiter, sw_client_dial(client, "/public/echo", NULL, &call,
                                              sw_waiter_completion(waiter))));
    for_calls(call);
    for_audio(call);
    for_video(call);
    for_recorders(call);
    EXPECT(SW_OK, WAIT(waiter, sw_call_hangup(call, sw_waiter_completion(waiter))));
    EXPECT(SW_OK, sw_call_unref(call));
    EXPECT(SW_OK, sw_client_free(client));
    EXPECT(SW_OK, sw_waiter_free(waiter));
    EXPECT(SW_OK, sw_shutdown());
    return 0;
}
