//! `sw_audio_devices`, `sw_microphone`, `sw_loudspeaker`: the machine's own sound.

use super::call::sw_call;
use super::guard::guard;
use super::handle;
use super::observer::{pump, UserData};
use super::processing::sw_audio_processor;
use super::status::sw_status;
use super::text::{self, c_string, give, Out};
use super::versioned::{self, Versioned};
use crate::error::{Error, Result};
use crate::runtime::{self, dispatch};
use crate::{
    AudioDevice, AudioDeviceEvent, AudioDeviceKind, AudioDevices, Loudspeaker, LoudspeakerOptions,
    MicrophoneOptions,
};
use std::ffi::{c_char, c_void, CString};

/// Microphones and loudspeakers. Owned: `sw_audio_devices_free`; what was opened goes on.
pub struct sw_audio_devices {
    _private: [u8; 0],
}

/// An open microphone. Owned: `sw_microphone_free`, which also stops it.
pub struct sw_microphone {
    _private: [u8; 0],
}

/// An open loudspeaker. Owned: `sw_loudspeaker_free`, which also stops it.
pub struct sw_loudspeaker {
    _private: [u8; 0],
}

/// Whether a device takes sound in or gives it out. Numbers never change.
#[repr(C)]
#[allow(dead_code)] // Constants for C; the code passes the numbers on.
pub enum sw_audio_device_kinds {
    /// A microphone.
    SW_AUDIO_DEVICE_INPUT = 1,
    /// A loudspeaker or headphones.
    SW_AUDIO_DEVICE_OUTPUT = 2,
}

/// What happened to a device. Numbers never change.
#[repr(C)]
#[allow(dead_code)] // Constants for C; the code passes the numbers on.
pub enum sw_audio_device_event_types {
    /// A device is there that was not.
    SW_AUDIO_DEVICE_EVENT_ADDED = 1,
    /// A device is gone.
    SW_AUDIO_DEVICE_EVENT_REMOVED = 2,
    /// `device` is the default of its kind now; NULL when there is none any more.
    SW_AUDIO_DEVICE_EVENT_DEFAULT_CHANGED = 3,
    /// An open microphone or loudspeaker works with `device` from now on.
    SW_AUDIO_DEVICE_EVENT_OPENED = 4,
    /// An open microphone or loudspeaker lost `device`, for `reason`. Calls go on with silence;
    /// another device is taken as soon as there is one.
    SW_AUDIO_DEVICE_EVENT_LOST = 5,
}

/// One microphone or loudspeaker. Borrowed for the time of the callback.
#[repr(C)]
pub struct sw_audio_device {
    /// `sizeof(sw_audio_device)` of the library.
    pub struct_size: u32,
    /// Names the device for this program and, where the platform can, for its next run.
    pub id: *const c_char,
    /// The name to show.
    pub name: *const c_char,
    /// One of `SW_AUDIO_DEVICE_*`.
    pub kind: i32,
    /// Whether it is the platform's default of its kind.
    pub is_default: bool,
    /// How many rates there are.
    pub sample_rate_count: u32,
    /// The usual sample rates that it takes, in Hz, rising; NULL for none: in events, and where
    /// the device cannot be asked at the moment.
    pub sample_rates_hz: *const u32,
}

/// Something that happened to a device. Borrowed for the time of the callback.
#[repr(C)]
pub struct sw_audio_device_event {
    /// `sizeof(sw_audio_device_event)` of the library.
    pub struct_size: u32,
    /// One of `SW_AUDIO_DEVICE_EVENT_*`.
    pub event_type: i32,
    /// Which kind of device, one of `SW_AUDIO_DEVICE_*`.
    pub kind: i32,
    /// The device; nullable, see the types.
    pub device: *const sw_audio_device,
    /// Why a device was lost, in words; NULL for other types.
    pub reason: *const c_char,
    /// How many events were dropped so far because this observer was too slow.
    pub missed: u64,
}

