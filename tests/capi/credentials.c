// Tokens that come from the application, are renewed, and are replaced by hand.

#include "check.h"

static latch asked = LATCH_INIT, refreshed = LATCH_INIT, failed = LATCH_INIT, dropped = LATCH_INIT;
static int32_t reasons[8];
static unsigned reason_count;

// Gives an expired token, then none, then a good one.
static void on_request(const sw_token_request *request, sw_token_reply *reply, void *user_data) {
    CHECK(request->struct_size == sizeof(*request) && request->fingerprint == NULL);
    CHECK(user_data == &asked && reason_count < 8);
    reasons[reason_count++] = request->reason;
    switch (reason_count) {
    case 1:
        EXPECT(SW_ERR_INVALID_ARGUMENT, sw_token_reply_give(reply, NULL, 0));
        EXPECT(SW_OK, sw_token_reply_give(reply, setting("SW_EXPIRED_TOKEN"), 0));
        EXPECT(SW_ERR_INVALID_HANDLE, sw_token_reply_give(reply, setting("SW_TOKEN"), 0));
        break;
    case 2:
        EXPECT(SW_OK, sw_token_reply_fail(reply, "the backend is away", false));
        EXPECT(SW_ERR_INVALID_HANDLE, sw_token_reply_fail(reply, NULL, true));
        break;
    default:
        EXPECT(SW_OK, sw_token_reply_give(reply, setting("SW_TOKEN"), 0));
    }
    latch_add(&asked);
}

static void on_drop(void *user_data) {
    CHECK(user_data == &asked);
    latch_add(&dropped);
}

static void on_event(const sw_client_event *event, void *user_data) {
    (void)user_data;
    if (event->type == SW_CLIENT_EVENT_TOKEN_REFRESHED) {
        latch_add(&refreshed);
    }
    if (event->type == SW_CLIENT_EVENT_AUTHORIZATION_FAILED) {
        latch_add(&failed);
    }
}

static sw_client *client_with(const sw_credentials *credentials) {
    sw_client_options options = SW_CLIENT_OPTIONS_INIT;
    sw_client_observer observer = SW_CLIENT_OBSERVER_INIT;
    options.ws_url = setting("SW_WS_URL");
    options.http_url = setting("SW_HTTP_URL");
    options.ca_certificates_pem = read_file(setting("SW_CA_FILE"));
    observer.on_event = on_event;
    sw_client *client = NULL;
    EXPECT(SW_OK, sw_client_with_credentials(&options, credentials, &observer, &client));
    return client;
}

static void a_provider(sw_waiter *waiter) {
    sw_credential_provider provider = SW_CREDENTIAL_PROVIDER_INIT;
    sw_credentials *credentials = NULL;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_credentials_provider(&provider, &credentials));
    provider.on_request = on_request;
    provider.drop = on_drop;
    provider.user_data = &asked;
    EXPECT(SW_OK, sw_credentials_provider(&provider, &credentials));
    sw_client *client = client_with(credentials);
    EXPECT(SW_OK, sw_credentials_free(credentials));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_credentials_free(credentials));
    // The first token is expired, and there is no other for now.
    EXPECT(SW_ERR_NETWORK, WAIT(waiter, sw_client_connect(client, sw_waiter_completion(waiter))));
    CHECK(strcmp(sw_last_error(), "the backend is away") == 0);
    EXPECT(SW_OK, WAIT(waiter, sw_client_connect(client, sw_waiter_completion(waiter))));
    CHECK(latch_wait(&asked, 3) && latch_wait(&refreshed, 1));
    CHECK(reasons[0] == SW_TOKEN_REASON_INITIAL && reasons[1] == SW_TOKEN_REASON_REFUSED);
    CHECK(reasons[2] == SW_TOKEN_REASON_REFUSED);

    // By hand: a good one is taken, an expired one and nonsense are not.
    EXPECT(SW_OK, WAIT(waiter, sw_client_update_token(client, setting("SW_TOKEN"), 0,
                                                      sw_waiter_completion(waiter))));
    EXPECT(SW_ERR_UNAUTHORIZED,
           WAIT(waiter, sw_client_update_token(client, setting("SW_EXPIRED_TOKEN"), 0,
                                               sw_waiter_completion(waiter))));
    EXPECT(SW_ERR_INVALID_TOKEN, WAIT(waiter, sw_client_update_token(client, "nonsense", 0,
                                                                    sw_waiter_completion(waiter))));
    int32_t state = -1;
    EXPECT(SW_OK, sw_client_state(client, &state));
    CHECK(state == SW_CLIENT_STATE_CONNECTED);
    EXPECT(SW_OK, WAIT(waiter, sw_client_disconnect(client, sw_waiter_completion(waiter))));
    EXPECT(SW_OK, sw_client_free(client));
    CHECK(latch_wait(&dropped, 1));
}

