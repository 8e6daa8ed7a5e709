// The REST API for backends, and tokens that are bound to a device key.

#include "check.h"

static sw_waiter *waiter;
static latch told = LATCH_INIT;
static unsigned expected;
static sw_status outcome;
static char token[4096], refresh_token[4096], id[128], link[1024], text[256];
static size_t entries;

// Starts an operation with a typed completion, waits for it and gives how it ended.
#define TOLD(start) (expected++, (start) == SW_OK && latch_wait(&told, expected) ? outcome : 1)

static void keep(char *target, size_t size, const char *value) {
    snprintf(target, size, "%s", value == NULL ? "" : value);
}

static void end(sw_status status, const sw_error *error, const void *result) {
    CHECK((error == NULL) == (status == SW_OK) && (result == NULL) == (status != SW_OK));
    outcome = status;
}

static void on_token(sw_status status, const sw_error *error, const sw_issued_token *made,
                     void *user_data) {
    (void)user_data;
    end(status, error, made);
    if (made != NULL) {
        CHECK(made->struct_size == sizeof(*made));
        keep(token, sizeof token, made->token);
        keep(refresh_token, sizeof refresh_token, made->refresh_token);
        keep(id, sizeof id, made->subscriber_id);
    }
    latch_add(&told);
}

static void on_subscriber(sw_status status, const sw_error *error,
                          const sw_subscriber_resource *subscriber, void *user_data) {
    (void)user_data;
    end(status, error, subscriber);
    if (subscriber != NULL) {
        keep(id, sizeof id, subscriber->id);
        keep(text, sizeof text, subscriber->display_name);
    }
    latch_add(&told);
}

static void on_subscribers(sw_status status, const sw_error *error,
                           const sw_subscriber_resource_page *page, void *user_data) {
    (void)user_data;
    end(status, error, page);
    if (page != NULL) {
        entries += page->entry_count;
        keep(link, sizeof link, page->next_link);
    }
    latch_add(&told);
}

static void on_resource(sw_status status, const sw_error *error, const sw_resource *resource,
                        void *user_data) {
    (void)user_data;
    end(status, error, resource);
    if (resource != NULL) {
        keep(text, sizeof text, resource->kind);
    }
    latch_add(&told);
}

static void on_resources(sw_status status, const sw_error *error, const sw_resource_page *page,
                         void *user_data) {
    (void)user_data;
    end(status, error, page);
    entries = page == NULL ? 0 : page->entry_count;
    latch_add(&told);
}

static void on_addresses(sw_status status, const sw_error *error, const sw_address_page *page,
                         void *user_data) {
    end(status, error, page);
    if (page != NULL && page->address_count > 0) {
        keep(user_data, 128, page->addresses[0]->id);
    }
    latch_add(&told);
}

static void on_sip(sw_status status, const sw_error *error, const sw_sip_credential *credential,
                   void *user_data) {
    end(status, error, credential);
    if (credential != NULL) {
        keep(user_data, 128, credential->id);
        snprintf(text, sizeof text, "%s %s %s", credential->username, credential->codecs,
                 credential->encryption);
    }
    latch_add(&told);
}

static void on_sip_page(sw_status status, const sw_error *error,
                        const sw_sip_credential_page *page, void *user_data) {
    (void)user_data;
    end(status, error, page);
    entries = page == NULL ? 0 : page->entry_count;
    latch_add(&told);
}

static const sw_issued_token_completion TOKEN = {on_token, NULL};
static const sw_subscriber_resource_completion SUBSCRIBER = {on_subscriber, NULL};
static const sw_subscriber_resource_page_completion SUBSCRIBERS = {on_subscribers, NULL};
static const sw_resource_completion RESOURCE = {on_resource, NULL};
static const sw_resource_page_completion RESOURCES = {on_resources, NULL};
static const sw_sip_credential_page_completion SIP_PAGE = {on_sip_page, NULL};

static sw_rest_client *rest_client(const char *api_token) {
    sw_rest_options options = SW_REST_OPTIONS_INIT;
    sw_rest_client *rest = NULL;
    options.space = setting("SW_HTTP_URL");
    options.project_id = setting("SW_PROJECT");
    options.ca_certificates_pem = read_file(setting("SW_CA_FILE"));
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_rest_client_new(&options, &rest));
    options.api_token = api_token;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_rest_client_new(NULL, &rest));
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_rest_client_new(&options, NULL));
    options.total_timeout_ms = 600001;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_rest_client_new(&options, &rest));
    options.total_timeout_ms = LIMIT_MS;
    options.request_timeout_ms = LIMIT_MS;
    EXPECT(SW_OK, sw_rest_client_new(&options, &rest));
    return rest;
}

