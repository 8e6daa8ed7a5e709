// NULL for every pointer of every function: an error, never a crash, and nothing is written.

#include "check.h"

#define BAD_ARGUMENT(call) EXPECT(SW_ERR_INVALID_ARGUMENT, call)
#define BAD_HANDLE(call) EXPECT(SW_ERR_INVALID_HANDLE, call)
#define FINE(call) EXPECT(SW_OK, call)

static void on_frame(const sw_audio_frame *frame, void *user_data) { (void)frame, (void)user_data; }

static void for_the_directory(sw_client *client) {
    sw_address_page_completion no_page = {NULL, NULL};
    sw_address_completion no_address = {NULL, NULL};
    BAD_HANDLE(sw_client_addresses_at(NULL, "/", no_page));
    BAD_ARGUMENT(sw_client_addresses_at(client, NULL, no_page));
    BAD_HANDLE(sw_client_address(NULL, "id", no_address));
    BAD_ARGUMENT(sw_client_address(client, NULL, no_address));
    BAD_HANDLE(sw_client_address_by_name(NULL, "echo", no_address));
    BAD_ARGUMENT(sw_client_address_by_name(client, NULL, no_address));
    BAD_HANDLE(sw_client_cached_address(NULL, "id", no_address));
    BAD_ARGUMENT(sw_client_cached_address(client, NULL, no_address));
}

static void for_messages(sw_client *client) {
    sw_conversation_page_completion no_page = {NULL, NULL};
    sw_conversation_completion no_conversation = {NULL, NULL};
    sw_message_page_completion no_messages = {NULL, NULL};
    sw_outgoing_message *message = NULL;
    int32_t state;
    BAD_HANDLE(sw_client_conversations(NULL, 0, no_page));
    FINE(sw_client_conversations(client, 0, no_page));
    BAD_HANDLE(sw_client_conversations_at(NULL, "/", no_page));
    BAD_ARGUMENT(sw_client_conversations_at(client, NULL, no_page));
    BAD_HANDLE(sw_client_join_conversation(NULL, "a", NULL, no_conversation));
    BAD_ARGUMENT(sw_client_join_conversation(client, NULL, NULL, no_conversation));
    BAD_HANDLE(sw_client_messages(NULL, "c", 0, no_messages));
    BAD_ARGUMENT(sw_client_messages(client, NULL, 0, no_messages));
    BAD_HANDLE(sw_client_messages_at(NULL, "/", no_messages));
    BAD_ARGUMENT(sw_client_messages_at(client, NULL, no_messages));
    BAD_HANDLE(sw_client_compose_message(NULL, "c", "a", "x", &message));
    BAD_ARGUMENT(sw_client_compose_message(client, NULL, "a", "x", &message));
    BAD_ARGUMENT(sw_client_compose_message(client, "c", NULL, "x", &message));
    BAD_ARGUMENT(sw_client_compose_message(client, "c", "a", NULL, &message));
    BAD_ARGUMENT(sw_client_compose_message(client, "c", "a", "x", NULL));
    CHECK(message == NULL);
    BAD_HANDLE(sw_outgoing_message_send(NULL, NOBODY));
    BAD_HANDLE(sw_outgoing_message_reconcile(NULL, NOBODY));
    BAD_HANDLE(sw_outgoing_message_state(NULL, &state));
    FINE(sw_client_compose_message(client, "c", "a", "x", &message));
    BAD_ARGUMENT(sw_outgoing_message_state(message, NULL));
    FINE(sw_outgoing_message_free(message));
    FINE(sw_outgoing_message_free(NULL));
}