static void an_embed_token(sw_waiter *waiter) {
    const char *ca = read_file(setting("SW_CA_FILE"));
    sw_credentials *credentials = NULL;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_credentials_embed("", "c2c_1", ca, &credentials));
    EXPECT(SW_OK,
           sw_credentials_embed(setting("SW_HTTP_URL"), "c2c_7acc0e5e96", ca, &credentials));
    sw_client *client = client_with(credentials);
    EXPECT(SW_OK, WAIT(waiter, sw_client_connect(client, sw_waiter_completion(waiter))));
    EXPECT(SW_OK, sw_client_free(client));
    EXPECT(SW_OK, sw_credentials_free(credentials));
}

// A store in memory.
static char kept[4096];

static sw_status store_load(void (*give)(const char *, void *), void *target, void *user_data) {
    (void)user_data;
    if (kept[0] != '\0') {
        give(kept, target);
    }
    return SW_OK;
}

static sw_status store_save(const char *text, void *user_data) {
    (void)user_data;
    CHECK(strlen(text) < sizeof(kept));
    strcpy(kept, text);
    return SW_OK;
}

static sw_status store_clear(void *user_data) {
    (void)user_data;
    kept[0] = '\0';
    return SW_OK;
}

static latch told = LATCH_INIT;
static int32_t told_status, told_code;

static void on_tokens(sw_status status, const sw_error *error, const char *text, void *user_data) {
    (void)user_data;
    told_status = status;
    told_code = error != NULL && error->has_code ? error->code : 0;
    CHECK((text != NULL) == (status == SW_OK));
    latch_add(&told);
}

