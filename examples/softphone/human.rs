//! For a person: short lines with colours, and one line that is drawn again and again.

use crate::outcome::Failure;
use crate::report::{Ending, Report, Status, Ui};
use crate::room::{flags, short_name};
use crate::style::{clock, meter, Style};
use crate::summary;
use signalwire_client::{
    Address, AudioDevice, AudioDeviceEvent, AudioDeviceKind, CallEvent, CallState, ClientEvent,
    ClientState, Layout, Member, Subscriber,
};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often the line is drawn on a terminal, and written to a file or pipe.
const REDRAW: Duration = Duration::from_millis(100);
const REPEAT: Duration = Duration::from_secs(1);

pub struct HumanUi {
    started: Instant,
    style: Style,
    is_terminal: bool,
    /// Text that stands in the terminal's last line.
    line: String,
    is_closed: bool,
}

impl HumanUi {
    pub fn new(started: Instant, style: Style, is_terminal: bool) -> Self {
        Self { started, style, is_terminal, line: String::new(), is_closed: false }
    }

    fn write(&mut self, text: &str) {
        let mut out = std::io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        self.is_closed |= written.is_err();
    }

    /// A line that stays, above the one that is drawn again.
    fn print(&mut self, text: &str) {
        let erase = if self.line.is_empty() { "" } else { "\r\x1b[2K" };
        let line = std::mem::take(&mut self.line);
        self.write(&format!("{erase}{text}\n"));
        self.draw(line);
    }

    /// Replaces the last line; a terminal that is too narrow cuts it off.
    fn draw(&mut self, line: String) {
        if !line.is_empty() {
            self.write(&format!("\r\x1b[2K\x1b[?7l{line}\x1b[?7h"));
        }
        self.line = line;
    }

    fn erase(&mut self) {
        if !std::mem::take(&mut self.line).is_empty() {
            self.write("\r\x1b[2K");
        }
    }

    /// A line with the time since the start.
    fn note(&mut self, text: &str) {
        let time = self.style.dim(&clock(self.started.elapsed()));
        self.print(&format!("  {time}  {text}"));
    }

    fn client(&mut self, event: &ClientEvent) {
        match event {
            ClientEvent::StateChanged { state: ClientState::Connected, .. } => {
                let text = self.style.green("connected");
                self.note(&text);
            }
            ClientEvent::StateChanged { state: ClientState::Reconnecting, reason } => {
                let text = format!("{} {reason}", self.style.yellow("connection lost:"));
                self.note(&text);
            }
            ClientEvent::RetryScheduled { attempt, delay_ms, reason } => {
                let text = format!("try {attempt} in {delay_ms} ms ({reason})");
                self.note(&self.style.yellow(&text));
            }
            ClientEvent::TokenRefreshFailed { message, .. } => {
                let text = format!("the token could not be renewed: {message}");
                self.note(&self.style.yellow(&text));
            }
            _ => {}
        }
    }

    fn call(&mut self, event: &CallEvent) {
        match event {
            CallEvent::StateChanged { state, .. } => {
                let text = state_text(&self.style, *state);
                self.note(&text);
            }
            CallEvent::MediaConnected { codec } => {
                self.note(&format!("media connected, codec {}", self.style.bold(codec)));
            }
            CallEvent::MemberJoined { member, .. } => {
                self.note(&format!("{} is here", short_name(member)));
            }
            CallEvent::MemberLeft { member, .. } => {
                self.note(&format!("{} has gone", short_name(member)));
            }
            CallEvent::LayoutChanged { layout, .. } => {
                let text = self.style.dim(&format!("layout {}", layout.name));
                self.note(&text);
            }
            CallEvent::Warning { kind, is_raised: true } => {
                let text = self.style.yellow(&format!("warning: {kind:?}"));
                self.note(&text);
            }
            CallEvent::DigitReceived { digit, .. } => self.note(&format!("key {digit}")),
            CallEvent::MediaLost => {
                let text = self.style.yellow("media path lost");
                self.note(&text);
            }
            CallEvent::Recovering { reason, attempt } => {
                let text = format!("new media path, try {attempt} ({reason})");
                self.note(&self.style.yellow(&text));
            }
            CallEvent::Recovered { gap_ms } => {
                self.note(&self.style.green(&format!("media back after {gap_ms} ms")));
            }
            _ => {}
        }
    }

