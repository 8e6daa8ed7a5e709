//! `sw-gateway`: the gateway as a program, for tests in other languages.
//!
//! When it is ready it prints one line of JSON on standard output.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use signalwire_gateway::{Dialect, Gateway, GatewayConfig};

const USAGE: &str = "usage: sw-gateway [--port N] [--plain] [--dialect freeswitch|browser] \
[--ca-out FILE] [--ping-seconds N] [--ice-servers JSON] [--for-seconds N] [--exit-on-stdin-close] \
[--log]";

struct Options {
    config: GatewayConfig,
    ca_out: Option<PathBuf>,
    for_seconds: Option<f64>,
    exit_on_stdin_close: bool,
}

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(reason) => {
            eprintln!("{reason}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("sw-gateway: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options {
        config: GatewayConfig::default(),
        ca_out: None,
        for_seconds: None,
        exit_on_stdin_close: false,
    };
    while let Some(option) = args.next() {
        let mut value = || args.next().ok_or(format!("{option} needs a value"));
        match option.as_str() {
            "--port" => options.config.port = number(&value()?)?,
            "--plain" => options.config.tls = false,
            "--dialect" => {
                options.config.dialect = match value()?.as_str() {
                    "freeswitch" => Dialect::FreeSwitch,
                    "browser" => Dialect::Browser,
                    other => return Err(format!("no such dialect: {other}")),
                }
            }
            "--ca-out" => options.ca_out = Some(value()?.into()),
            "--ping-seconds" => {
                let seconds: f64 = number(&value()?)?;
                options.config.ping_interval = seconds_to_duration(seconds)?;
            }
            "--ice-servers" => {
                options.config.ice_servers =
                    serde_json::from_str(&value()?).map_err(|e| e.to_string())?;
            }
            "--for-seconds" => options.for_seconds = Some(number(&value()?)?),
            "--exit-on-stdin-close" => options.exit_on_stdin_close = true,
            "--log" => options.config.log = true,
            "--help" | "-h" => return Ok(None),
            other => return Err(format!("unknown option: {other}")),
        }
    }
    Ok(Some(options))
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("not a number: {text}"))
}

fn seconds_to_duration(seconds: f64) -> Result<Duration, String> {
    Duration::try_from_secs_f64(seconds).map_err(|e| e.to_string())
}

fn run(options: Options) -> Result<(), String> {
    let tls = options.config.tls;
    let dialect = match options.config.dialect {
        Dialect::FreeSwitch => "freeswitch",
        Dialect::Browser => "browser",
    };
    let gateway = Gateway::start(options.config)?;
    let temporary = options.ca_out.is_none();
    let ca_file = match tls {
        true => Some(write_ca(&gateway, options.ca_out)?),
        false => None,
    };
    let line = json!({
        "ws_url": gateway.ws_url(),
        "http_url": gateway.http_url(),
        "ca_file": ca_file,
        "project": gateway.project(),
        "api_token": gateway.api_token(),
        "token": gateway.mint_token("alice@example.com", 7_200, None),
        "dialect": dialect,
        "pid": std::process::id(),
    });
    println!("{line}");
    std::io::stdout().flush().map_err(|e| e.to_string())?;
    let outcome = wait(options.for_seconds, options.exit_on_stdin_close);
    if let (true, Some(file)) = (temporary, ca_file) {
        let _ = std::fs::remove_file(file);
    }
    outcome
}

fn write_ca(gateway: &Gateway, wanted: Option<PathBuf>) -> Result<PathBuf, String> {
    let file = wanted.unwrap_or_else(|| {
        let name = format!("sw-gateway-ca-{}.pem", std::process::id());
        std::env::temp_dir().join(name)
    });
    std::fs::write(&file, gateway.ca_pem()).map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(file)
}

fn wait(for_seconds: Option<f64>, exit_on_stdin_close: bool) -> Result<(), String> {
    let (done, waiting) = std::sync::mpsc::channel();
    if exit_on_stdin_close {
        let done = done.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 1024];
            while matches!(std::io::stdin().read(&mut buffer), Ok(1..)) {}
            let _ = done.send(());
        });
    }
    match for_seconds {
        Some(seconds) => {
            let _ = waiting.recv_timeout(seconds_to_duration(seconds)?);
        }
        // The sender in this thread keeps the channel open, so this lasts until standard input
        // ends or a signal ends the process.
        None => {
            let _ = waiting.recv();
        }
    }
    drop(done);
    Ok(())
}
