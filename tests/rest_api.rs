//! The REST API for backends: against the gateway, and against a server that answers as told for
//! what the gateway would not do.

mod common;
mod scripted;

use common::{gateway, run};
use scripted::{json_answer, Reply, Scripted};
use serde_json::{json, Value};
use signalwire_client::rest_api::{
    GuestTokenRequest, InviteTokenRequest, RestClient, RestOptions, Secret, SipCredentialRequest,
    SubscriberRequest, SubscriberTokenRequest,
};
use signalwire_client::{Client, ClientOptions, Error, ErrorKind};
use signalwire_gateway::{Dialect, Gateway};
use std::time::{Duration, Instant};

const ID: &str = "4e500001-5c0d-4e1a-9b2f-000000000001";

fn options(gateway: &Gateway) -> RestOptions {
    let mut options = RestOptions::new(gateway.http_url(), gateway.project(), gateway.api_token());
    options.ca_certificates_pem = Some(gateway.ca_pem().to_owned());
    options
}

fn rest(gateway: &Gateway) -> RestClient {
    RestClient::new(options(gateway)).expect("a client")
}

fn scripted_options(server: &Scripted) -> RestOptions {
    RestOptions::new(server.url(), "project-1", "PTs3cr3t")
}

fn scripted_rest(server: &Scripted) -> RestClient {
    RestClient::new(scripted_options(server)).expect("a client")
}

fn requests(gateway: &Gateway) -> u64 {
    gateway.state()["counters"]["http_requests"].as_u64().expect("a counter")
}

async fn mint(rest: &RestClient) -> Result<(), Error> {
    rest.create_subscriber_token(SubscriberTokenRequest::new("alice")).await.map(drop)
}

fn token_answer() -> Reply {
    json_answer(200, &json!({"subscriber_id": "s-1", "token": "t", "refresh_token": "r", "new": 1}))
}

#[test]
fn a_subscriber_token_connects() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let mut request = SubscriberTokenRequest::new("carol@example.com");
        request.display_name = Some("Carol".into());
        request.time_zone = Some("Europe/Berlin".into());
        request.password = Some("a password".into());
        request.fingerprint = Some("A".repeat(43));
        request.region = Some("us-central".into());
        let minted = rest(&gateway).create_subscriber_token(request).await.expect("a token");
        let mut options = ClientOptions::new(minted.token.expose());
        options.ws_url = Some(gateway.ws_url());
        options.http_url = Some(gateway.http_url());
        options.ca_certificates_pem = Some(gateway.ca_pem().to_owned());
        let client = Client::new(options).expect("a client");
        let info = client.subscriber_info().await.expect("the subscriber");
        assert_eq!(info.id, minted.subscriber_id);
        assert_eq!(
            (info.display_name.as_str(), info.time_zone.as_str()),
            ("Carol", "Europe/Berlin")
        );
    });
}

#[test]
fn a_refresh_token_is_spent_by_its_use() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let rest = rest(&gateway);
        let minted =
            rest.create_subscriber_token(SubscriberTokenRequest::new("alice")).await.unwrap();
        let next = rest.refresh_subscriber_token(&minted.refresh_token).await.expect("refreshes");
        assert_ne!(next.token, minted.token);
        let error = rest.refresh_subscriber_token(&minted.refresh_token).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Rejected, Some(422)));
        assert_eq!(error.problems()[0].code, "token_invalid");
        assert_eq!(error.problems()[0].attribute.as_deref(), Some("refresh_token"));
        gateway.fault(json!({"fault": "expire_token", "token": next.refresh_token.expose()}));
        let error = rest.refresh_subscriber_token(&next.refresh_token).await.unwrap_err();
        assert_eq!(error.problems()[0].code, "token_expired");
        assert!(error.message().contains("Token has expired."), "{error}");
    });
}

