//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use signalwire_client::{AddressType, AudioCodec, DtmfMethod};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

const AFTER_HELP: &str = "\
Exit codes:
  0  the call was answered and ended normally; other commands: done
  1  usage: an option, address or file that cannot be used
  2  authorization: the token or the project's credentials were refused
  3  network, TLS, or the session with the service was lost
  4  the call was refused, or there is no such address
  5  busy
  6  no answer
  7  media failed
  8  anything else, such as giving up before the answer

Run `softphone help dial` for the commands during a call and for --json.

Examples:
  export SW_TOKEN=…                                  # or --token-file FILE
  softphone info
  softphone login --client-id ID                     # once, with the browser
  softphone addresses --type room
  softphone dial /public/echo --play hello.wav --record back.wav
  softphone listen --answer --play hello.wav
  softphone dial +15551230000 --ring-timeout 20 --digits '1w2#'
  softphone --mint --space-url https://example.signalwire.com dial /public/support";

const LISTEN_HELP: &str = "\
While the call rings, on standard input:
  answer                             takes the call
  reject                             this device is busy; others ring on
  reject everywhere                  no device of the subscriber rings any more
Then the commands of `softphone help dial`. With --json, `listening` says that calls can come, and
`incoming` that one rings.

Examples:
  softphone listen --answer --play hello.wav --record caller.wav
  printf 'reject\\n' | softphone --json listen";

const DIAL_HELP: &str = "\
Commands during the call, one per line on standard input:
  mute | unmute | hold | unhold      the microphone and the call
  dtmf 123#                          digits of 0-9 A-D * #, w for a pause of 0.5 s
  play FILE                          plays a WAV file, instead of the one that plays
  stats                              reports the numbers of this moment
  roster                             who is in the room
  mute|unmute|deaf|undeaf WHO        a member by name or id, or all
  remove WHO | end WHO               out of the room, or the end of that call
  hand up|down [WHO]                 a hand; without a member the own one, as in the next lines
  camera on|off [WHO]                the video of a member
  input-volume|output-volume N [WHO] -50 to 50
  sensitivity N [WHO]                0 to 100: below which level sound is silence
  flags echo=on,gain=off,noise=on [WHO]
                                     what the service does to a microphone
  position NAME [WHO]                a place in the layout, such as reserved-0
  screen start|stop                  a screen of this side as a member of its own
  lock | unlock                      the room
  layouts | layout NAME              lists the layouts, takes one
  transfer ADDRESS                   sends the call elsewhere
  hangup                             ends the call
They run one after the other. On a terminal single keys do the same: m mute, h hold,
0-9 * # digits, s statistics, q hang up. Ctrl-C always hangs up.

With --json every line on standard output is one JSON object with `type` and `time_ms` (since
the start): client_state, client_event, dialing, recording, state, media_connected, media_lost,
recovering, recovered, digit_received, quality_changed, warning, speaking_changed, incoming, joined,
member_joined, member_updated, member_talking, member_left, layout_changed, service_event,
device_event, no_device, playing, play_finished, command_done, stats, roster,
layouts, error, ended;
from the other commands login_page, logged_in, subscriber, address, addresses and devices. The last line always has the type
`result` with `outcome` and `exit_code`, and either `end`, `stats` and `setup_times` of the call
or an `error`.

Examples:
  softphone dial /public/echo --play hello.wav --record back.wav
  softphone dial /private/alice --input headset --output headset
  softphone dial /private/alice --duration 30 --codec pcmu
  printf 'stats\\nhangup\\n' | softphone --json dial /public/echo";

/// A phone for the command line: calls SignalWire addresses, numbers and SIP URIs.
#[derive(Parser)]
#[command(
    name = "softphone",
    version,
    after_help = AFTER_HELP,
    max_term_width = 100,
    override_usage = "softphone [OPTIONS] <COMMAND>"
)]
pub struct Cli {
    #[command(flatten)]
    pub identity: IdentityArgs,
    #[command(flatten)]
    pub service: ServiceArgs,
    /// For scripts: one JSON object per line on standard output, nothing else.
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,
    /// Colours; NO_COLOR is respected.
    #[arg(long, global = true, value_enum, default_value = "auto", help_heading = "Output")]
    pub color: Color,
    #[command(subcommand)]
    pub command: Command,
}

