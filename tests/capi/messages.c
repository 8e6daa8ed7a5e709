// The directory by pages, a conversation between two subscribers, and what waits for calls.

#include "check.h"

static latch done = LATCH_INIT, messages = LATCH_INIT, over = LATCH_INIT;
static unsigned steps;
static char next_link[512], own_id[64], address_id[64], group_id[192], from_id[64], device_id[64];
static size_t seen_addresses, seen_messages;

// Waits until the operation that was just started has told its end.
#define TOLD(start)                        \
    do {                                   \
        EXPECT(SW_OK, start);              \
        CHECK(latch_wait(&done, ++steps)); \
    } while (0)

static void keep(char *place, size_t size, const char *text) {
    CHECK(strlen(text) < size);
    strcpy(place, text);
}

static void on_event(const sw_client_event *event, void *user_data) {
    (void)user_data;
    if (event->type == SW_CLIENT_EVENT_MESSAGE) {
        const sw_message *message = event->message;
        CHECK(message->struct_size == sizeof(*message) && message->kind == SW_MESSAGE_CHAT);
        CHECK(strcmp(message->text, "hello from C") == 0 && message->sent_at_ms > 0);
        CHECK(message->raw_json[0] == '{' && message->call_status[0] == '\0');
        latch_add(&messages);
    } else if (event->type == SW_CLIENT_EVENT_EXPECTED_CALL_OVER) {
        CHECK(event->is_expired && strcmp(event->call_id, "never") == 0);
        latch_add(&over);
    } else {
        CHECK(event->message == NULL);
    }
}

static void on_invite(sw_status status, const sw_error *error, const char *token, void *user_data) {
    (void)user_data;
    CHECK(status == SW_OK && error == NULL && strlen(token) > 20);
    latch_add(&done);
}

static void on_no_invite(sw_status status, const sw_error *error, const char *token,
                         void *user_data) {
    (void)user_data;
    CHECK(status == SW_ERR_INVALID_ARGUMENT && error != NULL && token == NULL);
    latch_add(&done);
}

static void on_page(sw_status status, const sw_error *error, const sw_address_page *page,
                    void *user_data) {
    (void)user_data;
    CHECK(status == SW_OK && error == NULL && page->struct_size == sizeof(*page));
    CHECK(page->has_next == (page->next_link != NULL));
    CHECK(page->has_previous == (page->previous_link != NULL) && page->first_link != NULL);
    next_link[0] = '\0';
    if (page->has_next) {
        keep(next_link, sizeof(next_link), page->next_link);
    }
    seen_addresses += page->address_count;
    latch_add(&done);
}

static void on_other_host(sw_status status, const sw_error *error, const sw_address_page *page,
                          void *user_data) {
    (void)user_data;
    CHECK(status == SW_ERR_PROTOCOL && error != NULL && page == NULL);
    latch_add(&done);
}

static void on_address(sw_status status, const sw_error *error, const sw_address *address,
                       void *user_data) {
    if (user_data != NULL) {
        CHECK(status == *(sw_status *)user_data && error->message[0] != '\0' && address == NULL);
    } else {
        CHECK(status == SW_OK && address->dial_string != NULL);
        keep(address_id, sizeof(address_id), address->id);
    }
    latch_add(&done);
}

static void on_subscriber(sw_status status, const sw_error *error, const sw_subscriber *subscriber,
                          void *user_data) {
    (void)error, (void)user_data;
    CHECK(status == SW_OK && subscriber->address_count == 1);
    CHECK(subscriber->push_notification_key[0] != '\0' && subscriber->app_scopes == NULL);
    keep(own_id, sizeof(own_id), subscriber->addresses[0]->id);
    latch_add(&done);
}

static void on_conversation(sw_status status, const sw_error *error,
                            const sw_conversation *conversation, void *user_data) {
    (void)error, (void)user_data;
    CHECK(status == SW_OK && conversation->peer_address_id != NULL);
    keep(group_id, sizeof(group_id), conversation->id);
    keep(from_id, sizeof(from_id), conversation->from_address_id);
    latch_add(&done);
}