static void for_waking_up(sw_client *client) {
    sw_device_completion no_device = {NULL, NULL};
    sw_text_completion no_text = {NULL, NULL};
    sw_expected_call *expected = NULL;
    sw_host_call *host = NULL;
    sw_host_actions actions = SW_HOST_ACTIONS_INIT;
    char *name = NULL, *number = NULL;
    bool has_video;
    int32_t state;
    BAD_HANDLE(sw_client_register_device(NULL, SW_DEVICE_TYPE_IOS, "t", no_device));
    BAD_ARGUMENT(sw_client_register_device(client, SW_DEVICE_TYPE_IOS, NULL, no_device));
    BAD_HANDLE(sw_client_create_invite(NULL, "id", 0, no_text));
    BAD_ARGUMENT(sw_client_create_invite(client, NULL, 0, no_text));
    BAD_HANDLE(sw_client_unregister_device(NULL, "id", NOBODY));
    BAD_ARGUMENT(sw_client_unregister_device(client, NULL, NOBODY));
    BAD_ARGUMENT(sw_parse_push(NULL, &name, &number, &has_video));
    BAD_ARGUMENT(sw_parse_push("{}", NULL, &number, &has_video));
    BAD_ARGUMENT(sw_parse_push("{}", &name, NULL, &has_video));
    BAD_ARGUMENT(sw_parse_push("{}", &name, &number, NULL));
    BAD_HANDLE(sw_client_handle_push(NULL, "{}", NULL, no_text));
    BAD_ARGUMENT(sw_client_handle_push(client, NULL, NULL, no_text));
    BAD_HANDLE(sw_client_expect_call(NULL, "c", 1, &expected));
    BAD_ARGUMENT(sw_client_expect_call(client, NULL, 1, &expected));
    BAD_ARGUMENT(sw_client_expect_call(client, "c", 1, NULL));
    CHECK(expected == NULL);
    BAD_HANDLE(sw_expected_call_call_id(NULL, &name));
    BAD_HANDLE(sw_expected_call_state(NULL, &state));
    BAD_HANDLE(sw_expected_call_arrived(NULL, NOBODY));
    BAD_HANDLE(sw_expected_call_answer(NULL, NULL, NOBODY));
    BAD_HANDLE(sw_expected_call_reject(NULL, NOBODY));
    BAD_HANDLE(sw_expected_call_cancel(NULL));
    FINE(sw_client_expect_call(client, "c", 1, &expected));
    BAD_ARGUMENT(sw_expected_call_call_id(expected, NULL));
    BAD_ARGUMENT(sw_expected_call_state(expected, NULL));
    FINE(sw_expected_call_free(expected));
    FINE(sw_expected_call_free(NULL));
    BAD_ARGUMENT(sw_host_call_new(NULL, &host));
    BAD_ARGUMENT(sw_host_call_new("c", NULL));
    CHECK(host == NULL);
    BAD_HANDLE(sw_host_call_call_id(NULL, &name));
    BAD_HANDLE(sw_host_call_phase(NULL, &state));
    BAD_HANDLE(sw_host_call_handle(NULL, SW_HOST_INPUT_PUSHED, 0, &actions));
    FINE(sw_host_call_new("c", &host));
    BAD_ARGUMENT(sw_host_call_call_id(host, NULL));
    BAD_ARGUMENT(sw_host_call_phase(host, NULL));
    BAD_ARGUMENT(sw_host_call_handle(host, SW_HOST_INPUT_PUSHED, 0, NULL));
    FINE(sw_host_call_free(host));
    FINE(sw_host_call_free(NULL));
    CHECK(name == NULL && number == NULL);
}

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
    for_the_directory(client);
    for_messages(client);
    for_waking_up(client);
    BAD_HANDLE(sw_client_online(NULL, NOBODY));
    BAD_HANDLE(sw_client_offline(NULL, NOBODY));
    char *record = NULL;
    BAD_HANDLE(sw_client_network_changed(NULL));
    FINE(sw_client_network_changed(client));
    BAD_HANDLE(sw_client_session_record(NULL, &record));
    BAD_ARGUMENT(sw_client_session_record(client, NULL));
    BAD_HANDLE(sw_client_set_do_not_disturb(NULL, SW_DO_NOT_DISTURB_OFF));
    BAD_ARGUMENT(sw_client_set_do_not_disturb(client, 3));
    BAD_ARGUMENT(sw_client_set_do_not_disturb(client, -1));
    FINE(sw_client_set_do_not_disturb(client, SW_DO_NOT_DISTURB_IN_CALLS));
    sw_connect_times times = SW_CONNECT_TIMES_INIT;
    sw_text_completion no_text = {NULL, NULL};
    BAD_HANDLE(sw_client_connect_times(NULL, &times));
    BAD_ARGUMENT(sw_client_connect_times(client, NULL));
    BAD_HANDLE(sw_client_preflight(NULL, NULL, 0, no_text));
    BAD_HANDLE(sw_client_diagnostics(NULL, no_text));
    FINE(sw_client_diagnostics(client, no_text));
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
    BAD_HANDLE(sw_call_diagnostics(NULL, no_text));
    FINE(sw_call_diagnostics(call, no_text));
    BAD_HANDLE(sw_call_execute(NULL, "call.lock", NULL, no_text));
    BAD_ARGUMENT(sw_call_execute(call, NULL, NULL, no_text));
    BAD_HANDLE(sw_call_answer(NULL, NULL, NOBODY));
    BAD_HANDLE(sw_call_reject(NULL, NOBODY));
    BAD_HANDLE(sw_call_reject_everywhere(NULL, NOBODY));
    CHECK(text == NULL && other == NULL);
}