/// Who is calling. A token, a file with it, the project's credentials, or else an earlier login.
#[derive(Args)]
#[command(next_help_heading = "Identity (a token, --mint with a project's credentials, or login)")]
pub struct IdentityArgs {
    /// Subscriber access token. Other users of this machine can see command lines: --token-file
    /// or the environment variable SW_TOKEN is safer.
    #[arg(long, global = true, value_name = "TEXT", conflicts_with_all = ["token_file", "mint"])]
    pub token: Option<String>,
    /// File that holds the token.
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "mint")]
    pub token_file: Option<PathBuf>,
    /// Get a token from the REST API with the project's credentials. For development; real
    /// applications leave that to their backend.
    #[arg(long, global = true)]
    pub mint: bool,
    /// With --mint: the project's id.
    #[arg(long, global = true, value_name = "ID", env = "SW_PROJECT", hide_env_values = true)]
    pub project: Option<String>,
    /// With --mint: the project's API token. The environment is safer than the command line.
    #[arg(long, global = true, value_name = "TEXT", env = "SW_API_TOKEN", hide_env_values = true)]
    pub api_token: Option<String>,
    /// With --mint: the space, such as https://example.signalwire.com.
    #[arg(long, global = true, value_name = "URL", env = "SW_SPACE_URL", hide_env_values = true)]
    pub space_url: Option<String>,
    /// With --mint: the subscriber, made if there is none with this reference.
    #[arg(long, global = true, value_name = "TEXT", default_value = "softphone@example.com")]
    pub reference: String,
}

/// Where the service is. The token says it; these are for private deployments and tests.
#[derive(Args)]
#[command(next_help_heading = "Service (default: what the token says)")]
pub struct ServiceArgs {
    /// WebSocket URL, such as wss://host:port.
    #[arg(long, global = true, value_name = "URL", env = "SW_WS_URL", hide_env_values = true)]
    pub ws_url: Option<String>,
    /// Base URL of the HTTP API, such as https://host:port.
    #[arg(long, global = true, value_name = "URL", env = "SW_HTTP_URL", hide_env_values = true)]
    pub http_url: Option<String>,
    /// PEM file with additional trusted CA certificates.
    // Not a PathBuf: its parser takes an empty variable for a mistake.
    #[arg(long, global = true, value_name = "FILE", env = "SW_CA_FILE", hide_env_values = true)]
    pub ca: Option<OsString>,
    /// File of the login, which only its owner can read. Default: login.json among the state of
    /// signalwire-softphone in the home folder.
    #[arg(long, global = true, value_name = "FILE", env = "SW_LOGIN_FILE", hide_env_values = true)]
    pub login_file: Option<OsString>,
}

#[derive(Args)]
pub struct LoginArgs {
    /// The application's client id, issued by SignalWire's support.
    #[arg(long, value_name = "ID", env = "SW_CLIENT_ID", hide_env_values = true)]
    pub client_id: Option<String>,
    /// Where the browser returns to, as it is registered; port 0 takes a free one.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:0/callback")]
    pub redirect_uri: String,
    /// Authorization endpoint. Default: SignalWire's.
    #[arg(long, value_name = "URL", env = "SW_AUTHORIZE_URL", hide_env_values = true)]
    pub authorize_url: Option<String>,
    /// Token endpoint. Default: SignalWire's.
    #[arg(long, value_name = "URL", env = "SW_TOKEN_URL", hide_env_values = true)]
    pub token_url: Option<String>,
    /// Only show the URL of the login page.
    #[arg(long)]
    pub no_browser: bool,
    /// Give up after this many seconds.
    #[arg(long, value_name = "S", value_parser = seconds, default_value = "300")]
    pub timeout: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Subcommand)]
pub enum Command {
    /// Log in with the browser; later commands need no token then.
    Login(LoginArgs),
    /// Forget the login.
    Logout,
    /// Show the subscriber that the token belongs to.
    Info,
    /// List the addresses that can be called.
    Addresses(AddressesArgs),
    /// List the microphones and loudspeakers.
    Devices,
    /// Call an address and stay in the call until it ends.
    Dial(DialArgs),
    /// Wait for a call, answer or decline it, and stay in it until it ends.
    Listen(ListenArgs),
}