#[test]
fn guests_invited_and_embedded_get_tokens() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let rest = rest(&gateway);
        let address = rest.resource_addresses(ID, None).await.expect("addresses").items.remove(0);
        let guest = rest.create_guest_token(GuestTokenRequest::new([&address.id])).await;
        assert_ne!(guest.expect("a guest's token").token.expose(), "");
        let error = rest.create_guest_token(GuestTokenRequest::new([ID])).await.unwrap_err();
        assert_eq!(error.problems()[0].code, "must_belong_to_project");

        let inviter: Secret = gateway.mint_token("alice", 3600, None).into();
        let mut invite = InviteTokenRequest::new(&address.id);
        rest.create_invite_token(&inviter, invite.clone()).await.expect("an invite");
        invite.expires_at = Some(1_000_000_000);
        let error = rest.create_invite_token(&inviter, invite.clone()).await.unwrap_err();
        assert_eq!(error.problems()[0].attribute.as_deref(), Some("expires_at"));
        let stale: Secret = gateway.mint_token("alice", -1, None).into();
        let error = rest.create_invite_token(&stale, invite).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Unauthorized, Some(401)));

        rest.exchange_embed_token(&"c2c_7acc0e5e968706a032983cd80cdca219".into()).await.unwrap();
        let error = rest.exchange_embed_token(&"x2x_unknown".into()).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Unauthorized, Some(403)));
        assert!(!error.message().contains("x2x_unknown"), "{error}");
    });
}

#[test]
fn the_life_of_a_subscriber() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let rest = rest(&gateway);
        let mut request = SubscriberRequest::new("dora@example.com");
        request.password = Some("correct horse".into());
        request.first_name = Some("Dora".into());
        request.time_zone = Some("UTC".into());
        let made = rest.create_subscriber(request.clone()).await.expect("is made");
        assert_ne!(made.id, made.subscriber_id);
        assert_eq!(made.project_id, gateway.project());
        assert_eq!(
            (made.email.as_str(), made.first_name.as_str(), made.time_zone.as_str()),
            ("dora@example.com", "Dora", "UTC")
        );
        assert_eq!(rest.subscriber(&made.id).await.expect("is there"), made);
        let error = rest.create_subscriber(request.clone()).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Rejected, Some(422)));
        assert!(error.message().contains("email has already been taken."), "{error}");

        request.email = "theodora@example.com".into();
        request.display_name = Some("Theodora".into());
        let changed = rest.update_subscriber(&made.id, request).await.expect("is changed");
        assert_eq!((changed.id.as_str(), changed.first_name.as_str()), (made.id.as_str(), "Dora"));
        assert_eq!(changed.display_name, "Theodora");
        let addresses = rest.subscriber_addresses(&made.id, None).await.expect("addresses");
        assert_eq!(addresses.items.len(), 1);
        assert_eq!(addresses.items[0].display_name, "Theodora");
        assert_eq!(addresses.items[0].resource_id, made.id);

        rest.delete_subscriber(&made.id).await.expect("is deleted");
        for error in [
            rest.subscriber(&made.id).await.unwrap_err(),
            rest.delete_subscriber(&made.id).await.unwrap_err(),
            rest.subscriber_addresses(&made.id, None).await.unwrap_err(),
            rest.update_subscriber(&made.id, SubscriberRequest::new("a@b.c")).await.unwrap_err(),
            rest.resource(&made.subscriber_id).await.unwrap_err(),
        ] {
            assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, Some(404)));
        }
    });
}

