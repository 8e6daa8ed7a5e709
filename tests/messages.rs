//! Conversations: joining, texts, history, live events, and what a lost answer does.

mod common;
mod scripted;

use common::*;
use scripted::{json_answer, Reply, Scripted};
use serde_json::{json, Value};
use signalwire_client::{
    Client, ClientEvent, ClientEventStream, ClientOptions, Conversation, ErrorKind, Message,
    MessageKind, SendState,
};
use signalwire_gateway::{Dialect, Gateway, GatewayConfig};

const MESSAGES: &str = "/api/fabric/messages";

async fn subscriber(gateway: &Gateway, reference: &str) -> (Client, ClientEventStream) {
    let mut options = options(gateway);
    options.token = gateway.mint_token(reference, 3600, None);
    let client = Client::new(options).expect("a client");
    client.connect().await.expect("connects");
    let events = client.events();
    (client, events)
}

async fn own_address(client: &Client) -> String {
    client.subscriber_info().await.expect("the subscriber").addresses.remove(0).id
}

async fn next_message(events: &ClientEventStream) -> Message {
    loop {
        let event = tokio::time::timeout(DEADLINE, events.next()).await.expect("no message");
        if let ClientEvent::Message { message } = event.expect("the stream ended") {
            return message;
        }
    }
}

async fn send(client: &Client, conversation: &Conversation, text: &str) {
    let message = client
        .compose_message(&conversation.id, &conversation.from_address_id, text)
        .expect("a message");
    message.send().await.expect("is sent");
    assert_eq!(message.state(), SendState::Sent);
}

async fn texts(client: &Client, conversation: &Conversation) -> Vec<String> {
    let list = client.all_messages(&conversation.id);
    let mut texts = Vec::new();
    while let Some(message) = list.next().await.expect("a message") {
        texts.push(message.text);
    }
    texts
}

#[test]
fn two_subscribers_write_to_each_other() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let (alice, heard_by_alice) = subscriber(&gateway, "alice@example.com").await;
        let (bob, heard_by_bob) = subscriber(&gateway, "bob@example.com").await;
        let bobs = own_address(&bob).await;
        let alices = own_address(&alice).await;
        let found = alice.address_by_name("/private/bob-example-com").await.expect("bob");
        assert_eq!(found.id, bobs);

        let to_bob = alice.join_conversation(&bobs, None).await.expect("joins");
        assert_eq!(to_bob.from_address_id, alices);
        assert_eq!(to_bob.peer_address_id.as_deref(), Some(bobs.as_str()));
        let again = alice.join_conversation(&bobs, Some(&alices)).await.expect("joins again");
        assert_eq!(again.id, to_bob.id);
        send(&alice, &to_bob, "hello, Bob").await;

        let message = next_message(&heard_by_bob).await;
        assert_eq!((message.kind, message.text.as_str()), (MessageKind::Chat, "hello, Bob"));
        assert_eq!(message.from_address_id, alices);
        assert!(message.sent_at_ms.is_some() && message.user_name == "alice@example.com");
        let listed = bob.conversations(None).await.expect("the list").conversations.remove(0);
        assert_eq!(listed.id, message.conversation_id);
        assert_eq!(listed.from_address_id, bobs);
        assert_eq!(listed.peer_address_id.as_deref(), Some(alices.as_str()));
        assert!(listed.last_message_at_ms.is_some() && listed.created_at_ms.is_some());
        send(&bob, &listed, "hello, Alice").await;

        assert_eq!(next_message(&heard_by_alice).await.text, "hello, Bob", "the own one too");
        assert_eq!(next_message(&heard_by_alice).await.text, "hello, Alice");
        assert_eq!(texts(&alice, &to_bob).await, ["hello, Alice", "hello, Bob"]);
        assert_eq!(texts(&bob, &listed).await, ["hello, Alice", "hello, Bob"]);
        assert_clean(&gateway);
    });
}

