//! Which device to use, and how two lists of devices differ. Pure.

use super::{AudioDevice, AudioDeviceEvent, AudioDeviceKind};
use crate::error::{Error, ErrorKind, Result};

/// The device of a kind that an application's word means: its id, its name, or a part of its name
/// that fits one device only, in any case.
///
/// Errors: `NotFound` with what there is; `InvalidArgument` for a part that fits several.
pub(super) fn find<'a>(
    devices: &'a [AudioDevice],
    kind: AudioDeviceKind,
    wanted: &str,
) -> Result<&'a AudioDevice> {
    let of_kind: Vec<&AudioDevice> = devices.iter().filter(|d| d.kind == kind).collect();
    let whole = of_kind.iter().find(|d| d.id == wanted);
    if let Some(device) = whole.or_else(|| of_kind.iter().find(|d| d.name == wanted)) {
        return Ok(device);
    }
    let part = wanted.to_lowercase();
    let fitting: Vec<&&AudioDevice> =
        of_kind.iter().filter(|d| d.name.to_lowercase().contains(&part)).collect();
    match fitting[..] {
        [device] if !part.is_empty() => Ok(device),
        [] => Err(Error::new(
            ErrorKind::NotFound,
            format!("no {} is called {wanted:?}; {}", kind.word(), there_are(&of_kind)),
        )),
        _ => Err(Error::invalid(format!(
            "{wanted:?} fits several devices; give a whole name or an id: {}",
            there_are(&of_kind)
        ))),
    }
}

fn there_are(devices: &[&AudioDevice]) -> String {
    if devices.is_empty() {
        return "there is none at all".to_owned();
    }
    let names: Vec<String> = devices.iter().map(|d| format!("{:?} ({})", d.name, d.id)).collect();
    format!("there are {}", names.join(", "))
}

/// What to say when there is no device of a kind.
pub(super) fn none_there(kind: AudioDeviceKind) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!(
            "this machine has no {}: connect one, and make sure that this program may use it \
             (Linux: the user needs access to /dev/snd, or a sound server)",
            kind.word()
        ),
    )
}

/// The default of a kind, or the first one where none is marked.
pub(super) fn default_of(devices: &[AudioDevice], kind: AudioDeviceKind) -> Option<&AudioDevice> {
    let mut of_kind = devices.iter().filter(|d| d.kind == kind);
    of_kind.clone().find(|d| d.is_default).or_else(|| of_kind.next())
}

/// The devices to try, best first: the chosen one while it is there, then the default.
pub(super) fn candidates<'a>(
    devices: &'a [AudioDevice],
    kind: AudioDeviceKind,
    chosen_id: Option<&str>,
) -> Vec<&'a AudioDevice> {
    let chosen = devices.iter().find(|d| d.kind == kind && Some(d.id.as_str()) == chosen_id);
    let default = default_of(devices, kind).filter(|d| Some(d.id.as_str()) != chosen_id);
    chosen.into_iter().chain(default).collect()
}

