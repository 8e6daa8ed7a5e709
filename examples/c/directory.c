// Lists the addresses that a subscriber can call, page by page.
//
//   SW_TOKEN=<subscriber access token> ./directory
//
// Environment: SW_TOKEN (required); SW_HTTP_URL and SW_CA_FILE for another server than the one
// that the token names. No session is needed for this. Exit codes: 0 listed, 1 failed.

#include "signalwire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct listing {
    sw_completion done; // passes the end of each page on to the waiter
    char next[2048];    // empty after the last page
} listing;

// Called on the dispatcher thread; the page is valid until it returns.
static void on_page(sw_status status, const sw_error *error, const sw_address_page *page,
                    void *user_data) {
    listing *to = user_data;
    to->next[0] = '\0';
    if (status == SW_OK) {
        for (size_t n = 0; n < page->address_count; n++) {
            const sw_address *address = page->addresses[n];
            printf("%-24s %s\n", address->display_name, address->dial_string);
        }
        if (page->has_next && strlen(page->next_link) < sizeof(to->next)) {
            strcpy(to->next, page->next_link);
        }
    }
    to->done.fn(status, error, to->done.user_data);
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

int main(void) {
    sw_client_options options = SW_CLIENT_OPTIONS_INIT;
    sw_address_query query = SW_ADDRESS_QUERY_INIT;
    sw_client *client = NULL;
    sw_waiter *waiter = NULL;
    listing to = {SW_COMPLETION_NONE, ""};
    sw_address_page_completion done = {on_page, &to};
    options.token = getenv("SW_TOKEN");
    options.ws_url = getenv("SW_WS_URL"); // NULL means: as the token says
    options.http_url = getenv("SW_HTTP_URL");
    options.ca_certificates_pem = read_file(getenv("SW_CA_FILE"));
    query.page_size = 2;
    sw_waiter_new(&waiter);
    sw_status status = sw_client_new(&options, NULL, &client);
    if (status == SW_OK) {
        to.done = sw_waiter_completion(waiter);
        status = sw_client_addresses(client, &query, done);
        status = status == SW_OK ? sw_waiter_wait(waiter, SW_WAIT_FOREVER) : status;
    }
    while (status == SW_OK && to.next[0] != '\0') {
        to.done = sw_waiter_completion(waiter);
        status = sw_client_addresses_at(client, to.next, done);
        status = status == SW_OK ? sw_waiter_wait(waiter, SW_WAIT_FOREVER) : status;
    }
    if (status != SW_OK) {
        fprintf(stderr, "%s (%s)\n", sw_last_error(), sw_status_name(status));
    }
    sw_client_free(client);
    sw_waiter_free(waiter);
    sw_shutdown();
    return status == SW_OK ? 0 : 1;
}