static void tokens(sw_rest_client *rest) {
    sw_subscriber_token_request request = SW_SUBSCRIBER_TOKEN_REQUEST_INIT;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_rest_client_create_subscriber_token(rest, NULL, TOKEN));
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_rest_client_create_subscriber_token(rest, &request, TOKEN));
    request.reference = "cleo@example.com";
    EXPECT(SW_ERR_INVALID_HANDLE, sw_rest_client_create_subscriber_token(NULL, &request, TOKEN));
    EXPECT(SW_OK, TOLD(sw_rest_client_create_subscriber_token(rest, &request, TOKEN)));
    CHECK(token[0] != '\0' && refresh_token[0] != '\0' && id[0] != '\0');
    char spent[4096];
    keep(spent, sizeof spent, refresh_token);
    EXPECT(SW_OK, TOLD(sw_rest_client_refresh_subscriber_token(rest, spent, TOKEN)));
    CHECK(strcmp(spent, refresh_token) != 0 && id[0] == '\0');
    EXPECT(SW_ERR_REJECTED, TOLD(sw_rest_client_refresh_subscriber_token(rest, spent, TOKEN)));
    request.fingerprint = "short";
    EXPECT(SW_ERR_INVALID_ARGUMENT,
           TOLD(sw_rest_client_create_subscriber_token(rest, &request, TOKEN)));
    EXPECT(SW_OK, TOLD(sw_rest_client_exchange_embed_token(
                      rest, "c2c_7acc0e5e968706a032983cd80cdca219", TOKEN)));
    CHECK(refresh_token[0] == '\0');

    sw_rest_client *stranger = rest_client("PTwr0ng");
    request.fingerprint = NULL;
    EXPECT(SW_ERR_UNAUTHORIZED,
           TOLD(sw_rest_client_create_subscriber_token(stranger, &request, TOKEN)));
    EXPECT(SW_OK, sw_rest_client_free(stranger));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_rest_client_free(stranger));
}

static void subscribers(sw_rest_client *rest) {
    sw_subscriber_request request = SW_SUBSCRIBER_REQUEST_INIT;
    char owner[128], address[128] = "", desk[128];
    const char *emails[] = {"c1@example.com", "c2@example.com", "c3@example.com"};
    for (size_t at = 0; at < 3; at++) {
        request.email = emails[at];
        EXPECT(SW_OK, TOLD(sw_rest_client_create_subscriber(rest, &request, SUBSCRIBER)));
    }
    keep(owner, sizeof owner, id);
    EXPECT(SW_ERR_REJECTED, TOLD(sw_rest_client_create_subscriber(rest, &request, SUBSCRIBER)));
    request.display_name = "Third";
    EXPECT(SW_OK, TOLD(sw_rest_client_update_subscriber(rest, owner, &request, SUBSCRIBER)));
    EXPECT(SW_OK, TOLD(sw_rest_client_subscriber(rest, owner, SUBSCRIBER)));
    CHECK(strcmp(text, "Third") == 0);
    EXPECT(SW_OK, TOLD(sw_rest_client_subscribers(rest, 2, NULL, SUBSCRIBERS)));
    CHECK(entries == 2 && link[0] != '\0');
    while (link[0] != '\0') {
        char next[1024];
        keep(next, sizeof next, link);
        EXPECT(SW_OK, TOLD(sw_rest_client_subscribers(rest, 0, next, SUBSCRIBERS)));
    }
    CHECK(entries >= 3);
    EXPECT(SW_ERR_PROTOCOL, TOLD(sw_rest_client_subscribers(rest, 0, "https://evil.example/x",
                                                            SUBSCRIBERS)));

    sw_address_page_completion addresses = {on_addresses, address};
    EXPECT(SW_OK, TOLD(sw_rest_client_subscriber_addresses(rest, owner, 0, NULL, addresses)));
    CHECK(address[0] != '\0');
    EXPECT(SW_OK, TOLD(sw_rest_client_resource_addresses(rest, owner, 0, NULL, addresses)));
    const char *ids[] = {address};
    sw_guest_token_request guest = SW_GUEST_TOKEN_REQUEST_INIT;
    EXPECT(SW_ERR_INVALID_ARGUMENT, TOLD(sw_rest_client_create_guest_token(rest, &guest, TOKEN)));
    guest.allowed_addresses = ids;
    guest.allowed_address_count = 1;
    EXPECT(SW_OK, TOLD(sw_rest_client_create_guest_token(rest, &guest, TOKEN)));
    EXPECT(SW_OK, TOLD(sw_rest_client_create_invite_token(rest, setting("SW_TOKEN"), address, 0,
                                                          TOKEN)));
    EXPECT(SW_ERR_INVALID_TOKEN,
           TOLD(sw_rest_client_create_invite_token(rest, "PT1", address, 0, TOKEN)));

    sw_sip_credential_request sip = SW_SIP_CREDENTIAL_REQUEST_INIT;
    sw_sip_credential_completion credential = {on_sip, desk};
    EXPECT(SW_ERR_INVALID_ARGUMENT,
           TOLD(sw_rest_client_create_sip_credential(rest, owner, &sip, credential)));
    const char *codecs[] = {"OPUS", "PCMU"};
    sip.username = "desk";
    sip.password = "s3cret pass";
    sip.codecs = codecs;
    sip.codec_count = 2;
    EXPECT(SW_OK, TOLD(sw_rest_client_create_sip_credential(rest, owner, &sip, credential)));
    sw_sip_credential_request change = SW_SIP_CREDENTIAL_REQUEST_INIT;
    change.encryption = "required";
    EXPECT(SW_OK,
           TOLD(sw_rest_client_update_sip_credential(rest, owner, desk, &change, credential)));
    EXPECT(SW_OK, TOLD(sw_rest_client_sip_credential(rest, owner, desk, credential)));
    CHECK(strcmp(text, "desk OPUS PCMU required") == 0);
    EXPECT(SW_OK, TOLD(sw_rest_client_sip_credentials(rest, owner, 0, NULL, SIP_PAGE)));
    CHECK(entries == 1);
    sw_completion done = sw_waiter_completion(waiter);
    EXPECT(SW_OK, WAIT(waiter, sw_rest_client_delete_sip_credential(rest, owner, desk, done)));

    EXPECT(SW_OK, TOLD(sw_rest_client_resource(rest, owner, RESOURCE)));
    CHECK(strcmp(text, "subscriber") == 0);
    EXPECT(SW_OK, TOLD(sw_rest_client_resources(rest, 2, NULL, RESOURCES)));
    CHECK(entries == 2);
    done = sw_waiter_completion(waiter);
    EXPECT(SW_OK, WAIT(waiter, sw_rest_client_delete_resource(rest, owner, done)));
    done = sw_waiter_completion(waiter);
    EXPECT(SW_ERR_NOT_FOUND, WAIT(waiter, sw_rest_client_delete_subscriber(rest, owner, done)));
}