/// Who hears about devices. Copied by `sw_audio_devices_observe`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_audio_device_observer {
    /// `sizeof(sw_audio_device_observer)`.
    pub struct_size: u32,
    /// Called for every event, in order, on the dispatcher thread; not null. The event is borrowed
    /// for the time of the call. It must not block, throw or `longjmp` out.
    pub on_event:
        Option<unsafe extern "C" fn(event: *const sw_audio_device_event, user_data: *mut c_void)>,
    /// Called exactly once after the last event, on the dispatcher thread, so that `user_data` can
    /// be freed; nullable. Not called if `sw_audio_devices_observe` failed.
    pub drop: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    /// Passed to both functions unchanged. Nullable.
    pub user_data: *mut c_void,
}

// SAFETY: repr(C), size first, nullable function and data pointers.
unsafe impl Versioned for sw_audio_device_observer {
    const FIRST_SIZE: usize = size_of::<sw_audio_device_observer>();
}

/// How a microphone is opened. Start from `SW_MICROPHONE_OPTIONS_INIT`. Copied.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_microphone_options {
    /// `sizeof(sw_microphone_options)`; set by `SW_MICROPHONE_OPTIONS_INIT`.
    pub struct_size: u32,
    /// Id, name or part of a name. NULL: the default microphone, also when that changes.
    pub device: *const c_char,
    /// Cleans what is heard before it goes into the calls. NULL: none. May be freed afterwards.
    pub processor: *const sw_audio_processor,
    /// Whose sound the processor's echo cancellation takes out. NULL: none. May be freed
    /// afterwards.
    pub echo_of: *const sw_loudspeaker,
}

// SAFETY: repr(C), size first, nullable pointers.
unsafe impl Versioned for sw_microphone_options {
    const FIRST_SIZE: usize = size_of::<sw_microphone_options>();
}

/// What a microphone did so far. Start from `SW_MICROPHONE_STATISTICS_INIT`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_microphone_statistics {
    /// `sizeof(sw_microphone_statistics)`; set by `SW_MICROPHONE_STATISTICS_INIT`.
    pub struct_size: u32,
    /// Milliseconds that the devices delivered.
    pub captured_ms: u64,
    /// Milliseconds that were thrown away: this machine was too busy, or its clock runs faster
    /// than the call's.
    pub dropped_ms: u64,
    /// The loudness of the last 10 ms in dB relative to full scale, after the processor.
    pub level_dbfs: f64,
}

// SAFETY: repr(C), size first, numbers only.
unsafe impl Versioned for sw_microphone_statistics {
    const FIRST_SIZE: usize = size_of::<sw_microphone_statistics>();
}

/// What a loudspeaker did so far. Start from `SW_LOUDSPEAKER_STATISTICS_INIT`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_loudspeaker_statistics {
    /// `sizeof(sw_loudspeaker_statistics)`; set by `SW_LOUDSPEAKER_STATISTICS_INIT`.
    pub struct_size: u32,
    /// Milliseconds that the devices asked for.
    pub played_ms: u64,
    /// Milliseconds of calls that were thrown away: the device's clock runs slower than the
    /// calls', or it stood still.
    pub dropped_ms: u64,
    /// How often a call had nothing to play in the midst of it.
    pub underruns: u64,
    /// The loudness of the last block in dB relative to full scale.
    pub level_dbfs: f64,
}

// SAFETY: repr(C), size first, numbers only.
unsafe impl Versioned for sw_loudspeaker_statistics {
    const FIRST_SIZE: usize = size_of::<sw_loudspeaker_statistics>();
}

/// Gives the devices of this machine.
///
/// `out_devices`: not null; written on success; free it with `sw_audio_devices_free`. A machine
/// without devices is no error here: its list is empty.
/// Errors: `SW_ERR_NOT_SUPPORTED` in libraries without the feature `devices`, as the installed one
/// is, since it would not load without libasound; `SW_ERR_MEDIA` where the audio system does not
/// answer. Any thread.
#[no_mangle]
pub extern "C" fn sw_audio_devices_system(out_devices: *mut *mut sw_audio_devices) -> sw_status {
    guard(|| {
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_devices, "out_devices")? };
        out.set(handle::insert(AudioDevices::system()?)?);
        Ok(())
    })
}

