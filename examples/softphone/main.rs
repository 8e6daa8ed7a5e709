//! `softphone`: a phone for the command line, for people and for scripts.
//!
//! It uses nothing but the public interface of `signalwire_client`, so it is also an example of
//! how to use it: `phone.rs` has the call. Try `cargo run --example softphone -- --help`.

mod args;
mod human;
mod identity;
mod input;
mod interrupt;
mod json;
mod login;
mod outcome;
mod phone;
mod report;
mod room;
mod sound;
mod style;
mod summary;
mod terminal;

use args::{AddressesArgs, CallArgs, Cli, Color, Command, DialArgs, ListenArgs};
use clap::Parser;
use identity::Identity;
use input::InputStream;
use interrupt::Interrupts;
use outcome::{Failure, Outcome};
use phone::Phone;
use report::{Ending, Report, Ui};
use signalwire_client::{AddressQuery, Call, Client, ClientEvent, ClientEventStream};
use sound::Sound;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let started = Instant::now();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let is_error = error.use_stderr();
            let _ = error.print();
            let outcome = if is_error { Outcome::Usage } else { Outcome::Ok };
            return outcome.exit_code().into();
        }
    };
    init_log();
    let mut ui = ui(&cli, started);
    let ending = match run(&cli, ui.as_mut()) {
        Ok(ending) => ending,
        Err(failure) => Ending::Failed(failure),
    };
    ui.ending(&ending);
    ending.outcome().exit_code().into()
}

/// `RUST_LOG` as usual, on standard error.
fn init_log() {
    use tracing_subscriber::filter::{filter_fn, Targets};
    use tracing_subscriber::prelude::*;
    let Some(targets) = std::env::var("RUST_LOG").ok().and_then(|text| text.parse().ok()) else {
        return;
    };
    let targets: Targets = targets;
    // The traces of HTTP and WebSocket libraries hold whole messages, and so the token.
    let is_safe = filter_fn(|metadata| {
        ["signalwire_client", "softphone"].iter().any(|own| metadata.target().starts_with(own))
            || *metadata.level() <= tracing::Level::INFO
    });
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .with_filter(is_safe);
    tracing_subscriber::registry().with(layer.with_filter(targets)).init();
}

fn ui(cli: &Cli, started: Instant) -> Box<dyn Ui> {
    if cli.json {
        return Box::new(json::JsonUi::new(started));
    }
    let is_terminal = std::io::stdout().is_terminal();
    let has_color = match cli.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
    };
    Box::new(human::HumanUi::new(started, style::Style { has_color }, is_terminal))
}

fn run(cli: &Cli, ui: &mut dyn Ui) -> Result<Ending, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Outcome::Other, format!("no runtime: {error}")))?;
    let ending = runtime.block_on(async {
        let mut interrupts = Interrupts::new()?;
        match &cli.command {
            Command::Dial(args) => check_files(&args.call)?,
            Command::Listen(args) => check_files(&args.call)?,
            _ => {}
        }
        match &cli.command {
            Command::Login(args) => {
                return login::login(args, &cli.service, ui, &mut interrupts).await
            }
            Command::Logout => return login::logout(&cli.service),
            Command::Devices => return sound::list(ui),
            _ => {}
        }
        let identity = tokio::select! {
            identity = identity::of(&cli.identity, &cli.service) => identity?,
            () = interrupts.next() => return Err(Failure::interrupted()),
        };
        tracing::debug!(?identity);
        match &cli.command {
            Command::Dial(args) => dial(identity, args, cli.json, ui, &mut interrupts).await,
            Command::Listen(args) => listen(identity, args, cli.json, ui, &mut interrupts).await,
            Command::Addresses(args) => tokio::select! {
                ending = addresses(identity, args, ui) => ending,
                () = interrupts.next() => Err(Failure::interrupted()),
            },
            _ => tokio::select! {
                ending = info(identity, ui) => ending,
                () = interrupts.next() => Err(Failure::interrupted()),
            },
        }
    });
    drop(runtime);
    // Nothing of the library runs any more when the process ends.
    if ending.is_ok() {
        signalwire_client::shutdown();
    }
    ending
}

async fn info(identity: Identity, ui: &mut dyn Ui) -> Result<Ending, Failure> {
    let subscriber = identity.client()?.subscriber_info().await?;
    ui.report(&Report::Subscriber(&subscriber));
    Ok(Ending::Done)
}

