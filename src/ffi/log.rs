//! `sw_set_log_handler`: the library's log, given to foreign code.

use super::completion::on_dispatcher;
use super::guard::guard;
use super::observer::UserData;
use super::status::sw_status;
use super::text::c_string;
use super::versioned::{self, Versioned};
use crate::error::{Error, ErrorKind, Result};
use std::collections::VecDeque;
use std::ffi::{c_char, c_void};
use std::fmt::Write;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tracing::field::{Field, Visit};
use tracing::subscriber::{set_global_default, Interest};
use tracing::{span, Event, Level, Metadata, Subscriber};

/// Records that may wait for a slow handler before new ones are dropped.
const CAPACITY: usize = 1024;

/// How much is logged. Each level includes those before it.
#[repr(C)]
#[allow(dead_code)] // Constants for C; the code passes the numbers on.
pub enum sw_log_levels {
    /// Nothing.
    SW_LOG_OFF = 0,
    /// Defects of the library.
    SW_LOG_ERROR = 1,
    /// What goes wrong outside and is coped with.
    SW_LOG_WARN = 2,
    /// Connections and calls.
    SW_LOG_INFO = 3,
    /// Steps.
    SW_LOG_DEBUG = 4,
    /// Every message's name, every operation that failed.
    SW_LOG_TRACE = 5,
}

/// One line of the log. Borrowed for the time of the callback. Contains no tokens, keys or SDP.
#[repr(C)]
pub struct sw_log_record {
    /// Size of this struct in the library, in bytes.
    pub struct_size: u32,
    /// One of `SW_LOG_*`.
    pub level: i32,
    /// How many lines were dropped so far because the handler was too slow.
    pub dropped_records: u64,
    /// Part of the library that logs, such as `signalwire_client::session`. Never NULL.
    pub target: *const c_char,
    /// The text with its fields. Never NULL.
    pub message: *const c_char,
}

/// Who gets the log. Copied by `sw_set_log_handler`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct sw_log_handler {
    /// `sizeof(sw_log_handler)`.
    pub struct_size: u32,
    /// Called for each line, in order, on the dispatcher thread. Not null.
    pub on_record:
        Option<unsafe extern "C" fn(record: *const sw_log_record, user_data: *mut c_void)>,
    /// Called exactly once after the last line, when the handler was replaced; nullable.
    pub drop: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    /// Passed to both functions unchanged. Nullable.
    pub user_data: *mut c_void,
}

// SAFETY: repr(C), size first, nullable function and data pointers.
unsafe impl Versioned for sw_log_handler {
    const FIRST_SIZE: usize = size_of::<sw_log_handler>();
}

struct Handler {
    on_record: unsafe extern "C" fn(record: *const sw_log_record, user_data: *mut c_void),
    data: UserData,
}

struct Record {
    level: i32,
    target: &'static str,
    message: String,
}

#[derive(Default)]
struct Queue {
    handler: Option<Arc<Handler>>,
    records: VecDeque<Record>,
    dropped: u64,
    is_scheduled: bool,
}

static LEVEL: AtomicI32 = AtomicI32::new(0);
static QUEUE: Mutex<Queue> =
    Mutex::new(Queue { handler: None, records: VecDeque::new(), dropped: 0, is_scheduled: false });
static INSTALLED: OnceLock<bool> = OnceLock::new();

fn queue() -> MutexGuard<'static, Queue> {
    // No code that can panic runs under this lock.
    QUEUE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends the library's log to a handler, in place of the one before.
///
/// `level`: one of `SW_LOG_*`. `handler`: nullable; NULL or `SW_LOG_OFF` ends the log. Lines are
/// delivered on the dispatcher thread; 1024 may wait there, further ones are dropped and
/// counted. The handler before gets its `drop`, after its last line.
/// Errors: `SW_ERR_INVALID_ARGUMENT`; `SW_ERR_INVALID_STATE` when the process has already a
/// `tracing` subscriber of its own, which then has the log. Any thread, also inside callbacks;
/// does not block.
#[no_mangle]
pub extern "C" fn sw_set_log_handler(level: i32, handler: *const sw_log_handler) -> sw_status {
    guard(|| {
        if !(0..=5).contains(&level) {
            return Err(Error::invalid(format!("level: {level} is no SW_LOG_*")));
        }
        // SAFETY: the header asks for a valid struct or NULL.
        let new = match unsafe { versioned::read(handler, "handler")? } {
            Some(raw) if level > 0 => Some(to_handler(raw)?),
            _ => None,
        };
        if new.is_some() {
            install()?;
        }
        LEVEL.store(if new.is_some() { level } else { 0 }, Ordering::Relaxed);
        if let Some(new) = &new {
            new.data.arm();
        }
        let old = std::mem::replace(&mut queue().handler, new);
        drop(old);
        tracing::callsite::rebuild_interest_cache();
        Ok(())
    })
}

fn to_handler(raw: sw_log_handler) -> Result<Arc<Handler>> {
    let on_record = raw.on_record.ok_or_else(|| Error::invalid("on_record must not be NULL"))?;
    Ok(Arc::new(Handler { on_record, data: UserData::new(raw.user_data, raw.drop) }))
}