/// Gives one microphone that hears nothing and one loudspeaker that nobody hears, for programs
/// that want devices on a machine that has none.
///
/// `out_devices`: not null; written on success; free it with `sw_audio_devices_free`.
/// Errors: `SW_ERR_INTERNAL` if no thread can be started. Any thread.
#[no_mangle]
pub extern "C" fn sw_audio_devices_silent(out_devices: *mut *mut sw_audio_devices) -> sw_status {
    guard(|| {
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_devices, "out_devices")? };
        out.set(handle::insert(AudioDevices::silent()?)?);
        Ok(())
    })
}

/// Frees the devices; what was opened goes on. The observers end with the last open microphone
/// and loudspeaker. `devices`: nullable; NULL is ok.
/// Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread, also inside callbacks.
#[no_mangle]
pub extern "C" fn sw_audio_devices_free(devices: *mut sw_audio_devices) -> sw_status {
    guard(|| handle::release(devices).map(drop))
}

/// Tells the devices that are there now, with their rates: `on_device` is called for each, on this
/// thread, before the function returns.
///
/// `devices`, `on_device`: not null. `user_data`: passed unchanged. Asking a device for its rates
/// may take some 10 ms. Errors: `SW_ERR_MEDIA` where the audio system does not answer. Any thread.
#[no_mangle]
pub extern "C" fn sw_audio_devices_list(
    devices: *const sw_audio_devices,
    on_device: Option<unsafe extern "C" fn(device: *const sw_audio_device, user_data: *mut c_void)>,
    user_data: *mut c_void,
) -> sw_status {
    guard(|| {
        let devices = handle::get(devices)?;
        let on_device = on_device.ok_or_else(|| Error::invalid("on_device must not be NULL"))?;
        for device in devices.list()? {
            let lent = Lent::new(&device);
            dispatch::call_foreign("a function that is told devices", || {
                // SAFETY: the header says that `on_device` is such a function.
                unsafe { on_device(&lent.raw(&device), user_data) }
            });
        }
        Ok(())
    })
}

/// Tells an observer what happens to the devices and to what was opened; the first one is told
/// everything since the devices were made. They are looked at every second.
///
/// `devices`: not null. `observer`: not null; copied. Several observers may be added.
/// Errors: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_MEDIA` where the audio system does not answer;
/// `SW_ERR_INTERNAL` if no thread can be started. Any thread.
#[no_mangle]
pub extern "C" fn sw_audio_devices_observe(
    devices: *mut sw_audio_devices,
    observer: *const sw_audio_device_observer,
) -> sw_status {
    guard(|| {
        let devices = handle::get(devices)?;
        // SAFETY: the header asks for a valid struct or NULL.
        let observer = unsafe { versioned::read(observer, "observer")? };
        let observer = observer.ok_or_else(|| Error::invalid("observer must not be NULL"))?;
        let on_event =
            observer.on_event.ok_or_else(|| Error::invalid("on_event must not be NULL"))?;
        let tasks = runtime::tasks()?;
        let events = devices.events()?;
        let data = UserData::new(observer.user_data, observer.drop);
        data.arm();
        pump(&tasks, events, move |event, missed| {
            with_event(event, missed, |event| {
                // SAFETY: the header says that `on_event` is such a function.
                unsafe { on_event(event, data.get()) }
            });
        });
        Ok(())
    })
}