async fn addresses(
    identity: Identity,
    args: &AddressesArgs,
    ui: &mut dyn Ui,
) -> Result<Ending, Failure> {
    let query = AddressQuery {
        address_type: args.address_type.map(Into::into),
        display_name: args.name.clone(),
        page_size: args.page_size,
        ..AddressQuery::default()
    };
    let page = identity.client()?.addresses(query).await?;
    ui.report(&Report::Addresses { addresses: &page.addresses, has_next: page.has_next });
    Ok(Ending::Done)
}

/// Connects, calls, and disconnects.
async fn dial(
    identity: Identity,
    args: &DialArgs,
    is_json: bool,
    ui: &mut dyn Ui,
    interrupts: &mut Interrupts,
) -> Result<Ending, Failure> {
    let client = identity.client()?;
    let events = client.events();
    connect(&client, &events, ui, interrupts).await?;
    let result = match Phone::dial(&client, events, args, ui) {
        Ok(phone) => {
            let allow_keys = !is_json && std::io::stdout().is_terminal();
            phone.run(InputStream::start(allow_keys), interrupts).await
        }
        Err(failure) => Err(failure),
    };
    tokio::select! {
        closed = client.disconnect() => closed?,
        () = interrupts.next() => {}
    }
    Ok(Ending::Call(Box::new(result?)))
}

async fn connect(
    client: &Client,
    events: &ClientEventStream,
    ui: &mut dyn Ui,
    interrupts: &mut Interrupts,
) -> Result<(), Failure> {
    let mut connecting = std::pin::pin!(client.connect());
    loop {
        tokio::select! {
            biased;
            Some(event) = events.next() => ui.report(&Report::Client(&event)),
            connected = &mut connecting => return Ok(connected?),
            () = interrupts.next() => return Err(Failure::interrupted()),
        }
    }
}

/// Connects, waits for a call, stays in it, and disconnects.
async fn listen(
    identity: Identity,
    args: &ListenArgs,
    is_json: bool,
    ui: &mut dyn Ui,
    interrupts: &mut Interrupts,
) -> Result<Ending, Failure> {
    let sound = Sound::open(&args.call, ui)?;
    let client = identity.client()?;
    let events = client.events();
    connect(&client, &events, ui, interrupts).await?;
    client.online().await?;
    ui.report(&Report::Listening);
    let result = match incoming(&client, &events, args, ui, interrupts).await {
        Ok(call) => {
            let allow_keys = !is_json && std::io::stdout().is_terminal();
            let phone = Phone::ringing(call, sound, events, args, ui);
            phone.run(InputStream::start(allow_keys), interrupts).await
        }
        Err(failure) => Err(failure),
    };
    tokio::select! {
        closed = client.disconnect() => closed?,
        () = interrupts.next() => {}
    }
    Ok(Ending::Call(Box::new(result?)))
}

/// The next call that rings here.
async fn incoming(
    client: &Client,
    events: &ClientEventStream,
    args: &ListenArgs,
    ui: &mut dyn Ui,
    interrupts: &mut Interrupts,
) -> Result<Call, Failure> {
    let nobody = async {
        match args.timeout {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    let mut nobody = std::pin::pin!(nobody);
    loop {
        tokio::select! {
            biased;
            event = events.next() => match event {
                Some(ClientEvent::IncomingCall { call_id, .. }) => {
                    // None when the caller gave up at once.
                    if let Some(call) = client.call(&call_id) {
                        return Ok(call);
                    }
                }
                Some(event) => ui.report(&Report::Client(&event)),
                None => return Err(Failure::new(Outcome::Network, "the session is over")),
            },
            () = interrupts.next() => return Err(Failure::interrupted()),
            () = &mut nobody => return Err(Failure::new(Outcome::NoAnswer, "nobody called")),
        }
    }
}

/// Before anybody is called: what cannot be played or written is a mistake of the caller.
fn check_files(args: &CallArgs) -> Result<(), Failure> {
    if let Some(file) = &args.play {
        hound::WavReader::open(file)
            .map_err(|error| Failure::usage(format!("--play {}: {error}", file.display())))?;
    }
    if let Some(file) = &args.record {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        if folder.is_some_and(|folder| !folder.is_dir()) {
            let text = format!("--record {}: there is no such folder", file.display());
            return Err(Failure::usage(text));
        }
    }
    Ok(())
}