#[derive(Args)]
pub struct AddressesArgs {
    /// Only addresses of this type.
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    pub address_type: Option<TypeArg>,
    /// Only addresses whose display name matches.
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// At most this many, 1 to 1000.
    #[arg(long, value_name = "N")]
    pub page_size: Option<u32>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum TypeArg {
    App,
    Call,
    Room,
    Subscriber,
}

impl From<TypeArg> for AddressType {
    fn from(arg: TypeArg) -> Self {
        match arg {
            TypeArg::App => Self::App,
            TypeArg::Call => Self::Call,
            TypeArg::Room => Self::Room,
            TypeArg::Subscriber => Self::Subscriber,
        }
    }
}

#[derive(Args)]
#[command(after_help = DIAL_HELP, override_usage = "softphone [OPTIONS] dial [OPTIONS] <ADDRESS>")]
pub struct DialArgs {
    /// /context/name, + and a number in E.164 form, or sip:user@host.
    pub address: String,
    /// Give up when nobody answered after this many seconds.
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub ring_timeout: Option<Duration>,
    #[command(flatten)]
    pub call: CallArgs,
}

#[derive(Args)]
#[command(after_help = LISTEN_HELP, override_usage = "softphone [OPTIONS] listen [OPTIONS]")]
pub struct ListenArgs {
    /// Answer the call at once.
    #[arg(long)]
    pub answer: bool,
    /// Give up when nobody called after this many seconds.
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub timeout: Option<Duration>,
    #[command(flatten)]
    pub call: CallArgs,
}

/// What is done in a call, whoever made it.
#[derive(Args)]
pub struct CallArgs {
    /// WAV file to play once the call is up. Without --duration the call is hung up 0.5 s after
    /// its end.
    #[arg(long, value_name = "FILE")]
    pub play: Option<PathBuf>,
    /// WAV file to record the far side to (48 kHz mono); an existing one is replaced.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Microphone: its id, name or a part of it, see `devices`. Default: the default one, unless
    /// --play, --record or --output is given.
    #[arg(long, value_name = "NAME")]
    pub input: Option<String>,
    /// Loudspeaker: its id, name or a part of it. Default: as for --input.
    #[arg(long, value_name = "NAME")]
    pub output: Option<String>,
    /// Offer or accept only this codec.
    #[arg(long, value_enum)]
    pub codec: Option<CodecArg>,
    /// Hang up this many seconds after the answer.
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub duration: Option<Duration>,
    /// DTMF digits to send once the call is up; w is a pause of 0.5 s.
    #[arg(long, value_name = "DIGITS")]
    pub digits: Option<String>,
    /// How digits are sent: through the service (default), in the audio, or there if it can be.
    #[arg(long, value_enum)]
    pub dtmf: Option<DtmfArg>,
    /// Hang up when standard input ends.
    #[arg(long)]
    pub hangup_on_eof: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum DtmfArg {
    Info,
    Rtp,
    Auto,
}

impl From<DtmfArg> for DtmfMethod {
    fn from(arg: DtmfArg) -> Self {
        match arg {
            DtmfArg::Info => Self::Info,
            DtmfArg::Rtp => Self::Rtp,
            DtmfArg::Auto => Self::Auto,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub enum CodecArg {
    Opus,
    Pcmu,
    Pcma,
}

impl From<CodecArg> for AudioCodec {
    fn from(arg: CodecArg) -> Self {
        match arg {
            CodecArg::Opus => Self::Opus,
            CodecArg::Pcmu => Self::Pcmu,
            CodecArg::Pcma => Self::Pcma,
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    const RANGE: std::ops::RangeInclusive<f64> = 0.001..=86_400.0;
    match text.parse::<f64>() {
        Ok(value) if RANGE.contains(&value) => Ok(Duration::from_secs_f64(value)),
        _ => Err(format!("must be seconds from {} to {}", RANGE.start(), RANGE.end())),
    }
}