static void on_conversations(sw_status status, const sw_error *error,
                             const sw_conversation_page *page, void *user_data) {
    (void)error, (void)user_data;
    CHECK(status == SW_OK && page->conversation_count == 1 && !page->has_next);
    CHECK(strcmp(page->conversations[0]->id, group_id) == 0);
    keep(next_link, sizeof(next_link), page->first_link);
    latch_add(&done);
}

static void on_messages(sw_status status, const sw_error *error, const sw_message_page *page,
                        void *user_data) {
    (void)error, (void)user_data;
    CHECK(status == SW_OK && page->first_link != NULL);
    keep(next_link, sizeof(next_link), page->first_link);
    seen_messages = page->message_count;
    latch_add(&done);
}

static void on_device(sw_status status, const sw_error *error, const sw_device *device,
                      void *user_data) {
    (void)error, (void)user_data;
    CHECK(status == SW_OK && device->device_type == SW_DEVICE_TYPE_ANDROID);
    CHECK(strcmp(device->device_token, "t0ken") == 0 && device->push_notification_key[0] != '\0');
    keep(device_id, sizeof(device_id), device->id);
    latch_add(&done);
}

static void on_no_call(sw_status status, const sw_error *error, const char *text, void *user_data) {
    (void)user_data;
    CHECK(status == SW_ERR_INVALID_ARGUMENT && error != NULL && text == NULL);
    latch_add(&done);
}

static void directory(sw_client *client) {
    sw_address_page_completion page = {on_page, NULL}, refused = {on_other_host, NULL};
    sw_address_completion address = {on_address, NULL};
    sw_status not_found = SW_ERR_NOT_FOUND;
    sw_address_completion missing = {on_address, &not_found};
    sw_address_query query = SW_ADDRESS_QUERY_INIT;
    query.page_size = 6;
    query.sort_by = 9;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_client_addresses(client, &query, page));
    query.sort_by = SW_ADDRESS_SORT_NAME;
    query.sort_order = SW_SORT_ORDER_DESCENDING;
    TOLD(sw_client_addresses(client, &query, page));
    while (next_link[0] != '\0') {
        TOLD(sw_client_addresses_at(client, next_link, page));
    }
    CHECK(seen_addresses > 12);
    TOLD(sw_client_addresses_at(client, "https://elsewhere.example/api", refused));
    TOLD(sw_client_address_by_name(client, "/public/echo", address));
    TOLD(sw_client_address(client, address_id, address));
    TOLD(sw_client_cached_address(client, address_id, address));
    TOLD(sw_client_cached_address(client, "unread", missing));
    TOLD(sw_client_address(client, "nobody", missing));
}

static void conversation(sw_client *alice, sw_client *bob) {
    sw_subscriber_completion subscriber = {on_subscriber, NULL};
    sw_conversation_completion joined = {on_conversation, NULL};
    sw_conversation_page_completion list = {on_conversations, NULL};
    sw_message_page_completion history = {on_messages, NULL};
    sw_outgoing_message *message = NULL;
    sw_waiter *waiter;
    int32_t state = -1;
    TOLD(sw_client_subscriber_info(bob, subscriber));
    sw_text_completion invited = {on_invite, NULL}, refused = {on_no_invite, NULL};
    TOLD(sw_client_create_invite(bob, own_id, 0, invited));
    TOLD(sw_client_create_invite(bob, own_id, -1, refused));
    TOLD(sw_client_join_conversation(alice, own_id, NULL, joined));
    EXPECT(SW_OK, sw_client_compose_message(alice, group_id, from_id, "hello from C", &message));
    EXPECT(SW_OK, sw_outgoing_message_state(message, &state));
    CHECK(state == SW_SEND_STATE_UNSENT);
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    for (int twice = 0; twice < 2; twice++) {
        EXPECT(SW_OK, sw_outgoing_message_send(message, sw_waiter_completion(waiter)));
        EXPECT(SW_OK, sw_waiter_wait(waiter, LIMIT_MS));
        EXPECT(SW_OK, sw_waiter_reset(waiter));
    }
    EXPECT(SW_OK, sw_outgoing_message_reconcile(message, sw_waiter_completion(waiter)));
    EXPECT(SW_OK, sw_waiter_wait(waiter, LIMIT_MS));
    EXPECT(SW_OK, sw_outgoing_message_state(message, &state));
    CHECK(state == SW_SEND_STATE_SENT);
    EXPECT(SW_OK, sw_outgoing_message_free(message));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_outgoing_message_free(message));
    EXPECT(SW_OK, sw_waiter_free(waiter));
    CHECK(latch_wait(&messages, 2)); // both sides hear of it
    TOLD(sw_client_conversations(alice, 0, list));
    TOLD(sw_client_conversations_at(alice, next_link, list));
    TOLD(sw_client_messages(alice, group_id, 10, history));
    CHECK(seen_messages == 1);
    TOLD(sw_client_messages_at(alice, next_link, history));
    CHECK(seen_messages == 1);
}

