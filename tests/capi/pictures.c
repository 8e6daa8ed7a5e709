// Pictures through the echo: test cards are encoded, come back and are decoded, once with each codec.

#include "check.h"

enum { WIDTH = 160, HEIGHT = 96, WANTED = 10 };

static latch connected = LATCH_INIT, seen = LATCH_INIT, freed = LATCH_INIT, dropped = LATCH_INIT;

// What a sink has seen, on its media thread; looked at after the sink is gone.
typedef struct viewer {
    sw_picture *kept;
    int32_t last;
    bool is_freed_inside;
} viewer;

static void on_event(const sw_call_event *event, void *user_data) {
    (void)user_data;
    if (event->type == SW_CALL_EVENT_VIDEO_CONNECTED) {
        latch_add(&connected);
    }
}

static void on_dropped(void *user_data) {
    (void)user_data;
    latch_add(&dropped);
}

// The strip at the top begins with two cells, white and black, and below it are bars of colour.
static void check_content(const sw_picture_info *info) {
    const uint8_t *row = info->planes[0] + 6 * (size_t)info->strides[0];
    CHECK(row[2] > 200 && row[WIDTH / 24 + 3] < 60);
    unsigned char lowest = 255, highest = 0;
    const uint8_t *colour = info->planes[1] + 40 * (size_t)info->strides[1];
    for (int x = 0; x < WIDTH / 2; x++) {
        lowest = colour[x] < lowest ? colour[x] : lowest;
        highest = colour[x] > highest ? colour[x] : highest;
    }
    CHECK(highest - lowest > 60);
}

static void on_picture(sw_picture *picture, const sw_picture_info *info, void *user_data) {
    viewer *state = user_data;
    int32_t number = -1;
    CHECK(info->format == SW_PIXEL_FORMAT_I420 && info->rotation == 0);
    CHECK(info->width == WIDTH && info->height == HEIGHT && info->planes[2] != NULL);
    EXPECT(SW_OK, sw_test_card_read(picture, &number));
    CHECK(number > state->last); // whole, and in order
    state->last = number;
    check_content(info);
    EXPECT(SW_OK, sw_picture_ref(picture));
    // The one that was kept before is freed inside a callback.
    EXPECT(SW_OK, sw_picture_unref(state->kept));
    state->kept = picture;
    latch_add(&seen);
}

// Takes away the reference that was only lent to it: the library says so in its log, and goes on.
static void on_picture_that_is_freed(sw_picture *picture, const sw_picture_info *info,
                                     void *user_data) {
    viewer *state = user_data;
    CHECK(info->format == SW_PIXEL_FORMAT_NV12 && info->planes[2] == NULL);
    EXPECT(SW_OK, sw_picture_unref(picture));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_picture_unref(picture));
    // The planes are borrowed for the call, whatever became of the reference.
    CHECK(info->planes[0][6 * (size_t)info->strides[0] + 2] > 200);
    state->is_freed_inside = true;
    latch_add(&freed);
}

static void push(sw_call *call, uint16_t number) {
    sw_picture *card = NULL;
    sw_picture_info info = SW_PICTURE_INFO_INIT;
    uint32_t lost = 0;
    EXPECT(SW_OK, sw_test_card_picture(WIDTH, HEIGHT, number, number * UINT64_C(33333), &card));
    EXPECT(SW_OK, sw_picture_get_info(card, &info));
    EXPECT(SW_OK, sw_call_push_picture(call, &info, &lost));
    EXPECT(SW_OK, sw_picture_unref(card)); // its planes were copied
    struct timespec pace = {0, 33000000};
    nanosleep(&pace, NULL);
}

static void on_png(const uint8_t *file, size_t size, void *user_data) {
    CHECK(size > 100 && memcmp(file, "\x89PNG", 4) == 0);
    *(size_t *)user_data = size;
}

