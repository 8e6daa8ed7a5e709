// A call that is moved into a room: members, layout, control of all of it, transfer, the end at
// the service; then an agent whose words are read. The digits 1, 2 and 3 make the test's driver let
// somebody join the room, talk and leave.

#include "check.h"

// How many events of each type came, and the last one's facts, written before it is counted.
static latch seen[16], dropped = LATCH_INIT, listed = LATCH_INIT;
static char last_member[64], last_reason[32], last_changed[32], last_layout[64];
static bool last_muted, last_talking, last_self;
static latch heard = LATCH_INIT, hearing = LATCH_INIT, answered = LATCH_INIT;

static void keep(char *place, size_t size, const char *text) {
    CHECK(text != NULL);
    snprintf(place, size, "%s", text);
}
#define KEEP(place, text) keep(place, sizeof(place), text)

static void on_transcript(const sw_call_event *event) {
    CHECK(event->text != NULL && event->raw_json[0] == '{');
    CHECK(strncmp(event->event_type, "ai.", 3) == 0);
    if (event->speaker == SW_SPEAKER_PERSON && event->is_final) {
        CHECK(event->has_confidence && event->confidence == 0.95);
        CHECK(strcmp(event->text, "42") == 0);
        latch_add(&heard);
    } else if (event->speaker == SW_SPEAKER_PERSON) {
        latch_add(&hearing);
    } else if (event->is_final && strcmp(event->text, "You said 42.") == 0) {
        CHECK(event->speaker == SW_SPEAKER_AGENT && !event->is_interrupted);
        latch_add(&answered);
    }
}

static void on_event(const sw_call_event *event, void *user_data) {
    CHECK(event->struct_size == sizeof(*event) && user_data == &dropped);
    bool has_member = event->type == SW_CALL_EVENT_MEMBER_JOINED ||
                      event->type == SW_CALL_EVENT_MEMBER_UPDATED ||
                      event->type == SW_CALL_EVENT_MEMBER_LEFT;
    CHECK((event->member != NULL) == has_member);
    CHECK((event->layout != NULL) == (event->type == SW_CALL_EVENT_LAYOUT_CHANGED));
    CHECK((event->text != NULL) == (event->type == SW_CALL_EVENT_TRANSCRIPT));
    if (has_member) {
        CHECK(event->member->struct_size == sizeof(sw_member));
        CHECK(strcmp(event->member->member_id, event->member_id) == 0);
        CHECK(event->member->raw_json[0] == '{' && event->raw_json[0] == '{');
        KEEP(last_member, event->member_id);
        last_muted = event->member->audio_muted;
        last_self = event->member->is_self;
    }
    switch (event->type) {
    case SW_CALL_EVENT_MEMBER_UPDATED:
        CHECK(event->changed_count > 0);
        KEEP(last_changed, event->changed[0]);
        break;
    case SW_CALL_EVENT_MEMBER_TALKING:
        KEEP(last_member, event->member_id);
        last_talking = event->is_talking;
        break;
    case SW_CALL_EVENT_MEMBER_LEFT:
        KEEP(last_reason, event->reason);
        break;
    case SW_CALL_EVENT_LAYOUT_CHANGED:
        CHECK(event->layout->layer_count > 0 && event->layout->layers[0]->width > 0);
        KEEP(last_layout, event->layout->id);
        break;
    case SW_CALL_EVENT_SEGMENT_LEFT:
        CHECK(event->call_id != NULL && event->room_session_id != NULL && event->reason != NULL);
        break;
    case SW_CALL_EVENT_SERVER_STATE_CHANGED:
        CHECK(event->server_state >= SW_SERVER_CALL_STATE_CREATED);
        CHECK(event->server_state <= SW_SERVER_CALL_STATE_ENDED && event->call_id != NULL);
        break;
    case SW_CALL_EVENT_TRANSCRIPT:
        on_transcript(event);
        break;
    }
    if (event->type < 16) {
        latch_add(&seen[event->type]);
    }
}

static void on_drop(void *user_data) { latch_add(user_data); }

// Waits for one more event of a type than there were before `start`.
#define EVENT(type, start)                             \
    do {                                               \
        unsigned before_ = latch_count(&seen[type]);   \
        start;                                         \
        CHECK(latch_wait(&seen[type], before_ + 1));   \
    } while (0)

#define DONE(waiter, start) EXPECT(SW_OK, WAIT(waiter, start))

