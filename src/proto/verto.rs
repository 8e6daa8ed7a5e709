//! Verto messages, tunnelled through `webrtc.verto` and `webrtc.message`.

use super::jsonrpc::number;
use serde_json::{json, Map, Value};

/// Events the service should send for a call: the SDK's fixed list and all that is read here.
const SUBSCRIBE: [&str; 18] = [
    "call.joined",
    "call.left",
    "call.state",
    "call.updated",
    "call.play",
    "call.connect",
    "call.room",
    "room.updated",
    "room.subscribed",
    "member.joined",
    "member.updated",
    "member.left",
    "member.talking",
    "member.updated.audioMuted",
    "member.updated.videoMuted",
    "layout.changed",
    "track",
    "destroy",
];

/// One end of a call as the service names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Party {
    pub(crate) name: String,
    pub(crate) number: String,
}

/// One leg as Verto knows it; makes the messages that the leg sends.
#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    call_id: String,
    destination: String,
    user_variables: Map<String, Value>,
    caller: Party,
    callee: Party,
    /// The own address that a dialled call is made from, if the application chose one.
    pub(crate) from_fabric_address_id: Option<String>,
    /// What kind of further leg it is; none for the call itself.
    child: Option<ChildKind>,
    /// The media node that hosts the call, once it is known; before, the one that should.
    pub(crate) node_id: Option<String>,
}

/// A leg that belongs to another one (signalwire-js BaseRoomSession.ts).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ChildKind {
    /// A shared screen, and how it is to be shown.
    Screen { layout: Option<String>, position: Option<String> },
    /// A further camera or microphone.
    Device,
}

impl Dialog {
    pub(crate) fn new(
        call_id: String,
        destination: String,
        mut user_variables: Map<String, Value>,
    ) -> Self {
        user_variables.entry("memberCallId").or_insert_with(|| json!(call_id));
        let callee = Party { name: "Outbound Call".to_owned(), number: String::new() };
        Self {
            call_id,
            destination,
            user_variables,
            caller: Party::default(),
            callee,
            from_fabric_address_id: None,
            child: None,
            node_id: None,
        }
    }

    /// A further leg of this one: to the same destination, with a dialog of its own.
    pub(crate) fn child(
        &self,
        call_id: String,
        kind: ChildKind,
        user_variables: Map<String, Value>,
    ) -> Self {
        let child = Self::new(call_id, self.destination.clone(), user_variables);
        Self { child: Some(kind), ..child }
    }

    /// The leg of a call that came in.
    pub(crate) fn inbound(invite: &Invite, user_variables: Map<String, Value>) -> Self {
        Self {
            call_id: invite.call_id.clone(),
            destination: invite.callee.number.clone(),
            user_variables,
            caller: invite.caller.clone(),
            callee: invite.callee.clone(),
            from_fabric_address_id: None,
            child: None,
            node_id: invite.node_id.clone(),
        }
    }

    /// The leg of a call that is taken up again.
    pub(crate) fn reattached(
        call_id: String,
        destination: String,
        (caller, callee): (Party, Party),
        node_id: Option<String>,
    ) -> Self {
        Self {
            call_id,
            destination,
            user_variables: Map::new(),
            caller,
            callee,
            from_fabric_address_id: None,
            child: None,
            node_id,
        }
    }

    /// The leg's id.
    pub(crate) fn call_id(&self) -> &str {
        &self.call_id
    }

    /// What was dialled.
    pub(crate) fn destination(&self) -> &str {
        &self.destination
    }

    /// `verto.invite` with a complete offer.
    pub(crate) fn invite(&self, id: &str, sdp: &str) -> Value {
        let mut params = json!({"sdp": sdp, "dialogParams": self.dialog_params()});
        if let Some(ChildKind::Screen { layout, position }) = &self.child {
            if let Some(layout) = layout {
                params["layout"] = json!(layout);
            }
            if let Some(position) = position {
                params["positions"] = json!({"self": position});
            }
        }
        let mut envelope = self.envelope(id, "verto.invite", params);
        envelope["subscribe"] = match &self.child {
            None => json!(SUBSCRIBE),
            Some(ChildKind::Screen { .. }) => json!(["video.room.screenshare"]),
            Some(ChildKind::Device) => json!(["video.room.additionaldevice"]),
        };
        envelope
    }

