// A call through loss and a dead path, then a session that outlives its process. The first run
// prints the session's record and dies; the second one gets it in SW_RESUME_FROM.

#include "check.h"

#include <unistd.h>

static latch quality = LATCH_INIT, speaking = LATCH_INIT, warned = LATCH_INIT, over = LATCH_INIT;
static latch recovering = LATCH_INIT, recovered = LATCH_INIT, restored = LATCH_INIT;
static char call_id[64];

static void on_call_event(const sw_call_event *event, void *user_data) {
    (void)user_data;
    switch (event->type) {
    case SW_CALL_EVENT_QUALITY_CHANGED:
        CHECK(event->quality_level >= 0 && event->mos >= 1.0 && event->mos <= 5.0);
        latch_add(&quality);
        break;
    case SW_CALL_EVENT_SPEAKING_CHANGED:
        if (event->is_speaking && !event->is_local) {
            latch_add(&speaking);
        }
        break;
    case SW_CALL_EVENT_WARNING:
        if (event->warning_kind == SW_WARNING_HIGH_LOSS) {
            latch_add(event->is_raised ? &warned : &over);
        }
        break;
    case SW_CALL_EVENT_RECOVERING:
        CHECK(event->attempt >= 1);
        latch_add(&recovering);
        break;
    case SW_CALL_EVENT_RECOVERED:
        CHECK(event->gap_ms >= 1000);
        latch_add(&recovered);
        break;
    default:
        break;
    }
}

static void on_client_event(const sw_client_event *event, void *user_data) {
    (void)user_data;
    CHECK(event->type != SW_CLIENT_EVENT_RESTORE_FAILED);
    if (event->type == SW_CLIENT_EVENT_CALL_RESTORED) {
        CHECK(!event->is_inbound && strcmp(event->from_number, "/public/tone") == 0);
        CHECK(strlen(event->call_id) < sizeof(call_id));
        strcpy(call_id, event->call_id);
        latch_add(&restored);
    }
}

// The test's driver does what the digit stands for.
static void press(sw_call *call, sw_waiter *waiter, const char *digit) {
    EXPECT(SW_OK, WAIT(waiter, sw_call_send_digits(call, digit, sw_waiter_completion(waiter))));
}

static void through_loss_and_death(sw_client *client, sw_waiter *waiter) {
    sw_call_observer observer = SW_CALL_OBSERVER_INIT;
    observer.on_event = on_call_event;
    sw_dial_options options = SW_DIAL_OPTIONS_INIT;
    options.observer = &observer;
    sw_call *call = NULL;
    EXPECT(SW_OK, WAIT(waiter, sw_client_dial(client, "/public/tone", &options, &call,
                                              sw_waiter_completion(waiter))));
    CHECK(latch_wait(&quality, 1) && latch_wait(&speaking, 1));
    sw_call_statistics good = SW_CALL_STATISTICS_INIT, bad = SW_CALL_STATISTICS_INIT;
    EXPECT(SW_OK, sw_call_stats(call, &good));
    press(call, waiter, "1"); // loss
    CHECK(latch_wait(&warned, 1));
    EXPECT(SW_OK, sw_call_stats(call, &bad));
    CHECK(bad.mos < good.mos && bad.packets_lost > 0);
    press(call, waiter, "2"); // none any more
    CHECK(latch_wait(&over, 1));
    press(call, waiter, "3"); // the path is dead until the client restarts it
    CHECK(latch_wait(&recovering, 1));
    bool is_recovering = false;
    int32_t state = -1;
    EXPECT(SW_OK, sw_call_is_recovering(call, &is_recovering));
    EXPECT(SW_OK, sw_call_state(call, &state));
    // It may be through by now.
    CHECK(is_recovering || latch_wait(&recovered, 1));
    CHECK(state == SW_CALL_STATE_ACTIVE);
    CHECK(latch_wait(&recovered, 1));
    EXPECT(SW_OK, sw_call_is_recovering(call, &is_recovering));
    CHECK(!is_recovering);
    EXPECT(SW_OK, sw_client_network_changed(client)); // nothing did: the session and the call go on
    press(call, waiter, "0");
    char *record = NULL;
    EXPECT(SW_OK, sw_client_session_record(client, &record));
    printf("%s", record);
    fflush(stdout);
    _exit(0); // as a crash: nothing is closed
}

static void gone_on_with(sw_client *client, sw_waiter *waiter) {
    sw_call *call = NULL;
    int32_t state = -1;
    CHECK(latch_wait(&restored, 1));
    EXPECT(SW_OK, sw_client_call(client, call_id, NULL, &call));
    EXPECT(SW_OK, sw_call_state(call, &state));
    CHECK(state == SW_CALL_STATE_ACTIVE);
    press(call, waiter, "9");
    EXPECT(SW_OK, WAIT(waiter, sw_call_hangup(call, sw_waiter_completion(waiter))));
    EXPECT(SW_OK, sw_call_unref(call));
}

int main(void) {
    sw_client_observer observer = SW_CLIENT_OBSERVER_INIT;
    observer.on_event = on_client_event;
    sw_client_options options = gateway_options();
    options.resume_from = getenv("SW_RESUME_FROM");
    sw_client *client = NULL;
    sw_waiter *waiter = NULL;
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    EXPECT(SW_OK, sw_client_new(&options, &observer, &client));
    EXPECT(SW_OK, WAIT(waiter, sw_client_connect(client, sw_waiter_completion(waiter))));
    if (options.resume_from == NULL) {
        through_loss_and_death(client, waiter);
    }
    gone_on_with(client, waiter);
    EXPECT(SW_OK, sw_client_free(client));
    EXPECT(SW_OK, sw_waiter_free(waiter));
    EXPECT(SW_OK, sw_shutdown());
    return 0;
}
