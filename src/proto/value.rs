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

/// Seconds since 1970 from a number or a numeric string; milliseconds are recognised by size.
pub(crate) fn epoch_seconds(value: &Value) -> Option<i64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    let seconds = if number > 1e11 { number / 1000.0 } else { number };
    Some(seconds as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
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
