//! JSON-RPC 2.0 frames and the service's three levels of results.

use crate::error::{Error, ErrorKind};
use serde_json::{json, Value};

/// A frame as it came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Frame {
    /// The server asks or tells; it wants an answer with the same id.
    Request { id: Value, method: String, params: Value },
    /// The server answers. `body` is the whole frame.
    Response { id: String, body: Value },
}

impl Frame {
    /// Reads one frame; `None` for anything that is not a JSON-RPC message.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut body: Value = serde_json::from_str(text).ok()?;
        let object = body.as_object_mut()?;
        if let Some(method) = object.get("method") {
            let method = method.as_str()?.to_owned();
            let id = object.get("id").cloned().unwrap_or(Value::Null);
            let params = object.remove("params").unwrap_or(Value::Null);
            return Some(Self::Request { id, method, params });
        }
        let id = object.get("id")?.as_str()?.to_owned();
        (object.contains_key("result") || object.contains_key("error"))
            .then_some(Self::Response { id, body })
    }
}

/// A refusal of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RpcError {
    pub(crate) code: i32,
    pub(crate) message: String,
    /// FreeSWITCH cause name, on call-level errors.
    pub(crate) cause: Option<String>,
    pub(crate) cause_code: Option<i32>,
}

impl RpcError {
    fn parse(value: &Value) -> Self {
        Self {
            code: number(&value["code"]).unwrap_or(0),
            message: value["message"].as_str().unwrap_or("no reason given").to_owned(),
            cause: value["cause"].as_str().map(str::to_owned),
            cause_code: number(&value["causeCode"]),
        }
    }
}

impl From<RpcError> for Error {
    fn from(error: RpcError) -> Self {
        let (kind, advice) = match error.code {
            -32003 | -32000 => (ErrorKind::Unauthorized, "the service refused the authorization"),
            -32001 => (ErrorKind::Rejected, "the service does not permit this"),
            -32603 | 500..=599 => (ErrorKind::Server, "the service failed; try again later"),
            404 => (ErrorKind::NotFound, "the service does not know this"),
            _ => (ErrorKind::Rejected, "the service refused"),
        };
        let cause = error.cause.map(|cause| format!(" ({cause})")).unwrap_or_default();
        let code = error.cause_code.unwrap_or(error.code);
        Error::new(kind, format!("{advice}: {}{cause}", error.message)).with_code(code)
    }
}