    fn devices(&mut self, devices: &[AudioDevice]) {
        if devices.is_empty() {
            self.print("  no microphone and no loudspeaker");
        }
        for device in devices {
            let kind = match device.kind {
                AudioDeviceKind::Input => "microphone",
                AudioDeviceKind::Output => "loudspeaker",
            };
            let mark = if device.is_default { "*" } else { " " };
            let rates: Vec<String> = device.sample_rates_hz.iter().map(u32::to_string).collect();
            let name = self.style.bold(&device.name);
            self.print(&format!("{mark} {kind:<11} {name}  {}  {}", device.id, rates.join(" ")));
        }
    }

    fn device(&mut self, event: &AudioDeviceEvent) {
        match event {
            AudioDeviceEvent::Opened { device } => {
                let verb = match device.kind {
                    AudioDeviceKind::Input => "speak into",
                    AudioDeviceKind::Output => "listen to",
                };
                self.note(&format!("{verb} {}", device.name));
            }
            AudioDeviceEvent::Lost { device, reason } => {
                let text = format!("{} does not work any more: {reason}", device.name);
                self.note(&self.style.yellow(&text));
            }
            _ => {}
        }
    }

    fn subscriber(&mut self, subscriber: &Subscriber) {
        let name = format!("{} {}", subscriber.first_name, subscriber.last_name);
        let rows = [
            ("subscriber", first_of(&[&subscriber.display_name, name.trim(), &subscriber.email])),
            ("e-mail", subscriber.email.as_str()),
            ("job", &subscriber.job_title),
            ("company", &subscriber.company_name),
            ("region", &subscriber.region),
            ("country", &subscriber.country),
            ("time zone", &subscriber.time_zone),
            ("id", &subscriber.id),
        ];
        for (label, value) in rows {
            if !value.is_empty() {
                self.print(&format!("  {}{value}", self.style.dim(&format!("{label:<12}"))));
            }
        }
        for address in &subscriber.addresses {
            let dial = address.dial_string().unwrap_or(&address.name);
            self.print(&format!("  {}{dial}", self.style.dim(&format!("{:<12}", "address"))));
        }
        if let Some(seconds) = subscriber.token_expires_at.and_then(seconds_from_now) {
            let text = format!("expires in {} min", seconds / 60);
            self.print(&format!("  {}{text}", self.style.dim(&format!("{:<12}", "token"))));
        }
    }

    fn addresses(&mut self, addresses: &[Address], has_next: bool) {
        let rows: Vec<[String; 3]> = addresses.iter().map(row).collect();
        let width = |column: usize, title: &str| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([title.len()]).max().unwrap_or_default()
        };
        let (dial, kind) = (width(0, "DIAL"), width(1, "TYPE"));
        let title = format!("  {:<dial$}  {:<kind$}  NAME", "DIAL", "TYPE");
        self.print(&self.style.dim(&title));
        for [address, address_type, name] in &rows {
            self.print(&format!("  {address:<dial$}  {address_type:<kind$}  {name}"));
        }
        if has_next {
            let text = "  There are more: raise --page-size, or narrow by --type or --name.";
            self.print(&self.style.dim(text));
        }
    }

    fn error(&mut self, command: Option<&str>, failure: &Failure) {
        let what = command.map(|command| format!("{command}: ")).unwrap_or_default();
        let text = self.style.red(&format!("{what}{}", failure.message));
        self.note(&text);
    }

    fn roster(&mut self, members: &[Member], layout: Option<&Layout>) {
        let width = members.iter().map(|m| short_name(m).chars().count()).max().unwrap_or_default();
        for member in members {
            let name = self.style.bold(&format!("{:<width$}", short_name(member)));
            let flags = flags(member).join(", ");
            self.print(&format!("  {name}  {}  {flags}", self.style.dim(&member.member_id)));
        }
        if let Some(layout) = layout {
            self.print(&format!("  {} {}", self.style.dim("layout"), layout.name));
        }
    }

    fn stats(&mut self, stats: &signalwire_client::CallStats) {
        for line in summary::numbers(&self.style, stats) {
            self.print(&line);
        }
    }
}