#[test]
fn the_sip_credentials_of_a_subscriber() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let rest = rest(&gateway);
        let owner = rest.create_subscriber(SubscriberRequest::new("sip@example.com")).await;
        let owner = owner.expect("is made").id;
        let mut request = SipCredentialRequest::new("desk", "correct horse");
        request.caller_id = Some("Desk".into());
        request.codecs = vec!["OPUS".into(), "PCMU".into()];
        let made = rest.create_sip_credential(&owner, request).await.expect("is made");
        assert_eq!((made.username.as_str(), made.caller_id.as_str()), ("desk", "Desk"));
        assert_eq!(made.codecs, ["OPUS", "PCMU"]);
        assert_eq!(rest.sip_credential(&owner, &made.id).await.expect("is there"), made);
        let page = rest.sip_credentials(&owner, None).await.expect("a page");
        assert_eq!(page.items, std::slice::from_ref(&made));

        let mut change = SipCredentialRequest::default();
        change.encryption = Some("required".into());
        change.send_as = Some("+15550100".into());
        let changed = rest.update_sip_credential(&owner, &made.id, change.clone()).await;
        let changed = changed.expect("is changed");
        assert_eq!(
            (changed.encryption.as_str(), changed.send_as.as_str()),
            ("required", "+15550100")
        );
        assert_eq!((&changed.username, &changed.codecs), (&made.username, &made.codecs));
        change.encryption = Some("perhaps".into());
        let error = rest.update_sip_credential(&owner, &made.id, change.clone()).await.unwrap_err();
        assert_eq!(error.problems()[0].attribute.as_deref(), Some("encryption"));

        rest.delete_sip_credential(&owner, &made.id).await.expect("is deleted");
        for error in [
            rest.sip_credential(&owner, &made.id).await.unwrap_err(),
            rest.delete_sip_credential(&owner, &made.id).await.unwrap_err(),
            rest.update_sip_credential(&owner, &made.id, Default::default()).await.unwrap_err(),
            rest.sip_credentials(ID, None).await.unwrap_err(),
        ] {
            assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, Some(404)));
        }
        for (name, error) in [
            ("username", rest.create_sip_credential(&owner, Default::default()).await.err()),
            ("subscriber_id", rest.sip_credentials("../x", None).await.err()),
            ("id", rest.sip_credential(&owner, "a/b").await.err()),
        ] {
            let error = error.unwrap_or_else(|| panic!("{name} is accepted"));
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{name}");
            assert!(error.message().contains(name), "{name}: {error}");
        }
    });
}

#[test]
fn a_resource_of_any_kind_can_be_deleted() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let rest = rest(&gateway);
        let resources = rest.resources(None).await.expect("a page").items;
        let room = resources.iter().find(|r| r.kind == "video_room").expect("the lounge");
        rest.create_subscriber(SubscriberRequest::new("gone@example.com")).await.expect("is made");
        let person = rest.subscribers(None).await.expect("a page").items.remove(0);
        for id in [&room.id, &person.id] {
            rest.delete_resource(id).await.expect("is deleted");
            for error in [
                rest.resource(id).await.unwrap_err(),
                rest.delete_resource(id).await.unwrap_err(),
                rest.resource_addresses(id, None).await.unwrap_err(),
            ] {
                assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, Some(404)));
            }
        }
    });
}

#[test]
fn lists_come_in_pages_and_as_a_whole() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let rest = rest(&gateway);
        for number in 0..7 {
            let request = SubscriberRequest::new(format!("p{number}@example.com"));
            rest.create_subscriber(request).await.expect("is made");
        }
        let first = rest.subscribers(Some(3)).await.expect("a page");
        assert!(first.items.len() == 3 && first.has_next() && !first.has_previous());
        let second = first.next_page().await.expect("follows").expect("a second page");
        assert!(second.has_next() && second.has_previous());
        let third = second.next_page().await.expect("follows").expect("a third page");
        assert!(third.items.len() == 1 && !third.has_next());
        assert!(third.next_page().await.expect("nothing wrong").is_none());
        let back = second.previous_page().await.expect("follows").expect("the first page");
        assert_eq!(back.items, first.items);
        let again = third.first_page().await.expect("follows").expect("the first page");
        assert_eq!(again.items, first.items);

        let mut emails = Vec::new();
        let mut all = first.all();
        while let Some(subscriber) = all.next().await.expect("goes on") {
            emails.push(subscriber.email);
        }
        let expected: Vec<String> = (0..7).map(|n| format!("p{n}@example.com")).collect();
        assert_eq!(emails, expected);

        use futures_util::TryStreamExt;
        let resources = rest.resources(Some(4)).await.expect("a page").all().into_stream();
        let resources: Vec<_> = resources.try_collect().await.expect("all resources");
        assert_eq!(resources.iter().filter(|r| r.kind == "subscriber").count(), 7);
        let room = resources.iter().find(|r| r.kind == "video_room").expect("the lounge");
        assert_eq!(rest.resource(&room.id).await.expect("is there"), *room);
    });
}