// A token that only this key can use: made by the backend, bound when the client connects.
static void bound(sw_rest_client *rest) {
    sw_device_key *made = NULL, *key = NULL;
    sw_credentials *credentials = NULL;
    sw_client *client = NULL;
    uint8_t pkcs8[8192];
    size_t length = 0;
    char *thumbprint = NULL;
    EXPECT(SW_OK, sw_device_key_generate(&made));
    EXPECT(SW_OK, sw_device_key_pkcs8(made, NULL, 0, &length));
    CHECK(length > 1000 && length < sizeof pkcs8);
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_device_key_pkcs8(made, pkcs8, 10, &length));
    EXPECT(SW_OK, sw_device_key_pkcs8(made, pkcs8, sizeof pkcs8, &length));
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_device_key_from_pkcs8(pkcs8, 10, &key));
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_device_key_from_pkcs8(NULL, length, &key));
    EXPECT(SW_OK, sw_device_key_from_pkcs8(pkcs8, length, &key));
    EXPECT(SW_OK, sw_device_key_free(made));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_device_key_free(made));
    EXPECT(SW_OK, sw_device_key_thumbprint(key, &thumbprint));
    CHECK(strlen(thumbprint) == 43);

    sw_subscriber_token_request request = SW_SUBSCRIBER_TOKEN_REQUEST_INIT;
    request.reference = "cleo@example.com";
    request.fingerprint = thumbprint;
    request.scope = "sat:refresh";
    EXPECT(SW_OK, TOLD(sw_rest_client_create_subscriber_token(rest, &request, TOKEN)));
    EXPECT(SW_OK, sw_string_free(thumbprint));

    sw_client_options options = gateway_options();
    options.token = token;
    // Without the key the token is of no use.
    EXPECT(SW_OK, sw_client_new(&options, NULL, &client));
    sw_completion done = sw_waiter_completion(waiter);
    EXPECT(SW_ERR_UNAUTHORIZED, WAIT(waiter, sw_client_connect(client, done)));
    EXPECT(SW_OK, sw_client_free(client));

    EXPECT(SW_ERR_INVALID_HANDLE, sw_credentials_bound_to(NULL, NULL, &credentials));
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_credentials_bound_to(NULL, key, NULL));
    EXPECT(SW_OK, sw_credentials_bound_to(NULL, key, &credentials));
    EXPECT(SW_OK, sw_device_key_free(key));
    EXPECT(SW_OK, sw_client_with_credentials(&options, credentials, NULL, &client));
    EXPECT(SW_OK, sw_credentials_free(credentials));
    done = sw_waiter_completion(waiter);
    EXPECT(SW_OK, WAIT(waiter, sw_client_connect(client, done)));
    EXPECT(SW_OK, sw_client_free(client));
}

int main(void) {
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    sw_rest_client *rest = rest_client(setting("SW_API_TOKEN"));
    tokens(rest);
    subscribers(rest);
    bound(rest);
    EXPECT(SW_OK, sw_rest_client_free(rest));
    EXPECT(SW_OK, sw_waiter_free(waiter));
    EXPECT(SW_OK, sw_shutdown());
    return 0;
}
