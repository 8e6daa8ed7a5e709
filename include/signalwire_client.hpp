// signalwire_client.hpp - clients, credentials, messages, notifications; part of signalwire.hpp,
// which see. Do not include it alone.
#ifndef SIGNALWIRE_CLIENT_HPP
#define SIGNALWIRE_CLIENT_HPP

namespace signalwire {

// The answer that a credential provider owes. Thrown away it says that there is no token for now.
class TokenReply {
public:
    explicit TokenReply(sw_token_reply *raw) noexcept : raw_(raw) {}
    TokenReply(TokenReply &&other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
    TokenReply &operator=(TokenReply &&other) noexcept {
        std::swap(raw_, other.raw_);
        return *this;
    }
    ~TokenReply() {
        if (raw_ != nullptr) {
            sw_token_reply_fail(raw_, "the application gave no token", false);
        }
    }
    // `expires_at`: seconds since 1970; 0 if not known. Throws for an empty token.
    void give(const std::string &token, int64_t expires_at = 0) {
        detail::check(sw_token_reply_give(raw_, detail::given(token), expires_at));
        raw_ = nullptr;
    }
    // `is_final`: asking again is pointless, the user must log in.
    void fail(const std::string &reason, bool is_final) {
        detail::check(sw_token_reply_fail(raw_, detail::given(reason), is_final));
        raw_ = nullptr;
    }

private:
    sw_token_reply *raw_;
};

using CredentialProvider = std::function<void(const sw_token_request &, TokenReply)>;

// Where the tokens of a login are kept, such as the platform's keychain. Called on threads of the
// library; what a function throws counts as failed.
class TokenStore {
public:
    virtual ~TokenStore() = default;
    // What was saved last; nothing if there is none.
    virtual std::optional<std::string> load() = 0;
    // `text` is secret.
    virtual void save(const std::string &text) = 0;
    virtual void clear() = 0;
};

// A login that returns to a port of this machine.
class OAuthLogin {
public:
    OAuthLogin(sw_oauth_login *raw, std::string url) : handle_(raw), url_(std::move(url)) {}
    // For the system's browser.
    const std::string &url() const noexcept { return url_; }
    // Gives the tokens as JSON; secret.
    Operation<std::string> finish(uint32_t timeout_ms) {
        return detail::one_text([&](sw_text_completion done) {
            return sw_oauth_login_finish(handle_.get(), timeout_ms, done);
        });
    }
    void cancel() { detail::check(sw_oauth_login_cancel(handle_.get())); }

private:
    detail::Handle<sw_oauth_login, sw_oauth_login_free> handle_;
    std::string url_;
};

// As sw_oauth_options.
struct OAuthOptions {
    std::string client_id, redirect_uri, authorize_url, token_url, ca_certificates_pem, prompt;
    std::vector<std::string> scopes;
    uint32_t flow_lifetime_ms = 0;
};

// Logins with the system's browser.
class OAuth {
public:
    explicit OAuth(const OAuthOptions &options) {
        std::vector<const char *> scopes = detail::pointers(options.scopes);
        sw_oauth_options to = SW_OAUTH_OPTIONS_INIT;
        to.flow_lifetime_ms = options.flow_lifetime_ms;
        to.client_id = detail::given(options.client_id);
        to.redirect_uri = detail::given(options.redirect_uri);
        to.scope_count = static_cast<uint32_t>(scopes.size());
        to.scopes = scopes.empty() ? nullptr : scopes.data();
        to.authorize_url = detail::given(options.authorize_url);
        to.token_url = detail::given(options.token_url);
        to.ca_certificates_pem = detail::given(options.ca_certificates_pem);
        to.prompt = detail::given(options.prompt);
        sw_oauth *raw = nullptr;
        detail::check(sw_oauth_new(&to, &raw));
        handle_ = Owner(raw);
    }
    sw_oauth *get() const noexcept { return handle_.get(); }

