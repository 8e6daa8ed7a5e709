//! Whatever an HTTP server can answer a client: each a typed error, and the token stays here.

mod common;
mod scripted;

use common::run;
use scripted::{json_answer, Reply, Scripted};
use serde_json::json;
use signalwire_client::{Client, ClientOptions, ErrorKind};

const TOKEN: &str = "e30..s3cr3t.b.c";

/// A client whose HTTP API is this server.
fn of_server(server: &Scripted) -> Client {
    let mut options = ClientOptions::new(TOKEN);
    options.http_url = Some(server.url());
    Client::new(options).expect("a client")
}

#[test]
fn every_refusal_is_typed_and_quoted() {
    run(async {
        let several = json!({"errors": [
            {"type": "validation_error", "code": "invalid_parameter", "message": "Name is bad.",
                "attribute": "name"},
            {"type": "validation_error", "code": "invalid_parameter", "message": "Type is bad."},
        ]});
        let html = "<html><body>e30..s3cr3t.b.c</body></html>".to_owned();
        for (status, body, kind, text) in [
            (401, r#"{"error":"Unauthorized"}"#.to_owned(), ErrorKind::Unauthorized, "token"),
            (403, r#"{"error":"Forbidden"}"#.into(), ErrorKind::Unauthorized, "Forbidden"),
            (404, r#"{"error":"Not Found"}"#.into(), ErrorKind::NotFound, "Not Found"),
            (422, several.to_string(), ErrorKind::Rejected, "Name is bad.; Type is bad."),
            (404, html, ErrorKind::NotFound, ""),
            (403, String::new(), ErrorKind::Unauthorized, "token"),
        ] {
            let server = Scripted::start(vec![Reply::answer(status, &[], &body)]).await;
            let error = of_server(&server).subscriber_info().await.unwrap_err();
            assert_eq!((error.kind(), error.code()), (kind, Some(i32::from(status))), "{error}");
            assert!(error.message().contains(text), "{error}");
            assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
            assert_eq!(server.seen().len(), 1, "{status} is not repeated");
        }
    });
}

#[test]
fn unusable_answers_are_protocol_errors() {
    run(async {
        for body in [
            String::new(),
            "<html>hello</html>".into(),
            "{\"id\":".into(),
            "[".repeat(100_000),
            format!("{{\"id\":\"{}\"}}", "x".repeat(5 << 20)),
        ] {
            let server = Scripted::start(vec![Reply::answer(200, &[], &body)]).await;
            let error = of_server(&server).subscriber_info().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
        }
    });
}

#[test]
fn a_redirect_gets_no_token() {
    run(async {
        let thief = Scripted::start(vec![json_answer(200, &json!({"id": "s-1"}))]).await;
        for status in [301, 302, 303, 307, 308] {
            let location = format!("{}/api/fabric/subscriber/info", thief.url());
            let redirect = Reply::answer(status, &[("location", &location)], "");
            let server = Scripted::start(vec![redirect]).await;
            let error = of_server(&server).subscriber_info().await.unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Rejected, Some(status.into())));
            assert_eq!(server.seen()[0].header("authorization"), Some("Bearer e30..s3cr3t.b.c"));
        }
        assert!(thief.seen().is_empty());
    });
}
