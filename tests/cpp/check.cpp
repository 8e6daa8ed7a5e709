// The C++ headers against a gateway: calls, audio, calls that come in, errors as exceptions and as
// results, handles that are destroyed inside callbacks. Run under the address sanitizer.

#include "check.hpp"

#include <atomic>
#include <cmath>

// Longer than anything takes, also under a sanitizer.
static constexpr auto LIMIT = 30s;

// Something that happens once, on any thread.
class Moment {
public:
    void come() {
        if (!has_come_.exchange(true)) {
            promise_.set_value();
        }
    }
    bool wait() { return future_.wait_for(LIMIT) == std::future_status::ready; }

private:
    std::promise<void> promise_;
    std::future<void> future_ = promise_.get_future();
    std::atomic<bool> has_come_{false};
};

// Tells when its last copy is gone: whether the library gave a callback back.
struct Token {
    explicit Token(Moment &gone) : held(nullptr, [&gone](void *) { gone.come(); }) {}
    std::shared_ptr<void> held;
};

static std::vector<int16_t> tone(double hz, unsigned milliseconds) {
    std::vector<int16_t> samples(48 * milliseconds);
    for (size_t i = 0; i < samples.size(); i++) {
        samples[i] = static_cast<int16_t>(12000 * std::sin(2 * 3.14159265358979 * hz * i / 48000));
    }
    return samples;
}

static bool is_loud(const sw_audio_frame &frame) {
    double power = 0;
    for (uint32_t i = 0; i < frame.samples_per_channel; i++) {
        power += double(frame.samples[i]) * frame.samples[i];
    }
    return power / frame.samples_per_channel > 1e6;
}

static void errors() {
    sw::ClientOptions options = gateway_options();
    options.token.clear();
    bool thrown = false;
    try {
        sw::Client client(options);
    } catch (const sw::Error &error) {
        thrown = true;
        CHECK(error.status() == SW_ERR_INVALID_ARGUMENT && std::string(error.what()) != "");
        CHECK(std::string(error.name()) == "SW_ERR_INVALID_ARGUMENT");
    }
    CHECK(thrown);
    // The same without exceptions.
    sw::Client client(gateway_options());
    auto call = sw::attempt([&] { return client.dial("/public/echo"); });
    CHECK(!call && call.status() == SW_ERR_NOT_CONNECTED);
    CHECK(sw::attempt([&] { return client.state(); }).value() == SW_CLIENT_STATE_DISCONNECTED);
    CHECK(client.subscriber_info().result().ok());
    CHECK(client.update_token("nonsense").result().status() == SW_ERR_INVALID_TOKEN);
    CHECK(client.register_device(77, "x").result().status() == SW_ERR_INVALID_ARGUMENT);
    CHECK(sw::is_compatible() && sw::version() == "0.1.0");
    // A handle that was moved from is empty, and says so.
    sw::Client moved = std::move(client);
    CHECK(sw::attempt([&] { return client.state(); }).status() == SW_ERR_INVALID_HANDLE);
    // What the library does not take is given back at once.
    Moment gone;
    {
        Token token(gone);
        auto refused = sw::attempt(
            [&] { return moved.call("no-such-call", [token](const sw_call_event &) {}); });
        CHECK(refused.status() == SW_ERR_NOT_FOUND);
    }
    CHECK(gone.wait());
}

static void directory(sw::Client &client) {
    sw::Subscriber subscriber = client.subscriber_info().get();
    CHECK(subscriber.email == "alice@example.com" && !subscriber.id.empty());
    sw::AddressQuery query;
    query.page_size = 2;
    sw::Page<sw::Address> page = client.addresses(query).get();
    CHECK(page.items.size() == 2 && !page.next_link.empty());
    CHECK(!client.addresses_at(page.next_link).get().items.empty());
    CHECK(client.address(page.items[0].id).future().get().name == page.items[0].name);
    CHECK(client.cached_address(page.items[0].id).get().id == page.items[0].id);
    CHECK(client.address("no-such-address").result().status() == SW_ERR_NOT_FOUND);
}

