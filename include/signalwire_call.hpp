// signalwire_call.hpp - calls; part of signalwire.hpp, which see. Do not include it alone.
#ifndef SIGNALWIRE_CALL_HPP
#define SIGNALWIRE_CALL_HPP

namespace signalwire {

// Who is in a call, at the moment it was asked. The members live as long as this.
class Members {
public:
    explicit Members(sw_member_list *raw) : handle_(raw) {
        detail::check(sw_member_list_get(raw, &members_, &count_));
    }
    size_t size() const noexcept { return count_; }
    bool empty() const noexcept { return count_ == 0; }
    const sw_member &operator[](size_t n) const noexcept { return *members_[n]; }
    // The own member; null before the call joined.
    const sw_member *self() const noexcept {
        for (size_t n = 0; n < count_; n++) {
            if (members_[n]->is_self) {
                return members_[n];
            }
        }
        return nullptr;
    }

private:
    detail::Handle<sw_member_list, sw_member_list_free> handle_;
    const sw_member *const *members_ = nullptr;
    size_t count_ = 0;
};

// The layout of a room, at the moment it was asked.
class Layout {
public:
    explicit Layout(sw_layout_snapshot *raw) : handle_(raw) {
        detail::check(sw_layout_snapshot_get(raw, &layout_));
    }
    const sw_layout *operator->() const noexcept { return layout_; }

private:
    detail::Handle<sw_layout_snapshot, sw_layout_snapshot_free> handle_;
    const sw_layout *layout_ = nullptr;
};

// A recording that is being written.
class Recorder {
public:
    explicit Recorder(sw_recorder *raw) : handle_(raw) {}
    void finish() { detail::check(sw_recorder_finish(handle_.get())); }
    uint64_t lost_ms() const {
        uint64_t lost = 0;
        detail::check(sw_recorder_lost_ms(handle_.get(), &lost));
        return lost;
    }

private:
    detail::Handle<sw_recorder, sw_recorder_free> handle_;
};

// A call. The call itself goes on when its handles are gone, until one side hangs up.
class Call {
public:
    // Takes over a handle, such as sw_client_dial gives.
    explicit Call(sw_call *raw) : handle_(raw) {}
    // A handle of its own for one that is borrowed, such as the one in an event.
    static Call of(sw_call *borrowed) {
        detail::check(sw_call_ref(borrowed));
        return Call(borrowed);
    }
    Call another() const { return of(get()); }
    sw_call *get() const noexcept { return handle_.get(); }

    std::string id() const { return text(sw_call_id); }
    std::string destination() const { return text(sw_call_destination); }
    // The call that this one is a screen or device of; empty for any other call.
    std::string parent_id() const { return text(sw_call_parent_id); }
    int32_t state() const { return number(sw_call_state); }
    int32_t direction() const { return number(sw_call_direction); }
    bool is_muted() const { return flag(sw_call_is_muted); }
    bool is_video_muted() const { return flag(sw_call_is_video_muted); }
    bool is_recovering() const { return flag(sw_call_is_recovering); }
    // The name and the number or address of the other end.
    std::pair<std::string, std::string> remote_party() const {
        char *name = nullptr, *number = nullptr;
        detail::check(sw_call_remote_party(get(), &name, &number));
        std::string first = detail::take(name);
        return {std::move(first), detail::take(number)};
    }
    sw_end_reason end_reason() const {
        sw_end_reason reason = SW_END_REASON_INIT;
        detail::check(sw_call_end_reason(get(), &reason));
        return reason;
    }
    sw_call_statistics stats() const {
        sw_call_statistics stats = SW_CALL_STATISTICS_INIT;
        detail::check(sw_call_stats(get(), &stats));
        return stats;
    }
    sw_video_statistics video_stats() const {
        sw_video_statistics stats = SW_VIDEO_STATISTICS_INIT;
        detail::check(sw_call_video_stats(get(), &stats));
        return stats;
    }
    sw_setup_times setup_times() const {
        sw_setup_times times = SW_SETUP_TIMES_INIT;
        detail::check(sw_call_setup_times(get(), &times));
        return times;
    }