static void waking_up(sw_client *client) {
    sw_device_completion device = {on_device, NULL};
    sw_text_completion no_call = {on_no_call, NULL};
    sw_expected_call *expected = NULL;
    sw_waiter *waiter;
    char *id = NULL, *number = NULL;
    bool has_video = false;
    int32_t state = -1;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_client_register_device(client, 9, "t0ken", device));
    TOLD(sw_client_register_device(client, SW_DEVICE_TYPE_ANDROID, "t0ken", device));
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    EXPECT(SW_OK, sw_client_unregister_device(client, device_id, sw_waiter_completion(waiter)));
    EXPECT(SW_OK, sw_waiter_wait(waiter, LIMIT_MS));
    EXPECT(SW_OK, sw_waiter_reset(waiter));
    TOLD(sw_client_handle_push(client, "{\"aps\":{}}", NULL, no_call));
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_parse_push("{}", &id, &number, &has_video));
    EXPECT(SW_OK, sw_parse_push("{\"type\":\"call_invite\",\"incoming_caller_name\":\"Bob\","
                                "\"incoming_caller_id\":\"+1555\",\"with_video\":\"true\","
                                "\"encryption_type\":\"aes_256_gcm\",\"iv\":\"a\",\"tag\":\"b\","
                                "\"invite\":\"c\"}",
                                &id, &number, &has_video));
    CHECK(strcmp(id, "Bob") == 0 && strcmp(number, "+1555") == 0 && has_video);
    sw_string_free(id);
    sw_string_free(number);
    EXPECT(SW_OK, sw_client_expect_call(client, "never", 50, &expected));
    EXPECT(SW_OK, sw_expected_call_call_id(expected, &id));
    CHECK(strcmp(id, "never") == 0);
    sw_string_free(id);
    EXPECT(SW_OK, sw_expected_call_answer(expected, NULL, sw_waiter_completion(waiter)));
    EXPECT(SW_ERR_TIMEOUT, sw_waiter_wait(waiter, LIMIT_MS));
    EXPECT(SW_OK, sw_expected_call_state(expected, &state));
    CHECK(state == SW_EXPECTED_CALL_EXPIRED && latch_wait(&over, 1));
    EXPECT(SW_OK, sw_waiter_reset(waiter));
    EXPECT(SW_OK, sw_expected_call_arrived(expected, sw_waiter_completion(waiter)));
    EXPECT(SW_ERR_TIMEOUT, sw_waiter_wait(waiter, LIMIT_MS));
    EXPECT(SW_OK, sw_expected_call_free(expected));
    EXPECT(SW_OK, sw_client_expect_call(client, "given up", 60000, &expected));
    EXPECT(SW_OK, sw_expected_call_cancel(expected));
    EXPECT(SW_OK, sw_waiter_reset(waiter));
    EXPECT(SW_OK, sw_expected_call_reject(expected, sw_waiter_completion(waiter)));
    EXPECT(SW_ERR_CANCELLED, sw_waiter_wait(waiter, LIMIT_MS));
    EXPECT(SW_OK, sw_expected_call_free(expected));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_expected_call_cancel(expected));
    EXPECT(SW_OK, sw_waiter_free(waiter));
}

// One input and what it must lead to.
typedef struct step {
    int32_t input, argument, phase;
    uint32_t count;
    int32_t actions[3];
} step;

