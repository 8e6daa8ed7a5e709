//! Ctrl-C and the request to terminate.

use crate::outcome::{Failure, Outcome};

#[cfg(unix)]
pub struct Interrupts {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Interrupts {
    /// From now on the signals do not end the process.
    pub fn new() -> Result<Self, Failure> {
        use tokio::signal::unix::{signal, SignalKind};
        let make = |kind| signal(kind).map_err(unavailable);
        Ok(Self {
            interrupt: make(SignalKind::interrupt())?,
            terminate: make(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
pub struct Interrupts(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Interrupts {
    pub fn new() -> Result<Self, Failure> {
        tokio::signal::windows::ctrl_c().map(Self).map_err(unavailable)
    }

    pub async fn next(&mut self) {
        self.0.recv().await;
    }
}

fn unavailable(error: std::io::Error) -> Failure {
    Failure::new(Outcome::Other, format!("cannot listen to signals: {error}"))
}