    std::string begin() {
        char *url = nullptr;
        detail::check(sw_oauth_begin(get(), &url));
        return detail::take(url);
    }
    OAuthLogin begin_loopback() {
        sw_oauth_login *login = nullptr;
        char *url = nullptr;
        detail::check(sw_oauth_begin_loopback(get(), &login, &url));
        return OAuthLogin(login, detail::take(url));
    }
    bool is_callback(const std::string &url) const {
        bool out = false;
        detail::check(sw_oauth_is_callback(get(), url.c_str(), &out));
        return out;
    }
    Operation<std::string> complete(const std::string &callback_url) {
        return detail::one_text([&](sw_text_completion done) {
            return sw_oauth_complete(get(), callback_url.c_str(), done);
        });
    }
    Operation<std::string> refresh(const std::string &tokens_json) {
        return detail::one_text([&](sw_text_completion done) {
            return sw_oauth_refresh(get(), tokens_json.c_str(), done);
        });
    }
    void cancel(const std::string &authorize_url) {
        detail::check(sw_oauth_cancel(get(), authorize_url.c_str()));
    }

private:
    using Owner = detail::Handle<sw_oauth, sw_oauth_free>;
    Owner handle_;
};

// An RSA key of this installation, to which tokens can be bound.
class DeviceKey {
public:
    // Makes a new one; blocks some tenths of a second.
    static DeviceKey generate() {
        sw_device_key *raw = nullptr;
        detail::check(sw_device_key_generate(&raw));
        return DeviceKey(raw);
    }
    // Reads one that was kept.
    static DeviceKey from_pkcs8(const std::vector<uint8_t> &pkcs8) {
        sw_device_key *raw = nullptr;
        detail::check(sw_device_key_from_pkcs8(pkcs8.data(), pkcs8.size(), &raw));
        return DeviceKey(raw);
    }
    // The private key, to be kept in a safe place. Secret: overwrite it after use.
    std::vector<uint8_t> pkcs8() const {
        size_t length = 0;
        detail::check(sw_device_key_pkcs8(get(), nullptr, 0, &length));
        std::vector<uint8_t> key(length);
        detail::check(sw_device_key_pkcs8(get(), key.data(), key.size(), &length));
        return key;
    }
    std::string thumbprint() const {
        char *thumbprint = nullptr;
        detail::check(sw_device_key_thumbprint(get(), &thumbprint));
        return detail::take(thumbprint);
    }
    sw_device_key *get() const noexcept { return handle_.get(); }

private:
    explicit DeviceKey(sw_device_key *raw) : handle_(raw) {}
    detail::Handle<sw_device_key, sw_device_key_free> handle_;
};

// Where a client's tokens come from.
class Credentials {
public:
    static Credentials provider(const CredentialProvider &function) {
        sw_credential_provider to = SW_CREDENTIAL_PROVIDER_INIT;
        auto held = std::make_unique<CredentialProvider>(function);
        if (function) {
            to.on_request = [](const sw_token_request *request, sw_token_reply *reply,
                               void *data) noexcept {
                detail::InCallback here;
                (*static_cast<CredentialProvider *>(data))(*request, TokenReply(reply));
            };
        }
        to.drop = [](void *data) noexcept { delete static_cast<CredentialProvider *>(data); };
        to.user_data = held.get();
        sw_credentials *raw = nullptr;
        detail::check(sw_credentials_provider(&to, &raw));
        held.release();
        return Credentials(raw);
    }
    static Credentials embed(const std::string &host, const std::string &embed_token,
                             const std::string &ca_certificates_pem = {}) {
        sw_credentials *raw = nullptr;
        detail::check(sw_credentials_embed(host.c_str(), embed_token.c_str(),
                                           detail::given(ca_certificates_pem), &raw));
        return Credentials(raw);
    }
    static Credentials oauth(OAuth &oauth, std::shared_ptr<TokenStore> store) {
        if (!store) {
            throw Error(SW_ERR_INVALID_ARGUMENT, "the token store is null");
        }
        sw_token_store to = SW_TOKEN_STORE_INIT;
        auto held = std::make_unique<std::shared_ptr<TokenStore>>(std::move(store));
        to.load = [](void (*give)(const char *, void *), void *target, void *data) noexcept {
            return kept([&] {
                if (std::optional<std::string> text = of(data).load()) {
                    give(text->c_str(), target);
                }
            });
        };
        to.save = [](const char *text, void *data) noexcept {
            return kept([&] { of(data).save(text); });
        };
        to.clear = [](void *data) noexcept { return kept([&] { of(data).clear(); }); };
        to.drop = [](void *data) noexcept {
            delete static_cast<std::shared_ptr<TokenStore> *>(data);
        };
        to.user_data = held.get();
        sw_credentials *raw = nullptr;
        detail::check(sw_credentials_oauth(oauth.get(), &to, &raw));
        held.release();
        return Credentials(raw);
    }
    // The token in the client's options, bound to the key.
    static Credentials token_bound_to(const DeviceKey &key) { return bound(nullptr, key); }
    // These credentials, with tokens that are bound to the key.
    Credentials bound_to(const DeviceKey &key) const { return bound(get(), key); }
    sw_credentials *get() const noexcept { return handle_.get(); }

private:
    static Credentials bound(const sw_credentials *credentials, const DeviceKey &key) {
        sw_credentials *raw = nullptr;
        detail::check(sw_credentials_bound_to(credentials, key.get(), &raw));
        return Credentials(raw);
    }
    explicit Credentials(sw_credentials *raw) : handle_(raw) {}
    static TokenStore &of(void *data) { return **static_cast<std::shared_ptr<TokenStore> *>(data); }
    template <class F> static sw_status kept(F function) noexcept {
        detail::InCallback here;
        try {
            function();
            return SW_OK;
        } catch (const Error &error) {
            return error.status();
        } catch (...) {
            return SW_ERR_INTERNAL;
        }
    }
    detail::Handle<sw_credentials, sw_credentials_free> handle_;
};

// A message that can be sent again without coming twice.
class OutgoingMessage {
public:
    explicit OutgoingMessage(sw_outgoing_message *raw) : handle_(raw) {}
    Operation<void> send() {
        return detail::done([&](sw_completion done) {
            return sw_outgoing_message_send(handle_.get(), done);
        });
    }
    Operation<void> reconcile() {
        return detail::done([&](sw_completion done) {
            return sw_outgoing_message_reconcile(handle_.get(), done);
        });
    }
    int32_t state() const {
        int32_t state = 0;
        detail::check(sw_outgoing_message_state(handle_.get(), &state));
        return state;
    }

private:
    detail::Handle<sw_outgoing_message, sw_outgoing_message_free> handle_;
};

// A call that a notification announced and whose invite may still come.
class ExpectedCall {
public:
    explicit ExpectedCall(sw_expected_call *raw) : handle_(raw) {}
    std::string call_id() const {
        char *id = nullptr;
        detail::check(sw_expected_call_call_id(handle_.get(), &id));
        return detail::take(id);
    }
    int32_t state() const {
        int32_t state = 0;
        detail::check(sw_expected_call_state(handle_.get(), &state));
        return state;
    }
    Operation<void> arrived() {
        return detail::done([&](sw_completion done) {
            return sw_expected_call_arrived(handle_.get(), done);
        });
    }
    Operation<void> answer(const AnswerOptions &options = {}) {
        sw_answer_options borrowed = options.borrowed();
        return detail::done([&](sw_completion done) {
            return sw_expected_call_answer(handle_.get(), &borrowed, done);
        });
    }
    Operation<void> reject() {
        return detail::done([&](sw_completion done) {
            return sw_expected_call_reject(handle_.get(), done);
        });
    }
    void cancel() { detail::check(sw_expected_call_cancel(handle_.get())); }

private:
    detail::Handle<sw_expected_call, sw_expected_call_free> handle_;
};

// One call as the platform's call screen sees it.
class HostCall {
public:
    explicit HostCall(const std::string &call_id) {
        sw_host_call *raw = nullptr;
        detail::check(sw_host_call_new(call_id.c_str(), &raw));
        handle_ = Owner(raw);
    }
    std::string call_id() const {
        char *id = nullptr;
        detail::check(sw_host_call_call_id(handle_.get(), &id));
        return detail::take(id);
    }
    int32_t phase() const {
        int32_t phase = 0;
        detail::check(sw_host_call_phase(handle_.get(), &phase));
        return phase;
    }
    // What to do now, in this order.
    sw_host_actions handle(int32_t input, int32_t argument = 0) {
        sw_host_actions actions = SW_HOST_ACTIONS_INIT;
        detail::check(sw_host_call_handle(handle_.get(), input, argument, &actions));
        return actions;
    }

private:
    using Owner = detail::Handle<sw_host_call, sw_host_call_free>;
    Owner handle_;
};

// A subscriber's session. Its destructor ends it and its calls.
class Client {
public:
    explicit Client(const ClientOptions &options, const ClientObserver &observer = {}) {
        make(options, observer, [](auto... arguments) { return sw_client_new(arguments...); });
    }
    Client(const ClientOptions &options, const Credentials &credentials,
           const ClientObserver &observer = {}) {
        make(options, observer, [&](auto *c_options, auto... rest) {
            return sw_client_with_credentials(c_options, credentials.get(), rest...);
        });
    }
    sw_client *get() const noexcept { return handle_.get(); }