/// What to tell of the step from one list to the next.
pub(super) fn changes(before: &[AudioDevice], after: &[AudioDevice]) -> Vec<AudioDeviceEvent> {
    let is_in = |list: &[AudioDevice], device: &AudioDevice| {
        list.iter().any(|other| other.id == device.id && other.kind == device.kind)
    };
    let mut events = Vec::new();
    for device in before.iter().filter(|device| !is_in(after, device)) {
        events.push(AudioDeviceEvent::Removed { device: device.clone() });
    }
    for device in after.iter().filter(|device| !is_in(before, device)) {
        events.push(AudioDeviceEvent::Added { device: device.clone() });
    }
    for kind in [AudioDeviceKind::Input, AudioDeviceKind::Output] {
        let (old, new) = (default_of(before, kind), default_of(after, kind));
        if old.map(|d| &d.id) != new.map(|d| &d.id) {
            events.push(AudioDeviceEvent::DefaultChanged { kind, device: new.cloned() });
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use AudioDeviceKind::{Input, Output};

    fn device(id: &str, name: &str, kind: AudioDeviceKind, is_default: bool) -> AudioDevice {
        let (id, name) = (id.to_owned(), name.to_owned());
        AudioDevice { id, name, kind, is_default, sample_rates_hz: Vec::new() }
    }

    fn desk() -> Vec<AudioDevice> {
        vec![
            device("hw0", "Built-in Audio", Input, false),
            device("usb", "USB Headset", Input, true),
            device("usb", "USB Headset", Output, false),
            device("usb2", "USB Speaker", Output, false),
        ]
    }

    #[test]
    fn a_word_names_one_device_or_says_what_there_is() {
        let cases = [
            (Input, "hw0", Ok("hw0")),
            (Input, "Built-in Audio", Ok("hw0")),
            (Input, "headset", Ok("usb")),
            (Output, "usb", Ok("usb")),
            (Output, "usb s", Ok("usb2")),
            (Output, "USB S", Ok("usb2")),
            (Output, "USB ", Err((ErrorKind::InvalidArgument, "fits several devices"))),
            (Output, "", Err((ErrorKind::InvalidArgument, "fits several devices"))),
            (Output, "hw0", Err((ErrorKind::NotFound, "there are \"USB Headset\" (usb)"))),
        ];
        for (kind, word, wanted) in cases {
            match (find(&desk(), kind, word), wanted) {
                (Ok(found), Ok(id)) => assert_eq!((found.id.as_str(), found.kind), (id, kind)),
                (Err(error), Err((kind, text))) => {
                    assert_eq!(error.kind(), kind);
                    assert!(error.message().contains(text), "{error}");
                }
                (got, wanted) => panic!("{word}: {got:?} instead of {wanted:?}"),
            }
        }
        let error = find(&[], Input, "x").unwrap_err();
        assert!(error.message().contains("there is none at all"), "{error}");
    }

    #[test]
    fn the_chosen_device_comes_before_the_default() {
        let cases: [(AudioDeviceKind, Option<&str>, &[&str]); 6] = [
            (Input, None, &["usb"]),
            (Input, Some("hw0"), &["hw0", "usb"]),
            (Input, Some("usb"), &["usb"]),
            (Input, Some("gone"), &["usb"]),
            // None is marked: the first one.
            (Output, None, &["usb"]),
            (Output, Some("usb2"), &["usb2", "usb"]),
        ];
        for (kind, chosen, ids) in cases {
            let devices = desk();
            let got: Vec<&str> =
                candidates(&devices, kind, chosen).iter().map(|d| d.id.as_str()).collect();
            assert_eq!(got, ids, "{kind:?} {chosen:?}");
        }
        assert!(candidates(&[], Input, Some("usb")).is_empty());
    }

    #[test]
    fn every_change_of_a_list_is_told_once() {
        let words = |before: &[AudioDevice], after: &[AudioDevice]| -> Vec<String> {
            changes(before, after)
                .into_iter()
                .map(|event| match event {
                    AudioDeviceEvent::Added { device } => format!("+{}", device.id),
                    AudioDeviceEvent::Removed { device } => format!("-{}", device.id),
                    AudioDeviceEvent::DefaultChanged { kind, device } => {
                        format!("{kind:?}={}", device.map_or(String::new(), |d| d.id))
                    }
                    other => format!("{other:?}"),
                })
                .collect()
        };
        let full = desk();
        assert!(words(&full, &full).is_empty());
        assert_eq!(words(&full, &full[..1]), ["-usb", "-usb", "-usb2", "Input=hw0", "Output="]);
        assert_eq!(words(&full[..1], &full[..2]), ["+usb", "Input=usb"]);
        let mut other = full.clone();
        other[0].is_default = true;
        other[1].is_default = false;
        assert_eq!(words(&full, &other), ["Input=hw0"]);
    }
}