#[test]
fn wrong_credentials_are_refused_and_not_repeated() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        for change in
            [(|o: &mut RestOptions| o.project_id = "nobody".into()) as fn(&mut RestOptions), |o| {
                o.api_token = "PTwr0ng".into()
            }]
        {
            let mut options = options(&gateway);
            change(&mut options);
            let rest = RestClient::new(options).expect("a client");
            let before = requests(&gateway);
            for error in [mint(&rest).await.unwrap_err(), rest.resources(None).await.unwrap_err()] {
                assert_eq!((error.kind(), error.code()), (ErrorKind::Unauthorized, Some(401)));
                assert!(error.message().contains("project id"), "{error}");
                assert!(!format!("{error:?}").contains("PT"), "{error:?}");
            }
            assert_eq!(requests(&gateway) - before, 2);
        }
    });
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_sent() {
    run(async {
        let server = Scripted::start(Vec::new()).await;
        let rest = scripted_rest(&server);
        let token = |change: fn(&mut SubscriberTokenRequest)| {
            let mut request = SubscriberTokenRequest::new("alice");
            change(&mut request);
            rest.create_subscriber_token(request)
        };
        let guest = |ids: Vec<&str>| rest.create_guest_token(GuestTokenRequest::new(ids));
        let with_password = |password: &str| {
            let mut request = SubscriberRequest::new("a@b.c");
            request.password = Some(password.into());
            request
        };
        let sat: Secret = "e30..a.b.c".into();
        let mut late = InviteTokenRequest::new(ID);
        late.expires_at = Some(1_790_000_000_000);
        for (name, error) in [
            ("reference", token(|r| r.reference = " ".into()).await.err()),
            ("expire_at", token(|r| r.expire_at = Some(1_790_000_000_000)).await.err()),
            ("expire_at", token(|r| r.expire_at = Some(0)).await.err()),
            ("fingerprint", token(|r| r.fingerprint = Some("short".into())).await.err()),
            ("fingerprint", token(|r| r.fingerprint = Some("=".repeat(43))).await.err()),
            ("allowed_addresses", guest(vec![]).await.err()),
            ("allowed_addresses", guest(vec![ID; 11]).await.err()),
            ("allowed_addresses", guest(vec![ID, ""]).await.err()),
            ("refresh_token", rest.refresh_subscriber_token(&"".into()).await.err()),
            ("embed_token", rest.exchange_embed_token(&"".into()).await.err()),
            ("address_id", rest.create_invite_token(&sat, InviteTokenRequest::new("")).await.err()),
            ("expires_at", rest.create_invite_token(&sat, late).await.err()),
            ("email", rest.create_subscriber(SubscriberRequest::new("")).await.err()),
            ("password", rest.create_subscriber(with_password("1234567")).await.err()),
            ("password", rest.update_subscriber(ID, with_password(&"x".repeat(73))).await.err()),
            ("id", rest.subscriber("../resources").await.err()),
            ("id", rest.delete_subscriber("").await.err()),
            ("id", rest.resource("a?b").await.err()),
            ("page_size", rest.subscribers(Some(0)).await.err()),
            ("page_size", rest.resources(Some(1001)).await.err()),
        ] {
            let error = error.unwrap_or_else(|| panic!("{name} is accepted"));
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{name}");
            assert!(error.message().contains(name), "{name}: {error}");
        }
        let invite = InviteTokenRequest::new(ID);
        let error = rest.create_invite_token(&"PTnot-a-sat".into(), invite).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidToken);
        assert!(server.seen().is_empty());
    });
}