// The id of the member whose name has this part, or of the own one; how many there are.
static size_t find(sw_call *call, const char *name, char *id, size_t size) {
    sw_member_list *list = NULL;
    const sw_member *const *members = NULL;
    size_t count = 0;
    EXPECT(SW_OK, sw_call_members(call, &list));
    EXPECT(SW_OK, sw_member_list_get(list, &members, &count));
    for (size_t i = 0; i < count && id != NULL; i++) {
        if (name == NULL ? members[i]->is_self : strstr(members[i]->name, name) != NULL) {
            keep(id, size, members[i]->member_id);
        }
    }
    EXPECT(SW_OK, sw_member_list_free(list));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_member_list_free(list));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_member_list_get(list, &members, &count));
    return count;
}

static void members(sw_call *call, sw_waiter *w) {
    char dora[64] = "", own[64] = "";
    bool is_muted;
    CHECK(find(call, "dora", dora, sizeof(dora)) == 4 && dora[0] != '\0');
    EVENT(SW_CALL_EVENT_MEMBER_UPDATED,
          DONE(w, sw_call_set_audio_muted(call, dora, true, sw_waiter_completion(w))));
    CHECK(strcmp(last_member, dora) == 0 && last_muted && !last_self);
    CHECK(strcmp(last_changed, "audio_muted") == 0);
    EXPECT(SW_OK, sw_call_is_muted(call, &is_muted));
    CHECK(!is_muted);
    EVENT(SW_CALL_EVENT_MEMBER_UPDATED,
          DONE(w, sw_call_set_audio_muted(call, NULL, true, sw_waiter_completion(w))));
    CHECK(last_self && last_muted);
    EXPECT(SW_OK, sw_call_is_muted(call, &is_muted));
    CHECK(is_muted);
    EVENT(SW_CALL_EVENT_MEMBER_UPDATED,
          DONE(w, sw_call_set_audio_muted(call, SW_MEMBER_ALL, false, sw_waiter_completion(w))));
    EXPECT(SW_OK, sw_call_is_muted(call, &is_muted));
    CHECK(!is_muted);

    DONE(w, sw_call_set_video_muted(call, dora, false, sw_waiter_completion(w)));
    DONE(w, sw_call_set_deaf(call, dora, true, sw_waiter_completion(w)));
    DONE(w, sw_call_set_hand_raised(call, NULL, true, sw_waiter_completion(w)));
    DONE(w, sw_call_set_input_volume(call, dora, -50, sw_waiter_completion(w)));
    DONE(w, sw_call_set_output_volume(call, NULL, 50, sw_waiter_completion(w)));
    DONE(w, sw_call_set_input_sensitivity(call, NULL, 100, sw_waiter_completion(w)));
    sw_audio_flags flags = SW_AUDIO_FLAGS_INIT;
    EXPECT(SW_ERR_INVALID_ARGUMENT,
           WAIT(w, sw_call_set_audio_flags(call, NULL, &flags, sw_waiter_completion(w))));
    flags.auto_gain = 2;
    EXPECT(SW_ERR_INVALID_ARGUMENT, sw_call_set_audio_flags(call, NULL, &flags, NOBODY));
    flags.auto_gain = 0;
    DONE(w, sw_call_set_audio_flags(call, NULL, &flags, sw_waiter_completion(w)));
    DONE(w, sw_call_set_low_bitrate(call, NULL, true, sw_waiter_completion(w)));
    DONE(w, sw_call_set_locked(call, true, sw_waiter_completion(w)));
    DONE(w, sw_call_set_locked(call, false, sw_waiter_completion(w)));

    sw_member_list *list = NULL;
    const sw_member *const *all = NULL;
    size_t count = 0;
    EXPECT(SW_OK, sw_call_members(call, &list));
    EXPECT(SW_OK, sw_member_list_get(list, &all, &count));
    for (size_t i = 0; i < count; i++) {
        CHECK(all[i]->call_id[0] != '\0' && all[i]->room_session_id[0] != '\0');
        if (strcmp(all[i]->member_id, dora) == 0) {
            CHECK(all[i]->is_deaf && !all[i]->video_muted && !all[i]->is_self);
            CHECK(all[i]->has_input_volume && all[i]->input_volume == -50);
        }
    }
    EXPECT(SW_OK, sw_member_list_free(list));

    EXPECT(SW_ERR_INVALID_ARGUMENT,
           WAIT(w, sw_call_set_input_volume(call, NULL, 51, sw_waiter_completion(w))));
    EXPECT(SW_ERR_INVALID_ARGUMENT,
           WAIT(w, sw_call_set_audio_muted(call, "", true, sw_waiter_completion(w))));
    EXPECT(SW_ERR_NOT_FOUND,
           WAIT(w, sw_call_set_deaf(call, "stranger", true, sw_waiter_completion(w))));

    EVENT(SW_CALL_EVENT_MEMBER_JOINED,
          DONE(w, sw_call_send_digits(call, "1", sw_waiter_completion(w))));
    char fay[64] = "";
    CHECK(find(call, "fay", fay, sizeof(fay)) == 5 && strcmp(last_member, fay) == 0);
    EVENT(SW_CALL_EVENT_MEMBER_TALKING,
          DONE(w, sw_call_send_digits(call, "2", sw_waiter_completion(w))));
    CHECK(last_talking && strcmp(last_member, fay) == 0);
    EVENT(SW_CALL_EVENT_MEMBER_LEFT,
          DONE(w, sw_call_send_digits(call, "3", sw_waiter_completion(w))));
    CHECK(strcmp(last_member, fay) == 0 && strcmp(last_reason, "went away") == 0);
    EVENT(SW_CALL_EVENT_MEMBER_LEFT,
          DONE(w, sw_call_remove_member(call, dora, sw_waiter_completion(w))));
    CHECK(strcmp(last_member, dora) == 0 && find(call, NULL, own, sizeof(own)) == 3);
    EXPECT(SW_ERR_NOT_FOUND, WAIT(w, sw_call_remove_member(call, dora, sw_waiter_completion(w))));
}

