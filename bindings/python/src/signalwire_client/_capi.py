"""The part of the C interface that moves audio, video and pictures, through cffi.

A frame costs a microsecond this way, which is a twentieth of what the generated module takes.
The declarations are those of ``signalwire.h``.
"""

from __future__ import annotations

import os
from typing import Any

import cffi

from . import _native
from .errors import BY_KIND

DECLARATIONS = """
typedef int32_t sw_status;
typedef struct sw_call sw_call;
typedef struct sw_audio_frame {
    const int16_t *samples;
    uint32_t samples_per_channel;
    uint32_t channels;
    uint32_t sample_rate_hz;
    uint64_t timestamp_us;
    bool is_concealed;
} sw_audio_frame;
typedef struct sw_audio_sink {
    uint32_t struct_size;
    void (*on_frame)(const sw_audio_frame *frame, void *user_data);
    void (*drop)(void *user_data);
    void *user_data;
} sw_audio_sink;
sw_status sw_call_add_audio_sink(sw_call *call, uint32_t sample_rate_hz, uint32_t channels,
                                 const sw_audio_sink *sink, uint64_t *out_id);
sw_status sw_call_remove_audio_sink(sw_call *call, uint64_t id);
sw_status sw_call_push_audio(sw_call *call, const int16_t *samples, size_t sample_count,
                             uint32_t sample_rate_hz, uint32_t channels,
                             uint32_t *out_dropped_ms);
typedef struct sw_video_frame {
    const uint8_t *data;
    size_t size;
    uint64_t timestamp_us;
    int32_t codec;
    uint32_t width;
    uint32_t height;
    bool is_key_frame;
} sw_video_frame;
typedef struct sw_video_sink {
    uint32_t struct_size;
    void (*on_frame)(const sw_video_frame *frame, void *user_data);
    void (*drop)(void *user_data);
    void *user_data;
} sw_video_sink;
sw_status sw_call_add_video_sink(sw_call *call, const sw_video_sink *sink, uint64_t *out_sink_id);
sw_status sw_call_remove_video_sink(sw_call *call, uint64_t sink_id);
sw_status sw_call_push_video(sw_call *call, int32_t codec, const uint8_t *data, size_t size,
                             uint64_t timestamp_us, uint32_t *out_dropped_frames);
typedef struct sw_picture sw_picture;
typedef struct sw_picture_info {
    uint32_t struct_size;
    int32_t format;
    uint32_t width;
    uint32_t height;
    int32_t rotation;
    uint32_t strides[3];
    const uint8_t *planes[3];
    uint64_t timestamp_us;
} sw_picture_info;
typedef struct sw_picture_sink {
    uint32_t struct_size;
    int32_t format;
    void (*on_picture)(sw_picture *picture, const sw_picture_info *info, void *user_data);
    void (*drop)(void *user_data);
    void *user_data;
} sw_picture_sink;
sw_status sw_call_push_picture(sw_call *call, const sw_picture_info *picture,
                               uint32_t *out_dropped_pictures);
sw_status sw_call_add_picture_sink(sw_call *call, const sw_picture_sink *sink,
                                   uint64_t *out_sink_id);
sw_status sw_call_remove_picture_sink(sw_call *call, uint64_t sink_id);
sw_status sw_picture_ref(sw_picture *picture);
sw_status sw_picture_unref(sw_picture *picture);
sw_status sw_picture_get_info(const sw_picture *picture, sw_picture_info *out_info);
sw_status sw_picture_new(const sw_picture_info *info, sw_picture **out_picture);
sw_status sw_picture_with_rotation(const sw_picture *picture, int32_t rotation,
                                   sw_picture **out_picture);
sw_status sw_picture_with_timestamp_us(const sw_picture *picture, uint64_t timestamp_us,
                                       sw_picture **out_picture);
sw_status sw_picture_to_format(const sw_picture *picture, int32_t format, sw_picture **out_picture);
sw_status sw_picture_upright(const sw_picture *picture, sw_picture **out_picture);
sw_status sw_picture_scaled(const sw_picture *picture, uint32_t width, uint32_t height,
                            sw_picture **out_picture);
sw_status sw_picture_to_png(const sw_picture *picture,
                            void (*on_file)(const uint8_t *file, size_t size, void *user_data),
                            void *user_data);
sw_status sw_test_card_picture(uint32_t width, uint32_t height, uint16_t number,
                               uint64_t timestamp_us, sw_picture **out_picture);
sw_status sw_test_card_read(const sw_picture *picture, int32_t *out_number);
sw_status sw_call_unref(sw_call *call);
const char *sw_last_error(void);
"""

# Its objects get their attributes from the declarations.
ffi: Any = cffi.FFI()
ffi.cdef(DECLARATIONS)

# The same file that the generated module has loaded, hence the same library in this process.
lib: Any = ffi.dlopen(os.path.realpath(_native._UniffiLib._name))

# A status is the negated number of an error's kind, and the kinds are listed by number.
_BY_STATUS = dict(enumerate(BY_KIND.values(), start=1))


def check(status: int) -> None:
    """Raises the exception of a status that is a failure."""
    if status != 0:
        reason = ffi.string(lib.sw_last_error()).decode()
        raise _BY_STATUS.get(-status, BY_KIND["Internal"])(reason)