static void an_echo(sw::Client &client) {
    Moment media, loud, over, sink_gone, observer_gone;
    {
        Token token(observer_gone), sink_token(sink_gone);
        sw::Call call = client.dial("/public/echo", {}, [&, token](const sw_call_event &event) {
            if (event.type == SW_CALL_EVENT_MEDIA_CONNECTED) {
                media.come();
            } else if (event.type == SW_CALL_EVENT_ENDED) {
                over.come();
            }
        });
        call.answered().get();
        CHECK(media.wait() && call.state() == SW_CALL_STATE_ACTIVE);
        CHECK(call.direction() == SW_DIRECTION_OUTBOUND && !call.id().empty());
        CHECK(call.destination() == "/public/echo" && call.media().first != 0);
        uint64_t sink = call.add_audio_sink(48000, 1, [&, sink_token](const sw_audio_frame &frame) {
            if (is_loud(frame)) {
                loud.come();
            }
        });
        CHECK(call.push_audio(tone(440, 200), 48000, 1) == 0 && call.queued_audio_ms() > 0);
        CHECK(loud.wait());
        call.remove_audio_sink(sink);
        call.push_audio(tone(440, 200), 48000, 1);
        CHECK(call.clear_audio() > 0 && call.queued_audio_ms() == 0);
        call.mute().get();
        CHECK(call.is_muted());
        call.unmute().get();
        call.hold().get();
        CHECK(call.state() == SW_CALL_STATE_HELD);
        call.unhold().get();
        call.send_digits("12#").get();
        CHECK(call.send_digits("x").result().status() == SW_ERR_INVALID_ARGUMENT);
        CHECK(call.stats().packets_received > 0 && call.setup_times().answered_ms > 0);
        sw::Call another = call.another();
        another.hangup().get();
        CHECK(over.wait() && call.end_reason().kind == SW_END_KIND_LOCAL_HANGUP);
        CHECK(call.ended().result().ok());
    }
    CHECK(sink_gone.wait() && observer_gone.wait());
    sw::Result<void> refused = client.dial("/public/reject").answered().result();
    CHECK(refused.status() == SW_ERR_CALL_FAILED && refused.error().code().has_value());
}

static void a_room(sw::Client &client) {
    static Moment joined; // events may come until the call is over
    sw::Call call = client.dial("/public/room", {}, [](const sw_call_event &event) {
        if (event.type == SW_CALL_EVENT_JOINED) {
            joined.come();
        }
    });
    call.answered().get();
    CHECK(joined.wait());
    sw::Members members = call.members();
    CHECK(!members.empty() && members.self() != nullptr && members[0].member_id != nullptr);
    CHECK(!call.capabilities().empty() && !call.layouts().get().empty());
    call.set_audio_muted("", true).get();
    CHECK(call.parent_id().empty() && call.diagnostics().get()[0] == '{');
    // The observer of a further leg is given back, whether it was started or not.
    Moment shared_gone, refused_gone;
    {
        Token token(shared_gone);
        std::shared_ptr<sw::Call> screen =
            call.start_screen_share({}, [token](const sw_call_event &) {}).get();
        screen->answered().get();
        CHECK(screen->parent_id() == call.id());
        screen->hangup().get();
    }
    sw::DeviceOptions nothing;
    nothing.c.sends_video = false;
    {
        Token token(refused_gone);
        auto refused = call.add_device(nothing, [token](const sw_call_event &) {}).result();
        CHECK(refused.status() == SW_ERR_INVALID_ARGUMENT);
    }
    CHECK(shared_gone.wait() && refused_gone.wait());
    std::shared_ptr<sw::Call> camera = call.add_device().get();
    camera->answered().get();
    CHECK(camera->parent_id() == call.id());
    call.hangup().get();
}

