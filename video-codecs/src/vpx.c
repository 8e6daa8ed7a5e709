/*
 * The part of libvpx that is used, behind functions whose arguments are numbers and pointers. The
 * structs of libvpx differ between its versions: here they are read from the headers of the one
 * that is installed, and libvpx itself refuses a library of another version than its headers.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <vpx/vp8cx.h>
#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>
#include <vpx/vpx_encoder.h>

struct sw_vpx_image {
    const uint8_t *planes[3];
    int32_t strides[3];
    uint32_t width;
    uint32_t height;
};

struct sw_vpx_encoder {
    vpx_codec_ctx_t context;
    vpx_codec_enc_cfg_t config;
    vpx_codec_iter_t iterator;
};

struct sw_vpx_decoder {
    vpx_codec_ctx_t context;
    vpx_codec_iter_t iterator;
};

void sw_vpx_encoder_free(struct sw_vpx_encoder *encoder) {
    if (encoder) {
        vpx_codec_destroy(&encoder->context);
        free(encoder);
    }
}

/* Settings for conversations: no look-ahead, a constant rate, key frames on request only. */
static int configure(vpx_codec_enc_cfg_t *config, uint32_t width, uint32_t height, uint32_t kbps,
                     uint32_t threads) {
    int status = vpx_codec_enc_config_default(vpx_codec_vp8_cx(), config, 0);
    if (status != VPX_CODEC_OK) return status;
    config->g_w = width;
    config->g_h = height;
    config->g_threads = threads;
    config->g_timebase.num = 1;
    config->g_timebase.den = 90000;
    config->g_lag_in_frames = 0;
    config->g_error_resilient = 0;
    config->rc_end_usage = VPX_CBR;
    config->rc_target_bitrate = kbps;
    config->rc_dropframe_thresh = 30;
    config->rc_resize_allowed = 0;
    config->rc_min_quantizer = 2;
    config->rc_max_quantizer = 56;
    config->rc_undershoot_pct = 100;
    config->rc_overshoot_pct = 15;
    config->rc_buf_sz = 1000;
    config->rc_buf_initial_sz = 500;
    config->rc_buf_optimal_sz = 600;
    config->kf_mode = VPX_KF_AUTO;
    config->kf_max_dist = 3000;
    return VPX_CODEC_OK;
}

int sw_vpx_encoder_new(uint32_t width, uint32_t height, uint32_t kbps, uint32_t threads,
                       struct sw_vpx_encoder **out) {
    struct sw_vpx_encoder *encoder = calloc(1, sizeof *encoder);
    int status;
    if (!encoder) return VPX_CODEC_MEM_ERROR;
    status = configure(&encoder->config, width, height, kbps, threads);
    if (status == VPX_CODEC_OK)
        status = vpx_codec_enc_init(&encoder->context, vpx_codec_vp8_cx(), &encoder->config, 0);
    if (status != VPX_CODEC_OK) {
        free(encoder);
        return status;
    }
    /* The speed for real time on any processor; no denoising; still blocks are skipped; a key
     * frame is at most about four times as large as a usual one at 30 frames per second. */
    vpx_codec_control(&encoder->context, VP8E_SET_CPUUSED, -8);
    vpx_codec_control(&encoder->context, VP8E_SET_NOISE_SENSITIVITY, 0);
    vpx_codec_control(&encoder->context, VP8E_SET_STATIC_THRESHOLD, 1);
    vpx_codec_control(&encoder->context, VP8E_SET_TOKEN_PARTITIONS, VP8_ONE_TOKENPARTITION);
    vpx_codec_control(&encoder->context, VP8E_SET_MAX_INTRA_BITRATE_PCT, 450);
    *out = encoder;
    return VPX_CODEC_OK;
}

int sw_vpx_encoder_set_rate(struct sw_vpx_encoder *encoder, uint32_t kbps) {
    encoder->config.rc_target_bitrate = kbps;
    return vpx_codec_enc_config_set(&encoder->context, &encoder->config);
}

int sw_vpx_encode(struct sw_vpx_encoder *encoder, const struct sw_vpx_image *source, int64_t time,
                  uint32_t duration, int is_key_frame) {
    vpx_image_t image;
    int plane;
    /* Fills in the format's constants; the planes are set below. */
    if (!vpx_img_wrap(&image, VPX_IMG_FMT_I420, source->width, source->height, 1,
                      (unsigned char *)source->planes[0]))
        return VPX_CODEC_INVALID_PARAM;
    for (plane = 0; plane < 3; plane++) {
        image.planes[plane] = (unsigned char *)source->planes[plane];
        image.stride[plane] = source->strides[plane];
    }
    encoder->iterator = NULL;
    return vpx_codec_encode(&encoder->context, &image, time, duration,
                            is_key_frame ? VPX_EFLAG_FORCE_KF : 0, VPX_DL_REALTIME);
}

/* Whether there was a further packet; its bytes are good until the next call. */
int sw_vpx_encoder_next(struct sw_vpx_encoder *encoder, const uint8_t **data, size_t *size) {
    const vpx_codec_cx_pkt_t *packet;
    while ((packet = vpx_codec_get_cx_data(&encoder->context, &encoder->iterator))) {
        if (packet->kind == VPX_CODEC_CX_FRAME_PKT) {
            *data = packet->data.frame.buf;
            *size = packet->data.frame.sz;
            return 1;
        }
    }
    return 0;
}

void sw_vpx_decoder_free(struct sw_vpx_decoder *decoder) {
    if (decoder) {
        vpx_codec_destroy(&decoder->context);
        free(decoder);
    }
}

int sw_vpx_decoder_new(struct sw_vpx_decoder **out) {
    struct sw_vpx_decoder *decoder = calloc(1, sizeof *decoder);
    vpx_codec_dec_cfg_t config;
    int status;
    if (!decoder) return VPX_CODEC_MEM_ERROR;
    memset(&config, 0, sizeof config);
    config.threads = 1;
    status = vpx_codec_dec_init(&decoder->context, vpx_codec_vp8_dx(), &config, 0);
    if (status != VPX_CODEC_OK) {
        free(decoder);
        return status;
    }
    *out = decoder;
    return VPX_CODEC_OK;
}

int sw_vpx_decode(struct sw_vpx_decoder *decoder, const uint8_t *data, uint32_t size) {
    decoder->iterator = NULL;
    return vpx_codec_decode(&decoder->context, data, size, NULL, 0);
}

/* 1: a picture, good until the next call; 0: none; negative: one that is damaged. */
int sw_vpx_decoder_next(struct sw_vpx_decoder *decoder, struct sw_vpx_image *out) {
    vpx_image_t *image = vpx_codec_get_frame(&decoder->context, &decoder->iterator);
    int is_damaged = 0;
    int plane;
    if (!image) return 0;
    if (image->fmt != VPX_IMG_FMT_I420) return -1;
    if (vpx_codec_control(&decoder->context, VP8D_GET_FRAME_CORRUPTED, &is_damaged) ==
            VPX_CODEC_OK &&
        is_damaged)
        return -1;
    for (plane = 0; plane < 3; plane++) {
        out->planes[plane] = image->planes[plane];
        out->strides[plane] = image->stride[plane];
    }
    out->width = image->d_w;
    out->height = image->d_h;
    return 1;
}

const char *sw_vpx_error_text(int status) {
    return vpx_codec_err_to_string((vpx_codec_err_t)status);
}
