//! Request bodies without copies of their secrets, and members that an answer must have.

use crate::error::{Error, Result};
use bytes::Bytes;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use zeroize::Zeroizing;

/// Most bodies fit, so that no growing buffer leaves parts of a secret behind.
const USUAL_BODY: usize = 8 * 1024;

enum Field<'a> {
    Text(&'a str),
    Number(i64),
    Texts(&'a [String]),
}

/// The members of a request body; those without a value are left out.
#[derive(Default)]
pub(super) struct Fields<'a>(Vec<(&'static str, Field<'a>)>);

impl<'a> Fields<'a> {
    pub(super) fn text<T>(self, name: &'static str, value: Option<&'a T>) -> Self
    where
        T: AsRef<str> + ?Sized,
    {
        self.add(name, value.map(|text| Field::Text(text.as_ref())))
    }

    pub(super) fn number(self, name: &'static str, value: Option<i64>) -> Self {
        self.add(name, value.map(Field::Number))
    }

    pub(super) fn texts(self, name: &'static str, values: &'a [String]) -> Self {
        self.add(name, Some(Field::Texts(values)))
    }

    /// A list, left out when it is empty.
    pub(super) fn texts_if_any(self, name: &'static str, values: &'a [String]) -> Self {
        self.add(name, (!values.is_empty()).then_some(Field::Texts(values)))
    }

    fn add(mut self, name: &'static str, field: Option<Field<'a>>) -> Self {
        self.0.extend(field.map(|field| (name, field)));
        self
    }

    /// The JSON text, wiped when its last copy is dropped.
    pub(super) fn into_body(self) -> Result<Bytes> {
        let mut text = Zeroizing::new(Vec::with_capacity(USUAL_BODY));
        serde_json::to_writer(&mut *text, &self)
            .map_err(|error| Error::internal(format!("cannot form the request: {error}")))?;
        Ok(Bytes::from_owner(text))
    }
}

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, field) in &self.0 {
            match field {
                Field::Text(text) => map.serialize_entry(name, text)?,
                Field::Number(number) => map.serialize_entry(name, number)?,
                Field::Texts(texts) => map.serialize_entry(name, texts)?,
            }
        }
        map.end()
    }
}

/// A member that an answer must have: a text with something in it.
pub(super) fn required(object: &Value, name: &str, what: &str) -> Result<String> {
    match object[name].as_str() {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ if object.is_null() => Err(Error::protocol(format!(
            "the service answered with an empty body instead of {what}; report this to SignalWire"
        ))),
        _ => Err(Error::protocol(format!("{what} has no {name}; report this to SignalWire"))),
    }
}

/// A text argument must say something.
pub(super) fn not_empty(name: &str, value: &str) -> Result<()> {
    match value.trim().is_empty() {
        true => Err(Error::invalid(format!("{name} must not be empty"))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn absent_members_are_left_out() {
        let ids = ["a".to_owned(), "b\"".to_owned()];
        let absent: Option<&String> = None;
        let body = Fields::default()
            .text("name", Some(&"é\n"))
            .text("none", absent)
            .number("at", Some(7))
            .number("never", None)
            .texts("ids", &ids)
            .into_body()
            .unwrap();
        let value: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value, json!({"name": "é\n", "at": 7, "ids": ["a", "b\""]}));
    }

    #[test]
    fn missing_members_are_named() {
        for value in [json!({}), json!({"token": ""}), json!({"token": 7}), json!([1]), json!("x")]
        {
            let error = required(&value, "token", "the new token").unwrap_err();
            assert!(error.message().contains("the new token has no token"), "{error}");
        }
        let error = required(&Value::Null, "token", "the new token").unwrap_err();
        assert!(error.message().contains("empty body"), "{error}");
    }
}