#[test]
fn the_requests_are_as_documented() {
    run(async {
        let server = Scripted::start((0..4).map(|_| token_answer()).collect()).await;
        let rest = scripted_rest(&server);
        let mut request = SubscriberTokenRequest::new("alice");
        request.expire_at = Some(1_790_000_000);
        request.application_id = Some(ID.into());
        request.password = Some("pass\"word".into());
        request.scope = Some("sat:refresh".into());
        rest.create_subscriber_token(request).await.expect("a token");
        let mut guest = GuestTokenRequest::new([ID]);
        guest.ch = Some("us-central".into());
        rest.create_guest_token(guest).await.expect("a token");
        let mut invite = InviteTokenRequest::new(ID);
        invite.expires_at = Some(1_790_000_000);
        rest.create_invite_token(&"e30..a.b.c".into(), invite).await.expect("a token");
        rest.exchange_embed_token(&"c2c_1".into()).await.expect("a token");

        let seen = server.seen();
        let basic = Some("Basic cHJvamVjdC0xOlBUczNjcjN0");
        let at = 1_790_000_000;
        for (seen, path, authorization, body) in [
            (
                &seen[0],
                "/api/fabric/subscribers/tokens",
                basic,
                json!({"reference": "alice", "expire_at": at, "application_id": ID,
                    "password": "pass\"word", "scope": "sat:refresh"}),
            ),
            (
                &seen[1],
                "/api/fabric/guests/tokens",
                basic,
                json!({"allowed_addresses": [ID], "ch": "us-central"}),
            ),
            (
                &seen[2],
                "/api/fabric/subscriber/invites",
                Some("Bearer e30..a.b.c"),
                json!({"address_id": ID, "expires_at": at}),
            ),
            (&seen[3], "/api/fabric/embeds/tokens", None, json!({"token": "c2c_1"})),
        ] {
            assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", path));
            assert_eq!(seen.header("authorization"), authorization, "{path}");
            assert_eq!(seen.header("content-type"), Some("application/json"));
            assert_eq!(seen.json(), body, "{path}");
        }
    });
}

#[test]
fn paths_and_hosts_can_be_chosen() {
    run(async {
        let made = json!({"id": "1", "subscriber": {"id": "s-1"}});
        let space = Scripted::start(vec![json_answer(201, &made)]).await;
        let embeds = Scripted::start(vec![json_answer(201, &json!({"token": "t"}))]).await;
        let mut options = scripted_options(&space);
        options.subscribers_path = "/api/fabric/subscribers/".into();
        options.embeds_url = Some(embeds.url());
        let rest = RestClient::new(options).expect("a client");
        rest.create_subscriber(SubscriberRequest::new("a@b.c")).await.expect("is made");
        rest.exchange_embed_token(&"c2c_1".into()).await.expect("a token");
        assert_eq!(space.seen()[0].target, "/api/fabric/subscribers");
        assert_eq!(embeds.seen()[0].target, "/api/fabric/embeds/tokens");
        assert_eq!(embeds.seen()[0].header("authorization"), None);
    });
}