static void logins(sw_waiter *waiter) {
    sw_oauth_options options = SW_OAUTH_OPTIONS_INIT;
    sw_text_completion tokens = {on_tokens, NULL};
    sw_oauth *oauth = NULL;
    char *url = NULL;
    bool is_callback = true;
    options.client_id = "gateway-app";
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_oauth_new(&options, &oauth)); // no redirect URI
    options.redirect_uri = "com.example.app://callback";
    options.prompt = "login";
    EXPECT(SW_OK, sw_oauth_new(&options, &oauth));
    EXPECT(SW_OK, sw_oauth_begin(oauth, &url));
    CHECK(strstr(url, "https://id.fabric.signalwire.com/") == url && strstr(url, "prompt=login"));
    EXPECT(SW_OK, sw_oauth_is_callback(oauth, "com.example.app://settings", &is_callback));
    CHECK(!is_callback);
    const char *forged = "com.example.app://callback?code=1&state=2";
    EXPECT(SW_OK, sw_oauth_is_callback(oauth, forged, &is_callback));
    CHECK(is_callback);
    EXPECT(SW_OK, sw_oauth_complete(oauth, forged, tokens));
    CHECK(latch_wait(&told, 1) && told_status == SW_ERR_REJECTED);
    CHECK(told_code == SW_OAUTH_FAILURE_WRONG_STATE);

    // Given up: the right state does not count any more.
    EXPECT(SW_OK, sw_oauth_cancel(oauth, url));
    char callback[512];
    const char *state = strstr(url, "&state=") + 1;
    snprintf(callback, sizeof(callback), "com.example.app://callback?code=1&%.*s",
             (int)strcspn(state, "&"), state);
    EXPECT(SW_OK, sw_oauth_complete(oauth, callback, tokens));
    CHECK(latch_wait(&told, 2) && told_code == SW_OAUTH_FAILURE_CANCELLED);
    EXPECT(SW_OK, sw_string_free(url));

    // Nobody is logged in.
    sw_token_store store = SW_TOKEN_STORE_INIT;
    sw_credentials *credentials = NULL;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_credentials_oauth(oauth, &store, &credentials));
    store.load = store_load;
    store.save = store_save;
    store.clear = store_clear;
    EXPECT(SW_OK, sw_credentials_oauth(oauth, &store, &credentials));
    sw_client *client = client_with(credentials);
    EXPECT(SW_ERR_UNAUTHORIZED,
           WAIT(waiter, sw_client_connect(client, sw_waiter_completion(waiter))));
    CHECK(sw_last_error_info()->code == SW_OAUTH_FAILURE_NOT_LOGGED_IN);
    // What an earlier run kept.
    snprintf(kept, sizeof(kept), "{\"version\":1,\"access_token\":\"%s\"}", setting("SW_TOKEN"));
    EXPECT(SW_OK, WAIT(waiter, sw_client_connect(client, sw_waiter_completion(waiter))));
    EXPECT(SW_OK, sw_client_free(client));
    EXPECT(SW_OK, sw_credentials_free(credentials));
    EXPECT(SW_OK, sw_oauth_refresh(oauth, kept, tokens));
    CHECK(latch_wait(&told, 3) && told_code == SW_OAUTH_FAILURE_NOT_LOGGED_IN);
    EXPECT(SW_OK, sw_oauth_free(oauth));
}

static void a_listener(void) {
    sw_oauth_options options = SW_OAUTH_OPTIONS_INIT;
    sw_text_completion tokens = {on_tokens, NULL};
    sw_oauth *oauth = NULL;
    sw_oauth_login *login = NULL;
    char *url = NULL;
    options.client_id = "gateway-app";
    options.redirect_uri = "http://127.0.0.1:0/callback";
    EXPECT(SW_OK, sw_oauth_new(&options, &oauth));
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_oauth_begin(oauth, &url)); // which port?
    EXPECT(SW_OK, sw_oauth_begin_loopback(oauth, &login, &url));
    CHECK(strstr(url, "127.0.0.1") != NULL);
    EXPECT(SW_OK, sw_string_free(url));
    EXPECT(SW_OK, sw_oauth_login_finish(login, 1, tokens));
    CHECK(latch_wait(&told, 4) && told_status == SW_ERR_TIMEOUT);
    CHECK(told_code == SW_OAUTH_FAILURE_NO_CALLBACK);
    EXPECT(SW_OK, sw_oauth_login_free(login));
    EXPECT(SW_OK, sw_oauth_begin_loopback(oauth, &login, &url));
    EXPECT(SW_OK, sw_string_free(url));
    EXPECT(SW_OK, sw_oauth_login_finish(login, 60000, tokens));
    EXPECT(SW_OK, sw_oauth_login_cancel(login));
    CHECK(latch_wait(&told, 5) && told_status == SW_ERR_CANCELLED);
    EXPECT(SW_OK, sw_oauth_login_free(login));
    EXPECT(SW_OK, sw_oauth_free(oauth));
}

int main(void) {
    sw_waiter *waiter = NULL;
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    a_provider(waiter);
    an_embed_token(waiter);
    logins(waiter);
    a_listener();
    EXPECT(SW_OK, sw_waiter_free(waiter));
    EXPECT(SW_OK, sw_shutdown());
    return 0;
}
