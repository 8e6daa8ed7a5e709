//! JSON-RPC 2.0 messages, built and taken apart.

use serde_json::{json, Value};

/// Codes of the outer layer.
pub const INVALID_REQUEST: i64 = -32600;
pub const METHOD_NOT_FOUND: i64 = -32601;
pub const INVALID_PARAMS: i64 = -32602;
pub const AUTHENTICATION_FAILED: i64 = -32002;
pub const REQUESTER_VALIDATION_FAILED: i64 = -32003;
/// Every call-level error of mod_verto has this code.
pub const CALL_ERROR: i64 = -32002;

/// A request.
pub fn request(id: &Value, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// A successful response.
pub fn result(id: &Value, result: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "result": result })
}

/// An error response.
pub fn error(id: &Value, code: i64, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}

/// The plain success of a `call.*` or `subscriber.*` request.
pub fn ok(message: &str) -> Value {
    json!({ "code": "200", "message": message })
}

/// A failure inside a result, as the service writes it: the code is a string.
pub fn refused(code: &str, message: &str) -> Value {
    json!({ "code": code, "message": message })
}

/// A string member of an object.
pub fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// A random identifier.
pub fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}