    Operation<void> answered() { return simple(sw_call_answered); }
    Operation<void> ended() { return simple(sw_call_ended); }
    Operation<void> hangup() { return simple(sw_call_hangup); }
    Operation<void> mute() { return simple(sw_call_mute); }
    Operation<void> unmute() { return simple(sw_call_unmute); }
    Operation<void> hold() { return simple(sw_call_hold); }
    Operation<void> unhold() { return simple(sw_call_unhold); }
    Operation<void> reject() { return simple(sw_call_reject); }
    Operation<void> reject_everywhere() { return simple(sw_call_reject_everywhere); }
    Operation<void> answer(const AnswerOptions &options = {}) {
        sw_answer_options borrowed = options.borrowed();
        return simple(sw_call_answer, static_cast<const sw_answer_options *>(&borrowed));
    }
    Operation<void> send_digits(const std::string &digits) {
        return simple(sw_call_send_digits, digits.c_str());
    }
    Operation<void> transfer(const std::string &destination) {
        return simple(sw_call_transfer, destination.c_str());
    }
    Operation<void> subscribe(const std::string &event_type) {
        return simple(sw_call_subscribe, event_type.c_str());
    }
    Operation<void> subscribe_transcript() { return simple(sw_call_subscribe_transcript); }
    Operation<std::string> execute(const std::string &method, const std::string &params_json) {
        return detail::one_text([&](sw_text_completion done) {
            return sw_call_execute(get(), method.c_str(), detail::given(params_json), done);
        });
    }

    // What happened, as JSON for a report of a problem.
    Operation<std::string> diagnostics() {
        return detail::one_text(
            [&](sw_text_completion done) { return sw_call_diagnostics(get(), done); });
    }

    // ---- Further legs; not null once they were started ----

    Operation<std::shared_ptr<Call>> start_screen_share(const ScreenShareOptions &options = {},
                                                        const CallObserver &observer = {}) {
        sw_screen_share_options to = options.c;
        to.layout = detail::given(options.layout);
        to.position = detail::given(options.position);
        to.user_variables_json = detail::given(options.user_variables_json);
        return leg(sw_call_start_screen_share, to, observer);
    }
    Operation<std::shared_ptr<Call>> add_device(const DeviceOptions &options = {},
                                                const CallObserver &observer = {}) {
        sw_device_options to = options.c;
        to.user_variables_json = detail::given(options.user_variables_json);
        return leg(sw_call_add_device, to, observer);
    }

    // ---- Audio and video ----

    // Gives how many milliseconds of older audio were dropped; 0 normally.
    uint32_t push_audio(const int16_t *samples, size_t count, uint32_t rate_hz, uint32_t channels) {
        uint32_t dropped_ms = 0;
        detail::check(sw_call_push_audio(get(), samples, count, rate_hz, channels, &dropped_ms));
        return dropped_ms;
    }
    uint32_t push_audio(const std::vector<int16_t> &samples, uint32_t rate_hz, uint32_t channels) {
        return push_audio(samples.data(), samples.size(), rate_hz, channels);
    }
    uint32_t queued_audio_ms() const {
        uint32_t queued_ms = 0;
        detail::check(sw_call_queued_audio_ms(get(), &queued_ms));
        return queued_ms;
    }
    // Discards at once what was pushed and is not sent yet; gives its milliseconds.
    uint32_t clear_audio() {
        uint32_t cleared_ms = 0;
        detail::check(sw_call_clear_audio(get(), &cleared_ms));
        return cleared_ms;
    }
    // Gives the id for remove_audio_sink.
    uint64_t add_audio_sink(uint32_t rate_hz, uint32_t channels, const AudioSink &sink) {
        sw_audio_sink to = SW_AUDIO_SINK_INIT;
        uint64_t id = 0;
        auto held = detail::observe(to, &sw_audio_sink::on_frame, sink);
        detail::check(sw_call_add_audio_sink(get(), rate_hz, channels, &to, &id));
        held.release();
        return id;
    }
    void remove_audio_sink(uint64_t id) { detail::check(sw_call_remove_audio_sink(get(), id)); }
    Operation<void> play_wav(const std::string &path) {
        return simple(sw_call_play_wav, path.c_str());
    }
    Recorder record(const std::string &path, const sw_record_options &options) {
        sw_recorder *recorder = nullptr;
        detail::check(sw_call_record(get(), path.c_str(), &options, &recorder));
        return Recorder(recorder);
    }
    Recorder record_wav(const std::string &path, uint32_t rate_hz, uint32_t channels) {
        sw_recorder *recorder = nullptr;
        detail::check(sw_call_record_wav(get(), path.c_str(), rate_hz, channels, &recorder));
        return Recorder(recorder);
    }
    // Gives how many frames were dropped; 0 normally.
    uint32_t push_video(int32_t codec, const uint8_t *data, size_t size, uint64_t timestamp_us) {
        uint32_t dropped = 0;
        detail::check(sw_call_push_video(get(), codec, data, size, timestamp_us, &dropped));
        return dropped;
    }
    uint64_t add_video_sink(const VideoSink &sink) {
        sw_video_sink to = SW_VIDEO_SINK_INIT;
        uint64_t id = 0;
        auto held = detail::observe(to, &sw_video_sink::on_frame, sink);
        detail::check(sw_call_add_video_sink(get(), &to, &id));
        held.release();
        return id;
    }
    void remove_video_sink(uint64_t id) { detail::check(sw_call_remove_video_sink(get(), id)); }
    // Gives how many pictures were dropped; 0 normally. The planes are copied.
    uint32_t push_picture(const sw_picture_info &picture) {
        uint32_t dropped = 0;
        detail::check(sw_call_push_picture(get(), &picture, &dropped));
        return dropped;
    }
    uint32_t push_picture(const Picture &picture) { return push_picture(picture.info()); }
    void set_video_encoding(const sw_video_encoding &encoding) {
        detail::check(sw_call_set_video_encoding(get(), &encoding));
    }
    // `format`: SW_PIXEL_FORMAT_*. Gives the id for remove_picture_sink.
    uint64_t add_picture_sink(int32_t format, const PictureSink &sink) {
        sw_picture_sink to = SW_PICTURE_SINK_INIT;
        uint64_t id = 0;
        to.format = format;
        std::unique_ptr<PictureSink> held;
        if (sink) {
            held = std::make_unique<PictureSink>(sink);
            to.on_picture = [](sw_picture *picture, const sw_picture_info *, void *data) noexcept {
                detail::Callback<const Picture &>::call(data, Picture::of(picture));
            };
            detail::Callback<const Picture &>::drop_with(to);
            to.user_data = held.get();
        }
        detail::check(sw_call_add_picture_sink(get(), &to, &id));
        held.release();
        return id;
    }
    void remove_picture_sink(uint64_t id) { detail::check(sw_call_remove_picture_sink(get(), id)); }
    sw_picture_statistics picture_stats() const {
        sw_picture_statistics stats = SW_PICTURE_STATISTICS_INIT;
        detail::check(sw_call_picture_stats(get(), &stats));
        return stats;
    }
    void request_key_frame() { detail::check(sw_call_request_key_frame(get())); }
    // The directions of audio and video, SW_MEDIA_DIRECTION_*.
    std::pair<int32_t, int32_t> media() const {
        int32_t audio = 0, video = 0;
        detail::check(sw_call_media(get(), &audio, &video));
        return {audio, video};
    }
    Operation<void> set_media(int32_t audio, int32_t video) {
        return simple(sw_call_set_media, audio, video);
    }

