// signalwire.hpp - the C interface for C++17: handles that free themselves, exceptions or results,
// operations that can be waited for, observers that are any callable. Header only; link with
// signalwire_client. License: MIT OR Apache-2.0.
//
//   signalwire::Library library;                            // ends everything when it goes
//   signalwire::ClientOptions options;
//   options.token = token;                                  // a subscriber access token
//   signalwire::Client client(options);
//   client.connect().get();                                 // throws signalwire::Error
//   signalwire::Call call = client.dial("/public/echo");
//   call.answered().get();
//   call.play_wav("hello.wav").get();
//   call.hangup().get();
//
// What a function does, which thread may call it and what it fails with is said at the function of
// the same name in signalwire.h (`Call::send_digits` is `sw_call_send_digits`). Here is only what
// C++ adds:
//
// Errors. What gives its result at once throws `Error`. What takes time never throws when it is
//   started: it gives an `Operation`, whose `get()` throws and whose `result()` does not. `attempt`
//   makes a `Result` of anything that throws.
// Ownership. Handles can be moved and not copied; their destructors free them, also inside
//   callbacks. `Call::another` gives a second handle of the same call. Freeing a handle of a call
//   hangs nothing up. An `Operation` that is thrown away goes on.
// Threads. As in signalwire.h. `get()`, `result()` and `wait_for()` of an operation that is not
//   over give SW_ERR_IN_CALLBACK inside a callback of this library, where waiting would never end.
// Callbacks are copied into the library and destroyed after their last call. An exception that
//   leaves one ends the program (std::terminate), as it does in a std::thread. Events and frames
//   are the C structs, borrowed for the time of the callback.
// Texts of results are never null here: what the service did not say is empty.

#ifndef SIGNALWIRE_HPP
#define SIGNALWIRE_HPP

#include "signalwire.h"

#include <chrono>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace signalwire {

// ---- Errors and results ----------------------------------------------------------------------

// What went wrong: a status, a text that says what to do, and the service's own code if it had one.
class Error : public std::runtime_error {
public:
    Error(sw_status status, const std::string &message, std::optional<int32_t> code = {})
        : std::runtime_error(message.empty() ? sw_status_text(status) : message), status_(status),
          code_(code) {}

    // One of SW_ERR_*.
    sw_status status() const noexcept { return status_; }
    // Such as "SW_ERR_TIMEOUT".
    const char *name() const noexcept { return sw_status_name(status_); }
    // A hang-up cause, an HTTP status, an RPC code or SW_OAUTH_FAILURE_*, as the status says.
    std::optional<int32_t> code() const noexcept { return code_; }

private:
    sw_status status_;
    std::optional<int32_t> code_;
};

// A value or an error, for code that does without exceptions.
template <class T> class Result {
    using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

public:
    Result(Value value) : content_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}

    bool ok() const noexcept { return content_.index() == 0; }
    explicit operator bool() const noexcept { return ok(); }
    // SW_OK or the error's status.
    sw_status status() const noexcept { return ok() ? SW_OK : error().status(); }
    // Only for a result that is not ok.
    const Error &error() const noexcept { return *std::get_if<1>(&content_); }
    // The value; throws the error if there is none.
    std::add_lvalue_reference_t<const T> value() const & {
        check();
        if constexpr (!std::is_void_v<T>) {
            return *std::get_if<0>(&content_);
        }
    }
    T value() && {
        check();
        if constexpr (!std::is_void_v<T>) {
            return std::move(*std::get_if<0>(&content_));
        }
    }

private:
    void check() const {
        if (!ok()) {
            throw error();
        }
    }
    std::variant<Value, Error> content_;
};

// Runs `function` and gives what it returned, or the `Error` that it threw.
template <class F> auto attempt(F &&function) -> Result<std::invoke_result_t<F>> {
    try {
        if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
            function();
            return std::monostate{};
        } else {
            return function();
        }
    } catch (const Error &error) {
        return error;
    }
}