static void what_is_kept(sw_picture *kept, int32_t number) {
    sw_picture *other = NULL, *small = NULL, *copy = NULL;
    sw_picture_info info = SW_PICTURE_INFO_INIT;
    int32_t read = -1;
    EXPECT(SW_OK, sw_picture_get_info(kept, &info));
    check_content(&info);
    EXPECT(SW_OK, sw_picture_new(&info, &copy));
    EXPECT(SW_OK, sw_picture_with_rotation(copy, 90, &small));
    EXPECT(SW_OK, sw_picture_unref(copy));
    EXPECT(SW_OK, sw_picture_with_timestamp_us(small, 77, &copy));
    EXPECT(SW_OK, sw_picture_unref(small));
    EXPECT(SW_OK, sw_picture_get_info(copy, &info));
    CHECK(info.rotation == 90 && info.width == WIDTH && info.timestamp_us == 77);
    EXPECT(SW_OK, sw_picture_upright(copy, &other));
    EXPECT(SW_OK, sw_picture_get_info(other, &info));
    CHECK(info.width == HEIGHT && info.height == WIDTH && info.rotation == 0);
    EXPECT(SW_OK, sw_picture_unref(other));
    EXPECT(SW_OK, sw_picture_unref(copy));
    EXPECT(SW_OK, sw_picture_to_format(kept, SW_PIXEL_FORMAT_I420, &copy));
    CHECK(copy != NULL);
    EXPECT(SW_OK, sw_picture_unref(kept)); // what was made of it does not need it
    EXPECT(SW_OK, sw_picture_scaled(copy, 2 * WIDTH, 2 * HEIGHT, &small));
    EXPECT(SW_OK, sw_test_card_read(small, &read));
    CHECK(read == number);
    size_t size = 0;
    EXPECT(SW_OK, sw_picture_to_png(small, on_png, &size));
    CHECK(size > 0);
    EXPECT(SW_OK, sw_picture_write_png(small, setting("SW_RECORDING")));
    CHECK(memcmp(read_file(setting("SW_RECORDING")), "\x89PNG", 4) == 0);
    EXPECT(SW_ERR_MEDIA, sw_picture_write_png(small, "/no/such/folder/x.png"));
    EXPECT(SW_OK, sw_picture_unref(small));
    EXPECT(SW_OK, sw_picture_unref(copy));
}

static void a_call(sw_client *client, sw_waiter *waiter, int32_t codec) {
    viewer state = {NULL, -1, false};
    sw_call_observer observer = SW_CALL_OBSERVER_INIT;
    observer.on_event = on_event;
    sw_dial_options options = SW_DIAL_OPTIONS_INIT;
    options.observer = &observer;
    options.video_codecs[0] = codec;
    options.media_timeout_ms = LIMIT_MS;
    sw_call *call = NULL;
    unsigned before = latch_count(&connected), gone = latch_count(&dropped);
    unsigned from = latch_count(&seen), inside = latch_count(&freed);
    EXPECT(SW_OK, WAIT(waiter, sw_client_dial(client, "/public/echo?channel=video", &options, &call,
                                              sw_waiter_completion(waiter))));
    CHECK(latch_wait(&connected, before + 1));
    sw_video_encoding encoding = SW_VIDEO_ENCODING_INIT;
    encoding.max_bitrate_bps = 400000;
    EXPECT(SW_OK, sw_call_set_video_encoding(call, &encoding));
    sw_picture_sink sink = SW_PICTURE_SINK_INIT;
    uint64_t sink_id = 0, other_id = 0;
    sink.format = SW_PIXEL_FORMAT_I420;
    sink.on_picture = on_picture;
    sink.drop = on_dropped;
    sink.user_data = &state;
    EXPECT(SW_OK, sw_call_add_picture_sink(call, &sink, &sink_id));
    sink.format = SW_PIXEL_FORMAT_NV12;
    sink.on_picture = on_picture_that_is_freed;
    EXPECT(SW_OK, sw_call_add_picture_sink(call, &sink, &other_id));
    CHECK(sink_id != other_id);
    // Until they have come back: how many are on their way depends on the machine.
    for (uint16_t number = 0;
         latch_count(&seen) < from + WANTED || latch_count(&freed) < inside + 2; number++) {
        CHECK(number < UINT16_MAX);
        push(call, number);
    }
    EXPECT(SW_OK, sw_call_remove_picture_sink(call, sink_id));
    EXPECT(SW_OK, sw_call_remove_picture_sink(call, sink_id)); // ignored
    sw_picture_statistics stats = SW_PICTURE_STATISTICS_INIT;
    EXPECT(SW_OK, sw_call_picture_stats(call, &stats));
    CHECK(stats.encoded >= WANTED && stats.decoded >= WANTED && stats.target_bitrate_bps > 0);
    CHECK(stats.target_bitrate_bps <= 400000);
    CHECK(stats.encode_errors == 0 && stats.decode_errors == 0);
    EXPECT(SW_OK, WAIT(waiter, sw_call_hangup(call, sw_waiter_completion(waiter))));
    CHECK(latch_wait(&dropped, gone + 2));
    CHECK(state.is_freed_inside);
    EXPECT(SW_ERR_CLOSED, sw_call_add_picture_sink(call, &sink, &other_id));
    EXPECT(SW_OK, sw_call_unref(call));
    what_is_kept(state.kept, state.last);
}

int main(void) {
    sw_client *client = connected_client(NULL);
    sw_waiter *waiter = NULL;
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    a_call(client, waiter, SW_VIDEO_CODEC_VP8);
    if (getenv("SW_ONE_CODEC") == NULL) {
        a_call(client, waiter, SW_VIDEO_CODEC_H264);
    }
    EXPECT(SW_OK, sw_client_free(client));
    EXPECT(SW_OK, sw_waiter_free(waiter));
    EXPECT(SW_OK, sw_shutdown());
    return 0;
}
