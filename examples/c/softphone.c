// A phone for scripts: commands on standard input, one JSON object per line on standard output.
//
//   SW_TOKEN=<subscriber access token> ./softphone dial /public/echo
//   SW_TOKEN=<subscriber access token> ./softphone listen
//
// The commands, lines and exit codes are those of the Rust example `softphone` with `--json`; this
// one has no files. Environment: SW_TOKEN (required); SW_WS_URL, SW_HTTP_URL and SW_CA_FILE for
// another server than the one that the token names.
//
// Callbacks come on the library's dispatcher thread and only print and signal. The main thread
// waits for the end of the call; another one reads commands and waits for each of them.

#include "signalwire.h"

#include <ctype.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct timespec started;
    sw_client *client;
    sw_call *call;
    char incoming[64];   // the id of a call that rings here
    bool was_answered;
    bool is_rejected;    // declined here, which is what was wanted
    bool is_commanding;  // a command is under way
    bool is_over;        // the call's last event has come
    sw_end_reason end;
} phone = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

// ---- Lines of JSON -------------------------------------------------------------------------

typedef struct line {
    char text[1 << 15];
    size_t length;
} line;

static void add(line *to, const char *format, ...) {
    va_list values;
    va_start(values, format);
    int more = vsnprintf(to->text + to->length, sizeof(to->text) - to->length, format, values);
    va_end(values);
    if (more > 0 && (size_t)more < sizeof(to->text) - to->length) {
        to->length += (size_t)more;
    }
}

static void add_text(line *to, const char *key, const char *value) {
    add(to, ",\"%s\":", key);
    if (!value) {
        add(to, "null");
        return;
    }
    add(to, "\"");
    for (const unsigned char *c = (const unsigned char *)value; *c; c++) {
        if (*c == '"' || *c == '\\') {
            add(to, "\\%c", *c);
        } else if (*c < 0x20) {
            add(to, "\\u%04x", *c);
        } else {
            add(to, "%c", *c);
        }
    }
    add(to, "\"");
}

static void add_flag(line *to, const char *key, bool value) {
    add(to, ",\"%s\":%s", key, value ? "true" : "false");
}

static void begin(line *to, const char *type) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double ms = (double)(now.tv_sec - phone.started.tv_sec) * 1e3 +
                (double)(now.tv_nsec - phone.started.tv_nsec) / 1e6;
    to->length = 0;
    add(to, "{\"type\":\"%s\",\"time_ms\":%.3f", type, ms);
}

static void print(line *from) {
    static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&output);
    printf("%s}\n", from->text);
    fflush(stdout);
    pthread_mutex_unlock(&output);
}

static const char *lower(const char *text, char *to, size_t size) {
    size_t n = 0;
    for (; text[n] && n + 1 < size; n++) {
        to[n] = (char)tolower((unsigned char)text[n]);
    }
    to[n] = 0;
    return to;
}

// `alice` of `sip:alice@...;context=private`.
static const char *short_name(const sw_member *member, char *to, size_t size) {
    const char *name = strncmp(member->name, "sip:", 4) == 0 ? member->name + 4 : member->name;
    snprintf(to, size, "%.*s", (int)strcspn(name, "@;"), name);
    return to;
}

static void add_member(line *to, const sw_member *member) {
    char name[256];
    add_text(to, "member_id", member->member_id);
    add_text(to, "name", short_name(member, name, sizeof(name)));
    add_flag(to, "is_self", member->is_self);
    add_flag(to, "is_talking", member->is_talking);
    add_flag(to, "audio_muted", member->audio_muted);
    add_flag(to, "video_muted", member->video_muted);
    add_flag(to, "is_deaf", member->is_deaf);
    add_flag(to, "hand_raised", member->hand_raised);
    add_text(to, "position", member->position);
}

static void add_end(line *to, const sw_end_reason *end) {
    static const char *kinds[] = {
        "local_hangup", "remote_hangup", "rejected",         "busy",     "not_found",
        "no_answer",    "cancelled",     "media_failed",     "signaling_failed", "shutdown",
        "answered_elsewhere"};
    bool is_known = end->kind >= 0 && (size_t)end->kind < sizeof(kinds) / sizeof(*kinds);
    add_text(to, "kind", is_known ? kinds[end->kind] : "unknown");
    add_text(to, "cause", end->cause);
    add(to, ",\"code\":%d", (int)end->code);
    add_text(to, "message", end->message);
}

// ---- What the library tells ------------------------------------------------------------------

