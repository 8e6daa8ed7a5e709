// Encoded video through the echo, changes of the media, a screen and a device as legs of their own.

#include "check.h"

static latch connected = LATCH_INIT, changed = LATCH_INIT, screen_up = LATCH_INIT;
static latch wants_key_frame = LATCH_INIT, seen = LATCH_INIT, dropped = LATCH_INIT;
static latch device_up = LATCH_INIT, legs = LATCH_INIT, observers_gone = LATCH_INIT;
static sw_call *leg, *screen_leg;

static void on_event(const sw_call_event *event, void *user_data) {
    (void)user_data;
    switch (event->type) {
    case SW_CALL_EVENT_VIDEO_CONNECTED:
        latch_add(&connected);
        break;
    case SW_CALL_EVENT_MEDIA_CHANGED:
        latch_add(&changed);
        break;
    case SW_CALL_EVENT_KEY_FRAME_REQUESTED:
        latch_add(&wants_key_frame);
        break;
    default:
        break;
    }
}

static void on_screen_event(const sw_call_event *event, void *user_data) {
    (void)user_data;
    CHECK(event->call == screen_leg); // its handle was told before
    if (event->type == SW_CALL_EVENT_VIDEO_CONNECTED) {
        latch_add(&screen_up);
    }
}

static void on_device_event(const sw_call_event *event, void *user_data) {
    (void)user_data;
    if (event->type == SW_CALL_EVENT_MEDIA_CONNECTED) {
        latch_add(&device_up);
    }
}

static void on_leg(sw_status status, const sw_error *error, sw_call *call, void *user_data) {
    const sw_status *wanted = user_data;
    CHECK(status == *wanted && (status == SW_OK) == (call != NULL && error == NULL));
    leg = call;
    screen_leg = screen_leg == NULL ? call : screen_leg;
    latch_add(&legs);
}

static void on_observer_gone(void *user_data) { latch_add(user_data); }

static void on_frame(const sw_video_frame *frame, void *user_data) {
    (void)user_data;
    CHECK(frame->codec == SW_VIDEO_CODEC_VP8 && frame->size > 0);
    if (latch_count(&seen) == 0) {
        CHECK(frame->is_key_frame && frame->width == 160 && frame->height == 96);
    }
    latch_add(&seen);
}

static uint64_t frames_sent(sw_call *call) {
    sw_video_statistics stats = SW_VIDEO_STATISTICS_INIT;
    EXPECT(SW_OK, sw_call_video_stats(call, &stats));
    return stats.frames_sent;
}

// Pushes the clip, each frame when the one before is on its way; gives how many frames it has.
static unsigned show(sw_call *call) {
    static uint8_t clip[262144];
    FILE *file = fopen(setting("SW_CLIP_FILE"), "rb");
    CHECK(file != NULL);
    size_t length = fread(clip, 1, sizeof(clip), file), at = 32;
    fclose(file);
    CHECK(length > 32 && length < sizeof(clip));
    unsigned count = 0;
    uint64_t before = frames_sent(call);
    for (; at + 12 <= length; count++) {
        uint32_t size = clip[at] | clip[at + 1] << 8 | (uint32_t)clip[at + 2] << 16;
        uint32_t lost = 0;
        EXPECT(SW_OK, sw_call_push_video(call, SW_VIDEO_CODEC_VP8, clip + at + 12, size,
                                         count * 33333u, &lost));
        CHECK(lost == 0);
        at += 12 + size;
        while (frames_sent(call) <= before + count) {
            struct timespec pause = {0, 1000000};
            nanosleep(&pause, NULL);
        }
    }
    return count;
}

static void in_and_out(sw_call *call, sw_waiter *waiter) {
    int32_t audio = 0, video = 0;
    bool is_muted = true;
    uint64_t sink_id = 0;
    CHECK(latch_wait(&connected, 1));
    EXPECT(SW_OK, sw_call_media(call, &audio, &video));
    CHECK(video == SW_MEDIA_DIRECTION_SEND_RECEIVE);
    sw_video_sink sink = SW_VIDEO_SINK_INIT;
    sink.on_frame = on_frame;
    sink.drop = on_observer_gone;
    sink.user_data = &dropped;
    EXPECT(SW_OK, sw_call_add_video_sink(call, &sink, &sink_id));
    unsigned count = show(call);
    CHECK(latch_wait(&seen, count));
    sw_video_statistics stats = SW_VIDEO_STATISTICS_INIT;
    EXPECT(SW_OK, sw_call_video_stats(call, &stats));
    CHECK(stats.frames_sent == count && stats.frames_received == count);
    CHECK(strcmp(stats.codec, "VP8") == 0 && stats.width == 160 && stats.key_frames_sent > 0);
    EXPECT(SW_OK, sw_call_request_key_frame(call));
    CHECK(latch_wait(&wants_key_frame, 1)); // the echo sends the request back
    EXPECT(SW_OK, sw_call_is_video_muted(call, &is_muted));
    CHECK(!is_muted);
    EXPECT(SW_OK, sw_call_remove_video_sink(call, sink_id));
    CHECK(latch_wait(&dropped, 1));

    sw_completion done = sw_waiter_completion(waiter);
    EXPECT(SW_OK, WAIT(waiter, sw_call_set_media(call, SW_MEDIA_DIRECTION_SEND_RECEIVE,
                                                 SW_MEDIA_DIRECTION_INACTIVE, done)));
    CHECK(latch_wait(&changed, 1));
    EXPECT(SW_OK, sw_call_media(call, &audio, &video));
    CHECK(audio == SW_MEDIA_DIRECTION_SEND_RECEIVE && video == SW_MEDIA_DIRECTION_INACTIVE);
    const uint8_t picture[3] = {0x10, 0, 0};
    EXPECT(SW_ERR_INVALID_STATE,
           sw_call_push_video(call, SW_VIDEO_CODEC_VP8, picture, 3, 0, NULL));
}

