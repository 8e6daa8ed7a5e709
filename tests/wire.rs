//! What goes over the socket, seen by a service that is told what to say.

mod common;
#[path = "scripted/service.rs"]
mod service;

use common::*;
use serde_json::{json, Value};
use service::{authorized, Sender, Service, NODE};
use signalwire_client::{
    CallEvent, Client, ClientEvent, ClientState, DialOptions, DtmfMethod, EndKind, MemberPosition,
    MemberTarget,
};
use signalwire_gateway::Dialect;

fn obliging(socket: &Sender, _: usize, frame: &Value) {
    socket.answer(frame);
}

async fn client_of(service: &Service) -> Client {
    let client = Client::new(service.options()).expect("a client");
    client.connect().await.expect("connects");
    client
}

/// The Verto results among the client's frames.
fn is_result(frame: &Value, id: &Value) -> bool {
    frame["params"]["message"].get("result").is_some() && frame["params"]["message"]["id"] == *id
}

#[test]
fn a_bye_is_answered_although_the_call_is_over_with_it() {
    run(async {
        let service = Service::start(obliging).await;
        let client = client_of(&service).await;
        for id in [json!(41), json!("41")] {
            let call = client.dial("/public/x", DialOptions::default()).unwrap();
            let of_call = |frame: &Value| frame["params"]["callID"] == call.id().as_str();
            service.frame("the invite", |_, frame| of_call(frame)).await;
            let early = json!({"callID": call.id()});
            service.socket().verto(json!([id]), "verto.media", early);
            service.frame("the result", |_, frame| is_result(frame, &json!([id]))).await;
            let params = json!({"callID": call.id(), "cause": "USER_BUSY", "causeCode": "17"});
            service.socket().verto(id.clone(), "verto.bye", params);
            assert_eq!(call.ended().await.unwrap().kind, EndKind::Busy);
            let answer = service.frame("the result", |_, frame| is_result(frame, &id)).await;
            assert_eq!(answer["method"], "webrtc.verto");
            assert_eq!(answer["params"]["node_id"], NODE);
            assert_eq!(answer["params"]["message"]["result"], json!({"method": "verto.bye"}));
            assert!(answer["params"].get("callID").is_none());
        }
        // Of a call that was over already, too.
        let params = json!({"callID": "unknown", "cause": "NORMAL_CLEARING", "causeCode": 16});
        service.socket().verto(json!("late"), "verto.bye", params);
        service.frame("the result", |_, frame| is_result(frame, &json!("late"))).await;
    });
}

#[test]
fn every_bye_of_the_gateway_is_answered() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        for address in ["/public/busy", "/public/bye", "/public/early-bye"] {
            client.dial(address, DialOptions::default()).unwrap().ended().await.unwrap();
        }
        let answered = async {
            while gateway.state()["sessions"][0]["unanswered_verto"] != json!([]) {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(DEADLINE, answered).await.is_err() {
            panic!("{}", gateway.state()["sessions"][0]["unanswered_verto"]);
        }
        assert_clean(&gateway);
    });
}

#[test]
fn an_authorization_state_before_the_result_of_connect_is_not_lost() {
    run(async {
        let service = Service::start(|socket, number, frame| {
            if frame["method"] == "signalwire.connect" {
                let state = json!({"authorization_state": format!("state-{number}")});
                socket.event(&format!("e{number}"), "signalwire.authorization.state", state);
            }
            socket.answer(frame);
        })
        .await;
        let _client = client_of(&service).await;
        for socket in 2..4 {
            service.socket().drop_socket();
            let again = service
                .frame("the next connect", |number, frame| {
                    number == socket && frame["method"] == "signalwire.connect"
                })
                .await;
            assert_eq!(again["params"]["protocol"], "signalwire_j_1_p");
            let state = format!("state-{}", socket - 1);
            assert_eq!(again["params"]["authorization_state"], state.as_str());
            service
                .frame("the acknowledgement", |number, frame| {
                    number == socket && frame["id"] == format!("e{socket}").as_str()
                })
                .await;
        }
    });
}

