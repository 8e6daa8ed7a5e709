//! The directory: queries, pages, single addresses, what is remembered, dialling an entry.

mod common;
mod scripted;

use common::*;
use scripted::{json_answer, Reply, Scripted};
use serde_json::{json, Value};
use signalwire_client::{
    AccessToken, AddressQuery, AddressSort, AddressType, CallState, Client, ClientEvent,
    ClientOptions, DialOptions, ErrorKind, SortOrder,
};
use signalwire_gateway::{Dialect, Gateway};

fn client(gateway: &Gateway) -> Client {
    Client::new(options(gateway)).expect("a client")
}

/// A client whose HTTP API is this server.
fn of_server(server: &Scripted) -> Client {
    let mut options = ClientOptions::new("e30..a.b.c");
    options.http_url = Some(server.url());
    Client::new(options).expect("a client")
}

fn entry(id: &str) -> Value {
    json!({"id": id, "name": id, "type": "app", "channels": {"audio": format!("/public/{id}")}})
}

fn page(ids: &[&str], links: Value) -> Reply {
    let data: Vec<Value> = ids.iter().map(|id| entry(id)).collect();
    json_answer(200, &json!({"data": data, "links": links}))
}

#[test]
fn queries_choose_and_sort() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = client(&gateway);
        let names = |query: AddressQuery| {
            let client = client.clone();
            async move {
                let page = client.addresses(query).await.expect("a page");
                page.addresses.into_iter().map(|address| address.name).collect::<Vec<_>>()
            }
        };
        let rooms = AddressQuery {
            address_type: Some(AddressType::Room),
            sort_by: Some(AddressSort::Name),
            sort_order: Some(SortOrder::Descending),
            ..Default::default()
        };
        assert_eq!(names(rooms.clone()).await, ["room", "lounge"]);
        let oldest = AddressQuery { sort_by: Some(AddressSort::CreatedAt), ..Default::default() };
        assert_eq!(names(oldest).await.first().map(String::as_str), Some("echo"));
        let named = AddressQuery { display_name: Some("tone 4".into()), ..Default::default() };
        assert_eq!(names(named).await, ["tone"]);
        for query in [
            AddressQuery { page_size: Some(0), ..Default::default() },
            AddressQuery { page_size: Some(1_001), ..Default::default() },
            AddressQuery { address_type: Some(AddressType::Unknown), ..Default::default() },
        ] {
            let error = client.addresses(query.clone()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            let error = client.all_addresses(query).next().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        }
        assert_clean(&gateway);
    });
}

#[test]
fn pages_lead_forward_backward_and_to_the_first() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = client(&gateway);
        let query = AddressQuery { page_size: Some(6), ..Default::default() };
        let first = client.addresses(query.clone()).await.expect("the first page");
        assert!(first.has_next && !first.has_previous && first.links.previous.is_none());
        let next = first.links.next.clone().expect("a link");
        let second = client.addresses_at(&next).await.expect("the second page");
        assert!(second.has_next && second.has_previous);
        let third = client.addresses_at(&second.links.next.clone().unwrap()).await.unwrap();
        assert!(!third.has_next && third.links.next.is_none());
        let back = client.addresses_at(&third.links.previous.clone().unwrap()).await.unwrap();
        assert_eq!(back.addresses, second.addresses);
        let again = client.addresses_at(&third.links.first.clone().unwrap()).await.unwrap();
        assert_eq!(again.addresses, first.addresses);

        let list = client.all_addresses(query);
        let mut all = Vec::new();
        while let Some(address) = list.next().await.expect("an entry") {
            all.push(address);
        }
        let pages = [first.addresses, second.addresses, third.addresses].concat();
        assert_eq!(all, pages);
        assert_eq!(list.next().await.expect("the end again"), None);
        assert_clean(&gateway);
    });
}

