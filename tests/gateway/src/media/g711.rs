//! G.711 µ-law and A-law (ITU-T G.711), one 16-bit linear sample per byte.

/// µ-law byte of a linear sample.
pub fn linear_to_ulaw(sample: i16) -> u8 {
    const BIAS: i32 = 0x84;
    const CLIP: i32 = 32_635;
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).abs().min(CLIP) + BIAS;
    let exponent = 31 - (magnitude as u32).leading_zeros() as i32 - 7;
    let mantissa = (magnitude >> (exponent + 3)) & 0x0F;
    !(sign | (exponent << 4) | mantissa) as u8
}

/// Linear sample of a µ-law byte.
pub fn ulaw_to_linear(byte: u8) -> i16 {
    let value = !byte;
    let exponent = (value >> 4) & 7;
    let magnitude = (((i32::from(value & 0x0F)) << 3) + 0x84) << exponent;
    let linear = magnitude - 0x84;
    (if value & 0x80 != 0 { -linear } else { linear }) as i16
}

/// A-law byte of a linear sample.
pub fn linear_to_alaw(sample: i16) -> u8 {
    let (sign, magnitude) =
        if sample >= 0 { (0x80, i32::from(sample)) } else { (0, -(i32::from(sample) + 1)) };
    let value = if magnitude < 256 {
        magnitude >> 4
    } else {
        let exponent = 31 - (magnitude as u32).leading_zeros() as i32 - 7;
        (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0F)
    };
    ((value | sign) ^ 0x55) as u8
}

/// Linear sample of an A-law byte.
pub fn alaw_to_linear(byte: u8) -> i16 {
    let value = byte ^ 0x55;
    let exponent = i32::from((value >> 4) & 7);
    let mantissa = i32::from(value & 0x0F);
    let magnitude = match exponent {
        0 => (mantissa << 4) + 8,
        _ => ((mantissa << 4) + 0x108) << (exponent - 1),
    };
    (if value & 0x80 != 0 { magnitude } else { -magnitude }) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_bytes() {
        assert_eq!(linear_to_ulaw(0), 0xFF);
        assert_eq!(linear_to_ulaw(32_767), 0x80);
        assert_eq!(linear_to_ulaw(-32_768), 0x00);
        assert_eq!(linear_to_alaw(0), 0xD5);
        assert_eq!(linear_to_alaw(32_767), 0xAA);
        assert_eq!(linear_to_alaw(-32_768), 0x2A);
    }

    #[test]
    fn every_byte_survives_a_round_trip() {
        for byte in 0..=u8::MAX {
            // 0x7F is the negative zero of µ-law and comes back as the positive one.
            if byte != 0x7F {
                assert_eq!(linear_to_ulaw(ulaw_to_linear(byte)), byte, "µ-law {byte:#x}");
            }
            assert_eq!(linear_to_alaw(alaw_to_linear(byte)), byte, "A-law {byte:#x}");
        }
    }

    #[test]
    fn the_error_stays_within_a_segment() {
        for sample in (i16::MIN..=i16::MAX).step_by(37) {
            let allowed = (i32::from(sample).abs() / 16).max(16) + 16;
            for decoded in
                [ulaw_to_linear(linear_to_ulaw(sample)), alaw_to_linear(linear_to_alaw(sample))]
            {
                let error = (i32::from(decoded) - i32::from(sample)).abs();
                assert!(error <= allowed.max(200), "{sample} became {decoded}");
            }
        }
    }
}