static void on_layouts(sw_status status, const sw_error *error, const char *const *texts,
                       size_t count, void *user_data) {
    CHECK(status == SW_OK && error == NULL && user_data == &listed);
    bool is_there = false;
    for (size_t i = 0; i < count; i++) {
        is_there |= strcmp(texts[i], "highlight-1-responsive") == 0;
    }
    CHECK(is_there);
    latch_add(&listed);
}

static void on_no_layouts(sw_status status, const sw_error *error, const char *const *texts,
                          size_t count, void *user_data) {
    CHECK(status == SW_ERR_CLOSED && error->status == status && texts == NULL && count == 0);
    latch_add(user_data);
}

static void layout(sw_call *call, sw_waiter *w) {
    EXPECT(SW_OK, sw_call_layouts(call, (sw_texts_completion){on_layouts, &listed}));
    CHECK(latch_wait(&listed, 1));
    EVENT(SW_CALL_EVENT_LAYOUT_CHANGED, DONE(w, sw_call_set_layout(call, "highlight-1-responsive",
                                                                   sw_waiter_completion(w))));
    CHECK(strcmp(last_layout, "highlight-1-responsive") == 0);
    EXPECT(SW_ERR_REJECTED,
           WAIT(w, sw_call_set_layout(call, "no such layout", sw_waiter_completion(w))));
    sw_member_position places[2] = {{NULL, "reserved-0"}, {SW_MEMBER_ALL, "auto"}};
    EVENT(SW_CALL_EVENT_LAYOUT_CHANGED,
          DONE(w, sw_call_set_positions(call, places, 1, sw_waiter_completion(w))));
    EXPECT(SW_ERR_INVALID_ARGUMENT,
           WAIT(w, sw_call_set_positions(call, places, 2, sw_waiter_completion(w))));
    EXPECT(SW_ERR_INVALID_ARGUMENT,
           WAIT(w, sw_call_set_positions(call, places, 0, sw_waiter_completion(w))));

    sw_layout_snapshot *snapshot = NULL;
    const sw_layout *now = NULL;
    EXPECT(SW_OK, sw_call_layout(call, &snapshot));
    EXPECT(SW_OK, sw_layout_snapshot_get(snapshot, &now));
    CHECK(now->struct_size == sizeof(*now) && strcmp(now->id, last_layout) == 0);
    bool is_placed = false;
    for (size_t i = 0; i < now->layer_count; i++) {
        is_placed |= strcmp(now->layers[i]->position, "reserved-0") == 0 &&
                     now->layers[i]->member_id != NULL;
    }
    CHECK(is_placed);
    EXPECT(SW_OK, sw_layout_snapshot_free(snapshot));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_layout_snapshot_free(snapshot));
}

static bool can(sw_call *call, const char *capability) {
    sw_text_list *list = NULL;
    const char *const *texts = NULL;
    size_t count = 0;
    bool is_there = false;
    EXPECT(SW_OK, sw_call_capabilities(call, &list));
    EXPECT(SW_OK, sw_text_list_get(list, &texts, &count));
    CHECK((texts == NULL) == (count == 0));
    for (size_t i = 0; i < count; i++) {
        is_there |= strcmp(texts[i], capability) == 0;
    }
    EXPECT(SW_OK, sw_text_list_free(list));
    EXPECT(SW_ERR_INVALID_HANDLE, sw_text_list_free(list));
    return is_there;
}

