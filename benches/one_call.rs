//! What this process costs with calls up: CPU, memory, threads.
//!
//! `cargo bench --bench one_call [CALLS] [SECONDS] [pcmu]` (1 call, 10 s, Opus). The gateway is a
//! process of its own, so that its cost does not count. Each call plays a voice-like file and
//! receives its echo. Then bursts are pushed into the first call, and the time is taken until a
//! sink has their echo.

use signalwire_client::{
    shutdown, AudioCodec, AudioFormat, AudioFrame, AudioSink, Call, CallEvent, Client,
    ClientOptions, DialOptions, Result,
};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often the time to the echo is taken.
const BURSTS: u64 = 60;

const FORMAT: AudioFormat = AudioFormat { sample_rate_hz: 48_000, channels: 1 };

fn main() -> Result<()> {
    let numbers: Vec<u64> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let calls = numbers.first().copied().unwrap_or(1);
    let seconds = numbers.get(1).copied().unwrap_or(10);
    let (gateway, ready) = start_gateway();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime for the benchmark");
    println!("before: {}", memory());
    let result = runtime.block_on(measure(&ready, calls, Duration::from_secs(seconds)));
    shutdown();
    drop(gateway);
    result
}

async fn measure(ready: &serde_json::Value, calls: u64, length: Duration) -> Result<()> {
    let text = |key: &str| ready[key].as_str().expect("a text in the gateway's line").to_owned();
    let mut options = ClientOptions::new(text("token"));
    options.ws_url = Some(text("ws_url"));
    options.http_url = Some(text("http_url"));
    let pem = std::fs::read_to_string(text("ca_file")).expect("the gateway's CA");
    options.ca_certificates_pem = Some(pem);
    let client = Client::new(options)?;
    client.connect().await?;
    println!("connected: {}", memory());
    let mut up = Vec::new();
    let ear = Arc::new(Listener::default());
    for _ in 0..calls {
        let mut options = DialOptions::default();
        if std::env::args().any(|word| word == "pcmu") {
            options.audio_codecs = vec![AudioCodec::Pcmu];
        }
        let call = client.dial("/public/echo", options)?;
        let events = call.events();
        while let Some(event) = events.next().await {
            if matches!(event, CallEvent::MediaConnected { .. }) {
                break;
            }
        }
        call.add_audio_sink(FORMAT, ear.clone())?;
        up.push(call);
    }
    let file = std::env::temp_dir().join(format!("one_call-{}.wav", std::process::id()));
    let samples = length.as_secs() as usize * FORMAT.sample_rate_hz as usize;
    write_wav(&file, voice().into_iter().cycle().take(samples));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (cpu, started) = (cpu_seconds(), Instant::now());
    speak(&up, &file).await?;
    let _ = std::fs::remove_file(&file);
    let (cpu, wall) = (cpu_seconds() - cpu, started.elapsed().as_secs_f64());
    println!(
        "{calls} call(s), {wall:.1} s: {:.2} % of a core in all, {:.2} % per call; {}",
        100.0 * cpu / wall,
        100.0 * cpu / wall / calls.max(1) as f64,
        memory()
    );
    let stats = up[0].stats();
    println!(
        "first call: {} packets received, {} lost, jitter {:.1} ms, buffer {:.0} of {:.0} ms, concealed {}, removed {} ms, inserted {} ms",
        stats.packets_received,
        stats.packets_lost,
        stats.jitter_ms,
        stats.jitter_buffer_ms,
        stats.jitter_buffer_target_ms,
        stats.frames_concealed,
        stats.removed_ms,
        stats.inserted_ms
    );
    echo_times(&up[0], &ear).await?;
    client.disconnect().await
}

