// What programs do wrong in C++, each in a process of its own, which says on its output how far it
// came: handles that were moved from, use after the end, callbacks that throw or never return, clients
// that live until the very end of the process.

#include "check.hpp"

#include <atomic>
#include <cstring>

static void say(const char *text) {
    std::puts(text);
    std::fflush(stdout);
}

template <class F> static sw_status failure(F &&function) {
    auto result = sw::attempt(std::forward<F>(function));
    return result.ok() ? SW_OK : result.error().status();
}

static sw::Client connected() {
    sw::Client client(gateway_options());
    client.connect().get();
    return client;
}

// A handle that was moved from is empty; what was ended says so. Neither is undefined.
static void after_the_end() {
    sw::Client client = connected();
    sw::Call call = client.dial("/public/echo");
    call.answered().get();
    sw::Client other_client = std::move(client);
    sw::Call other_call = std::move(call);
    CHECK(failure([&] { client.dial("/public/echo"); }) == SW_ERR_INVALID_HANDLE);
    CHECK(client.connect().result().error().status() == SW_ERR_INVALID_HANDLE);
    CHECK(failure([&] { call.state(); }) == SW_ERR_INVALID_HANDLE);
    CHECK(call.hangup().result().error().status() == SW_ERR_INVALID_HANDLE);
    other_client.disconnect().get();
    CHECK(other_client.connect().result().error().status() == SW_ERR_CLOSED);
    CHECK(failure([&] { other_client.dial("/public/echo"); }) == SW_ERR_CLOSED);
    CHECK(other_call.send_digits("1").result().error().status() == SW_ERR_CLOSED);
    CHECK(other_call.state() == SW_CALL_STATE_ENDED);
    CHECK(other_call.hangup().result().ok() && other_client.disconnect().result().ok());
    // A call that outlives its client and the library.
    { sw::Client gone = std::move(other_client); }
    CHECK(other_call.state() == SW_CALL_STATE_ENDED);
    CHECK(sw_shutdown() == SW_OK);
    CHECK(other_call.send_digits("1").result().error().status() == SW_ERR_CLOSED);
    say("refused");
}

static void a_callback_that_throws() {
    sw::Client client = connected();
    std::set_terminate([] {
        say("terminated");
        std::_Exit(7);
    });
    client.dial("/public/echo", {}, [](const sw_call_event &) {
        say("throws");
        throw std::runtime_error("on purpose");
    }).answered().wait_for(20s);
    say("went on");
}

static void a_callback_that_never_returns() {
    std::promise<void> never;
    std::shared_future<void> forever = never.get_future().share();
    auto entered = std::make_shared<std::promise<void>>();
    auto is_first = std::make_shared<std::atomic<bool>>(true);
    sw::Client client = connected();
    sw::Call call = client.dial("/public/tone");
    call.answered().get();
    call.add_audio_sink(48000, 1, [=](const sw_audio_frame &) {
        if (is_first->exchange(false)) {
            entered->set_value();
        }
        forever.wait();
    });
    entered->get_future().wait();
    say("stuck");
    call.hangup().get();
    CHECK(sw_shutdown() == SW_OK);
    say("shut down");
    // Destroying what the callback waits for would let it go on.
    std::_Exit(0);
}

// Destroyed after main, when the library may have ended by itself or not.
static std::optional<sw::Client> lasting_client;
static std::optional<sw::Call> lasting_call;

static void handles_until_the_end() {
    auto heard = std::make_shared<std::promise<void>>();
    auto is_first = std::make_shared<std::atomic<bool>>(true);
    lasting_client.emplace(connected());
    lasting_call.emplace(lasting_client->dial("/public/tone"));
    lasting_call->answered().get();
    lasting_call->add_audio_sink(48000, 1, [=](const sw_audio_frame &) {
        if (is_first->exchange(false)) {
            heard->set_value();
        }
    });
    heard->get_future().wait();
    say("heard");
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    std::string what = argv[1];
    if (what == "ended") {
        after_the_end();
    } else if (what == "throw") {
        a_callback_that_throws();
    } else if (what == "stuck") {
        a_callback_that_never_returns();
    } else if (what == "static") {
        handles_until_the_end();
    } else {
        return 2;
    }
    return 0;
}