static const char *call_state(int32_t state) {
    static const char *names[] = {"new",    "trying", "ringing", "early",
                                  "active", "held",   "ending",  "ended"};
    return state >= 0 && state <= SW_CALL_STATE_ENDED ? names[state] : "unknown";
}

static void note_call(const sw_call_event *event) {
    pthread_mutex_lock(&phone.lock);
    if (event->type == SW_CALL_EVENT_ENDED) {
        phone.end = *event->end_reason;
        phone.is_over = true;
    } else if (event->type == SW_CALL_EVENT_STATE_CHANGED) {
        phone.was_answered |= event->state == SW_CALL_STATE_ACTIVE;
    }
    pthread_cond_broadcast(&phone.changed);
    pthread_mutex_unlock(&phone.lock);
}

static void on_call_event(const sw_call_event *event, void *user_data) {
    static line said; // only the dispatcher thread is ever here
    (void)user_data;
    switch (event->type) {
    case SW_CALL_EVENT_STATE_CHANGED:
        begin(&said, "state");
        add_text(&said, "state", call_state(event->state));
        add_text(&said, "previous", call_state(event->previous_state));
        break;
    case SW_CALL_EVENT_MEDIA_CONNECTED:
        begin(&said, "media_connected");
        add_text(&said, "codec", event->codec);
        break;
    case SW_CALL_EVENT_MEDIA_LOST:
        begin(&said, "media_lost");
        break;
    case SW_CALL_EVENT_DIGIT_RECEIVED:
        begin(&said, "digit_received");
        add_text(&said, "digit", (char[]){event->digit, 0});
        break;
    case SW_CALL_EVENT_JOINED:
        begin(&said, "joined");
        add_text(&said, "call_id", event->call_id);
        add_text(&said, "member_id", event->member_id);
        add_text(&said, "room_session_id", event->room_session_id);
        break;
    case SW_CALL_EVENT_MEMBER_JOINED:
    case SW_CALL_EVENT_MEMBER_UPDATED:
    case SW_CALL_EVENT_MEMBER_LEFT:
        begin(&said, event->type == SW_CALL_EVENT_MEMBER_JOINED    ? "member_joined"
                     : event->type == SW_CALL_EVENT_MEMBER_UPDATED ? "member_updated"
                                                                   : "member_left");
        add_member(&said, event->member);
        break;
    case SW_CALL_EVENT_MEMBER_TALKING:
        begin(&said, "member_talking");
        add_text(&said, "member_id", event->member_id);
        add_flag(&said, "is_talking", event->is_talking);
        break;
    case SW_CALL_EVENT_LAYOUT_CHANGED:
        begin(&said, "layout_changed");
        add_text(&said, "name", event->layout->name);
        add(&said, ",\"layers\":%zu", event->layout->layer_count);
        break;
    case SW_CALL_EVENT_ENDED:
        begin(&said, "ended");
        add_end(&said, event->end_reason);
        break;
    default: // of others the service's own words are enough
        begin(&said, "service_event");
        add_text(&said, "event", event->event_type);
        break;
    }
    print(&said);
    note_call(event);
}

static void on_client_event(const sw_client_event *event, void *user_data) {
    static const char *states[] = {"disconnected", "connecting", "connected", "reconnecting",
                                   "closed"};
    static line said;
    (void)user_data;
    if (event->type == SW_CLIENT_EVENT_STATE_CHANGED && event->state <= SW_CLIENT_STATE_CLOSED) {
        begin(&said, "client_state");
        add_text(&said, "state", states[event->state]);
        add_text(&said, "reason", event->reason);
        print(&said);
    } else if (event->type == SW_CLIENT_EVENT_INCOMING_CALL) {
        pthread_mutex_lock(&phone.lock);
        snprintf(phone.incoming, sizeof(phone.incoming), "%s", event->call_id);
        pthread_cond_broadcast(&phone.changed);
        pthread_mutex_unlock(&phone.lock);
    }
}

// ---- Commands --------------------------------------------------------------------------------

// The id of the member that is called so; what is no name is taken for an id. NULL: too many.
static const char *member_id(const char *who, char *to, size_t size) {
    sw_member_list *list = NULL;
    const sw_member *const *members = NULL;
    size_t count = 0, found = 0;
    snprintf(to, size, "%s", who);
    if (sw_call_members(phone.call, &list) == SW_OK) {
        sw_member_list_get(list, &members, &count);
    }
    for (size_t n = 0; n < count; n++) {
        char name[256];
        if (strcmp(short_name(members[n], name, sizeof(name)), who) == 0) {
            snprintf(to, size, "%s", members[n]->member_id);
            found++;
        }
    }
    sw_member_list_free(list);
    return found > 1 ? NULL : to;
}

