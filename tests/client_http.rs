//! Whatever an HTTP server can answer a client: each a typed error, and the token stays here.

mod common;
mod scripted;

use common::run;
use scripted::{json_answer, Reply, Scripted};
use serde_json::json;
use signalwire_client::{AddressQuery, Client, ClientOptions, ErrorKind};

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
fn what_is_unknown_is_tolerated_and_what_is_missing_is_named() {
    run(async {
        let mut address = json!({"id": "a-1", "name": "alice", "type": "spaceship", "locked": "no",
            "channels": {"audio": "/private/alice", "smell": "/private/alice?channel=smell"},
            "moons": [{"name": "Io"}]});
        let subscriber = json!({"id": "s-1", "fabric_addresses": [address], "shoe_size": 46,
            "sat_claims": {"scope": 7, "new": {}}, "app_settings": [1]});
        let page = json!({"data": [address], "links": {"self": 7, "sideways": "x"}, "total": 1});
        let server =
            Scripted::start(vec![json_answer(200, &subscriber), json_answer(200, &page)]).await;
        let client = of_server(&server);
        let info = client.subscriber_info().await.unwrap();
        assert_eq!((info.id.as_str(), info.addresses.len()), ("s-1", 1));
        let page = client.addresses(AddressQuery::default()).await.unwrap();
        assert_eq!(page.addresses[0].name, "alice");

        address.as_object_mut().unwrap().remove("id");
        let server = Scripted::start(vec![
            json_answer(200, &json!({"email": "x@example.com"})),
            json_answer(200, &address),
            json_answer(200, &json!({"links": {}})),
        ])
        .await;
        let client = of_server(&server);
        let named = [
            (client.subscriber_info().await.map(drop), "id"),
            (client.address("a-1").await.map(drop), "id"),
            (client.addresses(AddressQuery::default()).await.map(drop), "data"),
        ];
        for (result, name) in named {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
            assert!(error.message().contains(name), "{name}: {error}");
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