namespace detail {

// How many callbacks of the library this thread is in.
inline thread_local int callback_depth = 0;

struct InCallback {
    InCallback() noexcept { ++callback_depth; }
    ~InCallback() { --callback_depth; }
    InCallback(const InCallback &) = delete;
    InCallback &operator=(const InCallback &) = delete;
};

// What the function that just failed on this thread said.
inline Error last_error(sw_status status) {
    const sw_error *info = sw_last_error_info();
    std::optional<int32_t> code;
    if (info != nullptr && info->has_code) {
        code = info->code;
    }
    return Error(status, sw_last_error(), code);
}

inline void check(sw_status status) {
    if (status != SW_OK) {
        throw last_error(status);
    }
}

inline std::string text(const char *from) { return from == nullptr ? std::string() : from; }

// An empty text means "not given" in every option.
inline const char *given(const std::string &from) { return from.empty() ? nullptr : from.c_str(); }

// Takes over a text that the library made.
inline std::string take(char *from) {
    std::unique_ptr<char, sw_status (*)(char *)> owner(from, sw_string_free);
    return text(from);
}

inline std::vector<std::string> texts(const char *const *from, size_t count) {
    return count == 0 ? std::vector<std::string>() : std::vector<std::string>(from, from + count);
}

inline std::vector<const char *> pointers(const std::vector<std::string> &from) {
    std::vector<const char *> to;
    for (const std::string &each : from) {
        to.push_back(each.c_str());
    }
    return to;
}

// A callable on the heap that the library owns as user_data.
template <class... Arguments> struct Callback {
    using Function = std::function<void(Arguments...)>;

    template <class Struct> static void drop_with(Struct &to) {
        to.drop = [](void *data) noexcept { delete static_cast<Function *>(data); };
    }
    static void call(void *data, Arguments... arguments) noexcept {
        InCallback here;
        (*static_cast<Function *>(data))(std::forward<Arguments>(arguments)...);
    }
};

// Fills an observer or sink from a callable; without one the struct stays as it is.
template <class Struct, class Item>
std::unique_ptr<std::function<void(const Item &)>>
observe(Struct &to, void (*Struct::*slot)(const Item *, void *),
        const std::function<void(const Item &)> &function) {
    if (!function) {
        return nullptr;
    }
    auto held = std::make_unique<std::function<void(const Item &)>>(function);
    to.*slot = [](const Item *item, void *data) { Callback<const Item &>::call(data, *item); };
    Callback<const Item &>::drop_with(to);
    to.user_data = held.get();
    return held;
}

// Owns a handle; moved, never copied.
template <class T, sw_status (*Free)(T *)> class Handle {
public:
    explicit Handle(T *raw = nullptr) noexcept : raw_(raw) {}
    Handle(Handle &&other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
    Handle &operator=(Handle &&other) noexcept {
        std::swap(raw_, other.raw_);
        return *this;
    }
    ~Handle() { Free(raw_); }
    T *get() const noexcept { return raw_; }
    T *release() noexcept { return std::exchange(raw_, nullptr); }

private:
    T *raw_;
};

template <class T> struct State {
    std::mutex lock;
    std::condition_variable changed;
    std::optional<Result<T>> result;
    std::vector<std::function<void(const Result<T> &)>> waiting;

    void finish(Result<T> how) {
        std::vector<std::function<void(const Result<T> &)>> tell;
        {
            std::lock_guard<std::mutex> hold(lock);
            result.emplace(std::move(how));
            tell.swap(waiting);
        }
        changed.notify_all();
        for (auto &function : tell) {
            function(*result); // set once, so it needs no lock any more
        }
    }
};

} // namespace detail

// ---- Operations ------------------------------------------------------------------------------

// Something that takes time. Copies are the same operation.
template <class T> class Operation {
public:
    explicit Operation(std::shared_ptr<detail::State<T>> state) : state_(std::move(state)) {}

    // Waits for the end and gives the value, or throws the error.
    T get() const { return result().value(); }

    // Waits for the end and gives how it went; does not throw.
    Result<T> result() const {
        std::unique_lock<std::mutex> hold(state_->lock);
        if (!state_->result && detail::callback_depth > 0) {
            return Error(SW_ERR_IN_CALLBACK, "");
        }
        state_->changed.wait(hold, [this] { return state_->result.has_value(); });
        return *state_->result;
    }

    // Waits at most so long; whether it is over.
    template <class Rep, class Period>
    bool wait_for(const std::chrono::duration<Rep, Period> &time) const {
        std::unique_lock<std::mutex> hold(state_->lock);
        if (!state_->result && detail::callback_depth > 0) {
            throw Error(SW_ERR_IN_CALLBACK, "");
        }
        return state_->changed.wait_for(hold, time, [this] { return state_->result.has_value(); });
    }

    // Whether it is over. Never waits.
    bool is_over() const {
        std::lock_guard<std::mutex> hold(state_->lock);
        return state_->result.has_value();
    }

    // Calls `function` once with the result: on the dispatcher thread, or at once here if the
    // operation is over.
    void then(std::function<void(const Result<T> &)> function) const {
        {
            std::lock_guard<std::mutex> hold(state_->lock);
            if (!state_->result) {
                state_->waiting.push_back(std::move(function));
                return;
            }
        }
        function(*state_->result);
    }

    // The same as a standard future. Do not wait for it inside a callback.
    std::future<T> future() const {
        auto promise = std::make_shared<std::promise<T>>();
        then([promise](const Result<T> &result) {
            if (!result) {
                promise->set_exception(std::make_exception_ptr(result.error()));
            } else if constexpr (std::is_void_v<T>) {
                promise->set_value();
            } else {
                promise->set_value(result.value());
            }
        });
        return promise->get_future();
    }

private:
    std::shared_ptr<detail::State<T>> state_;
};

namespace detail {

template <class T> Error error_of(sw_status status, const sw_error *error) {
    if (error == nullptr) {
        return Error(status, "");
    }
    std::optional<int32_t> code;
    if (error->has_code) {
        code = error->code;
    }
    return Error(status, text(error->message), code);
}

// Ends the operation that `data` is, with what `make` gives.
template <class T, class Make>
void end(sw_status status, const sw_error *error, void *data, Make make) noexcept {
    InCallback here;
    std::unique_ptr<std::shared_ptr<State<T>>> held(static_cast<std::shared_ptr<State<T>> *>(data));
    (*held)->finish(status == SW_OK ? Result<T>(make()) : Result<T>(error_of<T>(status, error)));
}

// Starts an operation: `begin` passes the completion on. A completion is not called if that failed.
template <class T, class Completion, class Function, class Begin>
Operation<T> start(Function function, Begin begin) {
    auto state = std::make_shared<State<T>>();
    auto held = std::make_unique<std::shared_ptr<State<T>>>(state);
    sw_status status = begin(Completion{function, held.get()});
    if (status == SW_OK) {
        held.release(); // the completion has it
    } else {
        state->finish(last_error(status));
    }
    return Operation<T>(state);
}

template <class Begin> Operation<void> done(Begin begin) {
    return start<void, sw_completion>(
        [](sw_status status, const sw_error *error, void *data) {
            end<void>(status, error, data, [] { return std::monostate{}; });
        },
        begin);
}

template <class Begin> Operation<std::string> one_text(Begin begin) {
    return start<std::string, sw_text_completion>(
        [](sw_status status, const sw_error *error, const char *from, void *data) {
            end<std::string>(status, error, data, [from] { return text(from); });
        },
        begin);
}

template <class Begin> Operation<std::vector<std::string>> many_texts(Begin begin) {
    using Texts = std::vector<std::string>;
    return start<Texts, sw_texts_completion>(
        [](sw_status status, const sw_error *error, const char *const *from, size_t count,
           void *data) { end<Texts>(status, error, data, [=] { return texts(from, count); }); },
        begin);
}

// An operation whose result is made from the C struct.
template <class T, class Item, class Completion, class Begin> Operation<T> item(Begin begin) {
    return start<T, Completion>(
        [](sw_status status, const sw_error *error, const Item *from, void *data) {
            end<T>(status, error, data, [from] { return T(*from); });
        },
        begin);
}

} // namespace detail

// ---- What the service tells ------------------------------------------------------------------

struct Address {
    int32_t type; // SW_ADDRESS_TYPE_*
    bool is_locked;
    std::string id, name, display_name, resource_id, created_at, dial_string;
    std::string audio_channel, video_channel, messaging_channel, cover_url, preview_url;