/// Starts a microphone; connect it to calls by `sw_call_connect_microphone`.
///
/// `devices`: not null; may be freed afterwards. `options`: nullable; copied. `out_microphone`: not
/// null; written on success; free it with `sw_microphone_free`. A named microphone falls back to
/// the default while it is unplugged, and is taken again when it comes back.
/// Errors: `SW_ERR_NOT_FOUND` when there is no such microphone, or none at all (the text says which
/// there are); `SW_ERR_INVALID_ARGUMENT` for a part of a name that fits several; `SW_ERR_MEDIA` when
/// it cannot be opened, e.g. since another program has it or this one lacks the permission;
/// `SW_ERR_INTERNAL` if no thread can be started. Any thread; it may take some 100 ms.
#[no_mangle]
pub extern "C" fn sw_audio_devices_open_microphone(
    devices: *mut sw_audio_devices,
    options: *const sw_microphone_options,
    out_microphone: *mut *mut sw_microphone,
) -> sw_status {
    guard(|| {
        let devices = handle::get(devices)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_microphone, "out_microphone")? };
        // SAFETY: the header asks for a valid struct or NULL.
        let raw = unsafe { versioned::read(options, "options")? };
        let options =
            raw.map_or(Ok(MicrophoneOptions::default()), |raw| microphone_options(&raw))?;
        out.set(handle::insert(devices.open_microphone(options)?)?);
        Ok(())
    })
}

fn microphone_options(raw: &sw_microphone_options) -> Result<MicrophoneOptions> {
    let processor = match raw.processor.is_null() {
        true => None,
        false => Some(handle::get(raw.processor)?),
    };
    let echo_of: Option<Loudspeaker> = match raw.echo_of.is_null() {
        true => None,
        false => Some(handle::get(raw.echo_of)?),
    };
    // SAFETY: the header asks for a text or NULL.
    let device = unsafe { text::optional(raw.device, "device")? };
    Ok(MicrophoneOptions { device, processor, echo_of })
}

/// Starts a loudspeaker; connect calls to it by `sw_call_connect_loudspeaker`.
///
/// `devices`: not null; may be freed afterwards. `device`: id, name or part of a name; NULL for the
/// default, also when that changes; copied. `out_loudspeaker`: not null; written on success; free
/// it with `sw_loudspeaker_free`. Errors: as for `sw_audio_devices_open_microphone`. Any thread; it
/// may take some 100 ms.
#[no_mangle]
pub extern "C" fn sw_audio_devices_open_loudspeaker(
    devices: *mut sw_audio_devices,
    device: *const c_char,
    out_loudspeaker: *mut *mut sw_loudspeaker,
) -> sw_status {
    guard(|| {
        let devices = handle::get(devices)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_loudspeaker, "out_loudspeaker")? };
        // SAFETY: the header asks for a text or NULL.
        let device = unsafe { text::optional(device, "device")? };
        out.set(handle::insert(devices.open_loudspeaker(LoudspeakerOptions { device })?)?);
        Ok(())
    })
}

/// Gives the id of the device in use.
///
/// `microphone`: not null. `out_id`: not null; NULL is written while it is unplugged and there is
/// no other, and after `sw_microphone_stop`; free it with `sw_string_free`. Any thread.
#[no_mangle]
pub extern "C" fn sw_microphone_device(
    microphone: *const sw_microphone,
    out_id: *mut *mut c_char,
) -> sw_status {
    guard(|| {
        let device = handle::get(microphone)?.device();
        // SAFETY: the header asks for NULL or a place for the result.
        give_id(device, &unsafe { Out::required(out_id, "out_id")? });
        Ok(())
    })
}

/// Gives what a microphone did so far. `microphone`, `out_stats`: not null. Any thread.
#[no_mangle]
pub extern "C" fn sw_microphone_stats(
    microphone: *const sw_microphone,
    out_stats: *mut sw_microphone_statistics,
) -> sw_status {
    guard(|| {
        let stats = handle::get(microphone)?.stats();
        let raw = sw_microphone_statistics {
            struct_size: 0,
            captured_ms: stats.captured_ms,
            dropped_ms: stats.dropped_ms,
            level_dbfs: stats.level_dbfs,
        };
        // SAFETY: the header asks for a struct with its size in the first field.
        unsafe { versioned::write(out_stats, &raw, "out_stats") }
    })
}