static void a_device(sw::Client &client) {
    CHECK(client.connect_times().total_ms > 0);
    CHECK(client.diagnostics().get()[0] == '{');
    CHECK(client.preflight().get().find("\"passed\"") != std::string::npos);
    CHECK(client.preflight("/public/echo", 1).result().status() == SW_ERR_INVALID_ARGUMENT);
    sw::DeviceKey key = sw::DeviceKey::generate();
    CHECK(key.thumbprint().size() == 43);
    CHECK(sw::DeviceKey::from_pkcs8(key.pkcs8()).thumbprint() == key.thumbprint());
    CHECK(!sw::attempt([] { return sw::DeviceKey::from_pkcs8({1, 2, 3}); }).ok());
    // This token may not be exchanged: it is used as it is, and the client is told so.
    static Moment not_bound; // events may come until the client is gone
    sw::Client bound(gateway_options(), sw::Credentials::token_bound_to(key),
                     [](const sw_client_event &event) {
                         if (event.type == SW_CLIENT_EVENT_TOKEN_NOT_BOUND) {
                             not_bound.come();
                         }
                     });
    bound.connect().get();
    CHECK(not_bound.wait());
}

// The one who is called answers inside the event, waits for nothing there, and hears the caller.
static void a_call_that_comes_in() {
    Moment answered, waits_are_refused, observer_gone;
    std::mutex lock;
    std::optional<sw::Call> incoming;
    std::unique_ptr<sw::Client> callee;
    auto token = std::make_unique<Token>(observer_gone);
    callee = std::make_unique<sw::Client>(gateway_options(), [&, held = *token](const sw_client_event &event) {
        if (event.type != SW_CLIENT_EVENT_INCOMING_CALL) {
            return;
        }
        sw::Call call = callee->call(event.call_id);
        sw::Operation<void> operation = call.answer();
        if (operation.result().status() == SW_ERR_IN_CALLBACK) {
            waits_are_refused.come();
        }
        operation.then([&](const sw::Result<void> &result) {
            CHECK(result.ok());
            answered.come();
        });
        std::lock_guard<std::mutex> hold(lock);
        incoming = std::move(call);
    });
    callee->connect().get();
    callee->online().get();
    sw::Client caller(gateway_options());
    caller.connect().get();
    std::string own = caller.subscriber_info().get().addresses.at(0).dial_string;
    sw::Call call = caller.dial(own);
    call.answered().get();
    CHECK(answered.wait() && waits_are_refused.wait());
    {
        std::lock_guard<std::mutex> hold(lock);
        CHECK(incoming->direction() == SW_DIRECTION_INBOUND);
        CHECK(!incoming->remote_party().second.empty());
    }
    sw::Operation<void> ended = incoming->ended();
    call.hangup().get();
    CHECK(ended.wait_for(LIMIT) && ended.is_over());
    incoming.reset();
    callee->offline().get();
    token.reset();
    callee.reset();
    CHECK(observer_gone.wait());
}

static void destroyed_in_callbacks() {
    Moment call_gone, client_gone, observer_gone;
    std::optional<sw::Client> client;
    std::optional<sw::Call> call;
    std::mutex lock; // the call is set before its callback looks at it
    {
        Token token(observer_gone);
        client.emplace(gateway_options());
        client->connect().get();
        std::lock_guard<std::mutex> hold(lock);
        call.emplace(client->dial("/public/echo", {}, [&, token](const sw_call_event &event) {
            std::lock_guard<std::mutex> in_turn(lock);
            if (event.type == SW_CALL_EVENT_STATE_CHANGED && call) {
                call.reset();
                call_gone.come();
            }
        }));
    }
    CHECK(call_gone.wait());
    client->subscriber_info().then([&](const sw::Result<sw::Subscriber> &) {
        client.reset(); // ends the call, too
        client_gone.come();
    });
    CHECK(client_gone.wait() && observer_gone.wait());
}

