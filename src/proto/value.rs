//! Reading JSON members that the service writes in more than one form.

use serde_json::Value;

/// A member as text: strings as they are, numbers and booleans in their JSON form, else empty.
pub(crate) fn text(object: &Value, key: &str) -> String {
    match &object[key] {
        Value::String(text) => text.clone(),
        value @ (Value::Number(_) | Value::Bool(_)) => value.to_string(),
        _ => String::new(),
    }
}

/// Seconds since 1970 from a number, a numeric string or a time in ISO 8601; milliseconds are
/// recognised by size.
pub(crate) fn epoch_seconds(value: &Value) -> Option<i64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => match text.trim().parse() {
            Ok(number) => number,
            Err(_) => return iso_seconds(text.trim()),
        },
        _ => return None,
    };
    let seconds = if number > 1e11 { number / 1000.0 } else { number };
    Some(seconds as i64)
}

/// `2026-09-21T14:13:20Z`, with a fraction or an offset if there is one (RFC 3339).
fn iso_seconds(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let date: Vec<i64> = date.splitn(3, '-').map(|n| n.parse().ok()).collect::<Option<_>>()?;
    let zone = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(zone);
    let clock = clock.split('.').next()?;
    let clock: Vec<i64> = clock.splitn(3, ':').map(|n| n.parse().ok()).collect::<Option<_>>()?;
    let (&[year, month, day], &[hour, minute, second]) = (&date[..], &clock[..]) else {
        return None;
    };
    let is_time =
        (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    if !(1970..10_000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let offset = match zone.split_at_checked(1) {
        Some(("+", ahead)) => offset_seconds(ahead)?,
        Some(("-", behind)) => -offset_seconds(behind)?,
        _ => 0,
    };
    // Days of the civil calendar, with years that begin in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = year / 4 - year / 100 + year / 400;
    let days = 365 * year + leaps + (153 * month + 2) / 5 + day - 1 - 719_468;
    is_time.then_some(days * 86_400 + hour * 3_600 + minute * 60 + second - offset)
}

/// `02:00` or `0200`.
fn offset_seconds(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':').or_else(|| text.split_at_checked(2))?;
    let (hours, minutes): (u8, u8) = (hours.parse().ok()?, minutes.parse().ok()?);
    Some(i64::from(hours) * 3_600 + i64::from(minutes) * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_iso_8601() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-09-21T14:13:20Z", Some(1_790_000_000)),
            ("2026-09-21T14:13:20.750Z", Some(1_790_000_000)),
            ("2026-09-21T16:13:20+02:00", Some(1_790_000_000)),
            ("2026-09-21 09:13:20-0500", Some(1_790_000_000)),
            ("2024-02-29T00:00:00Z", Some(1_709_164_800)),
            ("2024-03-01T00:00:00Z", Some(1_709_251_200)),
            ("2026-13-01T00:00:00Z", None),
            ("2026-01-01", None),
            ("2026-01-01T25:00:00Z", None),
            ("2026-01-01T00:00:00+x", None),
            ("tomorrow", None),
            ("Tomorrow", None),
        ] {
            assert_eq!(epoch_seconds(&serde_json::json!(text)), expected, "{text}");
        }
    }
    use serde_json::json;

    #[test]
    fn epoch_units() {
        for (input, expected) in [
            (json!(1_790_000_000), Some(1_790_000_000)),
            (json!(1_790_000_000_123_u64), Some(1_790_000_000)),
            (json!("1790000000"), Some(1_790_000_000)),
            (json!("soon"), None),
            (json!(null), None),
        ] {
            assert_eq!(epoch_seconds(&input), expected, "{input}");
        }
    }
}
