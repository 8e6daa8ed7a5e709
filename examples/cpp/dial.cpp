// Calls an address, plays a WAV file or listens for five seconds, and tells how it went.
//
//   SW_TOKEN=<subscriber access token> ./dial /public/echo [hello.wav]
//
// Environment: SW_TOKEN (required); SW_WS_URL, SW_HTTP_URL and SW_CA_FILE for another server than
// the one that the token names. Exit codes: 0 answered, 1 failed, 2 wrong usage.

#include <signalwire.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

static std::string environment(const char *name) {
    const char *value = std::getenv(name);
    return value == nullptr ? "" : value;
}

static signalwire::ClientOptions options_from_environment() {
    signalwire::ClientOptions options;
    options.token = environment("SW_TOKEN");
    options.ws_url = environment("SW_WS_URL"); // empty means: as the token says
    options.http_url = environment("SW_HTTP_URL");
    std::ifstream ca(environment("SW_CA_FILE"));
    options.ca_certificates_pem.assign(std::istreambuf_iterator<char>(ca), {});
    options.agent = "dial-example-cpp";
    return options;
}

// Called on the library's dispatcher thread; the event is valid until it returns.
static void on_event(const sw_call_event &event) {
    if (event.type == SW_CALL_EVENT_MEDIA_CONNECTED) {
        std::printf("audio is up, %s\n", event.codec);
    }
}

static void call_somebody(signalwire::Client &client, const char *address, const char *wav) {
    signalwire::Call call = client.dial(address, {}, on_event);
    call.answered().get();
    std::printf("answered\n");
    if (wav != nullptr) {
        call.play_wav(wav).get();
    } else {
        call.ended().wait_for(std::chrono::seconds(5)); // or until the far side hangs up
    }
    call.hangup().get();
    std::printf("%llu packets received, ended: %s\n",
                static_cast<unsigned long long>(call.stats().packets_received),
                call.end_reason().cause);
}

int main(int argc, char **argv) {
    if (argc < 2 || environment("SW_TOKEN").empty()) {
        std::fprintf(stderr, "usage: SW_TOKEN=... %s ADDRESS [WAV FILE]\n", argv[0]);
        return 2;
    }
    signalwire::Library library; // hangs up what is left and ends the library's threads
    try {
        signalwire::Client client(options_from_environment());
        client.connect().get();
        call_somebody(client, argv[1], argc > 2 ? argv[2] : nullptr);
        return 0;
    } catch (const signalwire::Error &error) {
        std::fprintf(stderr, "%s (%s)\n", error.what(), error.name());
        return 1;
    }
}