static void a_screen_and_a_device(sw_call *call, sw_waiter *waiter) {
    sw_status wanted = SW_OK;
    sw_call_completion started = {on_leg, &wanted};
    sw_call_observer observer = SW_CALL_OBSERVER_INIT;
    observer.on_event = on_screen_event;
    observer.drop = on_observer_gone;
    observer.user_data = &observers_gone;
    sw_screen_share_options screen = SW_SCREEN_SHARE_OPTIONS_INIT;
    screen.observer = &observer;
    screen.layout = "";
    wanted = SW_ERR_INVALID_ARGUMENT;
    EXPECT(SW_OK, sw_call_start_screen_share(call, &screen, started));
    CHECK(latch_wait(&legs, 1) && latch_wait(&observers_gone, 1));
    wanted = SW_OK;
    screen.layout = "full-screen";
    screen.position = "reserved-1";
    EXPECT(SW_OK, sw_call_start_screen_share(call, &screen, started));
    CHECK(latch_wait(&legs, 2) && latch_wait(&screen_up, 1));
    sw_call *shared = leg;
    char *id = NULL, *parent = NULL;
    EXPECT(SW_OK, sw_call_id(call, &id));
    EXPECT(SW_OK, sw_call_parent_id(shared, &parent));
    CHECK(parent != NULL && strcmp(id, parent) == 0);
    sw_string_free(id);
    sw_string_free(parent);
    unsigned count = show(shared);
    sw_video_statistics stats = SW_VIDEO_STATISTICS_INIT;
    EXPECT(SW_OK, sw_call_video_stats(shared, &stats));
    CHECK(stats.direction == SW_MEDIA_DIRECTION_SEND_ONLY && stats.frames_sent > 0);
    CHECK(stats.frames_sent <= count && stats.frames_received == 0);

    sw_device_options device = SW_DEVICE_OPTIONS_INIT;
    sw_call_observer on_device = SW_CALL_OBSERVER_INIT;
    on_device.on_event = on_device_event;
    device.observer = &on_device;
    device.sends_video = false;
    wanted = SW_ERR_INVALID_ARGUMENT;
    EXPECT(SW_OK, sw_call_add_device(call, &device, started)); // it would send nothing
    CHECK(latch_wait(&legs, 3));
    wanted = SW_OK;
    device.sends_audio = true;
    EXPECT(SW_OK, sw_call_add_device(call, &device, started));
    CHECK(latch_wait(&legs, 4));
    sw_call *microphone = leg;
    EXPECT(SW_OK, WAIT(waiter, sw_call_answered(microphone, sw_waiter_completion(waiter))));
    CHECK(latch_wait(&device_up, 1));
    int32_t audio = 0, video = 0;
    EXPECT(SW_OK, sw_call_media(microphone, &audio, &video));
    CHECK(audio == SW_MEDIA_DIRECTION_SEND_ONLY && video == SW_MEDIA_DIRECTION_INACTIVE);

    EXPECT(SW_OK, WAIT(waiter, sw_call_hangup(shared, sw_waiter_completion(waiter))));
    CHECK(latch_wait(&observers_gone, 2));
    EXPECT(SW_OK, sw_call_unref(shared));
    EXPECT(SW_OK, WAIT(waiter, sw_call_hangup(call, sw_waiter_completion(waiter))));
    EXPECT(SW_OK, WAIT(waiter, sw_call_ended(microphone, sw_waiter_completion(waiter))));
    wanted = SW_ERR_CLOSED;
    EXPECT(SW_OK, sw_call_add_device(call, NULL, started));
    CHECK(latch_wait(&legs, 5));
    EXPECT(SW_OK, sw_call_unref(microphone));
}

int main(void) {
    sw_client *client = connected_client(NULL);
    sw_call_observer observer = SW_CALL_OBSERVER_INIT;
    observer.on_event = on_event;
    sw_dial_options options = SW_DIAL_OPTIONS_INIT;
    options.observer = &observer;
    sw_waiter *waiter = NULL;
    sw_call *call = NULL;
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    EXPECT(SW_OK, WAIT(waiter, sw_client_dial(client, "/public/echo?channel=video", &options, &call,
                                              sw_waiter_completion(waiter))));
    in_and_out(call, waiter);
    a_screen_and_a_device(call, waiter);
    EXPECT(SW_OK, sw_call_unref(call));
    EXPECT(SW_OK, sw_client_free(client));
    EXPECT(SW_OK, sw_waiter_free(waiter));
    EXPECT(SW_OK, sw_shutdown());
    return 0;
}
