//! Colours, times and level meters.

use std::time::Duration;

/// Colours, or none.
#[derive(Clone, Copy)]
pub struct Style {
    pub has_color: bool,
}

impl Style {
    pub fn bold(&self, text: &str) -> String {
        self.paint("1", text)
    }

    pub fn dim(&self, text: &str) -> String {
        self.paint("2", text)
    }

    pub fn red(&self, text: &str) -> String {
        self.paint("31", text)
    }

    pub fn green(&self, text: &str) -> String {
        self.paint("32", text)
    }

    pub fn yellow(&self, text: &str) -> String {
        self.paint("33", text)
    }

    fn paint(&self, code: &str, text: &str) -> String {
        match self.has_color && !text.is_empty() {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

/// `1:02.3`, minutes, seconds and tenths.
pub fn clock(time: Duration) -> String {
    let tenths = time.as_millis() / 100;
    format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

const CELLS: usize = 10;
/// What a meter shows as nothing at all.
const QUIETEST_DBFS: f64 = -60.0;

/// A bar of ten cells from -60 to 0 dBFS, in eighths of a cell.
pub fn meter(style: &Style, level_dbfs: f64) -> String {
    const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let share = (1.0 - level_dbfs / QUIETEST_DBFS).clamp(0.0, 1.0);
    let eighths = (share * (CELLS * 8) as f64).round() as usize;
    let mut bar: String = "█".repeat(eighths / 8);
    match eighths % 8 {
        0 => {}
        rest => bar.push(EIGHTHS[rest]),
    }
    let space = " ".repeat(CELLS - bar.chars().count());
    let bar = match level_dbfs {
        level if level > -3.0 => style.red(&bar),
        level if level > -9.0 => style.yellow(&bar),
        _ => style.green(&bar),
    };
    format!("▕{bar}{space}▏")
}