    /// `verto.invite` that takes up a call which the service has already (`attach`).
    pub(crate) fn reattach(&self, id: &str, sdp: &str) -> Value {
        let mut envelope = self.invite(id, sdp);
        let dialog = &mut envelope["message"]["params"]["dialogParams"];
        dialog["attach"] = json!(true);
        dialog["reattaching"] = json!(true);
        envelope
    }

    /// `verto.attach` with a complete answer to the description of the service's own
    /// (FreeSWITCH `mod_verto.c`).
    pub(crate) fn attach(&self, id: &str, sdp: &str) -> Value {
        let mut dialog = self.dialog_params();
        dialog["attach"] = json!(true);
        dialog["reattaching"] = json!(true);
        let params = json!({"sessid": self.call_id, "sdp": sdp, "dialogParams": dialog});
        let mut envelope = self.envelope(id, "verto.attach", params);
        envelope["subscribe"] = json!(SUBSCRIBE);
        envelope
    }

    /// `verto.modify` with `updateMedia` and a complete offer; the answer comes with the result.
    pub(crate) fn update_media(&self, id: &str, sdp: &str) -> Value {
        let params = json!({
            "sessid": self.call_id,
            "action": "updateMedia",
            "sdp": sdp,
            "dialogParams": self.dialog_params(),
        });
        self.envelope(id, "verto.modify", params)
    }

    /// `verto.answer` with a complete answer.
    pub(crate) fn answer(&self, id: &str, sdp: &str) -> Value {
        let params = json!({"sdp": sdp, "dialogParams": self.dialog_params()});
        let mut envelope = self.envelope(id, "verto.answer", params);
        envelope["subscribe"] = json!(SUBSCRIBE);
        envelope
    }

    /// Adds what the application says with the answer.
    pub(crate) fn add_variables(&mut self, variables: Map<String, Value>) {
        self.user_variables.extend(variables);
    }

    /// `verto.bye` with a cause.
    pub(crate) fn bye(&self, id: &str, cause: &str, code: i32) -> Value {
        let params = json!({
            "sessid": self.call_id,
            "cause": cause,
            "causeCode": code.to_string(),
            "dialogParams": self.dialog_params(),
        });
        self.envelope(id, "verto.bye", params)
    }

    /// `verto.info` with DTMF digits.
    pub(crate) fn dtmf(&self, id: &str, digits: &str) -> Value {
        let params = json!({
            "sessid": self.call_id,
            "dtmf": digits,
            "dialogParams": self.dialog_params(),
        });
        self.envelope(id, "verto.info", params)
    }

    /// `verto.modify` with `hold` or `unhold`.
    pub(crate) fn hold(&self, id: &str, on: bool) -> Value {
        let params = json!({
            "sessid": self.call_id,
            "action": if on { "hold" } else { "unhold" },
            "dialogParams": self.dialog_params(),
        });
        self.envelope(id, "verto.modify", params)
    }

    /// `verto.subscribe`: asks for one more type of event during the call.
    pub(crate) fn subscribe(&self, id: &str, event_type: &str) -> Value {
        let params = json!({"sessid": self.call_id, "eventChannel": [event_type]});
        self.envelope(id, "verto.subscribe", params)
    }

    /// `verto.subscribe` for a call that a notification announced: this session takes part in it
    /// (signalwire-js WSClient.ts).
    #[cfg(feature = "push")]
    pub(crate) fn adopt(&self, id: &str) -> Value {
        let params = json!({"sessid": self.call_id, "eventChannel": []});
        let mut envelope = self.envelope(id, "verto.subscribe", params);
        envelope["subscribe"] = json!([]);
        envelope
    }