static sw_call *dial(sw_client *client, const char *address, sw_waiter *w) {
    sw_call_observer observer = SW_CALL_OBSERVER_INIT;
    observer.on_event = on_event;
    observer.drop = on_drop;
    observer.user_data = &dropped;
    sw_dial_options options = SW_DIAL_OPTIONS_INIT;
    options.observer = &observer;
    sw_call *call = NULL;
    DONE(w, sw_client_dial(client, address, &options, &call, sw_waiter_completion(w)));
    return call;
}

static void room(sw_client *client, sw_waiter *w) {
    sw_call *call = dial(client, "/public/moved", w);
    CHECK(latch_wait(&seen[SW_CALL_EVENT_JOINED], 2));
    CHECK(latch_wait(&seen[SW_CALL_EVENT_LAYOUT_CHANGED], 1));
    CHECK(can(call, "self") && !can(call, "fly"));
    members(call, w);
    layout(call, w);
    EXPECT(SW_ERR_INVALID_ARGUMENT,
           WAIT(w, sw_call_transfer(call, "nowhere", sw_waiter_completion(w))));
    EXPECT(SW_ERR_REJECTED,
           WAIT(w, sw_call_transfer(call, "/public/nobody", sw_waiter_completion(w))));
    unsigned segments = latch_count(&seen[SW_CALL_EVENT_SEGMENT_LEFT]);
    EVENT(SW_CALL_EVENT_JOINED,
          DONE(w, sw_call_transfer(call, "/public/tone", sw_waiter_completion(w))));
    CHECK(latch_count(&seen[SW_CALL_EVENT_SEGMENT_LEFT]) == segments + 1);
    EVENT(SW_CALL_EVENT_ENDED, DONE(w, sw_call_end_for(call, NULL, sw_waiter_completion(w))));
    EXPECT(SW_ERR_CLOSED,
           WAIT(w, sw_call_set_audio_muted(call, NULL, true, sw_waiter_completion(w))));
    EXPECT(SW_ERR_CLOSED, WAIT(w, sw_call_transfer(call, "/public/tone", sw_waiter_completion(w))));
    EXPECT(SW_OK, sw_call_layouts(call, (sw_texts_completion){on_no_layouts, &listed}));
    CHECK(latch_wait(&listed, 2));
    EXPECT(SW_OK, sw_call_unref(call));
}

static void agent(sw_client *client, sw_waiter *w) {
    sw_call *call = dial(client, "/public/agent", w);
    DONE(w, sw_call_subscribe_transcript(call, sw_waiter_completion(w)));
    DONE(w, sw_call_send_digits(call, "42", sw_waiter_completion(w)));
    CHECK(latch_wait(&heard, 1) && latch_count(&hearing) > 0 && latch_wait(&answered, 1));
    DONE(w, sw_call_hangup(call, sw_waiter_completion(w)));
    EXPECT(SW_OK, sw_call_unref(call));
}

int main(void) {
    for (size_t i = 0; i < sizeof(seen) / sizeof(*seen); i++) {
        seen[i] = (latch)LATCH_INIT;
    }
    sw_waiter *waiter = NULL;
    EXPECT(SW_OK, sw_waiter_new(&waiter));
    sw_client *client = connected_client(NULL);
    sw_call *early = NULL;
    sw_layout_snapshot *none = NULL;
    EXPECT(SW_OK, sw_client_dial(client, "/public/never", NULL, &early, NOBODY));
    CHECK(find(early, NULL, NULL, 0) == 0 && !can(early, "self"));
    EXPECT(SW_ERR_INVALID_STATE, sw_call_layout(early, &none));
    EXPECT(SW_ERR_INVALID_STATE,
           WAIT(waiter, sw_call_set_locked(early, true, sw_waiter_completion(waiter))));
    DONE(waiter, sw_call_hangup(early, sw_waiter_completion(waiter)));
    EXPECT(SW_OK, sw_call_unref(early));
    room(client, waiter);
    agent(client, waiter);
    EXPECT(SW_OK, sw_client_free(client));
    EXPECT(SW_OK, sw_waiter_free(waiter));
    EXPECT(SW_OK, sw_shutdown());
    CHECK(latch_count(&dropped) == 2);
    return 0;
}