    // ---- Rooms. `member`: an id, or SW_MEMBER_ALL; empty is the own member. ----

    Members members() const { return Members(made<sw_member_list>(sw_call_members)); }
    Layout layout() const { return Layout(made<sw_layout_snapshot>(sw_call_layout)); }
    std::vector<std::string> capabilities() const {
        detail::Handle<sw_text_list, sw_text_list_free> list(
            made<sw_text_list>(sw_call_capabilities));
        const char *const *texts = nullptr;
        size_t count = 0;
        detail::check(sw_text_list_get(list.get(), &texts, &count));
        return detail::texts(texts, count);
    }
    Operation<void> set_audio_muted(const std::string &member, bool muted) {
        return simple(sw_call_set_audio_muted, detail::given(member), muted);
    }
    Operation<void> set_video_muted(const std::string &member, bool muted) {
        return simple(sw_call_set_video_muted, detail::given(member), muted);
    }
    Operation<void> set_deaf(const std::string &member, bool deaf) {
        return simple(sw_call_set_deaf, detail::given(member), deaf);
    }
    Operation<void> set_hand_raised(const std::string &member, bool raised) {
        return simple(sw_call_set_hand_raised, detail::given(member), raised);
    }
    Operation<void> set_input_volume(const std::string &member, int32_t volume) {
        return simple(sw_call_set_input_volume, detail::given(member), volume);
    }
    Operation<void> set_output_volume(const std::string &member, int32_t volume) {
        return simple(sw_call_set_output_volume, detail::given(member), volume);
    }
    Operation<void> set_input_sensitivity(const std::string &member, int32_t sensitivity) {
        return simple(sw_call_set_input_sensitivity, detail::given(member), sensitivity);
    }
    Operation<void> set_audio_flags(const std::string &member, const sw_audio_flags &flags) {
        return simple(sw_call_set_audio_flags, detail::given(member), &flags);
    }
    Operation<void> set_low_bitrate(const std::string &member, bool low) {
        return simple(sw_call_set_low_bitrate, detail::given(member), low);
    }
    Operation<void> set_locked(bool locked) { return simple(sw_call_set_locked, locked); }
    Operation<std::vector<std::string>> layouts() {
        return detail::many_texts(
            [&](sw_texts_completion done) { return sw_call_layouts(get(), done); });
    }
    Operation<void> set_layout(const std::string &name) {
        return simple(sw_call_set_layout, name.c_str());
    }
    // Pairs of a member's id and its position.
    Operation<void> set_positions(const std::vector<std::pair<std::string, std::string>> &wanted) {
        std::vector<sw_member_position> positions;
        for (const auto &[member, position] : wanted) {
            positions.push_back({member.c_str(), position.c_str()});
        }
        return simple(sw_call_set_positions,
                      static_cast<const sw_member_position *>(positions.data()), positions.size());
    }
    Operation<void> remove_member(const std::string &member) {
        return simple(sw_call_remove_member, detail::given(member));
    }
    Operation<void> end_for(const std::string &member) {
        return simple(sw_call_end_for, detail::given(member));
    }

private:
    template <class Function, class... Arguments>
    Operation<void> simple(Function function, Arguments... arguments) {
        return detail::done(
            [&](sw_completion done) { return function(get(), arguments..., done); });
    }
    template <class Function, class Options>
    Operation<std::shared_ptr<Call>> leg(Function function, Options options,
                                         const CallObserver &observer) {
        using Leg = std::shared_ptr<Call>;
        sw_call_observer to = SW_CALL_OBSERVER_INIT;
        auto held = detail::observe(to, &sw_call_observer::on_event, observer);
        options.observer = held ? &to : nullptr;
        return detail::start<Leg, sw_call_completion>(
            [](sw_status status, const sw_error *error, sw_call *raw, void *data) {
                detail::end<Leg>(status, error, data, [raw] { return std::make_shared<Call>(raw); });
            },
            [&](sw_call_completion done) {
                sw_status status = function(get(), &options, done);
                if (status == SW_OK) {
                    held.release(); // the library has it
                }
                return status;
            });
    }
    std::string text(sw_status (*ask)(const sw_call *, char **)) const {
        char *out = nullptr;
        detail::check(ask(get(), &out));
        return detail::take(out);
    }
    int32_t number(sw_status (*ask)(const sw_call *, int32_t *)) const {
        int32_t out = 0;
        detail::check(ask(get(), &out));
        return out;
    }
    bool flag(sw_status (*ask)(const sw_call *, bool *)) const {
        bool out = false;
        detail::check(ask(get(), &out));
        return out;
    }
    template <class T> T *made(sw_status (*make)(const sw_call *, T **)) const {
        T *out = nullptr;
        detail::check(make(get(), &out));
        return out;
    }
    detail::Handle<sw_call, sw_call_unref> handle_;
};

// Calls of this process in one conference. When it is gone its calls go on by themselves.
class Mixer {
public:
    Mixer() : handle_(make()) {}
    void add(const Call &call) { detail::check(sw_mixer_add(handle_.get(), call.get())); }
    void remove(const Call &call) { detail::check(sw_mixer_remove(handle_.get(), call.get())); }
    // 1.0 as it comes, 0.0 not at all, at most 4.0.
    void set_gain(const Call &call, double gain) {
        detail::check(sw_mixer_set_gain(handle_.get(), call.get(), gain));
    }
    std::vector<std::string> call_ids() const {
        sw_text_list *raw = nullptr;
        detail::check(sw_mixer_call_ids(handle_.get(), &raw));
        detail::Handle<sw_text_list, sw_text_list_free> list(raw);
        const char *const *texts = nullptr;
        size_t count = 0;
        detail::check(sw_text_list_get(list.get(), &texts, &count));
        return detail::texts(texts, count);
    }
    // Mono 48 kHz. Gives the milliseconds that were dropped since the mixer was made.
    uint64_t push_audio(const int16_t *samples, size_t count) {
        uint64_t dropped = 0;
        detail::check(sw_mixer_push_audio(handle_.get(), samples, count, &dropped));
        return dropped;
    }
    // Discards at once what was pushed and not mixed yet; gives its milliseconds.
    uint32_t clear_audio() {
        uint32_t cleared_ms = 0;
        detail::check(sw_mixer_clear_audio(handle_.get(), &cleared_ms));
        return cleared_ms;
    }
    // An empty function removes the present one.
    void set_sink(const AudioSink &sink) {
        if (!sink) {
            detail::check(sw_mixer_set_sink(handle_.get(), nullptr));
            return;
        }
        sw_audio_sink to = SW_AUDIO_SINK_INIT;
        auto held = detail::observe(to, &sw_audio_sink::on_frame, sink);
        detail::check(sw_mixer_set_sink(handle_.get(), &to));
        held.release();
    }

private:
    static sw_mixer *make() {
        sw_mixer *raw = nullptr;
        detail::check(sw_mixer_new(&raw));
        return raw;
    }
    detail::Handle<sw_mixer, sw_mixer_free> handle_;
};

} // namespace signalwire

#endif // SIGNALWIRE_CALL_HPP