    explicit Address(const sw_address &from)
        : type(from.address_type), is_locked(from.is_locked), id(detail::text(from.id)),
          name(detail::text(from.name)), display_name(detail::text(from.display_name)),
          resource_id(detail::text(from.resource_id)), created_at(detail::text(from.created_at)),
          dial_string(detail::text(from.dial_string)),
          audio_channel(detail::text(from.audio_channel)),
          video_channel(detail::text(from.video_channel)),
          messaging_channel(detail::text(from.messaging_channel)),
          cover_url(detail::text(from.cover_url)), preview_url(detail::text(from.preview_url)) {}
};

struct Subscriber {
    std::string id, email, first_name, last_name, display_name, job_title, time_zone, country, region;
    std::string company_name, raw_json, app_display_name, token_key_thumbprint;
    std::string push_notification_key; // secret
    int64_t token_expires_at;          // seconds since 1970
    std::vector<Address> addresses;
    std::vector<std::string> app_scopes, token_scopes;

    explicit Subscriber(const sw_subscriber &from)
        : id(detail::text(from.id)), email(detail::text(from.email)),
          first_name(detail::text(from.first_name)), last_name(detail::text(from.last_name)),
          display_name(detail::text(from.display_name)), job_title(detail::text(from.job_title)),
          time_zone(detail::text(from.time_zone)), country(detail::text(from.country)),
          region(detail::text(from.region)), company_name(detail::text(from.company_name)),
          raw_json(detail::text(from.raw_json)),
          app_display_name(detail::text(from.app_display_name)),
          token_key_thumbprint(detail::text(from.token_key_thumbprint)),
          push_notification_key(detail::text(from.push_notification_key)),
          token_expires_at(from.token_expires_at),
          app_scopes(detail::texts(from.app_scopes, from.app_scope_count)),
          token_scopes(detail::texts(from.token_scopes, from.token_scope_count)) {
        for (size_t n = 0; n < from.address_count; n++) {
            addresses.emplace_back(*from.addresses[n]);
        }
    }
};

struct Message {
    int32_t kind; // SW_MESSAGE_*
    int64_t sent_at_ms, call_started_at_ms, call_ended_at_ms;
    bool is_hidden;
    std::string id, conversation_id, from_address_id, text, conversation_name, user_name, raw_json;
    std::string call_kind, call_status;

