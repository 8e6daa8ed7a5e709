//! A picture as a PNG file.

use super::picture::Picture;
use crate::error::{Error, Result};

impl Picture {
    /// The picture, upright, as the bytes of a PNG file: a snapshot.
    ///
    /// Colours are read as BT.601 in limited range, as video of calls has them. Takes some
    /// milliseconds, so not in a sink that has to keep up. Errors: `NotSupported` in builds without
    /// the cargo feature `video-codecs`; `Media`.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        let upright = self.upright();
        file((upright.width(), upright.height()), &rgb(&upright))
    }
}

#[cfg(feature = "pictures")]
fn file((width, height): (u32, u32), pixels: &[u8]) -> Result<Vec<u8>> {
    let failed = |error: png::EncodingError| Error::media(format!("no PNG: {error}"));
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file)
}

#[cfg(not(feature = "pictures"))]
fn file((width, height): (u32, u32), _: &[u8]) -> Result<Vec<u8>> {
    Err(Error::new(
        crate::error::ErrorKind::NotSupported,
        format!(
            "the library was built without PNG files, so none of {width}x{height} can be made: \
             build it with the feature `video-codecs`"
        ),
    ))
}

/// Three bytes per pixel, of a picture in I420.
fn rgb(picture: &Picture) -> Vec<u8> {
    let [y, u, v] = [0, 1, 2].map(|plane| picture.samples(plane));
    let mut rgb = Vec::with_capacity(y.row_bytes * y.rows * 3);
    for line in 0..y.rows {
        let (us, vs) = (u.row(line / 2), v.row(line / 2));
        for (x, luma) in y.row(line).iter().enumerate() {
            rgb.extend_from_slice(&pixel(*luma, us[x / 2], vs[x / 2]));
        }
    }
    rgb
}

/// BT.601 in limited range, in 256ths.
fn pixel(y: u8, u: u8, v: u8) -> [u8; 3] {
    let luma = 298 * (i32::from(y) - 16) + 128;
    let (u, v) = (i32::from(u) - 128, i32::from(v) - 128);
    [luma + 409 * v, luma - 100 * u - 208 * v, luma + 516 * u]
        .map(|sum| (sum >> 8).clamp(0, 255) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(feature = "pictures")]
    use crate::media::picture::test_card::TestCard;

    #[test]
    fn colours_are_those_of_video() {
        for (yuv, expected) in [
            ([16, 128, 128], [0, 0, 0]),
            ([235, 128, 128], [255, 255, 255]),
            ([81, 90, 240], [255, 0, 0]),
            ([145, 54, 34], [0, 255, 0]),
            ([41, 240, 110], [0, 0, 255]),
        ] {
            let got = pixel(yuv[0], yuv[1], yuv[2]);
            let off = got.iter().zip(expected).map(|(a, b)| a.abs_diff(b)).max().unwrap();
            assert!(off <= 2, "{yuv:?}: {got:?}");
        }
    }

    #[cfg(feature = "pictures")]
    #[test]
    fn a_snapshot_is_read_by_others() {
        let picture = TestCard::new(160, 96).unwrap().picture(0, 0);
        let file = picture.to_png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
        assert_eq!((reader.info().width, reader.info().height), (160, 96));
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, rgb(&picture));
        assert_eq!(pixels[..3], [255, 255, 255], "the strip begins with white");
    }
}
