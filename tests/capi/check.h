// What the C tests share: checks that end the program, a latch with a deadline, a client.

#ifndef CHECK_H
#define CHECK_H

#define _POSIX_C_SOURCE 200809L

#include "signalwire.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// Longer than anything takes, also under valgrind.
#define LIMIT_MS 60000u
#define NOBODY ((sw_completion)SW_COMPLETION_NONE)

#define CHECK(condition)                                                                   \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "%s:%d: %s (last error: %s)\n", __FILE__, __LINE__, #condition, \
                    sw_last_error());                                                      \
            exit(1);                                                                       \
        }                                                                                  \
    } while (0)

#define EXPECT(wanted, call)                                                                 \
    do {                                                                                     \
        sw_status status_ = (call);                                                          \
        if (status_ != (wanted)) {                                                           \
            fprintf(stderr, "%s:%d: %s gave %s, not %s (last error: %s)\n", __FILE__,        \
                    __LINE__, #call, sw_status_name(status_), #wanted, sw_last_error());     \
            exit(1);                                                                         \
        }                                                                                    \
    } while (0)

// A counter that can be waited for.
typedef struct latch {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned count;
} latch;

#define LATCH_INIT {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0}

static inline void latch_add(latch *l) {
    pthread_mutex_lock(&l->mutex);
    l->count++;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->mutex);
}

static inline unsigned latch_count(latch *l) {
    pthread_mutex_lock(&l->mutex);
    unsigned count = l->count;
    pthread_mutex_unlock(&l->mutex);
    return count;
}

static inline int latch_wait(latch *l, unsigned count) {
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += LIMIT_MS / 1000;
    pthread_mutex_lock(&l->mutex);
    int failure = 0;
    while (l->count < count && failure == 0) {
        failure = pthread_cond_timedwait(&l->changed, &l->mutex, &deadline);
    }
    int reached = l->count >= count;
    pthread_mutex_unlock(&l->mutex);
    return reached;
}

// An argument that the test's driver passes through the environment.
static inline const char *setting(const char *name) {
    const char *value = getenv(name);
    if (value == NULL) {
        fprintf(stderr, "%s is not set\n", name);
        exit(2);
    }
    return value;
}

static inline char *read_file(const char *path) {
    static char text[65536];
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    size_t length = fread(text, 1, sizeof(text) - 1, file);
    text[length] = '\0';
    fclose(file);
    return text;
}

// Part of every secret that the gateway makes up.
#define SECRET_MARK "cAnArYsEcReT"

// Looks at every line of the log: a secret in it ends the program.
static inline void look_for_secrets(const sw_log_record *record, void *user_data) {
    (void)user_data;
    if (strstr(record->message, SECRET_MARK) != NULL) {
        fprintf(stderr, "a secret in the log of %s\n", record->target);
        abort();
    }
}

// Not where the process forks: the child might find the log locked.
static inline void listen_to_the_log(void) {
#ifndef WITHOUT_LOG
    static int listens = 0;
    if (!listens) {
        listens = 1;
        sw_log_handler handler = SW_LOG_HANDLER_INIT;
        handler.on_record = look_for_secrets;
        EXPECT(SW_OK, sw_set_log_handler(SW_LOG_TRACE, &handler));
    }
#endif
}

static inline sw_client_options gateway_options(void) {
    listen_to_the_log();
    sw_client_options options = SW_CLIENT_OPTIONS_INIT;
    options.token = setting("SW_TOKEN");
    options.ws_url = setting("SW_WS_URL");
    options.http_url = setting("SW_HTTP_URL");
    options.ca_certificates_pem = read_file(setting("SW_CA_FILE"));
    options.agent = "capi-test";
    options.connect_timeout_ms = LIMIT_MS;
    options.request_timeout_ms = LIMIT_MS;
    return options;
}

// Starts an operation with the waiter's completion and gives how it ended.
#define WAIT(waiter, start) ((void)(start), sw_waiter_wait((waiter), LIMIT_MS))

static inline sw_client *connected_client(const sw_client_observer *observer) {
    sw_client_options options = gateway_options();
    sw_client *client = NULL;
    sw_waiter *waiter = NULL;
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    EXPECT(SW_OK, sw_client_new(&options, observer, &client));
    EXPECT(SW_OK, WAIT(waiter, sw_client_connect(client, sw_waiter_completion(waiter))));
    EXPECT(SW_OK, sw_waiter_free(waiter));
    return client;
}

#endif