/// Of two sockets the events may be numbered alike.
#[test]
fn a_repetition_is_told_by_its_content_not_by_its_number_alone() {
    run(async {
        let service = Service::start(obliging).await;
        let client = client_of(&service).await;
        let events = client.events();
        let say = |n: u32| service.socket().event("e1", "app.event", json!({"n": n}));
        // Each is acknowledged, also the ones that are not handled again.
        let is_acknowledgement =
            |_: usize, frame: &Value| frame["id"] == "e1" && frame["result"] == json!({});
        [1, 1, 2].into_iter().for_each(say);
        service.frames_of("acknowledgements", 3, is_acknowledgement).await;
        service.socket().drop_socket();
        service.frame("a connect", |socket, _| socket == 2).await;
        [1, 3].into_iter().for_each(say);
        service.frames_of("acknowledgements", 5, is_acknowledgement).await;
        let mut seen = Vec::new();
        while seen.len() < 3 {
            let event = tokio::time::timeout(DEADLINE, events.next()).await;
            match event.unwrap_or_else(|_| panic!("only {seen:?}")).expect("an event") {
                ClientEvent::Other { raw_json, .. } => seen.push(raw_json),
                _ => continue,
            }
        }
        assert_eq!(seen, [r#"{"n":1}"#, r#"{"n":2}"#, r#"{"n":3}"#]);
    });
}

#[test]
fn a_service_that_fails_for_a_moment_does_not_cost_the_session() {
    run(async {
        let service = Service::start(|socket, number, frame| {
            match (number, frame["method"] == "signalwire.connect") {
                (2, true) => socket.error(frame, -32603),
                (3, true) => socket.result(frame, json!({})),
                _ => socket.answer(frame),
            }
        })
        .await;
        let client = client_of(&service).await;
        service.socket().drop_socket();
        for socket in 2..5 {
            let connect = service.frame("a connect", |number, _| number == socket).await;
            assert_eq!(connect["params"]["protocol"], "signalwire_j_1_p", "socket {socket}");
        }
        let events = client.events();
        loop {
            let event = tokio::time::timeout(DEADLINE, events.next()).await.expect("it comes back");
            if matches!(event, Some(ClientEvent::SessionReady { is_resumed: true, .. })) {
                break;
            }
        }
        assert_eq!(client.state(), ClientState::Connected);
    });
}

#[test]
fn requests_of_the_service_are_answered_as_they_were_asked() {
    run(async {
        let service = Service::start(obliging).await;
        let client = client_of(&service).await;
        let socket = service.socket();
        let ping = |id: Value, params: Value| {
            socket.send(&json!({"jsonrpc": "2.0", "id": id, "method": "signalwire.ping",
                "params": params}));
        };
        ping(json!("p1"), json!({"timestamp": 1_790_000_020.5}));
        ping(json!(7), json!({"timestamp": 1_790_000_020_u64}));
        ping(json!("p3"), json!({}));
        // Nobody can answer what has no id.
        socket.send(&json!({"jsonrpc": "2.0", "method": "signalwire.ping", "params": {}}));
        socket.send(&json!({"jsonrpc": "2.0", "id": "u1", "method": "service.new", "params": {}}));
        let unknown = service.frame("the last answer", |_, frame| frame["id"] == "u1").await;
        assert_eq!(unknown["error"]["code"], -32601);
        let answers: Vec<Value> = service
            .frames()
            .into_iter()
            .map(|(_, frame)| frame)
            .filter(|frame| frame.get("result").is_some())
            .collect();
        assert_eq!(answers.len(), 3, "{answers:#?}");
        assert_eq!(
            answers[0],
            json!({"jsonrpc": "2.0", "id": "p1",
            "result": {"timestamp": 1_790_000_020.5}})
        );
        assert_eq!(answers[1]["id"], 7);
        assert!(answers[2]["result"]["timestamp"].as_f64().is_some_and(|now| now > 1.7e9));
        client.disconnect().await.unwrap();
    });
}

/// Pongs and Verto results go out as requests; whether the service answers those says nothing.
#[test]
fn a_service_that_leaves_pongs_unanswered_keeps_its_socket() {
    run(async {
        let service = Service::start(|socket, _, frame| {
            let message = &frame["params"]["message"];
            if message["method"] != "verto.pong" && message.get("result").is_none() {
                socket.answer(frame);
            }
        })
        .await;
        let mut options = service.options();
        options.request_timeout_ms = 100;
        let client = Client::new(options).expect("a client");
        client.connect().await.unwrap();
        let events = client.events();
        let call = client.dial("/public/x", DialOptions::default()).unwrap();
        service.verto("verto.invite").await;
        let params = json!({"callID": call.id(), "dialogParams": {"callID": call.id()}});
        service.socket().verto(json!(1), "verto.ping", params.clone());
        let pong = service.verto("verto.pong").await;
        assert_eq!(pong["params"]["message"]["params"], params, "the ping's own, unchanged");
        assert_eq!(pong["params"]["node_id"], NODE);
        // Far beyond the time that a request has; a lost socket would be seen at once.
        let quiet = async {
            loop {
                match events.next().await.expect("an event") {
                    ClientEvent::RetryScheduled { reason, .. } => panic!("{reason}"),
                    _ => continue,
                }
            }
        };
        assert!(tokio::time::timeout(std::time::Duration::from_secs(1), quiet).await.is_err());
        assert_eq!(client.state(), ClientState::Connected);
        call.hangup().await.unwrap();
    });
}

#[test]
fn results_with_empty_parts_are_results() {
    run(async {
        let service = Service::start(|socket, _, frame| match frame["method"].as_str() {
            Some("signalwire.connect") => {
                let mut result = authorized("signalwire_j_1_p");
                result["ice_servers"] = Value::Null;
                socket.send(&json!({"jsonrpc": "2.0", "id": frame["id"], "error": null,
                    "result": result}));
            }
            Some("subscriber.online") => socket.send(&json!({"jsonrpc": "2.0",
                "id": frame["id"], "error": null, "result": {"code": 200, "result": null}})),
            _ => socket.answer(frame),
        })
        .await;
        let client = client_of(&service).await;
        client.online().await.unwrap();
    });
}

fn is_uuid(value: &Value) -> bool {
    value.as_str().is_some_and(|text| uuid::Uuid::parse_str(text).is_ok())
}

#[test]
fn an_invite_and_a_bye_word_for_word() {
    run(async {
        let service = Service::start(obliging).await;
        let client = client_of(&service).await;
        let options = DialOptions {
            user_variables_json: Some(r#"{"a":1}"#.into()),
            from_fabric_address_id: Some("address-1".into()),
            ..DialOptions::default()
        };
        let call = client.dial("/public/alice?channel=audio", options).unwrap();
        let invite = service.verto("verto.invite").await;
        let dialog = json!({
            "callID": call.id(), "destination_number": "/public/alice?channel=audio",
            "attach": false, "reattaching": false, "caller_id_name": "", "caller_id_number": "",
            "remote_caller_id_name": "Outbound Call", "remote_caller_id_number": "",
            "userVariables": {"a": 1, "memberCallId": call.id()}, "screenShare": false,
            "additionalDevice": false, "from_fabric_address_id": "address-1",
            "pingSupported": true, "version": 1000,
        });
        let params = &invite["params"];
        assert!(is_uuid(&invite["id"]) && is_uuid(&json!(call.id())), "{invite}");
        assert_eq!((&params["callID"], &params["node_id"]), (&json!(call.id()), &json!("")));
        assert!(params["subscribe"].as_array().is_some_and(|list| list.len() > 9));
        assert!(is_uuid(&params["message"]["id"]) && params["message"]["id"] != invite["id"]);
        assert_eq!(params["message"]["jsonrpc"], "2.0");
        assert_eq!(params["message"]["params"]["dialogParams"], dialog);
        assert!(params["message"]["params"]["sdp"].as_str().unwrap().starts_with("v=0\r\n"));
        while call.state() == signalwire_client::CallState::New {
            tokio::task::yield_now().await;
        }
        call.hangup().await.unwrap();
        let bye = service.verto("verto.bye").await;
        let params = &bye["params"];
        assert_eq!((&params["callID"], &params["node_id"]), (&json!(call.id()), &json!(NODE)));
        assert!(params.get("subscribe").is_none());
        let inner = json!({"sessid": call.id(), "cause": "NORMAL_CLEARING", "causeCode": "16",
            "dialogParams": dialog});
        assert_eq!(params["message"]["params"], inner);
        assert!(is_uuid(&params["message"]["id"]));
        for (_, frame) in service.frames() {
            assert_eq!(frame["jsonrpc"], "2.0", "{frame}");
            assert!(frame.get("result").is_some() || is_uuid(&frame["id"]), "{frame}");
        }
    });
}

/// An answer to an offer as its own offerer would give it; its media lead nowhere.
fn answer_to(offer: &str) -> String {
    let lines = offer.lines().filter(|line| !line.starts_with("a=candidate:"));
    let text: String = lines.map(|line| format!("{line}\r\n")).collect();
    text.replace("a=setup:actpass", "a=setup:passive")
}

fn member(number: u32, call_id: &str) -> Value {
    json!({"member_id": format!("m-{number}"), "call_id": call_id,
        "node_id": format!("n{number}@us"), "type": "member", "name": "x", "room_id": "r",
        "room_session_id": "rs"})
}

#[test]
fn requests_in_a_call_word_for_word() {
    run(async {
        let service = Service::start(obliging).await;
        let client = client_of(&service).await;
        let options = DialOptions { dtmf: Some(DtmfMethod::Info), ..DialOptions::default() };
        let call = client.dial("/public/alice", options).unwrap();
        let events = call.events();
        let invite = service.verto("verto.invite").await;
        let told = &invite["params"]["message"]["params"];
        let answer = answer_to(told["sdp"].as_str().unwrap());
        let socket = service.socket();
        socket.verto(json!(7), "verto.answer", json!({"callID": call.id(), "sdp": answer}));
        let members = [member(1, &call.id()), member(2, "c-2")];
        let joined = json!({"room_session": {"room_session_id": "rs", "members": members},
            "room_id": "r", "room_session_id": "rs", "call_id": call.id(),
            "origin_call_id": call.id(), "member_id": "m-1", "node_id": "n1@us",
            "capabilities": ["self", "member"]});
        socket.event("joined", "call.joined", joined);
        wait_for(&events, |event| matches!(event, CallEvent::Joined { .. })).await;

        // Inside the tunnel: everything of the dialog, the session's name beside it.
        call.hold().await.unwrap();
        call.send_digits("1#").await.unwrap();
        call.transfer("/public/bob").await.unwrap();
        call.subscribe("user_event").await.unwrap();
        let dialog = &told["dialogParams"];
        for (method, params) in [
            ("verto.modify", json!({"action": "hold", "dialogParams": dialog})),
            ("verto.info", json!({"dtmf": "1#", "dialogParams": dialog})),
            ("verto.subscribe", json!({"eventChannel": ["user_event"]})),
        ] {
            let sent = service.verto(method).await;
            let mut expected = params;
            expected["sessid"] = json!(call.id());
            assert_eq!(sent["params"]["message"]["params"], expected);
            let envelope = json!({"callID": call.id(), "node_id": NODE,
                "message": sent["params"]["message"]});
            assert_eq!(sent["params"], envelope);
        }
        let is_transfer =
            |_: usize, frame: &Value| frame["params"]["message"]["params"]["action"] == "transfer";
        let transfer = service.frame("the transfer", is_transfer).await;
        let expected = json!({"sessid": call.id(), "action": "transfer",
            "destination": "/public/bob", "dialogParams": dialog});
        assert_eq!(transfer["params"]["message"]["params"], expected);

        // Outside of it: who asks, and about whom, each with the ids of its own entry.
        let ids = |number: u32, call_id: &str| {
            json!({"member_id": format!("m-{number}"), "call_id": call_id,
                "node_id": format!("n{number}@us")})
        };
        let (own, other) = (ids(1, &call.id()), ids(2, "c-2"));
        let all = json!({"member_id": "all", "call_id": call.id(), "node_id": "n1@us"});
        let bob = || MemberTarget::Member("m-2".into());
        call.set_audio_muted(MemberTarget::Own, true).await.unwrap();
        call.set_video_muted(bob(), false).await.unwrap();
        call.set_deaf(MemberTarget::All, true).await.unwrap();
        call.set_input_volume(bob(), -7).await.unwrap();
        call.set_layout("grid").await.unwrap();
        call.set_locked(true).await.unwrap();
        call.remove_member("m-2").await.unwrap();
        let place = MemberPosition { target: bob(), position: "reserved-0".into() };
        call.set_positions(vec![place]).await.unwrap();
        for (method, params) in [
            ("call.mute", json!({"channels": ["audio"], "target": own})),
            ("call.unmute", json!({"channels": ["video"], "target": other})),
            ("call.deaf", json!({"target": all})),
            ("call.microphone.volume.set", json!({"volume": -7, "target": other})),
            ("call.layout.set", json!({"layout": "grid", "target": own})),
            ("call.lock", json!({"target": own})),
            ("call.member.remove", json!({"target": other})),
            (
                "call.member.position.set",
                json!({"targets": [{"target": other, "position": "reserved-0"}]}),
            ),
        ] {
            let sent = service.frame(method, |_, frame| frame["method"] == method).await;
            let mut expected = params;
            expected["self"] = own.clone();
            assert_eq!(sent["params"], expected, "{method}");
        }
        call.hangup().await.unwrap();
    });
}