    Operation<void> connect() { return simple(sw_client_connect); }
    Operation<void> disconnect() { return simple(sw_client_disconnect); }
    Operation<void> online() { return simple(sw_client_online); }
    Operation<void> offline() { return simple(sw_client_offline); }
    Operation<void> update_token(const std::string &token, int64_t expires_at = 0) {
        return simple(sw_client_update_token, token.c_str(), expires_at);
    }
    int32_t state() const {
        int32_t state = 0;
        detail::check(sw_client_state(get(), &state));
        return state;
    }
    void set_do_not_disturb(int32_t mode) {
        detail::check(sw_client_set_do_not_disturb(get(), mode));
    }
    void network_changed() const { detail::check(sw_client_network_changed(get())); }
    // For ClientOptions::resume_from of the next process; secret.
    std::string session_record() const {
        char *record = nullptr;
        detail::check(sw_client_session_record(get(), &record));
        return detail::take(record);
    }

    sw_connect_times connect_times() const {
        sw_connect_times times = SW_CONNECT_TIMES_INIT;
        detail::check(sw_client_connect_times(get(), &times));
        return times;
    }
    // Gives what was found as JSON; empty makes no call, 0 is the default.
    Operation<std::string> preflight(const std::string &echo_address = {}, uint32_t call_ms = 0) {
        return detail::one_text([&](sw_text_completion done) {
            return sw_client_preflight(get(), detail::given(echo_address), call_ms, done);
        });
    }
    // What happened, as JSON for a report of a problem.
    Operation<std::string> diagnostics() {
        return detail::one_text(
            [&](sw_text_completion done) { return sw_client_diagnostics(get(), done); });
    }