    /// `verto.modify` with `transfer`.
    pub(crate) fn transfer(&self, id: &str, destination: &str) -> Value {
        let params = json!({
            "sessid": self.call_id,
            "action": "transfer",
            "destination": destination,
            "dialogParams": self.dialog_params(),
        });
        self.envelope(id, "verto.modify", params)
    }

    /// `verto.pong`: the ping's own parameters, unchanged.
    pub(crate) fn pong(&self, id: &str, ping: &Value) -> Value {
        self.envelope(id, "verto.pong", ping.clone())
    }

    fn envelope(&self, id: &str, method: &str, params: Value) -> Value {
        self.wrap(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
    }

    /// The outer parameters; a fresh invite has no node yet and says so with an empty text.
    fn wrap(&self, message: Value) -> Value {
        json!({"callID": self.call_id, "node_id": self.node(), "message": message})
    }

    fn node(&self) -> &str {
        self.node_id.as_deref().unwrap_or_default()
    }

    fn dialog_params(&self) -> Value {
        let mut params = json!({
            "callID": self.call_id,
            "destination_number": self.destination,
            "attach": false,
            "reattaching": false,
            "caller_id_name": self.caller.name,
            "caller_id_number": self.caller.number,
            "remote_caller_id_name": self.callee.name,
            "remote_caller_id_number": self.callee.number,
            "userVariables": self.user_variables,
            "screenShare": matches!(self.child, Some(ChildKind::Screen { .. })),
            "additionalDevice": self.child == Some(ChildKind::Device),
            "pingSupported": true,
            "version": 1000,
        });
        if let Some(address) = &self.from_fabric_address_id {
            params["from_fabric_address_id"] = json!(address);
        }
        params
    }
}

/// What an accepted invite says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct InviteAccepted {
    pub(crate) node_id: Option<String>,
    pub(crate) member_id: Option<String>,
    pub(crate) call_id: Option<String>,
}

impl InviteAccepted {
    pub(crate) fn parse(result: &Value) -> Self {
        let text =
            |key: &str| result[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        Self { node_id: text("node_id"), member_id: text("memberID"), call_id: text("callID") }
    }
}

/// A `verto.invite` of the service: somebody calls.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Invite {
    pub(crate) call_id: String,
    pub(crate) sdp: String,
    pub(crate) caller: Party,
    pub(crate) callee: Party,
    /// What the caller's scripts say; an empty object without.
    pub(crate) user_variables: Value,
    pub(crate) node_id: Option<String>,
}

/// Written where a caller has no name (FreeSWITCH's placeholder).
const NO_NAME: &str = "_undef_";

impl Invite {
    /// What is missing is named; without id and offer a call cannot be answered.
    pub(crate) fn parse(event: &VertoEvent, node_id: Option<String>) -> Result<Self, &'static str> {
        let text = |key: &str| {
            let text = event.params[key].as_str().unwrap_or_default();
            if text == NO_NAME { "" } else { text }.to_owned()
        };
        let party = |who: &str| Party {
            name: text(&format!("{who}_id_name")),
            number: text(&format!("{who}_id_number")),
        };
        let call_id = event.call_id().filter(|id| !id.is_empty()).ok_or("callID")?;
        let user_variables = match &event.params["userVariables"] {
            variables @ Value::Object(_) => variables.clone(),
            _ => json!({}),
        };
        Ok(Self {
            call_id: call_id.to_owned(),
            sdp: event.sdp().ok_or("sdp")?.to_owned(),
            caller: party("caller"),
            callee: party("callee"),
            user_variables,
            node_id,
        })
    }
}

/// A Verto request of the server, from the payload of a `webrtc.message` event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VertoEvent {
    /// Number or text; echoed with its type.
    pub(crate) id: Value,
    pub(crate) method: String,
    pub(crate) params: Value,
}

impl VertoEvent {
    pub(crate) fn parse(payload: Value) -> Option<Self> {
        let Value::Object(mut payload) = payload else { return None };
        let method = payload.get("method")?.as_str()?.to_owned();
        let id = payload.remove("id").unwrap_or(Value::Null);
        let params = payload.remove("params").unwrap_or(Value::Null);
        Some(Self { id, method, params })
    }