/// From pushing a burst to the sink that hears its echo: twice the way of audio through this
/// library, and the gateway between them.
async fn echo_times(call: &Call, ear: &Listener) -> Result<()> {
    let burst: Vec<i16> = voice().into_iter().take(FORMAT.sample_rate_hz as usize / 50).collect();
    let mut times = Vec::new();
    for number in 0..BURSTS {
        // Silence between them, and every phase against the ticks.
        tokio::time::sleep(Duration::from_millis(300 + number * 7 % 20)).await;
        ear.set(Some(Instant::now()));
        call.push_audio(&burst, FORMAT)?;
        tokio::time::sleep(Duration::from_millis(400)).await;
        times.extend(ear.heard());
    }
    times.sort_unstable();
    if times.is_empty() {
        println!("push to echo: none of {BURSTS} bursts came back");
        return Ok(());
    }
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    println!(
        "push to echo: median {:.1} ms, 95 % {:.1} ms, of {} bursts",
        at(50),
        at(95),
        times.len()
    );
    Ok(())
}

/// Plays the file into every call, and waits.
async fn speak(calls: &[Call], file: &Path) -> Result<()> {
    let playing: Vec<_> = calls
        .iter()
        .map(|call| {
            let (call, file) = (call.clone(), file.to_owned());
            tokio::spawn(async move { call.play_wav(file).await })
        })
        .collect();
    for played in playing {
        played.await.expect("the task of a call")?;
    }
    Ok(())
}

fn write_wav(path: &Path, samples: impl Iterator<Item = i16>) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: FORMAT.sample_rate_hz,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).expect("a file for the signal");
    samples.for_each(|sample| writer.write_sample(sample).expect("room for the signal"));
    writer.finalize().expect("a whole file");
}

/// Two seconds of something like a voice: pitch and loudness change. Made before measuring.
fn voice() -> Vec<i16> {
    (0..2 * FORMAT.sample_rate_hz)
        .map(|n| {
            let t = f64::from(n) / f64::from(FORMAT.sample_rate_hz);
            let pitch = 140.0 + 40.0 * (t * std::f64::consts::PI).sin();
            let loudness = 6_000.0 * (0.6 + 0.4 * (t * 9.0).sin());
            let tones = (1..6).map(|k| {
                let k = f64::from(k);
                (t * pitch * k * std::f64::consts::TAU).sin() / k
            });
            (loudness * tones.sum::<f64>()) as i16
        })
        .collect()
}

/// Takes the time from a burst to its echo.
#[derive(Default)]
struct Listener(Mutex<(Option<Instant>, Option<Duration>)>);

impl Listener {
    fn set(&self, burst: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (burst, None);
    }

    fn heard(&self) -> Option<Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}

impl AudioSink for Listener {
    fn on_frame(&self, frame: &AudioFrame<'_>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(since), None) = *state else { return };
        if std::hint::black_box(frame.samples).iter().any(|sample| sample.unsigned_abs() > 1000) {
            state.1 = Some(since.elapsed());
        }
    }
}

/// The gateway ends with the benchmark, however that ends.
struct Gateway(Child);

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_gateway() -> (Gateway, serde_json::Value) {
    let binary = std::env::var("SW_GATEWAY_BIN").unwrap_or_else(|_| {
        let bench = std::env::current_exe().expect("this program's path");
        let folder = bench.ancestors().nth(2).expect("the target folder").to_owned();
        folder.join("sw-gateway").to_string_lossy().into_owned()
    });
    let mut child = Command::new(&binary)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{binary}: {error}; build it, or set SW_GATEWAY_BIN"));
    let output = child.stdout.take().expect("the gateway's output");
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).expect("the gateway's line");
    (Gateway(child), serde_json::from_str(&line).expect("JSON from the gateway"))
}

/// User and system time of this process so far.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split(' ').collect();
    let ticks = |index: usize| fields[index].parse::<f64>().unwrap_or(0.0);
    (ticks(12) + ticks(13)) / 100.0
}

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let value = |key: &str| {
        let line = status.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        line.split_whitespace().nth(1).unwrap_or("?").parse::<f64>().unwrap_or(0.0)
    };
    format!("{:.1} MB resident, {} threads", value("VmRSS:") / 1024.0, value("Threads:"))
}
