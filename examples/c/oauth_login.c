// Logs a user in with the browser (OAuth2 with PKCE), and tells who it is.
//
//   SW_CLIENT_ID=<client id> ./oauth_login
//
// Prints a URL to open in the browser of this machine, waits up to five minutes until the browser
// comes back to a port that this program listens on, exchanges the code for tokens, connects with
// them, and prints the subscriber. From then on the client would renew its tokens by itself.
//
// The tokens are kept in memory here; a real application keeps them in the system's keyring or in a
// file that only its owner can read.
//
// Environment: SW_CLIENT_ID (required), as SignalWire issued it; SW_AUTHORIZE_URL and SW_TOKEN_URL
// for another provider; SW_WS_URL, SW_HTTP_URL and SW_CA_FILE for another server than the one that
// the token names. Exit codes: 0 logged in, 1 failed, 2 wrong usage.

#include "signalwire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_MS = 300000 };

// The store: one text, which holds the tokens. The functions are called on one of the library's
// threads, one at a time; main touches it before there is a client.
static char kept[1 << 14];

static sw_status store_load(void (*give)(const char *text, void *target), void *target,
                            void *user_data) {
    (void)user_data;
    if (kept[0] != '\0') {
        give(kept, target);
    }
    return SW_OK;
}

static sw_status store_save(const char *text, void *user_data) {
    (void)user_data;
    if (strlen(text) >= sizeof(kept)) {
        return SW_ERR_INVALID_ARGUMENT;
    }
    strcpy(kept, text);
    return SW_OK;
}

static sw_status store_clear(void *user_data) {
    (void)user_data;
    memset(kept, 0, sizeof(kept));
    return SW_OK;
}

// Called on the dispatcher thread. Never print the text: it holds the tokens.
static void on_tokens(sw_status status, const sw_error *error, const char *text, void *user_data) {
    const sw_completion *done = user_data;
    if (status == SW_OK) {
        status = store_save(text, NULL);
    }
    done->fn(status, error, done->user_data); // main waits for this
}

static void on_subscriber(sw_status status, const sw_error *error, const sw_subscriber *subscriber,
                          void *user_data) {
    const sw_completion *done = user_data;
    if (status == SW_OK) {
        printf("logged in: %s <%s>\n", subscriber->display_name, subscriber->email);
    }
    done->fn(status, error, done->user_data);
}

static char *read_file(const char *path) {
    static char text[1 << 16]; // zeros at first, so what is read is terminated
    FILE *file = path ? fopen(path, "rb") : NULL;
    size_t length = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
    if (file) {
        fclose(file);
    }
    return length > 0 ? text : NULL;
}

// Waits for the browser; afterwards the store has the tokens.
static sw_status log_in(sw_oauth *oauth, sw_waiter *waiter) {
    sw_completion done = sw_waiter_completion(waiter);
    sw_text_completion tokens = {on_tokens, &done};
    sw_oauth_login *login = NULL;
    char *url = NULL;
    sw_status status = sw_oauth_begin_loopback(oauth, &login, &url);
    if (status != SW_OK) {
        return status;
    }
    printf("open %s\n", url);
    fflush(stdout);
    sw_string_free(url);
    status = sw_oauth_login_finish(login, LONGEST_MS, tokens);
    if (status == SW_OK) {
        status = sw_waiter_wait(waiter, SW_WAIT_FOREVER);
    }
    sw_oauth_login_free(login);
    return status;
}

// A client whose tokens come out of the store and are renewed; tells who it is.
static sw_status who_am_i(sw_oauth *oauth, sw_waiter *waiter, const char *ca_text) {
    sw_client_options options = SW_CLIENT_OPTIONS_INIT;
    sw_token_store store = SW_TOKEN_STORE_INIT;
    sw_credentials *credentials = NULL;
    sw_client *client = NULL;
    sw_completion done = sw_waiter_completion(waiter);
    sw_subscriber_completion told = {on_subscriber, &done};
    store.load = store_load;
    store.save = store_save;
    store.clear = store_clear;
    options.ws_url = getenv("SW_WS_URL"); // NULL means: as the token says
    options.http_url = getenv("SW_HTTP_URL");
    options.ca_certificates_pem = ca_text;
    options.agent = "oauth-login-example";
    sw_status status = sw_credentials_oauth(oauth, &store, &credentials);
    if (status == SW_OK) {
        status = sw_client_with_credentials(&options, credentials, NULL, &client);
    }
    if (status == SW_OK) {
        sw_client_connect(client, done);
        status = sw_waiter_wait(waiter, SW_WAIT_FOREVER);
    }
    if (status == SW_OK) {
        done = sw_waiter_completion(waiter);
        status = sw_client_subscriber_info(client, told);
        if (status == SW_OK) {
            status = sw_waiter_wait(waiter, SW_WAIT_FOREVER);
        }
    }
    sw_credentials_free(credentials);
    sw_client_free(client);
    return status;
}

int main(int argc, char **argv) {
    sw_oauth_options options = SW_OAUTH_OPTIONS_INIT;
    sw_oauth *oauth = NULL;
    sw_waiter *waiter = NULL;
    options.client_id = getenv("SW_CLIENT_ID");
    if (argc != 1 || !options.client_id) {
        fprintf(stderr, "usage: SW_CLIENT_ID=... %s\n", argv[0]);
        return 2;
    }
    options.redirect_uri = "http://127.0.0.1:0/callback"; // a free port; register it like this
    options.authorize_url = getenv("SW_AUTHORIZE_URL");   // NULL means SignalWire's
    options.token_url = getenv("SW_TOKEN_URL");
    options.ca_certificates_pem = read_file(getenv("SW_CA_FILE"));
    sw_waiter_new(&waiter);
    sw_status status = sw_oauth_new(&options, &oauth);
    if (status == SW_OK) {
        status = log_in(oauth, waiter);
    }
    if (status == SW_OK) {
        status = who_am_i(oauth, waiter, options.ca_certificates_pem);
    }
    if (status != SW_OK) {
        fprintf(stderr, "%s (%s)\n", sw_last_error(), sw_status_name(status));
    }
    sw_oauth_free(oauth);
    sw_waiter_free(waiter);
    sw_shutdown();
    memset(kept, 0, sizeof(kept));
    return status == SW_OK ? 0 : 1;
}