#[test]
fn every_error_body_is_typed_and_quoted() {
    run(async {
        let relay = json!({"errors": [
            {"detail": "Reference is bad.", "status": "422", "title": "Bad", "code": "invalid"},
            {"detail": "Region is bad.", "status": "422", "title": "Bad", "code": "invalid"},
        ]});
        let html = "<html><body>PTs3cr3t Bad Gateway</body></html>".to_owned();
        let huge = format!("{{\"error\":\"{}\"}}", "x".repeat(5 << 20));
        for (status, body, kind, texts) in [
            (
                400,
                r#"{"error":"Bad Request"}"#.to_owned(),
                ErrorKind::Rejected,
                vec!["Bad Request"],
            ),
            (401, r#"{"error":"Unauthorized"}"#.into(), ErrorKind::Unauthorized, vec!["API token"]),
            (403, r#"{"error":"Forbidden"}"#.into(), ErrorKind::Unauthorized, vec!["Forbidden"]),
            (404, r#"{"error":"Not Found"}"#.into(), ErrorKind::NotFound, vec!["Not Found"]),
            (
                422,
                relay.to_string(),
                ErrorKind::Rejected,
                vec!["Reference is bad.; Region is bad."],
            ),
            (
                422,
                r#"{"error":"invalid","message":"no such region"}"#.into(),
                ErrorKind::Rejected,
                vec!["invalid: no such region"],
            ),
            (500, html, ErrorKind::Server, vec!["later"]),
            (502, String::new(), ErrorKind::Server, vec!["later"]),
            (500, huge, ErrorKind::Server, vec!["later"]),
            (422, r#"{"error":"PTs3cr3t?"}"#.into(), ErrorKind::Rejected, vec!["<redacted>?"]),
        ] {
            let server = Scripted::start(vec![Reply::answer(status, &[], &body)]).await;
            let error = mint(&scripted_rest(&server)).await.unwrap_err();
            assert_eq!((error.kind(), error.code()), (kind, Some(i32::from(status))));
            for text in texts {
                assert!(error.message().contains(text), "{status}: {error}");
            }
            assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
            assert!(error.message().len() < 2_000);
            assert_eq!(server.seen().len(), 1, "{status} is not repeated");
        }
    });
}

#[test]
fn unusable_answers_are_protocol_errors() {
    run(async {
        let too_large = format!("{{\"token\":\"{}\"}}", "x".repeat(5 << 20));
        for (body, text) in [
            (String::new(), "empty body"),
            ("<html>hello</html>".into(), "not JSON"),
            ("{\"token\":".into(), "not JSON"),
            ("[".repeat(100_000), "not JSON"),
            ("[]".into(), "has no subscriber_id"),
            (r#"{"subscriber_id":"s","refresh_token":"r"}"#.into(), "has no token"),
            (r#"{"subscriber_id":"s","token":"t","refresh_token":7}"#.into(), "no refresh_token"),
            (too_large, "too large"),
        ] {
            let server = Scripted::start(vec![Reply::answer(201, &[], &body)]).await;
            let error = mint(&scripted_rest(&server)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{text}");
            assert!(error.message().contains(text), "{text}: {error}");
        }
        let server = Scripted::start(vec![json_answer(200, &json!({"links": {}}))]).await;
        let error = scripted_rest(&server).subscribers(None).await.unwrap_err();
        assert!(error.message().contains("`data`"), "{error}");
    });
}

#[test]
fn reads_are_repeated_and_writes_only_when_nothing_was_done() {
    run(async {
        let failed = |status: u16| Reply::answer(status, &[], "");
        let page = || json_answer(200, &json!({"data": [], "links": {}}));
        let busy = |status: u16| Reply::answer(status, &[("retry-after", "0")], "");
        for (name, replies, is_read, expected, count) in [
            ("read, twice 500", vec![failed(500), failed(502), page()], true, None, 3),
            (
                "read, always 500",
                vec![failed(500), failed(500), failed(500), page()],
                true,
                Some(ErrorKind::Server),
                3,
            ),
            ("read, broken", vec![Reply::Drop, page()], true, None, 2),
            ("read, 429", vec![failed(429), page()], true, None, 2),
            ("read, 404", vec![failed(404), page()], true, Some(ErrorKind::NotFound), 1),
            ("write, 429", vec![failed(429), token_answer()], false, None, 2),
            ("write, 503 with time", vec![busy(503), token_answer()], false, None, 2),
            ("write, 503", vec![failed(503), token_answer()], false, Some(ErrorKind::Server), 1),
            ("write, 500", vec![busy(500), token_answer()], false, Some(ErrorKind::Server), 1),
            (
                "write, broken",
                vec![Reply::Drop, token_answer()],
                false,
                Some(ErrorKind::Network),
                1,
            ),
            (
                "write, always 429",
                vec![failed(429), failed(429), failed(429), token_answer()],
                false,
                Some(ErrorKind::RateLimited),
                3,
            ),
        ] {
            let server = Scripted::start(replies).await;
            let rest = scripted_rest(&server);
            let result = match is_read {
                true => rest.resources(None).await.map(drop),
                false => mint(&rest).await,
            };
            assert_eq!(result.as_ref().err().map(Error::kind), expected, "{name}: {result:?}");
            assert_eq!(server.seen().len(), count, "{name}");
        }
    });
}

#[test]
fn a_write_that_was_carried_out_is_not_repeated() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let rest = rest(&gateway);
        gateway.fault(json!({"fault": "fail_http", "status": 500, "after": true,
            "path": "/resources/subscribers"}));
        let request = SubscriberRequest::new("once@example.com");
        let error = rest.create_subscriber(request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Server);
        let page = rest.subscribers(None).await.expect("a page");
        assert_eq!(page.items.iter().filter(|s| s.email == "once@example.com").count(), 1);
        assert_eq!(requests(&gateway), 2);
    });
}

#[test]
fn retry_after_is_obeyed() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let rest = rest(&gateway);
        let busy = json!({"fault": "fail_http", "status": 429, "retry_after": "1"});
        gateway.fault(busy);
        let start = Instant::now();
        mint(&rest).await.expect("the second try works");
        assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
        assert_eq!(requests(&gateway), 2);

        // Two seconds by the server's clock, which is years off.
        let server = Scripted::start(vec![
            Reply::answer(
                503,
                &[
                    ("date", "Wed, 21 Oct 2015 07:28:00 GMT"),
                    ("retry-after", "Wed, 21 Oct 2015 07:28:02 GMT"),
                ],
                "",
            ),
            token_answer(),
        ])
        .await;
        let start = Instant::now();
        mint(&scripted_rest(&server)).await.expect("the second try works");
        assert!(start.elapsed() >= Duration::from_secs(2), "{:?}", start.elapsed());

        let server = Scripted::start(vec![
            Reply::answer(429, &[("retry-after", "3600")], ""),
            token_answer(),
        ])
        .await;
        let start = Instant::now();
        let error = mint(&scripted_rest(&server)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
        assert!(error.message().contains("3600 s"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        assert_eq!(server.seen().len(), 1);
    });
}

#[test]
fn redirects_get_no_credentials() {
    run(async {
        let other = Scripted::start(vec![token_answer()]).await;
        for (location, text) in [
            (format!("{}/api/fabric/subscribers/tokens", other.url()), other.url()),
            ("/elsewhere".to_owned(), "another path".to_owned()),
            ("https://[".to_owned(), "nowhere".to_owned()),
        ] {
            let redirect = Reply::answer(307, &[("location", &location)], "");
            let server = Scripted::start(vec![redirect, token_answer()]).await;
            let error = mint(&scripted_rest(&server)).await.unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Rejected, Some(307)));
            assert!(error.message().contains(&text), "{error}");
            assert_eq!(server.seen().len(), 1);
        }
        assert!(other.seen().is_empty());
    });
}

fn page_of_two(next: &str) -> Reply {
    let subscriber =
        |id: &str| json!({"id": id, "subscriber": {"id": format!("s-{id}"), "email": "a@b.c"}});
    let page = json!({"data": [subscriber("1"), subscriber("2")], "links": {"next": next}});
    json_answer(200, &page)
}

#[test]
fn pages_that_link_elsewhere_or_in_a_circle_are_refused() {
    run(async {
        let other = Scripted::start(vec![page_of_two("")]).await;
        let server = Scripted::start(vec![page_of_two(&other.url())]).await;
        let page = scripted_rest(&server).subscribers(None).await.expect("a page");
        let error = page.next_page().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(error.message().contains(&other.url()), "{error}");
        let mut all = page.all();
        assert!(all.next().await.unwrap().is_some() && all.next().await.unwrap().is_some());
        assert_eq!(all.next().await.unwrap_err().kind(), ErrorKind::Protocol);
        assert!(other.seen().is_empty());

        let start = "/api/fabric/resources/subscribers";
        let server = Scripted::start(vec![
            page_of_two(&format!("{start}?page_number=1&page_token=PA1")),
            page_of_two(start),
            page_of_two(start),
        ])
        .await;
        let mut all = scripted_rest(&server).subscribers(None).await.expect("a page").all();
        for _ in 0..4 {
            assert!(all.next().await.expect("goes on").is_some());
        }
        let error = all.next().await.unwrap_err();
        assert!(error.message().contains("circle"), "{error}");
        let seen = server.seen();
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[1].target, format!("{start}?page_number=1&page_token=PA1"));
    });
}

#[test]
fn a_list_of_pages_counts_as_a_page() {
    run(async {
        let address = |id: &str| json!({"id": id, "name": id, "type": "subscriber"});
        let pages: Value = json!([{"data": [address("a")]}, {"data": [address("b")], "links": {}}]);
        let server = Scripted::start(vec![json_answer(200, &pages)]).await;
        let page = scripted_rest(&server).subscriber_addresses(ID, None).await.expect("a page");
        let ids: Vec<&str> = page.items.iter().map(|address| address.id.as_str()).collect();
        assert_eq!(ids, ["a", "b"]);
    });
}

#[test]
fn silence_ends_in_time() {
    run(async {
        for is_read in [true, false] {
            for reply in [Reply::Stall, Reply::StallInBody] {
                let server = Scripted::start(vec![reply, token_answer()]).await;
                let mut options = scripted_options(&server);
                options.request_timeout_ms = 300;
                let rest = RestClient::new(options).expect("a client");
                let error = match is_read {
                    true => rest.resources(None).await.map(drop).unwrap_err(),
                    false => mint(&rest).await.unwrap_err(),
                };
                assert_eq!(error.kind(), ErrorKind::Timeout);
                assert_eq!(error.message().contains("carried out"), !is_read, "{error}");
                assert_eq!(server.seen().len(), 1);
            }
        }
    });
}

#[test]
fn nobody_there_and_nobody_trusted() {
    run(async {
        let gone = Scripted::start(Vec::new()).await;
        let mut options = scripted_options(&gone);
        drop(gone);
        options.total_timeout_ms = 5_000;
        let start = Instant::now();
        let error = mint(&RestClient::new(options).expect("a client")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Network);
        assert!(start.elapsed() < Duration::from_secs(6));

        let gateway = gateway(Dialect::FreeSwitch);
        let mut options = options_without_ca(&gateway);
        options.total_timeout_ms = 10_000;
        let error = mint(&RestClient::new(options).expect("a client")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls);
        assert_eq!(requests(&gateway), 0);
    });
}

fn options_without_ca(gateway: &Gateway) -> RestOptions {
    RestOptions::new(gateway.http_url(), gateway.project(), gateway.api_token())
}

#[test]
fn nothing_shows_a_secret() {
    let mut token = SubscriberTokenRequest::new("alice");
    token.password = Some("s3cr3t".into());
    let mut subscriber = SubscriberRequest::new("a@b.c");
    subscriber.password = Some("s3cr3t".into());
    assert!(!format!("{token:?} {subscriber:?}").contains("s3cr3t"));
    run(async {
        let answer = json!({"subscriber_id": "s", "token": "s3cr3t", "refresh_token": "s3cr3t"});
        let echo = r#"{"errors":[{"code":"s3cr3t","message":"s3cr3t is bad"}]}"#;
        let server = Scripted::start(vec![
            json_answer(200, &answer),
            json_answer(200, &answer),
            Reply::answer(422, &[], echo),
        ])
        .await;
        let rest = scripted_rest(&server);
        let minted = rest.create_subscriber_token(token.clone()).await.expect("a token");
        let pair = rest.refresh_subscriber_token(&minted.refresh_token).await.expect("a pair");
        let error = rest.create_subscriber_token(token).await.unwrap_err();
        assert!(!format!("{minted:?} {pair:?} {error:?} {rest:?}").contains("s3cr3t"));
    });
}

/// The library's own threads do the work, so that any executor will do.
#[test]
fn futures_need_no_runtime_of_their_own() {
    let gateway = gateway(Dialect::FreeSwitch);
    let rest = rest(&gateway);
    let bare = tokio::runtime::Builder::new_current_thread().build().expect("no drivers");
    bare.block_on(mint(&rest)).expect("a token");
}
