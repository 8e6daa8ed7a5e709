/* What a program of somebody else does with the installed library, without a network. */
#include <signalwire.h>

#include <stdio.h>
#include <string.h>

int main(void) {
    sw_client_options options = SW_CLIENT_OPTIONS_INIT;
    sw_client *client = NULL;
    int32_t state = -1;
    if (!SW_VERSION_CHECK() || sw_client_new(&options, NULL, &client) != SW_ERR_INVALID_ARGUMENT) {
        return 1;
    }
    options.token = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwiY2giOiJzcGFjZS5leGFtcGxlLmNvbSJ9.a.b.c.d";
    options.ws_url = "wss://127.0.0.1:1";
    options.http_url = "https://127.0.0.1:1";
    if (sw_client_new(&options, NULL, &client) != SW_OK ||
        sw_client_state(client, &state) != SW_OK || state != SW_CLIENT_STATE_DISCONNECTED) {
        fprintf(stderr, "%s\n", sw_last_error());
        return 2;
    }
    sw_client_free(client);
    if (sw_client_free(client) != SW_ERR_INVALID_HANDLE || sw_shutdown() != SW_OK) {
        return 3;
    }
    printf("%s\n", sw_version_string());
    return 0;
}
