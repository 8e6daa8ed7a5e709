// Misuse without a network: handles, options, waiters, statuses, the log.

#include "check.h"

static void count_drop(void *user_data) { latch_add(user_data); }

static void never(sw_status status, const sw_error *error, void *user_data) {
    (void)status, (void)error, (void)user_data;
    CHECK(!"this completion must not be called");
}

static void version_and_statuses(void) {
    CHECK(SW_VERSION_CHECK());
    CHECK(sw_version_number() == SW_VERSION_NUMBER);
    char text[32];
    snprintf(text, sizeof(text), "%d.%d.%d", SW_VERSION_MAJOR, SW_VERSION_MINOR, SW_VERSION_PATCH);
    CHECK(strcmp(text, sw_version_string()) == 0);
    CHECK(strcmp(sw_status_name(SW_OK), "SW_OK") == 0);
    CHECK(strcmp(sw_status_name(SW_ERR_CALL_FAILED), "SW_ERR_CALL_FAILED") == 0);
    CHECK(strcmp(sw_status_name(-12345), "SW_ERR_UNKNOWN") == 0);
    CHECK(strcmp(sw_status_text(INT32_MIN), "unknown status") == 0);
    CHECK(strlen(sw_status_text(SW_ERR_TLS)) > 0);
    CHECK(sw_last_error()[0] == '\0' && sw_last_error_info() == NULL);
}

static void garbage_handles(void) {
    int here = 0;
    uintptr_t garbage[] = {1, 2, 3, 0x1000, (uintptr_t)&here, UINTPTR_MAX, UINTPTR_MAX / 2};
    for (size_t i = 0; i < sizeof(garbage) / sizeof(*garbage); i++) {
        void *handle = (void *)garbage[i];
        int32_t state;
        EXPECT(SW_ERR_INVALID_HANDLE, sw_client_state(handle, &state));
        EXPECT(SW_ERR_INVALID_HANDLE, sw_call_state(handle, &state));
        EXPECT(SW_ERR_INVALID_HANDLE, sw_waiter_wait(handle, 0));
        EXPECT(SW_ERR_INVALID_HANDLE, sw_recorder_finish(handle));
        EXPECT(SW_ERR_INVALID_HANDLE, sw_client_free(handle));
        EXPECT(SW_ERR_INVALID_HANDLE, sw_call_ref(handle));
        EXPECT(SW_ERR_INVALID_HANDLE, sw_call_unref(handle));
        EXPECT(SW_ERR_INVALID_HANDLE, sw_waiter_free(handle));
        EXPECT(SW_ERR_INVALID_HANDLE, sw_recorder_free(handle));
    }
    EXPECT(SW_OK, sw_client_free(NULL));
    EXPECT(SW_OK, sw_call_unref(NULL));
    EXPECT(SW_OK, sw_waiter_free(NULL));
    EXPECT(SW_OK, sw_recorder_free(NULL));
    EXPECT(SW_OK, sw_string_free(NULL));
}

static sw_client_options offline_options(void) {
    sw_client_options options = SW_CLIENT_OPTIONS_INIT;
    options.token = setting("SW_TOKEN");
    options.ws_url = "wss://127.0.0.1:1";
    options.http_url = "https://127.0.0.1:1";
    return options;
}

static void freed_and_foreign_handles(void) {
    sw_client_options options = offline_options();
    sw_client *client = NULL, *other = NULL;
    sw_waiter *waiter = NULL;
    int32_t state = -1;
    EXPECT(SW_OK, sw_client_new(&options, NULL, &client));
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    EXPECT(SW_OK, sw_client_state(client, &state));
    CHECK(state == SW_CLIENT_STATE_DISCONNECTED);
    EXPECT(SW_ERR_INVALID_HANDLE, sw_client_state((sw_client *)waiter, &state));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_waiter_free((sw_waiter *)client));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_call_hangup((sw_call *)client, (sw_completion){never, NULL}));
    EXPECT(SW_OK, sw_client_free(client));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_client_free(client));
    CHECK(strstr(sw_last_error(), "sw_client") != NULL);
    EXPECT(SW_OK, sw_client_new(&options, NULL, &other));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_client_state(client, &state));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_client_connect(client, (sw_completion){never, NULL}));
    EXPECT(SW_OK, sw_client_free(other));
    EXPECT(SW_OK, sw_waiter_free(waiter));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_waiter_free(waiter));
}

