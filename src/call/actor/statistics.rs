//! The numbers about a call, told now and then.

use super::{Actor, AnyTimer};
use crate::call::event::CallEvent;
use std::time::Duration;

/// The application's option: 0 means never.
fn interval(ms: u32) -> Option<Duration> {
    (ms > 0).then(|| Duration::from_millis(ms.into()))
}

impl Actor {
    /// Begins with the first media; later it goes on as it is.
    pub(super) fn begin_statistics(&mut self) {
        let Some(every) = interval(self.progress().statistics_ms) else { return };
        if !self.timers.iter().any(|(timer, _)| *timer == AnyTimer::Statistics) {
            self.arm(AnyTimer::Statistics, every);
        }
    }

    /// The time has come: tells the numbers and waits for the next time.
    pub(super) fn tell_statistics(&mut self) {
        let stats = Box::new(self.port.stats());
        self.events.publish(CallEvent::Statistics { stats });
        self.begin_statistics();
    }
}