/// A number that the service may write as a number or as a string.
pub(crate) fn number(value: &Value) -> Option<i32> {
    match value {
        Value::Number(number) => number.as_i64().and_then(|n| i32::try_from(n).ok()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The request with this id.
pub(crate) fn request(id: &str, method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
}

/// The positive answer to a request of the server.
pub(crate) fn result(id: &Value, result: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string()
}

/// The answer to a request of the server that this client does not have.
pub(crate) fn method_not_found(id: &Value) -> String {
    let error = json!({"code": -32601, "message": "Method not found"});
    json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string()
}

/// Unwraps a response (signalwire-js parseRPCResponse.ts): an error at any level is an error;
/// the value of an inner Verto result gets the outer `node_id`.
pub(crate) fn unwrap(body: &Value) -> Result<Value, RpcError> {
    if let Some(error) = error_of(body) {
        return Err(RpcError::parse(error));
    }
    let result = &body["result"];
    if let Some(code) = result.get("code") {
        let is_success = number(code).is_some_and(|code| (200..300).contains(&code));
        if !is_success {
            return Err(RpcError::parse(result));
        }
    }
    let Some(inner) = result.get("result").filter(|inner| !inner.is_null()) else {
        return Ok(result.clone());
    };
    if inner.get("jsonrpc").is_none() {
        return Ok(inner.clone());
    }
    let mut value = unwrap(inner)?;
    if let (Some(object), Some(node)) = (value.as_object_mut(), result.get("node_id")) {
        object.entry("node_id").or_insert_with(|| node.clone());
    }
    Ok(value)
}

/// Unwraps the response to `signalwire.connect`, whose result is taken as it is.
pub(crate) fn unwrap_connect(body: &Value) -> Result<Value, RpcError> {
    match error_of(body) {
        Some(error) => Err(RpcError::parse(error)),
        None => Ok(body["result"].clone()),
    }
}

/// The error of a response; some write `null` where there is none.
fn error_of(body: &Value) -> Option<&Value> {
    body.get("error").filter(|error| !error.is_null())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_and_what_is_none() {
        let request = r#"{"jsonrpc":"2.0","id":7,"method":"signalwire.ping","params":{"a":1}}"#;
        assert_eq!(
            Frame::parse(request),
            Some(Frame::Request {
                id: json!(7),
                method: "signalwire.ping".into(),
                params: json!({"a":1})
            })
        );
        assert!(matches!(
            Frame::parse(r#"{"id":"a","result":{}}"#),
            Some(Frame::Response { id, .. }) if id == "a"
        ));
        for garbage in [
            "",
            "nonsense",
            "[]",
            "7",
            "{}",
            r#"{"id":"a"}"#,
            r#"{"id":5,"result":{}}"#,
            r#"{"method":7}"#,
            "{\"id\":\"a\",\"result\":",
        ] {
            assert_eq!(Frame::parse(garbage), None, "{garbage:?}");
        }
    }

    #[test]
    fn results_on_every_level() {
        for (body, expected) in [
            (
                json!({"result":{"code":"200","message":"OK"}}),
                Ok(json!({"code":"200","message":"OK"})),
            ),
            (json!({"result":{"protocol":"p"}}), Ok(json!({"protocol":"p"}))),
            (json!({"result":{"code":200,"result":{"a":1}}}), Ok(json!({"a":1}))),
            (json!({"error":null,"result":{"a":1}}), Ok(json!({"a":1}))),
            (json!({"result":{"code":200,"result":null}}), Ok(json!({"code":200,"result":null}))),
            (
                json!({"result":{"code":"200","node_id":"n","result":{"jsonrpc":"2.0","id":"x",
                    "result":{"message":"CALL CREATED","callID":"c"}}}}),
                Ok(json!({"message":"CALL CREATED","callID":"c","node_id":"n"})),
            ),
            (json!({"result":{"code":"-32001","message":"Permission Denied."}}), Err(-32001)),
            (json!({"error":{"code":-32602,"message":"x"}}), Err(-32602)),
            (
                json!({"result":{"code":"200","result":{"jsonrpc":"2.0","error":
                    {"code":-32002,"message":"CALL ERROR","cause":"X","causeCode":"95"}}}}),
                Err(-32002),
            ),
        ] {
            let unwrapped = unwrap(&body);
            match expected {
                Ok(value) => assert_eq!(unwrapped, Ok(value)),
                Err(code) => assert_eq!(unwrapped.unwrap_err().code, code),
            }
        }
    }

    #[test]
    fn every_refusal_has_a_class_and_keeps_its_code() {
        use ErrorKind::{NotFound, Rejected, Server, Unauthorized};
        for (code, kind) in [
            (json!(-32000), Unauthorized),
            (json!(-32001), Rejected),
            (json!("-32001"), Rejected),
            (json!(-32002), Rejected),
            (json!(-32003), Unauthorized),
            (json!(-32602), Rejected),
            (json!(-32603), Server),
            (json!("400"), Rejected),
            (json!(404), NotFound),
            (json!("422"), Rejected),
            (json!(500), Server),
            (json!("599"), Server),
            (json!("what"), Rejected),
        ] {
            let number = number(&code).unwrap_or(0);
            let refusal = json!({"code": code, "message": "why"});
            for body in [
                json!({"error": refusal}),
                json!({"result": refusal}),
                json!({"result": {"code": "200", "result": {"jsonrpc": "2.0", "error": refusal}}}),
            ] {
                // In a result a code that is none says nothing.
                let Err(error) = unwrap(&body) else { panic!("{body} is no success") };
                let error = Error::from(error);
                assert_eq!((error.kind(), error.code()), (kind, Some(number)), "{body}");
                assert!(error.message().contains("why"), "{error}");
            }
        }
    }

    #[test]
    fn the_cause_of_a_call_error_is_kept() {
        let body = json!({"error":{"code":-32002,"message":"m","cause":"BUSY","causeCode":17}});
        let error = unwrap(&body).unwrap_err();
        assert_eq!((error.cause.as_deref(), error.cause_code), (Some("BUSY"), Some(17)));
    }
}