static void roster(void) {
    static line said;
    sw_member_list *list = NULL;
    sw_layout_snapshot *snapshot = NULL;
    const sw_member *const *members = NULL;
    const sw_layout *layout = NULL;
    size_t count = 0;
    begin(&said, "roster");
    add(&said, ",\"members\":[");
    if (sw_call_members(phone.call, &list) == SW_OK) {
        sw_member_list_get(list, &members, &count);
    }
    for (size_t n = 0; n < count; n++) {
        add(&said, n ? ",{\"number\":%zu" : "{\"number\":%zu", n);
        add_member(&said, members[n]);
        add(&said, "}");
    }
    add(&said, "],\"layout\":");
    if (sw_call_layout(phone.call, &snapshot) == SW_OK &&
        sw_layout_snapshot_get(snapshot, &layout) == SW_OK) {
        add(&said, "{\"layers\":%zu", layout->layer_count);
        add_text(&said, "name", layout->name);
        add(&said, "}");
    } else {
        add(&said, "null");
    }
    print(&said);
    sw_layout_snapshot_free(snapshot);
    sw_member_list_free(list);
}

static bool is(const char *text, const char *other) { return strcmp(text, other) == 0; }

// Does what a line asks for; `SW_ERR_INVALID_ARGUMENT` for what is no command.
static sw_status run(const char *word, const char *rest, sw_completion done) {
    char id[256];
    const char *who = member_id(rest, id, sizeof(id));
    bool has_rest = *rest != 0;
    if (is(word, "answer")) return sw_call_answer(phone.call, NULL, done);
    if (is(word, "reject") && is(rest, "everywhere")) {
        return sw_call_reject_everywhere(phone.call, done);
    }
    if (is(word, "reject")) return sw_call_reject(phone.call, done);
    if (is(word, "hangup")) return sw_call_hangup(phone.call, done);
    if (is(word, "hold")) return sw_call_hold(phone.call, done);
    if (is(word, "unhold")) return sw_call_unhold(phone.call, done);
    if (is(word, "lock")) return sw_call_set_locked(phone.call, true, done);
    if (is(word, "unlock")) return sw_call_set_locked(phone.call, false, done);
    if (is(word, "dtmf")) return sw_call_send_digits(phone.call, rest, done);
    if (is(word, "layout")) return sw_call_set_layout(phone.call, rest, done);
    if (is(word, "transfer")) return sw_call_transfer(phone.call, rest, done);
    if (is(word, "hand")) return sw_call_set_hand_raised(phone.call, NULL, is(rest, "up"), done);
    if (has_rest && !who) return SW_ERR_INVALID_ARGUMENT;
    if (is(word, "mute") || is(word, "unmute")) {
        bool muted = is(word, "mute");
        if (has_rest) return sw_call_set_audio_muted(phone.call, who, muted, done);
        return muted ? sw_call_mute(phone.call, done) : sw_call_unmute(phone.call, done);
    }
    if (is(word, "deaf")) return sw_call_set_deaf(phone.call, who, true, done);
    if (is(word, "undeaf")) return sw_call_set_deaf(phone.call, who, false, done);
    if (is(word, "remove")) return sw_call_remove_member(phone.call, who, done);
    return SW_ERR_INVALID_ARGUMENT;
}

// Carries out one line and tells what came of it.
static void command(const char *text, sw_waiter *waiter) {
    static line said; // only the commands' thread is ever here
    char word[32] = "", name[64];
    size_t length = strcspn(text, " ");
    snprintf(word, sizeof(word), "%.*s", (int)length, text);
    const char *rest = text + length + strspn(text + length, " ");
    sw_status status = SW_OK;
    if (is(word, "roster")) {
        roster();
    } else {
        status = run(word, rest, sw_waiter_completion(waiter));
        if (status == SW_OK) {
            status = sw_waiter_wait(waiter, SW_WAIT_FOREVER);
        } else {
            sw_waiter_reset(waiter); // nobody will tell it
        }
    }
    if (status == SW_OK && is(word, "reject")) {
        phone.is_rejected = true;
    }
    if (status == SW_OK && is(word, "hangup")) {
        return; // the end of the call says it
    }
    begin(&said, status == SW_OK ? "command_done" : "error");
    add_text(&said, "command", text);
    if (status != SW_OK) {
        const char *kind = sw_status_name(status);
        kind = strncmp(kind, "SW_ERR_", 7) == 0 ? kind + 7 : kind;
        add_text(&said, "kind", lower(kind, name, sizeof(name)));
        add_text(&said, "message", sw_last_error());
    }
    print(&said);
}