#[test]
fn a_link_to_another_host_gets_no_token() {
    run(async {
        let thief = Scripted::start(vec![page(&["stolen"], json!({}))]).await;
        let elsewhere = format!("{}/api/fabric/addresses?page_number=1", thief.url());
        for link in [elsewhere.as_str(), elsewhere.trim_start_matches("http:")] {
            let server = Scripted::start(vec![page(&["a"], json!({"next": link}))]).await;
            let client = of_server(&server);
            let list = client.all_addresses(AddressQuery::default());
            assert_eq!(list.next().await.unwrap().map(|address| address.id), Some("a".into()));
            for error in
                [list.next().await.unwrap_err(), client.addresses_at(link).await.unwrap_err()]
            {
                assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
            }
            assert_eq!(server.seen().len(), 1);
        }
        assert!(thief.seen().is_empty());
    });
}

#[test]
fn a_list_survives_a_failed_page_and_ends_a_circle() {
    run(async {
        let second = "/api/fabric/addresses?page_number=1&page_token=PA1";
        let server = Scripted::start(vec![
            page(&["a", "b"], json!({"next": second})),
            json_answer(404, &json!({"error": "Not Found"})),
            page(&["c"], json!({"next": second})),
        ])
        .await;
        let list = of_server(&server).all_addresses(AddressQuery::default());
        let id = |found: Option<signalwire_client::Address>| found.map(|address| address.id);
        assert_eq!(id(list.next().await.unwrap()), Some("a".into()));
        assert_eq!(id(list.next().await.unwrap()), Some("b".into()));
        assert_eq!(list.next().await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(id(list.next().await.unwrap()), Some("c".into()), "the same page again");
        let error = list.next().await.unwrap_err();
        assert!(error.kind() == ErrorKind::Protocol && error.message().contains("circle"));
        let targets: Vec<String> = server.seen().into_iter().map(|seen| seen.target).collect();
        assert_eq!(targets, ["/api/fabric/addresses", second, second]);
    });
}

#[test]
fn one_address_by_its_id() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = client(&gateway);
        let first = client.addresses(AddressQuery::default()).await.unwrap().addresses.remove(0);
        assert_eq!(client.address(&first.id).await.expect("the address"), first);
        let error = client.address("../subscriber/info").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        let error = client.address("").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert_clean(&gateway);
    });
}

#[test]
fn one_address_by_its_name_or_path() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = client(&gateway);
        for name in ["echo", "/public/echo", "/public/echo?channel=audio"] {
            let address = client.address_by_name(name).await.expect("the address");
            assert_eq!(address.channels.audio.as_deref(), Some("/public/echo?channel=audio"));
        }
        for name in ["nobody", "/private/echo", "/public/nobody"] {
            let error = client.address_by_name(name).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        }
        for name in ["", "?channel=audio", "a\nb"] {
            let error = client.address_by_name(name).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{name:?}");
        }
        assert_clean(&gateway);
    });
}

#[test]
fn names_are_encoded_and_a_service_without_paths_is_asked_for_the_name() {
    run(async {
        let at = |id: &str, path: &str| json!({"id": id, "name": "a b", "type": "app", "channels": {"audio": path}});
        let two = json!({"data": [at("1", "/public/a b"), at("2", "/private/a b?channel=audio")],
            "links": {}});
        let none = json!({"data": [], "links": {}});
        let server = Scripted::start(vec![json_answer(200, &none), json_answer(200, &two)]).await;
        let found = of_server(&server).address_by_name("/private/a b").await.expect("the address");
        assert_eq!(found.id, "2", "the one in that context");
        let targets: Vec<String> = server.seen().into_iter().map(|seen| seen.target).collect();
        assert_eq!(
            targets,
            ["/api/fabric/addresses?name=%2Fprivate%2Fa%20b", "/api/fabric/addresses?name=a%20b"]
        );
    });
}