    // Gives the call at once; `Call::answered` tells how it went on.
    Call dial(const std::string &address, const DialOptions &options = {},
              const CallObserver &observer = {}) {
        sw_call_observer to = SW_CALL_OBSERVER_INIT;
        auto held = detail::observe(to, &sw_call_observer::on_event, observer);
        sw_dial_options c = options.c;
        c.user_variables_json = detail::given(options.user_variables_json);
        c.from_fabric_address_id = detail::given(options.from_fabric_address_id);
        c.node_id = detail::given(options.node_id);
        c.observer = held ? &to : nullptr;
        sw_call *raw = nullptr;
        sw_completion nobody = SW_COMPLETION_NONE;
        detail::check(sw_client_dial(get(), address.c_str(), &c, &raw, nobody));
        held.release();
        return Call(raw);
    }
    // A call that an event announced.
    Call call(const std::string &id, const CallObserver &observer = {}) {
        sw_call_observer to = SW_CALL_OBSERVER_INIT;
        auto held = detail::observe(to, &sw_call_observer::on_event, observer);
        sw_call *raw = nullptr;
        detail::check(sw_client_call(get(), id.c_str(), held ? &to : nullptr, &raw));
        held.release();
        return Call(raw);
    }

    // ---- Directory ----

    Operation<Subscriber> subscriber_info() {
        return item<Subscriber, sw_subscriber, sw_subscriber_completion>(sw_client_subscriber_info);
    }
    Operation<Page<Address>> addresses(const AddressQuery &query = {}) {
        sw_address_query to = SW_ADDRESS_QUERY_INIT;
        to.address_type = query.address_type;
        to.page_size = query.page_size;
        to.display_name = detail::given(query.display_name);
        to.sort_by = query.sort_by;
        to.sort_order = query.sort_order;
        return addresses_by(sw_client_addresses, static_cast<const sw_address_query *>(&to));
    }
    Operation<Page<Address>> addresses_at(const std::string &link) {
        return addresses_by(sw_client_addresses_at, link.c_str());
    }
    Operation<Address> address(const std::string &id) {
        return address_by(sw_client_address, id);
    }
    Operation<Address> address_by_name(const std::string &name) {
        return address_by(sw_client_address_by_name, name);
    }
    Operation<Address> cached_address(const std::string &id) {
        return address_by(sw_client_cached_address, id);
    }

    // ---- Messages ----