#[test]
fn the_history_is_paged_both_ways() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let (alice, _) = subscriber(&gateway, "alice").await;
        let (bob, _) = subscriber(&gateway, "bob").await;
        let talk = alice.join_conversation(&own_address(&bob).await, None).await.expect("joins");
        for number in 0..5 {
            send(&alice, &talk, &format!("{number}")).await;
        }
        let text = |messages: &[Message]| {
            messages.iter().map(|message| message.text.clone()).collect::<String>()
        };
        let first = alice.messages(&talk.id, Some(2)).await.expect("a page");
        assert!(text(&first.messages) == "43" && first.has_next && !first.has_previous);
        let second = alice.messages_at(&first.links.next.clone().unwrap()).await.unwrap();
        assert!(text(&second.messages) == "21" && second.has_next && second.has_previous);
        let third = alice.messages_at(&second.links.next.clone().unwrap()).await.unwrap();
        assert!(text(&third.messages) == "0" && !third.has_next);
        let back = alice.messages_at(&third.links.previous.clone().unwrap()).await.unwrap();
        assert_eq!(back.messages, second.messages);
        let conversations = alice.all_conversations();
        assert_eq!(conversations.next().await.unwrap().map(|found| found.id), Some(talk.id));
        assert!(conversations.next().await.unwrap().is_none());
        let small = alice.conversations(Some(1)).await.unwrap();
        let again = alice.conversations_at(&small.links.first.clone().unwrap()).await.unwrap();
        assert_eq!(again.conversations, small.conversations);
        assert_clean(&gateway);
    });
}

#[test]
fn calls_are_in_the_history_and_change() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let (alice, events) = subscriber(&gateway, "alice").await;
        let (_bob, _) = subscriber(&gateway, "bob").await;
        let fault = json!({"fault": "log_call", "from": "bob", "to": "alice"});
        let id = gateway.fault(fault)["id"].as_str().expect("an id").to_owned();
        let started = next_message(&events).await;
        let call = started.call.clone().expect("a call");
        assert_eq!((started.kind, call.call_kind.as_str()), (MessageKind::CallLog, "audio_call"));
        assert!(call.status == "started" && call.started_at_ms.is_some());
        assert_eq!(call.ended_at_ms, None);
        gateway.fault(json!({"fault": "update_message", "id": id, "status": "missed"}));
        let ended = loop {
            match tokio::time::timeout(DEADLINE, events.next()).await.expect("no update") {
                Some(ClientEvent::MessageUpdated { message }) => break message,
                Some(_) => {}
                None => panic!("the stream ended"),
            }
        };
        assert_eq!(ended.id, started.id);
        let call = ended.call.clone().expect("a call");
        assert!(call.status == "missed" && call.ended_at_ms.is_some());
        let page = alice.messages(&ended.conversation_id, None).await.expect("the history");
        assert_eq!(page.messages[0].call, ended.call);
        assert_clean(&gateway);
    });
}

#[test]
fn a_lost_socket_loses_and_doubles_no_message() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let (alice, _) = subscriber(&gateway, "alice").await;
        let (bob, events) = subscriber(&gateway, "bob").await;
        let talk = alice.join_conversation(&own_address(&bob).await, None).await.expect("joins");
        gateway.fault(json!({"fault": "duplicate_events", "count": 2}));
        send(&alice, &talk, "before").await;
        assert_eq!(next_message(&events).await.text, "before");
        gateway.fault(json!({"fault": "refuse_sockets", "ms": 300}));
        gateway.fault(json!({"fault": "drop_sockets"}));
        for text in ["one", "two", "one"] {
            send(&alice, &talk, text).await;
        }
        for expected in ["one", "two", "one"] {
            assert_eq!(next_message(&events).await.text, expected);
        }
        send(&alice, &talk, "after").await;
        assert_eq!(next_message(&events).await.text, "after");
        assert_eq!(
            texts(&bob, &talk_of(&bob).await).await,
            ["after", "one", "two", "one", "before"]
        );
        assert_clean(&gateway);
    });
}