#[test]
fn what_was_read_is_remembered_until_the_session_is_made_anew() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let events = client.events();
        let query = AddressQuery { page_size: Some(3), ..Default::default() };
        let page = client.addresses(query).await.unwrap();
        let known = &page.addresses[0];
        let requests = |state: &Value| state["counters"]["http_requests"].clone();
        let before = requests(&gateway.state());
        assert_eq!(client.cached_address(&known.id).as_ref(), Some(known));
        assert_eq!(client.cached_address("nobody"), None);
        assert_eq!(requests(&gateway.state()), before, "nothing was asked");
        let own = client.subscriber_info().await.unwrap().addresses.remove(0);
        assert_eq!(client.cached_address(&own.id), Some(own));

        gateway.fault(json!({"fault": "drop_sockets"}));
        session(&events, true).await;
        assert_eq!(client.cached_address(&known.id).as_ref(), Some(known), "the same session");
        gateway.fault(json!({"fault": "forget_sessions"}));
        session(&events, false).await;
        assert_eq!(client.cached_address(&known.id), None);
        assert!(client.address(&known.id).await.is_ok());
        assert_eq!(client.cached_address(&known.id).as_ref(), Some(known));
        let next = AccessToken::new(gateway.mint_token("tester", 3_600, None));
        client.update_token(next).await.unwrap();
        assert_eq!(client.cached_address(&known.id), None, "it may be another subscriber's");
        assert_clean(&gateway);
    });
}

/// Waits until the session is up again, resumed or new.
async fn session(events: &signalwire_client::ClientEventStream, resumed: bool) {
    loop {
        let event = tokio::time::timeout(DEADLINE, events.next()).await.expect("no session");
        match event.expect("the stream ended") {
            ClientEvent::SessionReady { is_resumed, .. } if is_resumed == resumed => return,
            _ => {}
        }
    }
}

#[test]
fn an_entry_is_dialled_by_its_best_channel() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let echo = client.address_by_name("/public/echo").await.unwrap();
        let call = client.dial_address(&echo, DialOptions::default()).expect("dials");
        assert_eq!(call.destination(), "/public/echo?channel=audio");
        call.answered().await.expect("is answered");
        assert_eq!(call.state(), CallState::Active);
        call.hangup().await.unwrap();
        let room = client.address_by_name("/public/lounge").await.unwrap();
        let call = client.dial_address(&room, DialOptions::default()).expect("dials");
        assert_eq!(call.destination(), "/public/lounge?channel=video");
        call.hangup().await.unwrap();
        let mut silent = echo;
        (silent.channels.audio, silent.channels.video) = (None, None);
        let error = client.dial_address(&silent, DialOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotSupported);
        assert_clean(&gateway);
    });
}

#[test]
fn the_subscriber_is_complete_and_keeps_its_key_to_itself() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let subscriber = client(&gateway).subscriber_info().await.unwrap();
        assert!(!subscriber.push_notification_key.is_empty());
        assert_eq!(subscriber.app_display_name, "gateway");
        assert!(subscriber.token_expires_at.is_some() && subscriber.token_scopes.is_empty());
        let raw: Value = serde_json::from_str(&subscriber.raw_json).unwrap();
        assert_eq!(raw["app_settings"]["display_name"], "gateway");
        assert!(!format!("{subscriber:?}").contains(&subscriber.push_notification_key));
    });
}

#[test]
fn an_invited_person_calls_the_address_and_no_other() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let alice = client(&gateway);
        let own = alice.subscriber_info().await.unwrap().addresses.swap_remove(0);
        for (id, expires_at) in [("", None), (own.id.as_str(), Some(0)), (&own.id, Some(1 << 50))] {
            let error = alice.create_invite(id, expires_at).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{id} {expires_at:?}");
        }
        for (id, expires_at) in [("7c11a9e0-0000-4c55-9c1f-000000000000", None), (&own.id, Some(1))]
        {
            let error = alice.create_invite(id, expires_at).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
        }
        let token = alice.create_invite(&own.id, Some(4_000_000_000)).await.expect("an invite");
        assert!(!format!("{token:?}").contains(token.expose()));
        alice.connect().await.unwrap();
        alice.online().await.unwrap();
        let events = alice.events();
        let mut of_guest = options(&gateway);
        of_guest.token = token.expose().into();
        let guest = Client::new(of_guest).unwrap();
        guest.connect().await.unwrap();
        let refused = guest.dial("/public/echo", DialOptions::default()).unwrap();
        assert_eq!(refused.answered().await.unwrap_err().kind(), ErrorKind::CallFailed);
        let call = guest.dial_address(&own, DialOptions::default()).unwrap();
        while !matches!(events.next().await.unwrap(), ClientEvent::IncomingCall { .. }) {}
        call.hangup().await.unwrap();
        assert_clean(&gateway);
    });
}