    Operation<Page<Conversation>> conversations(uint32_t size = 0) {
        return conversations_by(sw_client_conversations, size);
    }
    Operation<Page<Conversation>> conversations_at(const std::string &link) {
        return conversations_by(sw_client_conversations_at, link.c_str());
    }
    Operation<Conversation> join_conversation(const std::string &address_id,
                                              const std::string &from_address_id) {
        return item<Conversation, sw_conversation, sw_conversation_completion>(
            sw_client_join_conversation, address_id.c_str(), detail::given(from_address_id));
    }
    Operation<Page<Message>> messages(const std::string &conversation_id, uint32_t size = 0) {
        return messages_by(sw_client_messages, conversation_id.c_str(), size);
    }
    Operation<Page<Message>> messages_at(const std::string &link) {
        return messages_by(sw_client_messages_at, link.c_str());
    }
    OutgoingMessage compose_message(const std::string &conversation_id,
                                    const std::string &from_address_id, const std::string &text) {
        sw_outgoing_message *raw = nullptr;
        detail::check(sw_client_compose_message(get(), conversation_id.c_str(),
                                                detail::given(from_address_id), text.c_str(),
                                                &raw));
        return OutgoingMessage(raw);
    }

    // A token, a secret, with which somebody may call one of the own addresses. `expires_at`: seconds
    // since 1970; 0: two hours from now.
    Operation<std::string> create_invite(const std::string &address_id, int64_t expires_at = 0) {
        return detail::one_text([&](sw_text_completion done) {
            return sw_client_create_invite(get(), address_id.c_str(), expires_at, done);
        });
    }

    // ---- Notifications ----

    Operation<Device> register_device(int32_t type, const std::string &device_token) {
        return item<Device, sw_device, sw_device_completion>(sw_client_register_device, type,
                                                             device_token.c_str());
    }
    Operation<void> unregister_device(const std::string &device_id) {
        return simple(sw_client_unregister_device, device_id.c_str());
    }
    // Gives the id of the call that rings.
    Operation<std::string> handle_push(const std::string &notification,
                                       const std::string &push_notification_key = {}) {
        return detail::one_text([&](sw_text_completion done) {
            return sw_client_handle_push(get(), notification.c_str(),
                                         detail::given(push_notification_key), done);
        });
    }
    ExpectedCall expect_call(const std::string &call_id, uint32_t deadline_ms) {
        sw_expected_call *raw = nullptr;
        detail::check(sw_client_expect_call(get(), call_id.c_str(), deadline_ms, &raw));
        return ExpectedCall(raw);
    }

private:
    using Owner = detail::Handle<sw_client, sw_client_free>;

    template <class Make>
    void make(const ClientOptions &options, const ClientObserver &observer, Make make_client) {
        sw_client_observer to = SW_CLIENT_OBSERVER_INIT;
        auto held = detail::observe(to, &sw_client_observer::on_event, observer);
        sw_client *raw = nullptr;
        detail::check(options.with([&](const sw_client_options &c) {
            const sw_client_observer *watched = held ? &to : nullptr;
            return make_client(&c, watched, &raw);
        }));
        held.release();
        handle_ = Owner(raw);
    }
    template <class Function, class... Arguments>
    Operation<void> simple(Function function, Arguments... arguments) {
        return detail::done(
            [&](sw_completion done) { return function(get(), arguments..., done); });
    }
    template <class T, class Item, class Completion, class Function, class... Arguments>
    Operation<T> item(Function function, Arguments... arguments) {
        return detail::item<T, Item, Completion>(
            [&](Completion done) { return function(get(), arguments..., done); });
    }
    template <class Function, class... Arguments>
    Operation<Page<Address>> addresses_by(Function function, Arguments... arguments) {
        return item<Page<Address>, sw_address_page, sw_address_page_completion>(function,
                                                                                arguments...);
    }
    template <class Function>
    Operation<Address> address_by(Function function, const std::string &key) {
        return item<Address, sw_address, sw_address_completion>(function, key.c_str());
    }
    template <class Function, class... Arguments>
    Operation<Page<Conversation>> conversations_by(Function function, Arguments... arguments) {
        return item<Page<Conversation>, sw_conversation_page, sw_conversation_page_completion>(
            function, arguments...);
    }
    template <class Function, class... Arguments>
    Operation<Page<Message>> messages_by(Function function, Arguments... arguments) {
        return item<Page<Message>, sw_message_page, sw_message_page_completion>(function,
                                                                                arguments...);
    }
    Owner handle_;
};

} // namespace signalwire

#endif // SIGNALWIRE_CLIENT_HPP