async fn talk_of(client: &Client) -> Conversation {
    client.conversations(None).await.expect("the list").conversations.remove(0)
}

#[test]
fn a_send_whose_answer_was_lost_is_uncertain_and_never_doubled() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let (alice, _) = subscriber(&gateway, "alice").await;
        let (bob, _) = subscriber(&gateway, "bob").await;
        let talk = alice.join_conversation(&own_address(&bob).await, None).await.expect("joins");
        // The end of the connection, and a failure of the service: carried out before, or not.
        for (status, after) in [(0, true), (0, false), (500, true), (502, false)] {
            let fault = json!({"fault": "fail_http", "path": MESSAGES, "status": status,
                "after": after});
            let text = format!("{status} {after}");
            for certain_ones in 0..2 {
                gateway.fault(fault.clone());
                let message =
                    alice.compose_message(&talk.id, &talk.from_address_id, &text).unwrap();
                let error = message.send().await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Uncertain, "{error}");
                assert!(error.message().contains("look before repeating"), "{error}");
                assert_eq!(message.state(), SendState::Uncertain);
                let expected = if after { SendState::Sent } else { SendState::Unsent };
                assert_eq!(message.reconcile().await.unwrap(), expected, "{text} {certain_ones}");
                assert_eq!(message.state(), expected);
                message.send().await.expect("is sent once");
                message.send().await.expect("was sent");
                assert_eq!(message.reconcile().await.unwrap(), SendState::Sent);
                let all = texts(&alice, &talk).await;
                let count = all.iter().filter(|known| **known == text).count();
                assert_eq!(count, certain_ones + 1, "{all:?}");
            }
        }
        // Without a look in between, too.
        let fault = json!({"fault": "fail_http", "path": MESSAGES, "status": 0, "after": true});
        gateway.fault(fault);
        let message = alice.compose_message(&talk.id, &talk.from_address_id, "last").unwrap();
        assert_eq!(message.send().await.unwrap_err().kind(), ErrorKind::Uncertain);
        gateway.fault(json!({"fault": "fail_http", "path": "/messages", "status": 404}));
        assert_eq!(message.send().await.unwrap_err().kind(), ErrorKind::NotFound, "no history");
        assert_eq!(message.state(), SendState::Uncertain);
        message.send().await.expect("is found");
        assert_eq!(message.state(), SendState::Sent);
        assert_eq!(texts(&alice, &talk).await.iter().filter(|text| *text == "last").count(), 1);
        assert_clean(&gateway);
    });
}

#[test]
fn what_was_certainly_not_processed_is_sent_again_by_itself() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let (alice, _) = subscriber(&gateway, "alice").await;
        let (bob, _) = subscriber(&gateway, "bob").await;
        let talk = alice.join_conversation(&own_address(&bob).await, None).await.expect("joins");
        for (status, wait) in [(429, "0"), (503, "0")] {
            let fault = json!({"fault": "fail_http", "path": MESSAGES, "status": status,
                "retry_after": wait});
            gateway.fault(fault);
            send(&alice, &talk, &format!("{status}")).await;
        }
        assert_eq!(texts(&bob, &talk_of(&bob).await).await, ["503", "429"]);
        // Joining twice is joining once: a lost answer is asked for again.
        let path = "/api/fabric/conversations/join";
        gateway.fault(json!({"fault": "fail_http", "path": path, "status": 0, "after": true}));
        let peer = talk.peer_address_id.clone().unwrap();
        assert_eq!(alice.join_conversation(&peer, None).await.expect("joins").id, talk.id);
        assert_clean(&gateway);
    });
}

