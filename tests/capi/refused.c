// What the service and the network refuse, each with its status, code and text.

#include "check.h"

static sw_waiter *waiter;

static sw_status connect_with(sw_client_options options) {
    sw_client *client = NULL;
    EXPECT(SW_OK, sw_client_new(&options, NULL, &client));
    sw_status status = WAIT(waiter, sw_client_connect(client, sw_waiter_completion(waiter)));
    CHECK(strlen(sw_last_error()) > 0 && strstr(sw_last_error(), options.token) == NULL);
    EXPECT(SW_OK, sw_client_free(client));
    return status;
}

static void on_refused_subscriber(sw_status status, const sw_error *error,
                                  const sw_subscriber *subscriber, void *user_data) {
    CHECK(status == SW_ERR_UNAUTHORIZED && subscriber == NULL);
    CHECK(error->status == status && error->message[0] != '\0');
    latch_add(user_data);
}

static void connections(void) {
    static latch told = LATCH_INIT;
    sw_client_options options = gateway_options();
    options.token = setting("SW_EXPIRED_TOKEN");
    EXPECT(SW_ERR_UNAUTHORIZED, connect_with(options));
    CHECK(sw_last_error_info()->has_code);
    sw_client *client;
    EXPECT(SW_OK, sw_client_new(&options, NULL, &client));
    EXPECT(SW_OK, sw_client_subscriber_info(
                      client, (sw_subscriber_completion){on_refused_subscriber, &told}));
    CHECK(latch_wait(&told, 1));
    EXPECT(SW_OK, sw_client_free(client));
    options = gateway_options();
    options.ca_certificates_pem = NULL;
    EXPECT(SW_ERR_TLS, connect_with(options));
    CHECK(strstr(sw_last_error(), "certificate") != NULL);
    options = gateway_options();
    options.ws_url = "wss://127.0.0.1:1";
    EXPECT(SW_ERR_NETWORK, connect_with(options));
    options.ws_url = "wss://no-such-host.invalid";
    EXPECT(SW_ERR_NETWORK, connect_with(options));
}

static void refused(sw_client *client, const char *address, int32_t kind, int32_t code) {
    sw_call *call = NULL;
    sw_end_reason reason = SW_END_REASON_INIT;
    EXPECT(SW_ERR_CALL_FAILED,
           WAIT(waiter, sw_client_dial(client, address, NULL, &call, sw_waiter_completion(waiter))));
    CHECK(sw_last_error_info()->has_code && sw_last_error_info()->code == code);
    EXPECT(SW_OK, WAIT(waiter, sw_call_ended(call, sw_waiter_completion(waiter))));
    EXPECT(SW_OK, sw_call_end_reason(call, &reason));
    if (reason.kind != kind || reason.code != code) {
        fprintf(stderr, "%s: kind %d, code %d, %s, %s\n", address, reason.kind, reason.code,
                reason.cause, reason.message);
        exit(1);
    }
    CHECK(reason.cause[0] != '\0' && reason.message[0] != '\0');
    // A call that has ended says so at once to whoever asks later.
    EXPECT(SW_ERR_CALL_FAILED, WAIT(waiter, sw_call_answered(call, sw_waiter_completion(waiter))));
    EXPECT(SW_OK, sw_call_unref(call));
}

static void hung_up_before_the_answer(sw_client *client) {
    sw_call *call = NULL;
    sw_waiter *other;
    EXPECT(SW_OK, sw_waiter_new(&other));
    EXPECT(SW_OK, sw_client_dial(client, "/public/slow", NULL, &call, sw_waiter_completion(waiter)));
    EXPECT(SW_ERR_INVALID_STATE, WAIT(other, sw_call_hold(call, sw_waiter_completion(other))));
    EXPECT(SW_ERR_INVALID_STATE,
           WAIT(other, sw_call_play_wav(call, "x.wav", sw_waiter_completion(other))));
    EXPECT(SW_OK, WAIT(other, sw_call_hangup(call, sw_waiter_completion(other))));
    EXPECT(SW_ERR_CALL_FAILED, sw_waiter_wait(waiter, LIMIT_MS));
    EXPECT(SW_OK, sw_call_unref(call));
    EXPECT(SW_OK, sw_waiter_free(other));
}

int main(void) {
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    connections();
    sw_client *client = connected_client(NULL);
    refused(client, "/public/reject", SW_END_KIND_REJECTED, 21);
    refused(client, "/public/busy", SW_END_KIND_BUSY, 17);
    refused(client, "/public/nobody-has-this-name", SW_END_KIND_NOT_FOUND, 3);
    hung_up_before_the_answer(client);
    EXPECT(SW_OK, sw_client_free(client));
    EXPECT(SW_OK, sw_waiter_free(waiter));
    EXPECT(SW_OK, sw_shutdown());
    return 0;
}