/// Stops a microphone for good; calls send silence. `microphone`: not null; it must still be
/// freed. A second call does nothing. Any thread.
#[no_mangle]
pub extern "C" fn sw_microphone_stop(microphone: *mut sw_microphone) -> sw_status {
    guard(|| {
        handle::get(microphone)?.stop();
        Ok(())
    })
}

/// Stops and frees a microphone. `microphone`: nullable; NULL is ok.
/// Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread, also inside callbacks.
#[no_mangle]
pub extern "C" fn sw_microphone_free(microphone: *mut sw_microphone) -> sw_status {
    guard(|| {
        if let Some(microphone) = handle::release(microphone)? {
            microphone.stop();
        }
        Ok(())
    })
}

/// Gives the id of the device in use.
///
/// `loudspeaker`: not null. `out_id`: not null; NULL is written while it is unplugged and there is
/// no other, and after `sw_loudspeaker_stop`; free it with `sw_string_free`. Any thread.
#[no_mangle]
pub extern "C" fn sw_loudspeaker_device(
    loudspeaker: *const sw_loudspeaker,
    out_id: *mut *mut c_char,
) -> sw_status {
    guard(|| {
        let device = handle::get(loudspeaker)?.device();
        // SAFETY: the header asks for NULL or a place for the result.
        give_id(device, &unsafe { Out::required(out_id, "out_id")? });
        Ok(())
    })
}

/// Gives what a loudspeaker did so far. `loudspeaker`, `out_stats`: not null. Any thread.
#[no_mangle]
pub extern "C" fn sw_loudspeaker_stats(
    loudspeaker: *const sw_loudspeaker,
    out_stats: *mut sw_loudspeaker_statistics,
) -> sw_status {
    guard(|| {
        let stats = handle::get(loudspeaker)?.stats();
        let raw = sw_loudspeaker_statistics {
            struct_size: 0,
            played_ms: stats.played_ms,
            dropped_ms: stats.dropped_ms,
            underruns: stats.underruns,
            level_dbfs: stats.level_dbfs,
        };
        // SAFETY: the header asks for a struct with its size in the first field.
        unsafe { versioned::write(out_stats, &raw, "out_stats") }
    })
}

/// Stops a loudspeaker for good; calls go on unheard. `loudspeaker`: not null; it must still be
/// freed. A second call does nothing. Any thread.
#[no_mangle]
pub extern "C" fn sw_loudspeaker_stop(loudspeaker: *mut sw_loudspeaker) -> sw_status {
    guard(|| {
        handle::get(loudspeaker)?.stop();
        Ok(())
    })
}

/// Stops and frees a loudspeaker. `loudspeaker`: nullable; NULL is ok.
/// Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread, also inside callbacks.
#[no_mangle]
pub extern "C" fn sw_loudspeaker_free(loudspeaker: *mut sw_loudspeaker) -> sw_status {
    guard(|| {
        if let Some(loudspeaker) = handle::release(loudspeaker)? {
            loudspeaker.stop();
        }
        Ok(())
    })
}

/// Sends what a microphone hears, from the moment that media flow until the call ends, the
/// microphone stops or `sw_call_disconnect_microphone`. While its device is unplugged silence is
/// sent. What is pushed besides competes for the same queue.
///
/// `call`, `microphone`: not null. One microphone may be connected to several calls. Connecting it
/// twice does nothing. Errors: `SW_ERR_CLOSED` after the call's end. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_connect_microphone(
    call: *mut sw_call,
    microphone: *mut sw_microphone,
) -> sw_status {
    guard(|| handle::get(call)?.connect_microphone(&handle::get(microphone)?))
}

/// Stops sending what a microphone hears. `call`, `microphone`: not null; one that is not connected
/// is ignored. Any thread.
#[no_mangle]
pub extern "C" fn sw_call_disconnect_microphone(
    call: *mut sw_call,
    microphone: *mut sw_microphone,
) -> sw_status {
    guard(|| {
        handle::get(call)?.disconnect_microphone(&handle::get(microphone)?);
        Ok(())
    })
}