static void credentials() {
    Moment asked, gone;
    {
        Token token(gone);
        auto reply_with = [&, token](const sw_token_request &request, sw::TokenReply reply) {
            CHECK(request.reason == SW_TOKEN_REASON_INITIAL);
            reply.give(setting("SW_TOKEN"));
            asked.come();
        };
        sw::Credentials provider = sw::Credentials::provider(reply_with);
        sw::ClientOptions options = gateway_options();
        options.token.clear();
        sw::Client client(options, provider);
        client.connect().get();
        CHECK(asked.wait() && client.state() == SW_CLIENT_STATE_CONNECTED);
        client.disconnect().get();
    }
    CHECK(gone.wait());
    // A reply that is thrown away is a failure for now, not a hang.
    sw::Credentials silent =
        sw::Credentials::provider([](const sw_token_request &, sw::TokenReply) {});
    sw::ClientOptions options = gateway_options();
    options.token.clear();
    sw::Client client(options, silent);
    CHECK(std::string(client.connect().result().error().what()) == "the application gave no token");
    bool is_refused = !sw::attempt([] { return sw::Credentials::provider({}); }).ok();
    CHECK(is_refused);
}

static void messages(sw::Client &client) {
    sw::Page<sw::Conversation> page = client.conversations().get();
    CHECK(page.items.empty() || !page.items[0].id.empty());
    CHECK(client.messages("no-such-conversation").result().status() != SW_ERR_INTERNAL);
    bool is_refused = !sw::attempt([&] { return client.compose_message("", "", "hello"); }).ok();
    CHECK(is_refused);
}

static void without_a_network() {
    sw::HostCall screen("call-1");
    CHECK(screen.call_id() == "call-1" && screen.phase() == SW_HOST_PHASE_NEW);
    CHECK(screen.handle(SW_HOST_INPUT_PUSHED).count > 0);
    CHECK(!sw::attempt([] { return sw::parse_push("{}"); }).ok());
    sw::OAuthOptions options;
    options.client_id = "gateway-app";
    options.redirect_uri = "com.example.app://callback";
    sw::OAuth oauth(options);
    std::string url = oauth.begin();
    CHECK(url.rfind("https://", 0) == 0 && !oauth.is_callback("https://example.com"));
    CHECK(oauth.complete("com.example.app://callback?state=wrong").result().error().code() ==
          SW_OAUTH_FAILURE_WRONG_STATE);
    oauth.cancel(url);
}

// The installed library has no codecs, which is said; pictures themselves are there.
static void pictures_without_codecs(sw::Client &client) {
    sw::Call call = client.dial("/public/echo");
    sw::Picture card = sw::Picture::test_card(160, 96, 4711, 5);
    CHECK(card.to_format(SW_PIXEL_FORMAT_NV12).test_card_number() == 4711);
    auto status = [](auto &&act) { return sw::attempt(act).status(); };
    CHECK(status([&] { call.push_picture(card); }) == SW_ERR_NOT_SUPPORTED);
    CHECK(status([&] {
              call.add_picture_sink(SW_PIXEL_FORMAT_I420, [](const sw::Picture &) {});
          }) == SW_ERR_NOT_SUPPORTED);
    CHECK(status([&] { call.set_video_encoding(SW_VIDEO_ENCODING_INIT); }) ==
          SW_ERR_NOT_SUPPORTED);
    CHECK(status([&] { card.to_png(); }) == SW_ERR_NOT_SUPPORTED);
    CHECK(std::string(sw_last_error()).find("video-codecs") != std::string::npos);
    CHECK(call.picture_stats().decoded == 0);
    call.hangup().get();
}

int main() {
    sw::Library library;
    errors();
    without_a_network();
    {
        sw::Client client(gateway_options());
        client.connect().get();
        directory(client);
        an_echo(client);
        a_room(client);
        messages(client);
        a_device(client);
        pictures_without_codecs(client);
    }
    a_call_that_comes_in();
    destroyed_in_callbacks();
    credentials();
    return 0;
}