static void *commands(void *unused) {
    static char text[1024];
    sw_waiter *waiter = NULL;
    sw_waiter_new(&waiter);
    while (fgets(text, sizeof(text), stdin)) {
        text[strcspn(text, "\r\n")] = 0;
        if (*text) {
            pthread_mutex_lock(&phone.lock);
            phone.is_commanding = true;
            pthread_mutex_unlock(&phone.lock);
            command(text, waiter);
            pthread_mutex_lock(&phone.lock);
            phone.is_commanding = false;
            pthread_cond_broadcast(&phone.changed);
            pthread_mutex_unlock(&phone.lock);
        }
    }
    sw_waiter_free(waiter);
    return unused;
}

// ---- The call --------------------------------------------------------------------------------

// Waits until the call is over, and up to a second for a command that was under way.
static void wait_for_end(void) {
    struct timespec limit;
    pthread_mutex_lock(&phone.lock);
    while (!phone.is_over) {
        pthread_cond_wait(&phone.changed, &phone.lock);
    }
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec++;
    while (phone.is_commanding &&
           pthread_cond_timedwait(&phone.changed, &phone.lock, &limit) == 0) {
    }
    pthread_mutex_unlock(&phone.lock);
}

// The last line and the exit code: of a call that is over, or of what went wrong before it.
static int finish(sw_status status, const char *message) {
    static const struct outcome {
        const char *name;
        int code;
    } ok = {"ok", 0}, answered = {"answered", 0}, usage = {"usage", 1},
      unauthorized = {"unauthorized", 2}, network = {"network", 3}, refused = {"refused", 4},
      busy = {"busy", 5}, no_answer = {"no_answer", 6}, media = {"media_failed", 7},
      other = {"other", 8};
    static line said;
    char name[64];
    const struct outcome *outcome = &other;
    begin(&said, "result");
    if (status != SW_OK) {
        outcome = status == SW_ERR_INVALID_ARGUMENT                                   ? &usage
                  : status == SW_ERR_INVALID_TOKEN || status == SW_ERR_UNAUTHORIZED    ? &unauthorized
                  : status == SW_ERR_NETWORK || status == SW_ERR_TLS ||
                            status == SW_ERR_TIMEOUT                                   ? &network
                  : status == SW_ERR_REJECTED || status == SW_ERR_NOT_FOUND            ? &refused
                                                                                       : &other;
        const char *kind = sw_status_name(status);
        kind = strncmp(kind, "SW_ERR_", 7) == 0 ? kind + 7 : kind;
        add(&said, ",\"error\":{\"status\":%d", (int)status);
        add_text(&said, "kind", lower(kind, name, sizeof(name)));
        add_text(&said, "message", message);
        add(&said, "}");
    } else {
        switch (phone.end.kind) {
        case SW_END_KIND_LOCAL_HANGUP:
        case SW_END_KIND_REMOTE_HANGUP:
            outcome = phone.was_answered ? &answered : phone.is_rejected ? &ok : &other;
            break;
        case SW_END_KIND_REJECTED:
        case SW_END_KIND_NOT_FOUND: outcome = &refused; break;
        case SW_END_KIND_BUSY: outcome = &busy; break;
        case SW_END_KIND_NO_ANSWER: outcome = &no_answer; break;
        case SW_END_KIND_MEDIA_FAILED: outcome = &media; break;
        case SW_END_KIND_SIGNALING_FAILED: outcome = &network; break;
        default: break;
        }
        add_flag(&said, "was_answered", phone.was_answered);
        add(&said, ",\"end\":{\"number\":%d", (int)phone.end.kind);
        add_end(&said, &phone.end);
        add(&said, "}");
    }
    add_text(&said, "outcome", outcome->name);
    add(&said, ",\"exit_code\":%d", outcome->code);
    print(&said);
    return outcome->code;
}

