//! The microphone and the loudspeaker of a call.

use crate::args::CallArgs;
use crate::outcome::Failure;
use crate::report::{Ending, Report, Ui};
use signalwire_client::{
    AudioDeviceEvent, AudioDevices, AudioProcessor, Call, Error, ErrorKind, EventStream,
    Loudspeaker, LoudspeakerOptions, Microphone, MicrophoneOptions,
};

/// What is open, if anything.
#[derive(Default)]
pub struct Sound {
    microphone: Option<Microphone>,
    loudspeaker: Option<Loudspeaker>,
    events: Option<EventStream<AudioDeviceEvent>>,
}

impl Sound {
    /// Opens what the arguments ask for: devices that are named, or the defaults where neither a
    /// file nor a device is named. Then a machine without devices is no failure: it is said, and
    /// the call is silent.
    pub fn open(args: &CallArgs, ui: &mut dyn Ui) -> Result<Self, Failure> {
        let is_named = args.input.is_some() || args.output.is_some();
        if !is_named && (args.play.is_some() || args.record.is_some()) {
            return Ok(Self::default());
        }
        let devices = match AudioDevices::system() {
            Ok(devices) => devices,
            Err(error) if is_named => return Err(error.into()),
            Err(error) if error.kind() == ErrorKind::NotSupported => return Ok(Self::default()),
            Err(error) => {
                ui.report(&Report::NoDevice { error: &error });
                return Ok(Self::default());
            }
        };
        let mut sound = Self { events: devices.events().ok(), ..Self::default() };
        if args.output.is_some() || !is_named {
            let options = LoudspeakerOptions { device: args.output.clone() };
            let opened = devices.open_loudspeaker(options);
            sound.loudspeaker = unless_missing(opened, args.output.is_some(), ui)?;
        }
        if args.input.is_some() || !is_named {
            let options = MicrophoneOptions {
                device: args.input.clone(),
                // Not in every build.
                processor: AudioProcessor::new(Default::default()).ok(),
                echo_of: sound.loudspeaker.clone(),
            };
            let opened = devices.open_microphone(options);
            sound.microphone = unless_missing(opened, args.input.is_some(), ui)?;
        }
        Ok(sound)
    }

    pub fn connect(&self, call: &Call) -> signalwire_client::Result<()> {
        if let Some(microphone) = &self.microphone {
            call.connect_microphone(microphone)?;
        }
        if let Some(loudspeaker) = &self.loudspeaker {
            call.connect_loudspeaker(loudspeaker)?;
        }
        Ok(())
    }

    /// The next thing that happens to the devices; never, where there are none.
    pub async fn next(&self) -> AudioDeviceEvent {
        match &self.events {
            Some(events) => match events.next().await {
                Some(event) => event,
                None => std::future::pending().await,
            },
            None => std::future::pending().await,
        }
    }
}

fn unless_missing<T>(
    opened: Result<T, Error>,
    is_named: bool,
    ui: &mut dyn Ui,
) -> Result<Option<T>, Failure> {
    match opened {
        Ok(device) => Ok(Some(device)),
        Err(error) if is_named && error.kind() == ErrorKind::NotFound => {
            Err(Failure::usage(error.message()))
        }
        Err(error) if is_named => Err(error.into()),
        Err(error) => {
            ui.report(&Report::NoDevice { error: &error });
            Ok(None)
        }
    }
}

/// The command `devices`.
pub fn list(ui: &mut dyn Ui) -> Result<Ending, Failure> {
    let devices = AudioDevices::system()?.list()?;
    ui.report(&Report::Devices(&devices));
    Ok(Ending::Done)
}