    /// The Verto result that the service expects of this event, if it expects one: a request whose
    /// message is a result. It goes to the event's node and names no call (signalwire-js
    /// vertoEventWorker.ts).
    pub(crate) fn acknowledgement(&self, node_id: Option<&str>) -> Option<Value> {
        if !matches!(self.method.as_str(), "verto.media" | "verto.answer" | "verto.bye") {
            return None;
        }
        let message = json!({
            "jsonrpc": "2.0",
            "id": self.id,
            "result": {"method": self.method},
        });
        Some(json!({"node_id": node_id.unwrap_or_default(), "message": message}))
    }

    /// The leg it is for.
    pub(crate) fn call_id(&self) -> Option<&str> {
        self.params["callID"].as_str().or_else(|| self.params["dialogParams"]["callID"].as_str())
    }

    pub(crate) fn sdp(&self) -> Option<&str> {
        self.params["sdp"].as_str().filter(|sdp| !sdp.is_empty())
    }

    /// Cause name and number of a `verto.bye`; without them, the normal one.
    pub(crate) fn cause(&self) -> (String, i32) {
        let code = number(&self.params["causeCode"]);
        let cause = self.params["cause"].as_str().filter(|cause| !cause.is_empty());
        match (cause, code) {
            (Some(cause), code) => (cause.to_owned(), code.unwrap_or(0)),
            (None, Some(code)) => (format!("CAUSE_{code}"), code),
            (None, None) => ("NORMAL_CLEARING".to_owned(), 16),
        }
    }

