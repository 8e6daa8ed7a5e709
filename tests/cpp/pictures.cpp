// Pictures by the C++ headers: sent, echoed, received, kept after their call. Run under the address
// sanitizer.

#include "check.hpp"

#include <condition_variable>
#include <thread>

// What the sink keeps, and its end, which is the end of the function's last copy.
struct Viewer {
    std::mutex lock;
    std::condition_variable changed;
    std::vector<sw::Picture> kept;
    bool is_connected = false, is_gone = false;

    template <class Ready> void wait(Ready ready) {
        std::unique_lock<std::mutex> hold(lock);
        CHECK(changed.wait_for(hold, 60s, ready));
    }
    template <class Change> void tell(Change change) {
        {
            std::lock_guard<std::mutex> hold(lock);
            change();
        }
        changed.notify_all();
    }
};

static void values() {
    sw::Picture card = sw::Picture::test_card(161, 97, 321, 5);
    CHECK(card.width() == 161 && card.height() == 97 && card.timestamp_us() == 5);
    CHECK(card.planes() == 3 && card.plane(1).row_bytes == 81 && card.plane(1).rows == 49);
    CHECK(card.plane(3).data == nullptr);
    sw::Picture nv12 = card.to_format(SW_PIXEL_FORMAT_NV12);
    CHECK(nv12.planes() == 2 && nv12.plane(1).row_bytes == 162 && nv12.test_card_number() == 321);
    sw::Picture turned = card.with_rotation(270).with_timestamp_us(6);
    CHECK(turned.plane(0).data == card.plane(0).data && turned.rotation() == 270);
    CHECK(turned.upright().width() == 97 && !turned.upright().test_card_number());
    CHECK(turned.timestamp_us() == 6 && card.rotation() == 0);
    CHECK(sw::Picture::copy_of(card.info()).plane(0).row(0)[0] == card.plane(0).row(0)[0]);
    CHECK(card.to_png().size() > 100 && card.to_png()[1] == 'P');
    CHECK(sw::attempt([&] { card.scaled(8, 8); }).status() == SW_ERR_INVALID_ARGUMENT);
    CHECK(sw::attempt([&] { card.to_format(7); }).status() == SW_ERR_INVALID_ARGUMENT);
}

static void a_call() {
    Viewer viewer;
    sw::Client client(gateway_options());
    client.connect().get();
    sw::DialOptions options;
    options.c.video_codecs[0] = SW_VIDEO_CODEC_VP8;
    sw::Call call = client.dial("/public/echo?channel=video", options, [&](const sw_call_event &event) {
        if (event.type == SW_CALL_EVENT_VIDEO_CONNECTED) {
            viewer.tell([&] { viewer.is_connected = true; });
        }
    });
    viewer.wait([&] { return viewer.is_connected; });
    std::shared_ptr<void> token(nullptr, [&](void *) { viewer.tell([&] { viewer.is_gone = true; }); });
    auto sink = [&viewer, token = std::move(token)](const sw::Picture &picture) {
        viewer.tell([&] { viewer.kept.push_back(picture.another()); });
    };
    call.add_picture_sink(SW_PIXEL_FORMAT_NV12, std::move(sink));
    CHECK(sw::attempt([&] { call.add_picture_sink(SW_PIXEL_FORMAT_NV12, {}); }).status() ==
          SW_ERR_INVALID_ARGUMENT);
    for (uint16_t number = 0; number < 1800; number++) {
        call.push_picture(sw::Picture::test_card(160, 96, number, number * 33333ull));
        std::this_thread::sleep_for(33ms);
        std::lock_guard<std::mutex> hold(viewer.lock);
        if (viewer.kept.size() >= 10) {
            break;
        }
    }
    CHECK(call.picture_stats().decoded >= 10);
    call.hangup().get();
    viewer.wait([&] { return viewer.is_gone; });
    CHECK(sw::attempt([&] { call.push_picture(viewer.kept[0]); }).status() == SW_ERR_CLOSED);
    int last = -1;
    for (const sw::Picture &picture : viewer.kept) {
        CHECK(picture.format() == SW_PIXEL_FORMAT_NV12 && picture.plane(0).row(6)[2] > 200);
        std::optional<uint16_t> number = picture.test_card_number();
        CHECK(number && *number > last);
        last = *number;
    }
}

int main() {
    sw::Library library;
    values();
    a_call();
    return 0;
}