/// Plays what is received on a loudspeaker, until the call ends, the loudspeaker stops or
/// `sw_call_disconnect_loudspeaker`. Sinks go on beside it.
///
/// `call`, `loudspeaker`: not null. A loudspeaker plays the sum of its calls. Connecting it twice
/// does nothing. Errors: `SW_ERR_CLOSED` after the call's end. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_connect_loudspeaker(
    call: *mut sw_call,
    loudspeaker: *mut sw_loudspeaker,
) -> sw_status {
    guard(|| handle::get(call)?.connect_loudspeaker(&handle::get(loudspeaker)?))
}

/// Stops playing the call on a loudspeaker. `call`, `loudspeaker`: not null; one that is not
/// connected is ignored. Any thread.
#[no_mangle]
pub extern "C" fn sw_call_disconnect_loudspeaker(
    call: *mut sw_call,
    loudspeaker: *mut sw_loudspeaker,
) -> sw_status {
    guard(|| {
        handle::get(call)?.disconnect_loudspeaker(&handle::get(loudspeaker)?);
        Ok(())
    })
}

fn give_id(device: Option<AudioDevice>, out: &Out<*mut c_char>) {
    match device {
        Some(device) => give(&device.id, out),
        None => out.set(std::ptr::null_mut()),
    }
}

fn number(kind: AudioDeviceKind) -> i32 {
    match kind {
        AudioDeviceKind::Input => sw_audio_device_kinds::SW_AUDIO_DEVICE_INPUT as i32,
        AudioDeviceKind::Output => sw_audio_device_kinds::SW_AUDIO_DEVICE_OUTPUT as i32,
    }
}

/// The texts of a device for C.
struct Lent {
    id: CString,
    name: CString,
}

impl Lent {
    fn new(device: &AudioDevice) -> Self {
        Lent { id: c_string(&device.id), name: c_string(&device.name) }
    }

    fn raw(&self, device: &AudioDevice) -> sw_audio_device {
        let rates = &device.sample_rates_hz;
        sw_audio_device {
            struct_size: size_of::<sw_audio_device>() as u32,
            id: self.id.as_ptr(),
            name: self.name.as_ptr(),
            kind: number(device.kind),
            is_default: device.is_default,
            sample_rate_count: rates.len() as u32,
            sample_rates_hz: if rates.is_empty() { std::ptr::null() } else { rates.as_ptr() },
        }
    }
}

/// Lends the C form of an event for the time of one call.
fn with_event(
    event: &AudioDeviceEvent,
    missed: u64,
    deliver: impl FnOnce(*const sw_audio_device_event),
) {
    use sw_audio_device_event_types as Type;
    let (event_type, kind, device, reason) = match event {
        AudioDeviceEvent::Added { device } => {
            (Type::SW_AUDIO_DEVICE_EVENT_ADDED, device.kind, Some(device), None)
        }
        AudioDeviceEvent::Removed { device } => {
            (Type::SW_AUDIO_DEVICE_EVENT_REMOVED, device.kind, Some(device), None)
        }
        AudioDeviceEvent::DefaultChanged { kind, device } => {
            (Type::SW_AUDIO_DEVICE_EVENT_DEFAULT_CHANGED, *kind, device.as_ref(), None)
        }
        AudioDeviceEvent::Opened { device } => {
            (Type::SW_AUDIO_DEVICE_EVENT_OPENED, device.kind, Some(device), None)
        }
        AudioDeviceEvent::Lost { device, reason } => {
            (Type::SW_AUDIO_DEVICE_EVENT_LOST, device.kind, Some(device), Some(c_string(reason)))
        }
    };
    let lent = device.map(|device| (Lent::new(device), device));
    let raw = lent.as_ref().map(|(lent, device)| lent.raw(device));
    deliver(&sw_audio_device_event {
        struct_size: size_of::<sw_audio_device_event>() as u32,
        event_type: event_type as i32,
        kind: number(kind),
        device: raw.as_ref().map_or(std::ptr::null(), std::ptr::from_ref),
        reason: text::pointer(&reason),
        missed,
    });
}