static sw_status dial(const char *address, double ring_timeout) {
    static line said;
    sw_call_observer observer = SW_CALL_OBSERVER_INIT;
    sw_dial_options options = SW_DIAL_OPTIONS_INIT;
    char *id = NULL;
    observer.on_event = on_call_event;
    options.observer = &observer;
    options.ring_timeout_ms = (uint32_t)(ring_timeout * 1000);
    sw_status status =
        sw_client_dial(phone.client, address, &options, &phone.call, (sw_completion)SW_COMPLETION_NONE);
    if (status == SW_OK && sw_call_id(phone.call, &id) == SW_OK) {
        begin(&said, "dialing");
        add_text(&said, "call_id", id);
        add_text(&said, "address", address);
        print(&said);
        sw_string_free(id);
    }
    return status;
}

// Waits for a call that rings here and takes charge of it.
static sw_status listen(sw_waiter *waiter) {
    static line said;
    sw_call_observer observer = SW_CALL_OBSERVER_INIT;
    char id[sizeof(phone.incoming)], *name = NULL, *number = NULL;
    observer.on_event = on_call_event;
    sw_client_online(phone.client, sw_waiter_completion(waiter));
    sw_status status = sw_waiter_wait(waiter, SW_WAIT_FOREVER);
    if (status != SW_OK) {
        return status;
    }
    begin(&said, "listening");
    print(&said);
    do {
        pthread_mutex_lock(&phone.lock);
        while (!*phone.incoming) {
            pthread_cond_wait(&phone.changed, &phone.lock);
        }
        memcpy(id, phone.incoming, sizeof(id));
        *phone.incoming = 0;
        pthread_mutex_unlock(&phone.lock);
        // Not found when the caller gave up at once: then the next one.
        status = sw_client_call(phone.client, id, &observer, &phone.call);
    } while (status == SW_ERR_NOT_FOUND);
    if (status == SW_OK && sw_call_remote_party(phone.call, &name, &number) == SW_OK) {
        begin(&said, "incoming");
        add_text(&said, "call_id", id);
        add_text(&said, "name", name);
        add_text(&said, "number", number);
        print(&said);
        sw_string_free(name);
        sw_string_free(number);
    }
    return status;
}

static char *read_file(const char *path) {
    static char text[1 << 16]; // zeros at first, so what is read is terminated
    FILE *file = fopen(path, "rb");
    size_t length = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
    if (file) {
        fclose(file);
    }
    return length > 0 ? text : NULL;
}

static sw_status connect_client(sw_waiter *waiter) {
    sw_client_options options = SW_CLIENT_OPTIONS_INIT;
    sw_client_observer observer = SW_CLIENT_OBSERVER_INIT;
    const char *ca_file = getenv("SW_CA_FILE");
    observer.on_event = on_client_event;
    options.token = getenv("SW_TOKEN");
    options.ws_url = getenv("SW_WS_URL"); // NULL means: as the token says
    options.http_url = getenv("SW_HTTP_URL");
    options.ca_certificates_pem = ca_file ? read_file(ca_file) : NULL;
    options.agent = "softphone-c";
    sw_status status = sw_client_new(&options, &observer, &phone.client);
    if (status == SW_OK) {
        sw_client_connect(phone.client, sw_waiter_completion(waiter));
        status = sw_waiter_wait(waiter, SW_WAIT_FOREVER);
    }
    return status;
}

int main(int argc, char **argv) {
    sw_waiter *waiter = NULL;
    pthread_t reader;
    double ring_timeout = 0;
    const char *verb = NULL, *address = NULL;
    clock_gettime(CLOCK_MONOTONIC, &phone.started);
    for (int n = 1; n < argc; n++) {
        if (is(argv[n], "--ring-timeout") && n + 1 < argc) {
            ring_timeout = atof(argv[++n]);
        } else if (argv[n][0] != '-') { // --json is what it does anyway
            *(verb ? &address : &verb) = argv[n];
        }
    }
    bool is_dial = verb && is(verb, "dial") && address;
    if (!is_dial && !(verb && is(verb, "listen"))) {
        return finish(SW_ERR_INVALID_ARGUMENT, "usage: softphone dial ADDRESS | listen");
    }
    sw_waiter_new(&waiter);
    sw_status status = connect_client(waiter);
    if (status == SW_OK) {
        status = is_dial ? dial(address, ring_timeout) : listen(waiter);
    }
    int code;
    if (status == SW_OK && pthread_create(&reader, NULL, commands, NULL) == 0) {
        wait_for_end();
        code = finish(SW_OK, NULL);
    } else {
        code = finish(status, sw_last_error());
    }
    sw_call_unref(phone.call);
    sw_client_free(phone.client);
    sw_waiter_free(waiter);
    sw_shutdown(); // hangs up what is left and ends the library's threads
    return code;
}