static void for_rooms(sw_call *call) {
    sw_member_list *members = NULL;
    sw_layout_snapshot *layout = NULL;
    sw_text_list *texts = NULL;
    const sw_member *const *all_members;
    const sw_layout *the_layout;
    const char *const *all_texts;
    size_t count;
    sw_audio_flags flags = SW_AUDIO_FLAGS_INIT;
    sw_member_position nowhere = {NULL, NULL};
    sw_texts_completion no_texts = {NULL, NULL};
    BAD_HANDLE(sw_call_members(NULL, &members));
    BAD_ARGUMENT(sw_call_members(call, NULL));
    BAD_HANDLE(sw_call_layout(NULL, &layout));
    BAD_ARGUMENT(sw_call_layout(call, NULL));
    BAD_HANDLE(sw_call_capabilities(NULL, &texts));
    BAD_ARGUMENT(sw_call_capabilities(call, NULL));
    CHECK(members == NULL && layout == NULL && texts == NULL);
    BAD_HANDLE(sw_member_list_get(NULL, &all_members, &count));
    FINE(sw_call_members(call, &members));
    BAD_ARGUMENT(sw_member_list_get(members, NULL, &count));
    BAD_ARGUMENT(sw_member_list_get(members, &all_members, NULL));
    FINE(sw_member_list_free(members));
    FINE(sw_member_list_free(NULL));
    BAD_HANDLE(sw_layout_snapshot_get(NULL, &the_layout));
    FINE(sw_layout_snapshot_free(NULL));
    BAD_HANDLE(sw_text_list_get(NULL, &all_texts, &count));
    FINE(sw_call_capabilities(call, &texts));
    BAD_ARGUMENT(sw_text_list_get(texts, NULL, &count));
    BAD_ARGUMENT(sw_text_list_get(texts, &all_texts, NULL));
    BAD_HANDLE(sw_member_list_free((sw_member_list *)texts)); // of another type
    FINE(sw_text_list_free(texts));
    FINE(sw_text_list_free(NULL));
    BAD_HANDLE(sw_call_set_audio_muted(NULL, NULL, true, NOBODY));
    BAD_HANDLE(sw_call_set_video_muted(NULL, NULL, true, NOBODY));
    BAD_HANDLE(sw_call_set_deaf(NULL, NULL, true, NOBODY));
    BAD_HANDLE(sw_call_set_hand_raised(NULL, NULL, true, NOBODY));
    BAD_HANDLE(sw_call_set_input_volume(NULL, NULL, 0, NOBODY));
    BAD_HANDLE(sw_call_set_output_volume(NULL, NULL, 0, NOBODY));
    BAD_HANDLE(sw_call_set_input_sensitivity(NULL, NULL, 0, NOBODY));
    BAD_HANDLE(sw_call_set_audio_flags(NULL, NULL, &flags, NOBODY));
    BAD_ARGUMENT(sw_call_set_audio_flags(call, NULL, NULL, NOBODY));
    BAD_HANDLE(sw_call_set_low_bitrate(NULL, NULL, true, NOBODY));
    BAD_HANDLE(sw_call_set_locked(NULL, true, NOBODY));
    BAD_HANDLE(sw_call_layouts(NULL, no_texts));
    FINE(sw_call_layouts(call, no_texts));
    BAD_HANDLE(sw_call_set_layout(NULL, "1x1", NOBODY));
    BAD_ARGUMENT(sw_call_set_layout(call, NULL, NOBODY));
    BAD_HANDLE(sw_call_set_positions(NULL, &nowhere, 1, NOBODY));
    BAD_ARGUMENT(sw_call_set_positions(call, NULL, 1, NOBODY));
    BAD_ARGUMENT(sw_call_set_positions(call, &nowhere, 1, NOBODY));
    BAD_ARGUMENT(sw_call_set_positions(call, &nowhere, (size_t)-1, NOBODY));
    BAD_HANDLE(sw_call_remove_member(NULL, "id", NOBODY));
    BAD_ARGUMENT(sw_call_remove_member(call, NULL, NOBODY));
    BAD_HANDLE(sw_call_end_for(NULL, NULL, NOBODY));
    BAD_HANDLE(sw_call_transfer(NULL, "/public/echo", NOBODY));
    BAD_ARGUMENT(sw_call_transfer(call, NULL, NOBODY));
    BAD_HANDLE(sw_call_subscribe_transcript(NULL, NOBODY));
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
    BAD_HANDLE(sw_call_clear_audio(NULL, &number));
    FINE(sw_call_clear_audio(call, NULL));
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

static void on_leg(sw_status status, const sw_error *error, sw_call *leg, void *user_data) {
    (void)status, (void)error, (void)leg, (void)user_data;
}

static void for_legs(sw_call *call) {
    const sw_call_completion nobody = {NULL, NULL}, somebody = {on_leg, NULL};
    sw_screen_share_options screen = SW_SCREEN_SHARE_OPTIONS_INIT;
    sw_device_options device = SW_DEVICE_OPTIONS_INIT;
    char *id = NULL;
    BAD_HANDLE(sw_call_start_screen_share(NULL, NULL, somebody));
    BAD_ARGUMENT(sw_call_start_screen_share(call, NULL, nobody));
    screen.video_codecs[0] = 7;
    BAD_ARGUMENT(sw_call_start_screen_share(call, &screen, somebody));
    BAD_HANDLE(sw_call_add_device(NULL, &device, somebody));
    BAD_ARGUMENT(sw_call_add_device(call, &device, nobody));
    device.struct_size = 1;
    BAD_ARGUMENT(sw_call_add_device(call, &device, somebody));
    BAD_HANDLE(sw_call_parent_id(NULL, &id));
    BAD_ARGUMENT(sw_call_parent_id(call, NULL));
    FINE(sw_call_parent_id(call, &id));
    CHECK(id == NULL);
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
    sw_recorder *recorder = NULL;
    BAD_HANDLE(sw_call_record_wav(NULL, setting("SW_RECORDING"), 8000, 1, &recorder));
    BAD_ARGUMENT(sw_call_record_wav(call, NULL, 8000, 1, &recorder));
    BAD_ARGUMENT(sw_call_record_wav(call, setting("SW_RECORDING"), 8000, 1, NULL));
    BAD_HANDLE(sw_recorder_finish(NULL));
    uint64_t lost = 0;
    BAD_HANDLE(sw_recorder_lost_ms(NULL, &lost));
    sw_record_options options = SW_RECORD_OPTIONS_INIT;
    BAD_HANDLE(sw_call_record(NULL, setting("SW_RECORDING"), &options, &recorder));
    BAD_ARGUMENT(sw_call_record(call, NULL, &options, &recorder));
    BAD_ARGUMENT(sw_call_record(call, setting("SW_RECORDING"), &options, NULL));
    options.side = 4;
    BAD_ARGUMENT(sw_call_record(call, setting("SW_RECORDING"), &options, &recorder));
    options.side = SW_RECORD_SIDE_BOTH;
    options.format = 2;
    BAD_ARGUMENT(sw_call_record(call, setting("SW_RECORDING"), &options, &recorder));
    options.format = SW_RECORD_FORMAT_OGG_OPUS;
    options.sample_rate_hz = 8000;
    BAD_ARGUMENT(sw_call_record(call, setting("SW_RECORDING"), &options, &recorder));
    FINE(sw_recorder_free(NULL));
    CHECK(recorder == NULL);
}

static void for_mixers(sw_call *call) {
    static const int16_t silence[960];
    sw_audio_sink sink = SW_AUDIO_SINK_INIT;
    sw_text_list *ids = NULL;
    sw_mixer *mixer = NULL;
    BAD_ARGUMENT(sw_mixer_new(NULL));
    FINE(sw_mixer_new(&mixer));
    BAD_HANDLE(sw_mixer_add(NULL, call));
    BAD_HANDLE(sw_mixer_add(mixer, NULL));
    BAD_HANDLE(sw_mixer_remove(NULL, call));
    BAD_HANDLE(sw_mixer_remove(mixer, NULL));
    BAD_HANDLE(sw_mixer_call_ids(NULL, &ids));
    BAD_ARGUMENT(sw_mixer_call_ids(mixer, NULL));
    BAD_HANDLE(sw_mixer_set_gain(NULL, call, 1.0));
    BAD_HANDLE(sw_mixer_set_gain(mixer, NULL, 1.0));
    BAD_ARGUMENT(sw_mixer_set_gain(mixer, call, 1.0));
    BAD_HANDLE(sw_mixer_push_audio(NULL, silence, 960, NULL));
    BAD_ARGUMENT(sw_mixer_push_audio(mixer, NULL, 960, NULL));
    FINE(sw_mixer_push_audio(mixer, silence, 960, NULL));
    BAD_HANDLE(sw_mixer_clear_audio(NULL, NULL));
    FINE(sw_mixer_clear_audio(mixer, NULL));
    BAD_HANDLE(sw_mixer_set_sink(NULL, &sink));
    BAD_ARGUMENT(sw_mixer_set_sink(mixer, &sink));
    FINE(sw_mixer_set_sink(mixer, NULL));
    FINE(sw_mixer_remove(mixer, call));
    FINE(sw_mixer_free(mixer));
    BAD_HANDLE(sw_mixer_free(mixer));
    FINE(sw_mixer_free(NULL));
}

static sw_status save(const char *text, void *user_data) {
    (void)text, (void)user_data;
    return SW_OK;
}

static void for_credentials(sw_client *client) {
    sw_client_options options = SW_CLIENT_OPTIONS_INIT;
    sw_credential_provider provider = SW_CREDENTIAL_PROVIDER_INIT;
    sw_credentials *credentials = NULL;
    sw_client *made = NULL;
    BAD_ARGUMENT(sw_credentials_provider(NULL, &credentials));
    BAD_ARGUMENT(sw_credentials_provider(&provider, &credentials)); // no on_request
    BAD_ARGUMENT(sw_credentials_provider(&provider, NULL));
    BAD_ARGUMENT(sw_credentials_embed(NULL, "c2c_1", NULL, &credentials));
    BAD_ARGUMENT(sw_credentials_embed("a.example", NULL, NULL, &credentials));
    BAD_ARGUMENT(sw_credentials_embed("a.example", "c2c_1", NULL, NULL));
    FINE(sw_credentials_free(NULL));
    BAD_HANDLE(sw_token_reply_give(NULL, "x", 0));
    BAD_HANDLE(sw_token_reply_fail(NULL, "x", true));
    BAD_HANDLE(sw_client_with_credentials(&options, NULL, NULL, &made));
    FINE(sw_credentials_embed("a.example", "c2c_1", NULL, &credentials));
    BAD_ARGUMENT(sw_client_with_credentials(&options, credentials, NULL, NULL));
    FINE(sw_client_with_credentials(NULL, credentials, NULL, &made));
    FINE(sw_client_free(made));
    FINE(sw_credentials_free(credentials));
    BAD_HANDLE(sw_client_update_token(NULL, "x", 0, NOBODY));
    BAD_ARGUMENT(sw_client_update_token(client, NULL, 0, NOBODY));
}

static void for_logins(void) {
    sw_oauth_options options = SW_OAUTH_OPTIONS_INIT;
    sw_text_completion no_text = {NULL, NULL};
    sw_token_store store = SW_TOKEN_STORE_INIT;
    sw_credentials *credentials = NULL;
    sw_oauth_login *login = NULL;
    sw_oauth *oauth = NULL;
    char *url = NULL;
    bool is_callback = false;
    BAD_ARGUMENT(sw_oauth_new(NULL, &oauth));
    BAD_ARGUMENT(sw_oauth_new(&options, &oauth)); // no client id
    options.client_id = "app";
    options.redirect_uri = "http://127.0.0.1:0/callback";
    BAD_ARGUMENT(sw_oauth_new(&options, NULL));
    options.scope_count = 1;
    BAD_ARGUMENT(sw_oauth_new(&options, &oauth));
    options.scope_count = 0;
    FINE(sw_oauth_new(&options, &oauth));
    FINE(sw_oauth_free(NULL));
    BAD_HANDLE(sw_oauth_begin(NULL, &url));
    BAD_ARGUMENT(sw_oauth_begin(oauth, NULL));
    BAD_HANDLE(sw_oauth_is_callback(NULL, "x", &is_callback));
    BAD_ARGUMENT(sw_oauth_is_callback(oauth, NULL, &is_callback));
    BAD_ARGUMENT(sw_oauth_is_callback(oauth, "x", NULL));
    BAD_HANDLE(sw_oauth_complete(NULL, "x", no_text));
    BAD_ARGUMENT(sw_oauth_complete(oauth, NULL, no_text));
    BAD_HANDLE(sw_oauth_refresh(NULL, "{}", no_text));
    BAD_ARGUMENT(sw_oauth_refresh(oauth, NULL, no_text));
    BAD_ARGUMENT(sw_oauth_refresh(oauth, "{}", no_text));
    BAD_HANDLE(sw_oauth_cancel(NULL, "x"));
    BAD_ARGUMENT(sw_oauth_cancel(oauth, NULL));
    BAD_HANDLE(sw_oauth_begin_loopback(NULL, &login, &url));
    BAD_ARGUMENT(sw_oauth_begin_loopback(oauth, NULL, &url));
    BAD_ARGUMENT(sw_oauth_begin_loopback(oauth, &login, NULL));
    BAD_HANDLE(sw_oauth_login_finish(NULL, 1, no_text));
    BAD_HANDLE(sw_oauth_login_cancel(NULL));
    FINE(sw_oauth_login_free(NULL));
    BAD_HANDLE(sw_credentials_oauth(NULL, &store, &credentials));
    BAD_ARGUMENT(sw_credentials_oauth(oauth, NULL, &credentials));
    store.save = save;
    BAD_ARGUMENT(sw_credentials_oauth(oauth, &store, &credentials)); // no load
    BAD_ARGUMENT(sw_credentials_oauth(oauth, &store, NULL));
    FINE(sw_oauth_free(oauth));
    CHECK(url == NULL && login == NULL && credentials == NULL);
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

static void for_keys(void) {
    sw_device_key *key = NULL;
    sw_credentials *credentials = NULL;
    size_t length;
    char *text = NULL;
    uint8_t byte = 0;
    BAD_ARGUMENT(sw_device_key_generate(NULL));
    BAD_ARGUMENT(sw_device_key_from_pkcs8(NULL, 0, &key));
    BAD_ARGUMENT(sw_device_key_from_pkcs8(&byte, 1, NULL));
    BAD_HANDLE(sw_device_key_pkcs8(NULL, NULL, 0, &length));
    BAD_HANDLE(sw_device_key_thumbprint(NULL, &text));
    BAD_HANDLE(sw_credentials_bound_to(NULL, NULL, &credentials));
    FINE(sw_device_key_free(NULL));
    CHECK(key == NULL && text == NULL && credentials == NULL);
}

static void for_backends(void) {
    const sw_issued_token_completion token = {NULL, NULL};
    const sw_subscriber_resource_completion subscriber = {NULL, NULL};
    const sw_subscriber_resource_page_completion subscribers = {NULL, NULL};
    const sw_resource_completion resource = {NULL, NULL};
    const sw_resource_page_completion resources = {NULL, NULL};
    const sw_address_page_completion addresses = {NULL, NULL};
    const sw_sip_credential_completion sip = {NULL, NULL};
    const sw_sip_credential_page_completion sips = {NULL, NULL};
    sw_rest_options options = SW_REST_OPTIONS_INIT;
    sw_guest_token_request guest = SW_GUEST_TOKEN_REQUEST_INIT;
    sw_subscriber_request person = SW_SUBSCRIBER_REQUEST_INIT;
    sw_rest_client *rest = NULL;
    BAD_ARGUMENT(sw_rest_client_new(NULL, &rest));
    BAD_ARGUMENT(sw_rest_client_new(&options, &rest)); // no space
    FINE(sw_rest_client_free(NULL));
    options.space = options.project_id = options.api_token = "example";
    BAD_ARGUMENT(sw_rest_client_new(&options, NULL));
    FINE(sw_rest_client_new(&options, &rest));
    BAD_HANDLE(sw_rest_client_create_subscriber_token(NULL, NULL, token));
    BAD_ARGUMENT(sw_rest_client_create_subscriber_token(rest, NULL, token));
    BAD_ARGUMENT(sw_rest_client_refresh_subscriber_token(rest, NULL, token));
    guest.allowed_address_count = 1;
    BAD_ARGUMENT(sw_rest_client_create_guest_token(rest, NULL, token));
    BAD_ARGUMENT(sw_rest_client_create_guest_token(rest, &guest, token)); // no ids
    BAD_ARGUMENT(sw_rest_client_create_invite_token(rest, NULL, "x", 0, token));
    BAD_ARGUMENT(sw_rest_client_create_invite_token(rest, "x", NULL, 0, token));
    BAD_ARGUMENT(sw_rest_client_exchange_embed_token(rest, NULL, token));
    BAD_ARGUMENT(sw_rest_client_create_subscriber(rest, NULL, subscriber));
    BAD_ARGUMENT(sw_rest_client_create_subscriber(rest, &person, subscriber)); // no email
    BAD_ARGUMENT(sw_rest_client_update_subscriber(rest, NULL, &person, subscriber));
    BAD_HANDLE(sw_rest_client_subscribers(NULL, 0, NULL, subscribers));
    BAD_ARGUMENT(sw_rest_client_subscriber(rest, NULL, subscriber));
    BAD_ARGUMENT(sw_rest_client_delete_subscriber(rest, NULL, NOBODY));
    BAD_ARGUMENT(sw_rest_client_subscriber_addresses(rest, NULL, 0, NULL, addresses));
    BAD_HANDLE(sw_rest_client_resources(NULL, 0, NULL, resources));
    BAD_ARGUMENT(sw_rest_client_resource(rest, NULL, resource));
    BAD_ARGUMENT(sw_rest_client_delete_resource(rest, NULL, NOBODY));
    BAD_ARGUMENT(sw_rest_client_resource_addresses(rest, NULL, 0, NULL, addresses));
    BAD_ARGUMENT(sw_rest_client_sip_credentials(rest, NULL, 0, NULL, sips));
    BAD_ARGUMENT(sw_rest_client_create_sip_credential(rest, "x", NULL, sip));
    BAD_ARGUMENT(sw_rest_client_sip_credential(rest, "x", NULL, sip));
    BAD_ARGUMENT(sw_rest_client_update_sip_credential(rest, "x", "y", NULL, sip));
    BAD_ARGUMENT(sw_rest_client_delete_sip_credential(rest, "x", NULL, NOBODY));
    FINE(sw_rest_client_free(rest));
}

static void on_device(const sw_audio_device *device, void *user_data) {
    (void)device, (void)user_data;
}

static void for_devices(sw_call *call) {
    sw_audio_devices *devices = NULL;
    sw_microphone *microphone = NULL;
    sw_loudspeaker *loudspeaker = NULL;
    sw_audio_device_observer observer = SW_AUDIO_DEVICE_OBSERVER_INIT;
    sw_microphone_statistics heard = SW_MICROPHONE_STATISTICS_INIT;
    sw_loudspeaker_statistics played = SW_LOUDSPEAKER_STATISTICS_INIT;
    char *id = NULL;
    BAD_ARGUMENT(sw_audio_devices_system(NULL));
    BAD_ARGUMENT(sw_audio_devices_silent(NULL));
    BAD_HANDLE(sw_audio_devices_list(NULL, on_device, NULL));
    BAD_HANDLE(sw_audio_devices_observe(NULL, &observer));
    BAD_HANDLE(sw_audio_devices_open_microphone(NULL, NULL, &microphone));
    BAD_HANDLE(sw_audio_devices_open_loudspeaker(NULL, NULL, &loudspeaker));
    FINE(sw_audio_devices_silent(&devices));
    BAD_ARGUMENT(sw_audio_devices_list(devices, NULL, NULL));
    BAD_ARGUMENT(sw_audio_devices_observe(devices, NULL));
    BAD_ARGUMENT(sw_audio_devices_observe(devices, &observer)); // no on_event
    BAD_ARGUMENT(sw_audio_devices_open_microphone(devices, NULL, NULL));
    BAD_ARGUMENT(sw_audio_devices_open_loudspeaker(devices, NULL, NULL));
    FINE(sw_audio_devices_open_microphone(devices, NULL, &microphone));
    FINE(sw_audio_devices_open_loudspeaker(devices, NULL, &loudspeaker));
    BAD_HANDLE(sw_microphone_device(NULL, &id));
    BAD_ARGUMENT(sw_microphone_device(microphone, NULL));
    BAD_HANDLE(sw_microphone_stats(NULL, &heard));
    BAD_ARGUMENT(sw_microphone_stats(microphone, NULL));
    BAD_HANDLE(sw_microphone_stop(NULL));
    BAD_HANDLE(sw_loudspeaker_device(NULL, &id));
    BAD_ARGUMENT(sw_loudspeaker_device(loudspeaker, NULL));
    BAD_HANDLE(sw_loudspeaker_stats(NULL, &played));
    BAD_ARGUMENT(sw_loudspeaker_stats(loudspeaker, NULL));
    BAD_HANDLE(sw_loudspeaker_stop(NULL));
    BAD_HANDLE(sw_call_connect_microphone(NULL, microphone));
    BAD_HANDLE(sw_call_connect_microphone(call, NULL));
    BAD_HANDLE(sw_call_disconnect_microphone(NULL, microphone));
    BAD_HANDLE(sw_call_disconnect_microphone(call, NULL));
    BAD_HANDLE(sw_call_connect_loudspeaker(NULL, loudspeaker));
    BAD_HANDLE(sw_call_connect_loudspeaker(call, NULL));
    BAD_HANDLE(sw_call_disconnect_loudspeaker(NULL, loudspeaker));
    BAD_HANDLE(sw_call_disconnect_loudspeaker(call, NULL));
    FINE(sw_microphone_free(microphone));
    FINE(sw_loudspeaker_free(loudspeaker));
    FINE(sw_audio_devices_free(devices));
    FINE(sw_microphone_free(NULL));
    FINE(sw_loudspeaker_free(NULL));
    FINE(sw_audio_devices_free(NULL));
    CHECK(id == NULL);
}

static void for_processors(void) {
    sw_audio_processor *processor = NULL;
    sw_audio_processing_statistics stats = SW_AUDIO_PROCESSING_STATISTICS_INIT;
    int16_t pcm[4] = {0}, out[100];
    size_t count = 7;
    BAD_ARGUMENT(sw_audio_processor_new(NULL, NULL));
    BAD_HANDLE(sw_audio_processor_process_capture(NULL, pcm, 4, 8000, 1, out, 100, &count));
    BAD_HANDLE(sw_audio_processor_process_render(NULL, pcm, 4, 8000, 1));
    BAD_HANDLE(sw_audio_processor_set_delay_ms(NULL, 1));
    BAD_HANDLE(sw_audio_processor_stats(NULL, &stats));
    FINE(sw_audio_processor_new(NULL, &processor));
    BAD_ARGUMENT(sw_audio_processor_process_capture(processor, NULL, 4, 8000, 1, out, 100, &count));
    BAD_ARGUMENT(sw_audio_processor_process_capture(processor, pcm, 4, 8000, 1, NULL, 100, &count));
    BAD_ARGUMENT(sw_audio_processor_process_capture(processor, pcm, 4, 8000, 1, out, 100, NULL));
    BAD_ARGUMENT(sw_audio_processor_process_render(processor, NULL, 4, 8000, 1));
    BAD_ARGUMENT(sw_audio_processor_stats(processor, NULL));
    CHECK(count == 7);
    FINE(sw_audio_processor_free(processor));
    FINE(sw_audio_processor_free(NULL));
}

static void ignore_picture(sw_picture *picture, const sw_picture_info *info, void *user_data) {
    (void)picture, (void)info, (void)user_data;
}

static void ignore_file(const uint8_t *file, size_t size, void *user_data) {
    (void)file, (void)size, (void)user_data;
}

static void for_pictures(sw_call *call) {
    sw_picture_info info = SW_PICTURE_INFO_INIT;
    sw_picture_sink sink = SW_PICTURE_SINK_INIT;
    sw_video_encoding encoding = SW_VIDEO_ENCODING_INIT;
    sw_picture_statistics stats = SW_PICTURE_STATISTICS_INIT;
    uint64_t id = 0;
    BAD_HANDLE(sw_call_push_picture(NULL, &info, NULL));
    BAD_ARGUMENT(sw_call_push_picture(call, NULL, NULL));
    BAD_ARGUMENT(sw_call_push_picture(call, &info, NULL)); // no format
    BAD_HANDLE(sw_call_add_picture_sink(NULL, &sink, &id));
    BAD_ARGUMENT(sw_call_add_picture_sink(call, NULL, &id));
    BAD_ARGUMENT(sw_call_add_picture_sink(call, &sink, &id)); // no on_picture
    sink.on_picture = ignore_picture;
    sink.format = 9;
    BAD_ARGUMENT(sw_call_add_picture_sink(call, &sink, &id));
    sink.format = SW_PIXEL_FORMAT_NV12;
    FINE(sw_call_add_picture_sink(call, &sink, NULL));
    BAD_HANDLE(sw_call_remove_picture_sink(NULL, id));
    FINE(sw_call_remove_picture_sink(call, 4711));
    BAD_HANDLE(sw_call_set_video_encoding(NULL, &encoding));
    BAD_ARGUMENT(sw_call_set_video_encoding(call, NULL));
    encoding.max_frame_rate = -1;
    BAD_ARGUMENT(sw_call_set_video_encoding(call, &encoding));
    BAD_HANDLE(sw_call_picture_stats(NULL, &stats));
    BAD_ARGUMENT(sw_call_picture_stats(call, NULL));
    FINE(sw_call_picture_stats(call, &stats));

    sw_picture *picture = NULL;
    int32_t number = 0;
    BAD_ARGUMENT(sw_picture_new(NULL, &picture));
    BAD_ARGUMENT(sw_picture_new(&info, NULL));
    BAD_ARGUMENT(sw_picture_new(&info, &picture)); // no format
    BAD_ARGUMENT(sw_test_card_picture(95, 48, 1, 0, &picture));
    BAD_ARGUMENT(sw_test_card_picture(96, 48, 1, 0, NULL));
    CHECK(picture == NULL);
    FINE(sw_test_card_picture(96, 48, 1, 0, &picture));
    BAD_HANDLE(sw_picture_ref(NULL));
    BAD_HANDLE(sw_picture_get_info(NULL, &info));
    BAD_ARGUMENT(sw_picture_get_info(picture, NULL));
    FINE(sw_picture_get_info(picture, &info));
    EXPECT(SW_ERR_INVALID_STATE, sw_call_push_picture(call, &info, NULL)); // a call without video
    BAD_HANDLE(sw_picture_to_format(NULL, SW_PIXEL_FORMAT_NV12, &picture));
    BAD_ARGUMENT(sw_picture_to_format(picture, 0, &picture));
    BAD_ARGUMENT(sw_picture_to_format(picture, SW_PIXEL_FORMAT_NV12, NULL));
    BAD_HANDLE(sw_picture_upright(NULL, &picture));
    BAD_ARGUMENT(sw_picture_upright(picture, NULL));
    BAD_HANDLE(sw_picture_scaled(NULL, 96, 48, &picture));
    BAD_ARGUMENT(sw_picture_scaled(picture, 8, 48, &picture));
    BAD_ARGUMENT(sw_picture_scaled(picture, 96, 48, NULL));
    BAD_HANDLE(sw_picture_with_rotation(NULL, 90, &picture));
    BAD_ARGUMENT(sw_picture_with_rotation(picture, 45, &picture));
    BAD_ARGUMENT(sw_picture_with_rotation(picture, 90, NULL));
    BAD_HANDLE(sw_picture_with_timestamp_us(NULL, 1, &picture));
    BAD_ARGUMENT(sw_picture_with_timestamp_us(picture, 1, NULL));
    BAD_HANDLE(sw_picture_to_png(NULL, ignore_file, NULL));
    BAD_ARGUMENT(sw_picture_to_png(picture, NULL, NULL));
    BAD_HANDLE(sw_test_card_read(NULL, &number));
    BAD_ARGUMENT(sw_test_card_read(picture, NULL));
    BAD_ARGUMENT(sw_picture_write_png(picture, NULL));
    BAD_HANDLE(sw_picture_write_png(NULL, "x.png"));
    FINE(sw_picture_unref(picture));
    BAD_HANDLE(sw_picture_unref(picture));
    FINE(sw_picture_unref(NULL));
}

int main(void) {
    for_the_rest();
    for_logins();
    for_keys();
    for_backends();
    sw_client *client = connected_client(NULL);
    sw_call *call = NULL;
    sw_waiter *waiter;
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    for_clients(client);
    for_credentials(client);
    EXPECT(SW_OK, WAIT(waiter, sw_client_dial(client, "/public/echo", NULL, &call,
                                              sw_waiter_completion(waiter))));
    for_calls(call);
    for_rooms(call);
    for_audio(call);
    for_video(call);
    for_pictures(call);
    for_legs(call);
    for_recorders(call);
    for_mixers(call);
    for_devices(call);
    for_processors();
    EXPECT(SW_OK, WAIT(waiter, sw_call_hangup(call, sw_waiter_completion(waiter))));
    EXPECT(SW_OK, sw_call_unref(call));
    EXPECT(SW_OK, sw_client_free(client));
    EXPECT(SW_OK, sw_waiter_free(waiter));
    EXPECT(SW_OK, sw_shutdown());
    return 0;
}
