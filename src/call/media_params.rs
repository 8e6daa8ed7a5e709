//! How the service wants audio and video to be captured.

use serde_json::Value;

/// The wishes of one `verto.mediaParams`; what it does not mention stays as it is.
/// Source: signalwire-js VertoMessages.ts; the words are those of the browsers' media constraints.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct MediaParams {
    /// Whether echo is to be cancelled.
    pub echo_cancellation: Option<bool>,
    /// Whether the gain is to be controlled.
    pub auto_gain: Option<bool>,
    /// Whether noise is to be suppressed.
    pub noise_suppression: Option<bool>,
    /// Frames per second.
    pub frame_rate: MediaRange,
    /// Pixels.
    pub width: MediaRange,
    /// Pixels.
    pub height: MediaRange,
    /// Width divided by height.
    pub aspect_ratio: MediaRange,
    /// Whether pictures are cropped and scaled to the size: `crop-and-scale` or `none`.
    pub resize_mode: Option<String>,
}

/// Limits of one number; none where the service does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct MediaRange {
    /// The least.
    pub min: Option<f64>,
    /// What it is best to be.
    pub ideal: Option<f64>,
    /// The most.
    pub max: Option<f64>,
    /// What it has to be.
    pub exact: Option<f64>,
}

impl MediaParams {
    /// Reads what can be read; the rest is left out.
    pub(super) fn read(params: &Value) -> Self {
        let (audio, video) = (&params["audio"], &params["video"]);
        Self {
            echo_cancellation: flag(&audio["echoCancellation"]),
            auto_gain: flag(&audio["autoGainControl"]),
            noise_suppression: flag(&audio["noiseSuppression"]),
            frame_rate: MediaRange::read(&video["frameRate"]),
            width: MediaRange::read(&video["width"]),
            height: MediaRange::read(&video["height"]),
            aspect_ratio: MediaRange::read(&video["aspectRatio"]),
            resize_mode: video["resizeMode"].as_str().map(str::to_owned),
        }
    }
}

impl MediaParams {
    /// What own pictures are kept within; no limit where the service does not say.
    pub(super) fn limits(&self) -> crate::media::picture::scale::Limits {
        let side = |range: MediaRange| range.most().clamp(0.0, 16_384.0) as u32;
        crate::media::picture::scale::Limits {
            max_width: side(self.width),
            max_height: side(self.height),
            max_frame_rate: self.frame_rate.most().min(240.0),
        }
    }
}

impl MediaRange {
    /// What is not passed, 0 for no limit: the wish counts as one, since more is of no use then.
    fn most(&self) -> f64 {
        self.exact.or(self.ideal).or(self.max).unwrap_or(0.0)
    }

    fn read(value: &Value) -> Self {
        let number = |value: &Value| value.as_f64().filter(|number| *number >= 0.0);
        // A bare number is what it is best to be (W3C Media Capture and Streams, 6.2).
        Self {
            min: number(&value["min"]),
            ideal: number(value).or_else(|| number(&value["ideal"])),
            max: number(&value["max"]),
            exact: number(&value["exact"]),
        }
    }
}

fn flag(value: &Value) -> Option<bool> {
    let stated = |value: &Value| value.as_bool();
    stated(value).or_else(|| stated(&value["exact"])).or_else(|| stated(&value["ideal"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn wishes_of_all_forms_are_read_and_others_left_out() {
        let params = MediaParams::read(&json!({
            "audio": {"autoGainControl": false, "echoCancellation": {"ideal": true}, "noiseSuppression": "yes"},
            "video": {"frameRate": {"min": 5, "ideal": 15, "max": 30}, "width": 640,
                "height": {"exact": 360}, "aspectRatio": {"exact": 1.5}, "advanced": [1], "resizeMode": "none"},
        }));
        let range = MediaRange::default();
        assert_eq!(
            params,
            MediaParams {
                echo_cancellation: Some(true),
                auto_gain: Some(false),
                noise_suppression: None,
                frame_rate: MediaRange {
                    min: Some(5.0),
                    ideal: Some(15.0),
                    max: Some(30.0),
                    ..range
                },
                width: MediaRange { ideal: Some(640.0), ..range },
                height: MediaRange { exact: Some(360.0), ..range },
                aspect_ratio: MediaRange { exact: Some(1.5), ..range },
                resize_mode: Some("none".to_owned()),
            }
        );
        for nothing in [json!(null), json!([]), json!("x"), json!({"video": {"width": -1}})] {
            assert_eq!(MediaParams::read(&nothing), MediaParams::default());
        }
    }
}
