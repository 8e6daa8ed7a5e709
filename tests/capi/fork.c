// A forked child: its parent's objects are refused, new ones work. Not for leak checks, since
// the child leaves its parent's threads and their memory alone.

#define WITHOUT_LOG
#include "check.h"

#include <sys/wait.h>
#include <unistd.h>

static void a_forked_child(void) {
    sw_client *client = connected_client(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        int32_t state;
        sw_client_options options = gateway_options();
        sw_client *own = NULL;
        EXPECT(SW_ERR_FORKED, sw_client_state(client, &state));
        EXPECT(SW_ERR_FORKED, sw_client_free(client));
        EXPECT(SW_OK, sw_client_new(&options, NULL, &own));
        EXPECT(SW_OK, sw_client_state(own, &state));
        sw_waiter *waiter;
        EXPECT(SW_OK, sw_waiter_new(&waiter));
        EXPECT(SW_OK, WAIT(waiter, sw_client_connect(own, sw_waiter_completion(waiter))));
        EXPECT(SW_OK, sw_client_free(own));
        EXPECT(SW_OK, sw_shutdown());
        _exit(0);
    }
    int status = 1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    int32_t state;
    EXPECT(SW_OK, sw_client_state(client, &state));
    EXPECT(SW_OK, sw_client_free(client));
    EXPECT(SW_OK, sw_shutdown());
}

int main(void) {
    a_forked_child();
    return 0;
}