impl Ui for HumanUi {
    fn report(&mut self, report: &Report<'_>) {
        match report {
            Report::Client(event) => self.client(event),
            Report::LoginPage { url } => {
                self.print("  Log in with your browser on this page:");
                self.print(&format!("  {url}"));
            }
            Report::LoggedIn { file } => {
                self.print(&self.style.green("  Logged in."));
                let text = format!("  kept in {}", file.display());
                self.print(&self.style.dim(&text));
            }
            Report::Subscriber(subscriber) => self.subscriber(subscriber),
            Report::Addresses { addresses, has_next } => self.addresses(addresses, *has_next),
            Report::Dialing { address, .. } => {
                let text = format!("dialing {}", self.style.bold(address));
                self.note(&text);
                if self.is_terminal && std::io::stdin().is_terminal() {
                    let keys = "  keys: m mute · h hold · 0-9*# digits · s statistics · q hang up";
                    self.print(&self.style.dim(keys));
                }
            }
            Report::Devices(devices) => self.devices(devices),
            Report::Device(event) => self.device(event),
            Report::NoDevice { error } => {
                let text = self.style.yellow(error.message());
                self.note(&text);
            }
            Report::Listening => self.note("waiting for a call"),
            Report::Incoming { name, number, .. } => {
                let from = first_of(&[name, number]);
                let text = format!("{} calls", self.style.bold(from));
                self.note(&text);
                if self.is_terminal && std::io::stdin().is_terminal() {
                    let keys = "  keys: a answer · r reject";
                    self.print(&self.style.dim(keys));
                }
            }
            Report::Recording { file } => self.note(&format!("recording to {}", file.display())),
            Report::Call(event) => self.call(event),
            Report::Playing { file } => self.note(&format!("playing {}", file.display())),
            Report::PlayFinished { is_complete: true, .. } => self.note("playing is over"),
            Report::PlayFinished { .. } => self.note("playing was broken off"),
            Report::CommandDone { command } => {
                let text = format!("{command}: done");
                self.note(&text);
            }
            Report::Stats(stats) => self.stats(stats),
            Report::Roster { members, layout } => self.roster(members, layout.as_ref()),
            Report::Layouts(names) => self.print(&format!("  {}", names.join(", "))),
            Report::Error { command, failure } => self.error(*command, failure),
        }
    }

    fn status(&mut self, status: &Status) {
        // Before the answer there is nothing to see that the notes do not say.
        if !status.state.is_answered() && !self.is_terminal {
            return;
        }
        let line = status_line(&self.style, status);
        match self.is_terminal {
            true => self.draw(line),
            false => self.print(&line),
        }
    }

    fn ending(&mut self, ending: &Ending) {
        self.erase();
        match ending {
            Ending::Done => {}
            Ending::Call(result) => {
                for line in summary::call(&self.style, result) {
                    self.print(&line);
                }
            }
            Ending::Failed(failure) => {
                let code = failure.code.map(|code| format!(" (code {code})")).unwrap_or_default();
                eprintln!("softphone: {}{code}", failure.message);
            }
        }
    }

    fn status_interval(&self) -> Option<Duration> {
        Some(if self.is_terminal { REDRAW } else { REPEAT })
    }

    fn is_closed(&self) -> bool {
        self.is_closed
    }
}

fn first_of<'a>(texts: &[&'a str]) -> &'a str {
    texts.iter().copied().find(|text| !text.is_empty()).unwrap_or_default()
}

fn seconds_from_now(at: i64) -> Option<u64> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?;
    u64::try_from(at).ok()?.checked_sub(now.as_secs())
}

fn row(address: &Address) -> [String; 3] {
    let kind = crate::outcome::snake_case(&address.address_type);
    let locked = if address.is_locked { " (locked)" } else { "" };
    let name = first_of(&[&address.display_name, &address.name]);
    [address.dial_string().unwrap_or("-").to_owned(), kind, format!("{name}{locked}")]
}

fn state_text(style: &Style, state: CallState) -> String {
    match state {
        CallState::New => "preparing".to_owned(),
        CallState::Trying => "the service has the call".to_owned(),
        CallState::Ringing => style.yellow("ringing"),
        CallState::Early => style.yellow("early media"),
        CallState::Active => style.green("answered"),
        CallState::Held => style.yellow("on hold"),
        CallState::Ending => "hanging up".to_owned(),
        CallState::Ended => "ended".to_owned(),
    }
}

fn status_line(style: &Style, status: &Status) -> String {
    let stats = &status.stats;
    let state = match (status.state, status.is_muted) {
        (CallState::Active, false) => style.green("● active "),
        (CallState::Active, true) => style.yellow("● muted  "),
        (CallState::Held, _) => style.yellow("● on hold"),
        (state, _) => style.yellow(&format!("● {:<7}", crate::outcome::snake_case(&state))),
    };
    let time = clock(status.elapsed);
    if !status.state.is_answered() {
        return format!("  {time}  {state}");
    }
    let loss = match stats.packets_received + stats.packets_lost {
        0 => 0.0,
        all => 100.0 * stats.packets_lost as f64 / all as f64,
    };
    format!(
        "  {time}  {state}  out {}  in {}  loss {loss:.1} %  jitter {:.1} ms  rtt {}",
        meter(style, stats.output_level_dbfs),
        meter(style, stats.input_level_dbfs),
        stats.jitter_ms,
        summary::round_trip(stats),
    )
}