#[test]
fn refusals_are_definite() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let (alice, _) = subscriber(&gateway, "alice").await;
        let (bob, _) = subscriber(&gateway, "bob").await;
        let (own, other) = (own_address(&alice).await, own_address(&bob).await);
        let talk = alice.join_conversation(&other, None).await.expect("joins");
        for (conversation, from) in [("nothing", own.as_str()), (&talk.id, other.as_str())] {
            let message = alice.compose_message(conversation, from, "x").unwrap();
            let error = message.send().await.unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Rejected, Some(422)), "{error}");
            assert!(!error.problems().is_empty());
            assert_eq!(message.state(), SendState::Unsent);
        }
        for (id, from) in [(own.as_str(), None), (&other, Some(other.as_str())), ("", None)] {
            let error = alice.join_conversation(id, from).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        }
        let error = alice.join_conversation("nobody", None).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Rejected, Some(422)));
        let error = alice.messages("nothing", None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        for bad in [alice.messages("", None).await, alice.messages(&talk.id, Some(0)).await] {
            assert_eq!(bad.unwrap_err().kind(), ErrorKind::InvalidArgument);
        }
        for (conversation, from, text) in
            [("", "a", "x"), ("c", "", "x"), ("c", "a", ""), ("c", "a", &"x".repeat(65_537))]
        {
            let error = alice.compose_message(conversation, from, text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        }
        assert_clean(&gateway);
    });
}

#[test]
fn the_older_generation_of_ids_is_read() {
    run(async {
        let config = GatewayConfig { old_conversations: true, ..GatewayConfig::default() };
        let gateway = Gateway::start(config).expect("a gateway");
        let (alice, events) = subscriber(&gateway, "alice").await;
        let (bob, _) = subscriber(&gateway, "bob").await;
        let bobs = own_address(&bob).await;
        let fault = json!({"fault": "log_call", "from": "bob", "to": "alice"});
        gateway.fault(fault);
        let live = next_message(&events).await;
        assert_eq!((&live.conversation_id, &live.from_address_id), (&bobs, &bobs));
        let listed = talk_of(&alice).await;
        assert_eq!((&listed.id, listed.from_address_id.as_str()), (&bobs, ""));
        assert_eq!(listed.peer_address_id.as_deref(), Some(bobs.as_str()));
        let page = alice.messages(&listed.id, None).await.expect("the history");
        assert_eq!(page.messages[0].id, live.id);
        assert_eq!(page.messages[0].conversation_id, bobs);
    });
}

#[test]
fn what_goes_over_the_wire() {
    run(async {
        let joined = json!({"group_id": "g_b"});
        let server = Scripted::start(vec![
            json_answer(200, &joined),
            Reply::answer(204, &[], ""),
            Reply::answer(202, &[], "queued"),
        ])
        .await;
        let mut options = ClientOptions::new("e30..a.b.c");
        options.http_url = Some(server.url());
        let client = Client::new(options).expect("a client");
        let talk = client.join_conversation("b", Some("a")).await.expect("joins");
        assert_eq!((talk.id.as_str(), talk.peer_address_id.as_deref()), ("g_b", Some("b")));
        // Any 2xx means that it is done, whatever the body.
        for text in ["hi", "ho"] {
            send(&client, &talk, text).await;
        }
        let seen = server.seen();
        let lines: Vec<(&str, &str)> =
            seen.iter().map(|seen| (seen.method.as_str(), seen.target.as_str())).collect();
        assert_eq!(lines[0], ("POST", "/api/fabric/conversations/join"));
        assert_eq!(lines[1], ("POST", MESSAGES));
        assert_eq!(seen[0].header("authorization"), Some("Bearer e30..a.b.c"));
        assert_eq!(seen[0].header("content-type"), Some("application/json"));
        assert_eq!(
            seen[0].json(),
            json!({"from_fabric_address_id": "a", "fabric_address_ids": ["b", "a"]})
        );
        let sent: Value = seen[1].json();
        assert_eq!(sent, json!({"group_id": "g_b", "from_fabric_address_id": "a", "text": "hi"}));
    });
}