    explicit Message(const sw_message &from)
        : kind(from.kind), sent_at_ms(from.sent_at_ms), call_started_at_ms(from.call_started_at_ms),
          call_ended_at_ms(from.call_ended_at_ms), is_hidden(from.is_hidden),
          id(detail::text(from.id)), conversation_id(detail::text(from.conversation_id)),
          from_address_id(detail::text(from.from_address_id)), text(detail::text(from.text)),
          conversation_name(detail::text(from.conversation_name)),
          user_name(detail::text(from.user_name)), raw_json(detail::text(from.raw_json)),
          call_kind(detail::text(from.call_kind)), call_status(detail::text(from.call_status)) {}
};

struct Conversation {
    std::string id, name, from_address_id, peer_address_id, metadata_json, raw_json;
    int64_t created_at_ms, last_message_at_ms;

    explicit Conversation(const sw_conversation &from)
        : id(detail::text(from.id)), name(detail::text(from.name)),
          from_address_id(detail::text(from.from_address_id)),
          peer_address_id(detail::text(from.peer_address_id)),
          metadata_json(detail::text(from.metadata_json)), raw_json(detail::text(from.raw_json)),
          created_at_ms(from.created_at_ms), last_message_at_ms(from.last_message_at_ms) {}
};

// One page of a list; a link that is empty leads nowhere.
template <class T> struct Page {
    std::vector<T> items;
    std::string first_link, previous_link, next_link;

    explicit Page(const sw_address_page &from) { fill(from, from.addresses, from.address_count); }
    explicit Page(const sw_message_page &from) { fill(from, from.messages, from.message_count); }
    explicit Page(const sw_conversation_page &from) {
        fill(from, from.conversations, from.conversation_count);
    }

private:
    template <class From, class Item>
    void fill(const From &from, const Item *const *rows, size_t count) {
        first_link = detail::text(from.first_link);
        previous_link = detail::text(from.previous_link);
        next_link = detail::text(from.next_link);
        if constexpr (std::is_constructible_v<T, const Item &>) {
            for (size_t n = 0; n < count; n++) {
                items.emplace_back(*rows[n]);
            }
        }
    }
};

// This installation, as notifications reach it.
struct Device {
    int32_t type; // SW_DEVICE_TYPE_*
    std::string id, token, name, registered_at;
    std::string push_notification_key; // secret