static void call_screen(void) {
    static const step story[] = {
        {SW_HOST_INPUT_PUSHED, 0, SW_HOST_PHASE_RINGING, 1, {SW_HOST_ACTION_REPORT_INCOMING}},
        {SW_HOST_INPUT_INVITED, 0, SW_HOST_PHASE_RINGING, 0, {0}},
        {SW_HOST_INPUT_USER_ANSWERS, 0, SW_HOST_PHASE_ANSWERING, 1, {SW_HOST_ACTION_ANSWER}},
        {SW_HOST_INPUT_CONNECTED, 0, SW_HOST_PHASE_ACTIVE, 1, {SW_HOST_ACTION_FULFILL_ANSWER}},
        {SW_HOST_INPUT_AUDIO_ACTIVATED, 0, SW_HOST_PHASE_ACTIVE, 1, {SW_HOST_ACTION_START_AUDIO}},
        {SW_HOST_INPUT_INTERRUPTION_BEGAN, 0, SW_HOST_PHASE_ACTIVE, 1, {SW_HOST_ACTION_STOP_AUDIO}},
        {SW_HOST_INPUT_INTERRUPTION_ENDED, 1, SW_HOST_PHASE_ACTIVE, 1, {SW_HOST_ACTION_START_AUDIO}},
        {SW_HOST_INPUT_CALL_ENDED, SW_HOST_END_ANSWERED_ELSEWHERE, SW_HOST_PHASE_OVER, 2,
         {SW_HOST_ACTION_STOP_AUDIO, SW_HOST_ACTION_REPORT_ENDED}},
        {SW_HOST_INPUT_PUSHED, 0, SW_HOST_PHASE_OVER, 1, {SW_HOST_ACTION_REPORT_AND_END}},
    };
    sw_host_call *call = NULL;
    sw_host_actions actions = SW_HOST_ACTIONS_INIT;
    char *id = NULL;
    int32_t phase = -1;
    EXPECT(SW_OK, sw_host_call_new("c-1", &call));
    EXPECT(SW_OK, sw_host_call_call_id(call, &id));
    CHECK(strcmp(id, "c-1") == 0);
    sw_string_free(id);
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_host_call_handle(call, 99, 0, &actions));
    EXPECT(SW_ERR_INVALID_ARGUMENT,
           sw_host_call_handle(call, SW_HOST_INPUT_CALL_ENDED, 99, &actions));
    for (size_t i = 0; i < sizeof(story) / sizeof(*story); i++) {
        const step *s = &story[i];
        EXPECT(SW_OK, sw_host_call_handle(call, s->input, s->argument, &actions));
        EXPECT(SW_OK, sw_host_call_phase(call, &phase));
        CHECK(phase == s->phase && actions.count == s->count);
        for (uint32_t n = 0; n < s->count; n++) {
            CHECK(actions.actions[n] == s->actions[n]);
        }
        if (s->input == SW_HOST_INPUT_CALL_ENDED) {
            CHECK(actions.end_reason == SW_HOST_END_ANSWERED_ELSEWHERE);
        }
    }
    EXPECT(SW_OK, sw_host_call_free(call));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_host_call_handle(call, 1, 0, &actions));
}

static sw_client *client_of(const char *token) {
    sw_client_options options = gateway_options();
    sw_client_observer observer = SW_CLIENT_OBSERVER_INIT;
    sw_client *client = NULL;
    sw_waiter *waiter;
    options.token = token;
    observer.on_event = on_event;
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    EXPECT(SW_OK, sw_client_new(&options, &observer, &client));
    EXPECT(SW_OK, sw_client_connect(client, sw_waiter_completion(waiter)));
    EXPECT(SW_OK, sw_waiter_wait(waiter, LIMIT_MS));
    EXPECT(SW_OK, sw_waiter_free(waiter));
    return client;
}

int main(void) {
    sw_client *alice = client_of(setting("SW_TOKEN")), *bob = client_of(setting("SW_OTHER_TOKEN"));
    directory(alice);
    conversation(alice, bob);
    waking_up(alice);
    call_screen();
    EXPECT(SW_OK, sw_client_free(alice));
    EXPECT(SW_OK, sw_client_free(bob));
    EXPECT(SW_OK, sw_shutdown());
    return 0;
}