fn install() -> Result<()> {
    match INSTALLED.get_or_init(|| set_global_default(Log).is_ok()) {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::InvalidState,
            "the process has a tracing subscriber already; read the library's log there",
        )),
    }
}

/// Takes the events of this library and ignores everybody else's.
struct Log;

impl Subscriber for Log {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match self.enabled(metadata) {
            true => Interest::always(),
            false => Interest::never(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
            && metadata.target().starts_with("signalwire_client")
            && number(metadata.level()) <= LEVEL.load(Ordering::Relaxed)
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        push(Record {
            level: number(event.metadata().level()),
            target: event.metadata().target(),
            message: text.message + &text.fields,
        });
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

fn number(level: &Level) -> i32 {
    match *level {
        Level::ERROR => 1,
        Level::WARN => 2,
        Level::INFO => 3,
        Level::DEBUG => 4,
        Level::TRACE => 5,
    }
}

/// An event as one line: the message, then ` name=value` for each field.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

fn push(record: Record) {
    {
        let mut queue = queue();
        if queue.handler.is_none() {
            return;
        }
        if queue.records.len() == CAPACITY {
            queue.dropped += 1;
            return;
        }
        queue.records.push_back(record);
        if std::mem::replace(&mut queue.is_scheduled, true) {
            return;
        }
    }
    on_dispatcher(drain);
}

/// Delivers what waits now. What is logged meanwhile has its turn later, after other jobs.
fn drain() {
    let waiting = queue().records.len();
    for _ in 0..waiting {
        let (handler, record, dropped) = {
            let mut queue = queue();
            let Some(record) = queue.records.pop_front() else { break };
            (queue.handler.clone(), record, queue.dropped)
        };
        if let Some(handler) = handler {
            deliver(&handler, &record, dropped);
        }
    }
    let has_more = {
        let mut queue = queue();
        queue.is_scheduled = !queue.records.is_empty();
        queue.is_scheduled
    };
    if has_more {
        on_dispatcher(drain);
    }
}

fn deliver(handler: &Handler, record: &Record, dropped_records: u64) {
    let (target, message) = (c_string(record.target), c_string(&record.message));
    let raw = sw_log_record {
        struct_size: size_of::<sw_log_record>() as u32,
        level: record.level,
        dropped_records,
        target: target.as_ptr(),
        message: message.as_ptr(),
    };
    // SAFETY: the header says that `on_record` is such a function.
    unsafe { (handler.on_record)(&raw, handler.data.get()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{channel, Receiver, Sender};
    use std::time::Duration;

    type Line = (i32, u64, String);

    unsafe extern "C" fn on_record(record: *const sw_log_record, user_data: *mut c_void) {
        // SAFETY: the record is valid for the call; the data is the sender of the test, which
        // outlives the handler.
        let (record, sender) = unsafe { (&*record, &*user_data.cast::<Sender<Line>>()) };
        // SAFETY: the texts of a record are valid for the call.
        let message = unsafe { std::ffi::CStr::from_ptr(record.message) };
        let message = message.to_str().unwrap().to_owned();
        sender.send((record.level, record.dropped_records, message)).unwrap();
    }

    fn next(lines: &Receiver<Line>) -> Line {
        loop {
            let line = lines.recv_timeout(Duration::from_secs(5)).unwrap();
            // Other tests of this process log too.
            if line.2.contains("on purpose:") {
                return line;
            }
        }
    }

    #[test]
    fn lines_come_in_order_with_their_fields_up_to_the_level() {
        let (sender, lines) = channel::<Line>();
        let sender = Box::into_raw(Box::new(sender));
        let handler = sw_log_handler {
            struct_size: size_of::<sw_log_handler>() as u32,
            on_record: Some(on_record),
            drop: None,
            user_data: sender.cast(),
        };
        assert_eq!(sw_set_log_handler(sw_log_levels::SW_LOG_INFO as i32, &handler), 0);
        tracing::info!(port = 7, name = "x", "on purpose: {}", 1);
        tracing::debug!("on purpose: too detailed");
        tracing::info!(target: "elsewhere", "on purpose: not ours");
        tracing::warn!("on purpose: 2");
        assert_eq!(next(&lines), (3, 0, "on purpose: 1 port=7 name=\"x\"".to_owned()));
        assert_eq!(next(&lines), (2, 0, "on purpose: 2".to_owned()));
        assert_eq!(sw_set_log_handler(0, std::ptr::null()), 0);
        tracing::error!("on purpose: after the end");
        // The dispatcher is through with the handler when it has run one more job.
        let (done, is_done) = channel();
        on_dispatcher(move || done.send(()).unwrap());
        is_done.recv_timeout(Duration::from_secs(5)).unwrap();
        assert!(lines.try_iter().all(|line| !line.2.contains("after the end")));
        // SAFETY: made by `into_raw` above; no handler refers to it any more.
        drop(unsafe { Box::from_raw(sender) });
    }
}