    /// Where a `verto.bye` sends the invite instead.
    pub(crate) fn redirect(&self) -> Option<&str> {
        self.params["redirectDestination"].as_str().filter(|node| !node.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialog() -> Dialog {
        Dialog::new("c-1".into(), "/public/echo?channel=audio".into(), Map::new())
    }

    #[test]
    fn a_fresh_invite_has_no_node_and_the_whole_dialog() {
        let invite = dialog().invite("v1", "v=0\r\n");
        assert_eq!(invite["callID"], "c-1");
        assert_eq!(invite["node_id"], "");
        assert!(invite["subscribe"].as_array().unwrap().contains(&json!("call.joined")));
        let message = &invite["message"];
        assert_eq!((&message["method"], &message["id"]), (&json!("verto.invite"), &json!("v1")));
        assert_eq!(message["params"]["sdp"], "v=0\r\n");
        let params = &message["params"]["dialogParams"];
        assert_eq!(params["destination_number"], "/public/echo?channel=audio");
        assert_eq!(params["userVariables"]["memberCallId"], "c-1");
        assert_eq!(params["pingSupported"], true);
        assert_eq!(params["version"], 1000);
        assert!(params.get("from_fabric_address_id").is_none());
    }

    #[test]
    fn an_invite_may_name_the_own_address_and_a_node() {
        let mut dialog = dialog();
        dialog.from_fabric_address_id = Some("a-1".into());
        dialog.node_id = Some("n9@eu".into());
        let invite = dialog.invite("v1", "v=0");
        assert_eq!(invite["node_id"], "n9@eu");
        assert_eq!(invite["message"]["params"]["dialogParams"]["from_fabric_address_id"], "a-1");
    }

    #[test]
    fn later_messages_go_to_the_node_of_the_call() {
        let mut dialog = dialog();
        dialog.node_id = Some("n1@us".into());
        let bye = dialog.bye("v2", "NORMAL_CLEARING", 16);
        assert_eq!(bye["node_id"], "n1@us");
        assert_eq!(bye["message"]["params"]["causeCode"], "16");
        assert_eq!(dialog.dtmf("v3", "1#")["message"]["params"]["dtmf"], "1#");
        let hold = dialog.hold("v4", true);
        assert_eq!(hold["message"]["params"]["action"], "hold");
        assert_eq!(hold["message"]["params"]["sessid"], "c-1");
        assert_eq!(dialog.hold("v5", false)["message"]["params"]["action"], "unhold");
        let transfer = dialog.transfer("v6", "/public/bob");
        assert_eq!(transfer["message"]["method"], "verto.modify");
        assert_eq!(transfer["message"]["params"]["action"], "transfer");
        assert_eq!(transfer["message"]["params"]["destination"], "/public/bob");
    }

    #[test]
    fn replies_keep_the_type_of_the_id() {
        for id in [json!(41), json!("40"), json!(3600)] {
            let event = VertoEvent::parse(json!({"jsonrpc":"2.0","id":id,"method":"verto.answer",
                "params":{"callID":"c-1","sdp":"v=0"}}))
            .unwrap();
            assert_eq!(event.call_id(), Some("c-1"));
            assert_eq!(event.sdp(), Some("v=0"));
            let reply = event.acknowledgement(Some("n1")).unwrap();
            assert!(reply.get("callID").is_none());
            assert_eq!(reply["node_id"], "n1");
            assert_eq!(reply["message"]["id"], id);
            assert_eq!(reply["message"]["result"]["method"], "verto.answer");
        }
    }

    fn invite(params: Value) -> Result<Invite, &'static str> {
        let event = VertoEvent { id: json!(77), method: "verto.invite".into(), params };
        Invite::parse(&event, Some("n1".into()))
    }

    #[test]
    fn an_invite_names_both_parties_and_the_placeholder_is_no_name() {
        let invite = invite(json!({"callID":"c-9","sdp":"v=0","caller_id_name":"_undef_",
            "caller_id_number":"/private/bob","callee_id_name":"Alice",
            "callee_id_number":"/private/alice","userVariables":{"a":1},"more":true}))
        .unwrap();
        assert_eq!((invite.caller.name.as_str(), invite.callee.name.as_str()), ("", "Alice"));
        assert_eq!(invite.user_variables, json!({"a": 1}));
        let answer = Dialog::inbound(&invite, Map::new()).answer("v1", "v=0");
        assert_eq!((&answer["callID"], &answer["node_id"]), (&json!("c-9"), &json!("n1")));
        let params = &answer["message"]["params"]["dialogParams"];
        assert_eq!(params["destination_number"], "/private/alice");
        assert_eq!(params["caller_id_number"], "/private/bob");
        assert_eq!(params["remote_caller_id_name"], "Alice");
        assert!(answer["subscribe"].as_array().is_some_and(|list| !list.is_empty()));
    }

    #[test]
    fn an_invite_without_id_or_offer_says_what_is_missing() {
        for (params, missing) in [
            (json!({"sdp":"v=0"}), "callID"),
            (json!({"callID":"","sdp":"v=0"}), "callID"),
            (json!({"callID":"c"}), "sdp"),
            (json!({"callID":"c","sdp":7}), "sdp"),
            (json!(null), "callID"),
        ] {
            assert_eq!(invite(params), Err(missing));
        }
        let bare = invite(json!({"callID":"c","sdp":"v=0","userVariables":[]})).unwrap();
        assert_eq!((bare.caller, bare.user_variables), (Party::default(), json!({})));
    }

    #[test]
    fn causes_come_in_every_form() {
        for (params, expected) in [
            (json!({"cause":"USER_BUSY","causeCode":17}), ("USER_BUSY", 17)),
            (json!({"cause":"USER_BUSY","causeCode":"17"}), ("USER_BUSY", 17)),
            (json!({"causeCode":"21"}), ("CAUSE_21", 21)),
            (json!({}), ("NORMAL_CLEARING", 16)),
        ] {
            let event = VertoEvent { id: json!(1), method: "verto.bye".into(), params };
            assert_eq!(event.cause(), (expected.0.to_owned(), expected.1));
        }
    }

    #[test]
    fn what_is_no_verto_message() {
        for payload in [json!(null), json!([]), json!({"id":1}), json!({"method":7})] {
            assert_eq!(VertoEvent::parse(payload), None);
        }
    }
}