    explicit Device(const sw_device &from)
        : type(from.device_type), id(detail::text(from.id)), token(detail::text(from.device_token)),
          name(detail::text(from.device_name)), registered_at(detail::text(from.registered_at)),
          push_notification_key(detail::text(from.push_notification_key)) {}
};

// Who calls, as an encrypted notification says.
struct PushCaller {
    std::string name, number;
    bool has_video;
};

inline PushCaller parse_push(const std::string &notification) {
    char *name = nullptr, *number = nullptr;
    bool has_video = false;
    detail::check(sw_parse_push(notification.c_str(), &name, &number, &has_video));
    std::string name_text = detail::take(name);
    return {std::move(name_text), detail::take(number), has_video};
}

// ---- Options and callbacks -------------------------------------------------------------------

using ClientObserver = std::function<void(const sw_client_event &)>;
using CallObserver = std::function<void(const sw_call_event &)>;
using AudioSink = std::function<void(const sw_audio_frame &)>;
using VideoSink = std::function<void(const sw_video_frame &)>;
using LogHandler = std::function<void(const sw_log_record &)>;

// As sw_client_options: what is empty or 0 is at its default.
struct ClientOptions {
    std::string token, ws_url, http_url, ca_certificates_pem, agent, resume_from;
    uint32_t connect_timeout_ms = 0, request_timeout_ms = 0;
    std::vector<std::string> media_addresses;
    bool relay_only = false, ignores_network_changes = false;

    // Calls `use` with the C struct, which borrows from this one.
    template <class Use> auto with(Use use) const {
        std::vector<const char *> addresses = detail::pointers(media_addresses);
        sw_client_options to = SW_CLIENT_OPTIONS_INIT;
        to.token = detail::given(token);
        to.ws_url = detail::given(ws_url);
        to.http_url = detail::given(http_url);
        to.ca_certificates_pem = detail::given(ca_certificates_pem);
        to.agent = detail::given(agent);
        to.resume_from = detail::given(resume_from);
        to.connect_timeout_ms = connect_timeout_ms;
        to.request_timeout_ms = request_timeout_ms;
        to.media_address_count = static_cast<uint32_t>(addresses.size());
        to.media_addresses = addresses.empty() ? nullptr : addresses.data();
        to.relay_only = relay_only;
        to.ignores_network_changes = ignores_network_changes;
        return use(to);
    }
};

// As sw_dial_options. The texts are kept here, everything else in `c`; its `observer` is not used.
struct DialOptions {
    std::string user_variables_json, from_fabric_address_id, node_id;
    sw_dial_options c = SW_DIAL_OPTIONS_INIT;
};

// As sw_answer_options. The text is kept here, everything else in `c`.
struct AnswerOptions {
    std::string user_variables_json;
    sw_answer_options c = SW_ANSWER_OPTIONS_INIT;

    sw_answer_options borrowed() const {
        sw_answer_options to = c;
        to.user_variables_json = detail::given(user_variables_json);
        return to;
    }
};

// As sw_screen_share_options. The texts are kept here, everything else in `c`; its `observer` is not
// used.
struct ScreenShareOptions {
    std::string layout, position, user_variables_json;
    sw_screen_share_options c = SW_SCREEN_SHARE_OPTIONS_INIT;
};

// As sw_device_options, and kept in the same way.
struct DeviceOptions {
    std::string user_variables_json;
    sw_device_options c = SW_DEVICE_OPTIONS_INIT;
};

// As sw_address_query.
struct AddressQuery {
    int32_t address_type = SW_ADDRESS_TYPE_ANY, sort_by = 0, sort_order = 0;
    uint32_t page_size = 0;
    std::string display_name;
};

// ---- The library -----------------------------------------------------------------------------

inline std::string version() { return sw_version_string(); }
inline uint32_t version_number() { return sw_version_number(); }
// Whether the library that runs is at least as new as the header and compatible with it.
inline bool is_compatible() { return SW_VERSION_CHECK(); }

// Sends the log to `handler`; an empty one or SW_LOG_OFF ends it.
inline void set_log_handler(int32_t level, const LogHandler &handler) {
    sw_log_handler to = SW_LOG_HANDLER_INIT;
    auto held = detail::observe(to, &sw_log_handler::on_record, handler);
    detail::check(sw_set_log_handler(level, held ? &to : nullptr));
    held.release();
}

// Ends the library when it is destroyed: keep one in main, before everything else.
struct Library {
    Library() = default;
    Library(const Library &) = delete;
    Library &operator=(const Library &) = delete;
    ~Library() { sw_shutdown(); }
};

} // namespace signalwire

#include "signalwire_picture.hpp"

#include "signalwire_call.hpp"
#include "signalwire_client.hpp"

#endif // SIGNALWIRE_HPP
