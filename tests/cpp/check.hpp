// What the C++ tests have in common.

#ifndef SW_TESTS_CHECK_HPP
#define SW_TESTS_CHECK_HPP

#include "signalwire.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#define CHECK(condition)                                                                     \
    do {                                                                                     \
        if (!(condition)) {                                                                  \
            std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);             \
            std::exit(1);                                                                    \
        }                                                                                    \
    } while (0)

using namespace std::chrono_literals;
namespace sw = signalwire;

inline std::string setting(const char *name) {
    const char *value = std::getenv(name);
    CHECK(value != nullptr);
    return value;
}

inline sw::ClientOptions gateway_options() {
    sw::ClientOptions options;
    std::ifstream ca(setting("SW_CA_FILE"));
    options.token = setting("SW_TOKEN");
    options.ws_url = setting("SW_WS_URL");
    options.http_url = setting("SW_HTTP_URL");
    options.ca_certificates_pem.assign(std::istreambuf_iterator<char>(ca), {});
    options.agent = "cpp-test";
    return options;
}

#endif