static void unusable_options(void) {
    static latch dropped = LATCH_INIT;
    sw_client_observer observer = SW_CLIENT_OBSERVER_INIT;
    observer.drop = count_drop;
    observer.user_data = &dropped;
    sw_client *client = (sw_client *)&client;
    static const char *const bad_tokens[] = {"", "secret", "a.b.c", "e30..a.b.c\n.", "\xff..a.b.c"};
    for (size_t i = 0; i < sizeof(bad_tokens) / sizeof(*bad_tokens); i++) {
        sw_client_options options = offline_options();
        options.token = bad_tokens[i];
        sw_status status = sw_client_new(&options, &observer, &client);
        CHECK(status == SW_ERR_INVALID_TOKEN || (status == SW_ERR_INVALID_ARGUMENT && i == 4));
        CHECK(strstr(sw_last_error(), "secret") == NULL);
    }
    sw_client_options options = offline_options();
    options.struct_size = 0;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_client_new(&options, &observer, &client));
    options = offline_options();
    options.connect_timeout_ms = 600001;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_client_new(&options, &observer, &client));
    options = offline_options();
    options.ws_url = "http://example.com";
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_client_new(&options, &observer, &client));
    options = offline_options();
    options.ca_certificates_pem = "no pem at all";
    EXPECT(SW_ERR_TLS, sw_client_new(&options, &observer, &client));
    const char *addresses[] = {"127.0.0.1", "not an address"};
    options = offline_options();
    options.media_addresses = addresses;
    options.media_address_count = 2;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_client_new(&options, &observer, &client));
    observer.struct_size = 4;
    options.media_address_count = 1;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_client_new(&options, &observer, &client));
    CHECK(client == (sw_client *)&client); // results are written on success only
    observer.struct_size = sizeof(observer);
    EXPECT(SW_OK, sw_client_new(&options, &observer, &client));
    CHECK(latch_count(&dropped) == 0);
    EXPECT(SW_OK, sw_client_free(client));
    CHECK(latch_wait(&dropped, 1));
    EXPECT(SW_OK, sw_shutdown());
    CHECK(latch_count(&dropped) == 1);
}

// A struct of a later release: refused if it uses a field that this library lacks.
static void structs_of_other_releases(void) {
    struct {
        sw_client_options known;
        uint64_t later;
    } options = {offline_options(), 0};
    options.known.struct_size = sizeof(options);
    sw_client *client;
    EXPECT(SW_OK, sw_client_new(&options.known, NULL, &client));
    EXPECT(SW_OK, sw_client_free(client));
    options.later = 1;
    EXPECT(SW_ERR_NOT_SUPPORTED, sw_client_new(&options.known, NULL, &client));
}

static void dial_while_disconnected(void) {
    sw_client_options options = offline_options();
    sw_client *client;
    sw_call *call = NULL;
    sw_completion completion = {never, NULL};
    EXPECT(SW_OK, sw_client_new(&options, NULL, &client));
    EXPECT(SW_ERR_NOT_CONNECTED, sw_client_dial(client, "/public/echo", NULL, &call, completion));
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_client_dial(client, "echo", NULL, &call, completion));
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_client_dial(client, "/public/\xff", NULL, &call, completion));
    EXPECT(SW_ERR_NOT_SUPPORTED,
           sw_client_dial(client, "/public/a?channel=messaging", NULL, &call, completion));
    sw_dial_options dial = SW_DIAL_OPTIONS_INIT;
    dial.audio_codecs[0] = 77;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_client_dial(client, "/public/a", &dial, &call, completion));
    dial.audio_codecs[0] = SW_AUDIO_CODEC_PCMU;
    dial.dtmf = 3;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_client_dial(client, "/public/a", &dial, &call, completion));
    dial.dtmf = SW_DTMF_AUTO;
    dial.user_variables_json = "[]";
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_client_dial(client, "/public/a", &dial, &call, completion));
    sw_address_query query = SW_ADDRESS_QUERY_INIT;
    query.address_type = -3;
    EXPECT(SW_ERR_INVALID_ARGUMENT,
           sw_client_addresses(client, &query, (sw_address_page_completion){NULL, NULL}));
    query.address_type = SW_ADDRESS_TYPE_ROOM;
    query.page_size = 1001;
    EXPECT(SW_OK, sw_client_addresses(client, &query, (sw_address_page_completion){NULL, NULL}));
    CHECK(call == NULL);
    EXPECT(SW_OK, sw_client_free(client));
}

