// signalwire_picture.hpp - decoded pictures; part of signalwire.hpp, which see. Do not include it alone.
#ifndef SIGNALWIRE_PICTURE_HPP
#define SIGNALWIRE_PICTURE_HPP

namespace signalwire {

// The samples of one plane, row by row. They live as long as the picture.
struct Plane {
    const uint8_t *data;
    size_t stride, row_bytes, rows;

    const uint8_t *row(size_t number) const noexcept { return data + number * stride; }
};

// A decoded picture that does not change. Handles share its planes.
class Picture {
public:
    // Takes over a reference.
    explicit Picture(sw_picture *raw) : handle_(raw) {
        detail::check(sw_picture_get_info(raw, &info_));
    }
    // A reference of its own to one that is borrowed.
    static Picture of(sw_picture *borrowed) {
        detail::check(sw_picture_ref(borrowed));
        return Picture(borrowed);
    }
    // Copies the application's planes, which `info` points to.
    static Picture copy_of(const sw_picture_info &info) {
        return made(sw_picture_new, &info);
    }
    // A picture of the test card, with its number.
    static Picture test_card(uint32_t width, uint32_t height, uint16_t number,
                             uint64_t timestamp_us) {
        return made(sw_test_card_picture, width, height, number, timestamp_us);
    }
    Picture another() const { return of(get()); }
    sw_picture *get() const noexcept { return handle_.get(); }

    const sw_picture_info &info() const noexcept { return info_; }
    int32_t format() const noexcept { return info_.format; }
    uint32_t width() const noexcept { return info_.width; }
    uint32_t height() const noexcept { return info_.height; }
    int32_t rotation() const noexcept { return info_.rotation; }
    uint64_t timestamp_us() const noexcept { return info_.timestamp_us; }
    // Two or three.
    size_t planes() const noexcept { return info_.format == SW_PIXEL_FORMAT_NV12 ? 2 : 3; }
    // 0 is Y. Empty beyond the format's planes.
    Plane plane(size_t number) const noexcept {
        if (number >= planes()) {
            return {nullptr, 0, 0, 0};
        }
        size_t half_width = (size_t(info_.width) + 1) / 2, rows = (size_t(info_.height) + 1) / 2;
        size_t row = info_.format == SW_PIXEL_FORMAT_NV12 ? 2 * half_width : half_width;
        if (number == 0) {
            row = info_.width;
            rows = info_.height;
        }
        return {info_.planes[number], info_.strides[number], row, rows};
    }

    Picture with_rotation(int32_t degrees) const {
        return made(sw_picture_with_rotation, get(), degrees);
    }
    Picture with_timestamp_us(uint64_t us) const {
        return made(sw_picture_with_timestamp_us, get(), us);
    }
    Picture to_format(int32_t format) const { return made(sw_picture_to_format, get(), format); }
    Picture upright() const { return made(sw_picture_upright, get()); }
    Picture scaled(uint32_t width, uint32_t height) const {
        return made(sw_picture_scaled, get(), width, height);
    }
    void write_png(const std::string &path) const {
        detail::check(sw_picture_write_png(get(), path.c_str()));
    }
    std::vector<uint8_t> to_png() const {
        std::vector<uint8_t> bytes;
        auto take = [](const uint8_t *file, size_t size, void *to) noexcept {
            static_cast<std::vector<uint8_t> *>(to)->assign(file, file + size);
        };
        detail::check(sw_picture_to_png(get(), take, &bytes));
        return bytes;
    }
    // The number, if this is a whole picture of the test card.
    std::optional<uint16_t> test_card_number() const {
        int32_t number = -1;
        detail::check(sw_test_card_read(get(), &number));
        return number < 0 ? std::nullopt : std::optional<uint16_t>(static_cast<uint16_t>(number));
    }

private:
    template <class Function, class... Arguments>
    static Picture made(Function function, Arguments... arguments) {
        sw_picture *raw = nullptr;
        detail::check(function(arguments..., &raw));
        return Picture(raw);
    }
    detail::Handle<sw_picture, sw_picture_unref> handle_;
    sw_picture_info info_ = SW_PICTURE_INFO_INIT;
};

// `another()` of the picture may be kept; the picture itself lives until the callback returns.
using PictureSink = std::function<void(const Picture &)>;

} // namespace signalwire

#endif // SIGNALWIRE_PICTURE_HPP