static void waiters(void) {
    sw_waiter *waiter;
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    EXPECT(SW_ERR_INVALID_STATE, sw_waiter_wait(waiter, 0));
    sw_completion first = sw_waiter_completion(waiter);
    EXPECT(SW_ERR_TIMEOUT, sw_waiter_wait(waiter, 0));
    EXPECT(SW_ERR_TIMEOUT, sw_waiter_wait(waiter, 1));
    sw_completion second = sw_waiter_completion(waiter);
    first.fn(SW_OK, NULL, first.user_data); // too late: its wait was given up
    EXPECT(SW_ERR_TIMEOUT, sw_waiter_wait(waiter, 0));
    sw_error error = {sizeof(error), SW_ERR_REJECTED, "because", true, 42};
    second.fn(SW_ERR_REJECTED, &error, second.user_data);
    second.fn(SW_OK, NULL, second.user_data);
    EXPECT(SW_ERR_REJECTED, sw_waiter_wait(waiter, SW_WAIT_FOREVER));
    EXPECT(SW_ERR_REJECTED, sw_waiter_wait(waiter, 0));
    CHECK(strcmp(sw_last_error(), "because") == 0 && sw_last_error_info()->code == 42);
    EXPECT(SW_OK, sw_waiter_reset(waiter));
    EXPECT(SW_OK, sw_waiter_reset(waiter));
    EXPECT(SW_ERR_INVALID_STATE, sw_waiter_wait(waiter, 0));
    sw_completion third = sw_waiter_completion(waiter);
    EXPECT(SW_OK, sw_waiter_free(waiter));
    third.fn(SW_OK, NULL, third.user_data);
    EXPECT(SW_ERR_INVALID_HANDLE, sw_waiter_wait(waiter, 0));
    CHECK(sw_waiter_completion(waiter).fn == NULL);
}

static void *wait_for_ever(void *waiter) {
    return (void *)(intptr_t)sw_waiter_wait(waiter, SW_WAIT_FOREVER);
}

static void a_freed_waiter_wakes_its_thread(void) {
    sw_waiter *waiter;
    pthread_t thread;
    void *result;
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    sw_waiter_completion(waiter);
    CHECK(pthread_create(&thread, NULL, wait_for_ever, waiter) == 0);
    EXPECT(SW_OK, sw_waiter_free(waiter));
    CHECK(pthread_join(thread, &result) == 0);
    // The thread may have come before or after the waiter was freed.
    sw_status status = (sw_status)(intptr_t)result;
    CHECK(status == SW_ERR_CANCELLED || status == SW_ERR_INVALID_HANDLE);
}

static void on_record(const sw_log_record *record, void *user_data) {
    CHECK(record->level >= SW_LOG_ERROR && record->level <= SW_LOG_TRACE);
    CHECK(strncmp(record->target, "signalwire_client", 17) == 0);
    CHECK(record->message[0] != '\0' && strstr(record->message, setting("SW_TOKEN")) == NULL);
    latch_add(user_data);
}

static void logging(void) {
    static latch records = LATCH_INIT, dropped = LATCH_INIT;
    sw_log_handler handler = SW_LOG_HANDLER_INIT;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_set_log_handler(SW_LOG_TRACE, &handler)); // no on_record
    handler.on_record = on_record;
    handler.user_data = &records;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_set_log_handler(6, &handler));
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_set_log_handler(-1, NULL));
    EXPECT(SW_OK, sw_set_log_handler(SW_LOG_TRACE, &handler));
    sw_client_options options = offline_options();
    sw_client *client;
    sw_waiter *waiter;
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    EXPECT(SW_OK, sw_client_new(&options, NULL, &client));
    EXPECT(SW_ERR_NETWORK, WAIT(waiter, sw_client_connect(client, sw_waiter_completion(waiter))));
    EXPECT(SW_OK, sw_client_free(client));
    handler.drop = count_drop;
    handler.user_data = &dropped;
    EXPECT(SW_OK, sw_set_log_handler(SW_LOG_OFF, &handler)); // off: the handler is not taken
    EXPECT(SW_OK, sw_set_log_handler(SW_LOG_ERROR, &handler));
    EXPECT(SW_OK, sw_set_log_handler(SW_LOG_ERROR, NULL));
    CHECK(latch_wait(&dropped, 1));
    EXPECT(SW_OK, sw_waiter_free(waiter));
}

int main(void) {
    version_and_statuses();
    garbage_handles();
    freed_and_foreign_handles();
    unusable_options();
    structs_of_other_releases();
    dial_while_disconnected();
    waiters();
    a_freed_waiter_wakes_its_thread();
    logging();
    EXPECT(SW_OK, sw_shutdown());
    EXPECT(SW_OK, sw_shutdown());
    return 0;
}
