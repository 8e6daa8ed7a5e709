use super::*;

fn machine() -> State {
    State::new(|| 1.0, None)
}

fn authorized(protocol: &str) -> Authorized {
    Authorized {
        protocol: protocol.into(),
        expires_at: None,
        subscriber_id: "s".into(),
        project_id: "p".into(),
        ice_servers: Vec::new(),
    }
}

fn refusal(code: i32) -> RpcError {
    RpcError { code, message: "no".into(), cause: None, cause_code: None }
}

fn ready(state: &mut State, protocol: &str) {
    state.handle(Input::Connect);
    state.handle(Input::SocketOpened);
    state.handle(Input::Authorized(authorized(protocol)));
    assert!(state.is_ready());
}

fn has_state(outputs: &[Output], wanted: ClientState) -> bool {
    outputs.iter().any(|output| matches!(output, Output::State(state, _) if *state == wanted))
}

fn connect_result(outputs: &[Output]) -> Option<Result<(), ErrorKind>> {
    outputs.iter().find_map(|output| match output {
        Output::ConnectDone(result) => Some(result.clone().map_err(|error| error.kind())),
        _ => None,
    })
}

#[test]
fn connects_and_sends_nothing_but_connect_before_it_is_authorized() {
    let mut state = machine();
    assert!(!state.may_wait());
    let outputs = state.handle(Input::Connect);
    assert!(has_state(&outputs, ClientState::Connecting) && outputs.contains(&Output::OpenSocket));
    assert!(!state.is_ready());
    let outputs = state.handle(Input::SocketOpened);
    assert_eq!(outputs[0], Output::SendConnect(None));
    let outputs = state.handle(Input::Authorized(authorized("p1")));
    assert_eq!(connect_result(&outputs), Some(Ok(())));
    assert_eq!(outputs.last(), Some(&Output::Flush));
    assert_eq!(state.protocol(), Some("p1"));
    assert_eq!(connect_result(&state.handle(Input::Connect)), Some(Ok(())));
}

#[test]
fn a_first_failure_is_told_and_not_repeated() {
    for (setup, input) in [
        (0, Input::SocketFailed(Error::new(ErrorKind::Tls, "bad certificate"))),
        (1, Input::SocketClosed("gone".into())),
        (1, Input::Elapsed(Timer::Authorization)),
        (1, Input::Refused(refusal(-32002))),
        (1, Input::Refused(refusal(-32603))),
    ] {
        let mut state = machine();
        state.handle(Input::Connect);
        if setup == 1 {
            state.handle(Input::SocketOpened);
        }
        let outputs = state.handle(input);
        assert!(has_state(&outputs, ClientState::Disconnected), "{outputs:?}");
        assert!(matches!(connect_result(&outputs), Some(Err(_))));
        assert!(!outputs.iter().any(|o| matches!(o, Output::Arm(Timer::Backoff, _))));
        // A later connect starts anew.
        assert!(state.handle(Input::Connect).contains(&Output::OpenSocket));
    }
}

#[test]
fn a_loss_is_repaired_with_the_same_session() {
    let mut state = machine();
    ready(&mut state, "p1");
    state.handle(Input::AuthorizationState("as1".into()));
    let outputs = state.handle(Input::SocketClosed("reset".into()));
    assert!(has_state(&outputs, ClientState::Reconnecting));
    assert!(outputs.contains(&Output::Arm(Timer::Backoff, Duration::from_millis(100))));
    assert!(state.may_wait() && !state.is_ready());
    assert_eq!(state.handle(Input::Elapsed(Timer::Backoff)), [Output::OpenSocket]);
    let outputs = state.handle(Input::SocketOpened);
    let resume = Resume { protocol: "p1".into(), authorization_state: Some("as1".into()) };
    assert_eq!(outputs[0], Output::SendConnect(Some(resume)));
    let outputs = state.handle(Input::Authorized(authorized("p1")));
    assert!(outputs.iter().any(|o| matches!(o, Output::Ready { is_resumed: true, .. })));
}

#[test]
fn delays_grow_and_start_again_after_success() {
    let mut state = machine();
    ready(&mut state, "p1");
    let mut delays = Vec::new();
    let mut outputs = state.handle(Input::SocketClosed("x".into()));
    for _ in 0..7 {
        for output in &outputs {
            if let Output::Arm(Timer::Backoff, delay) = output {
                delays.push(delay.as_millis());
            }
        }
        state.handle(Input::Elapsed(Timer::Backoff));
        outputs = state.handle(Input::SocketFailed(Error::new(ErrorKind::Network, "refused")));
    }
    assert_eq!(delays, [100, 200, 400, 800, 1600, 3000, 3000]);
    state.handle(Input::Elapsed(Timer::Backoff));
    state.handle(Input::SocketOpened);
    state.handle(Input::Authorized(authorized("p1")));
    let outputs = state.handle(Input::SocketClosed("x".into()));
    assert!(outputs.contains(&Output::Arm(Timer::Backoff, Duration::from_millis(100))));
}

#[test]
fn a_refused_resume_is_forgotten_once_and_no_storm_follows() {
    for code in [-32002, -32003, -32602] {
        let mut state = machine();
        ready(&mut state, "p1");
        state.handle(Input::SocketClosed("x".into()));
        state.handle(Input::Elapsed(Timer::Backoff));
        state.handle(Input::SocketOpened);
        let outputs = state.handle(Input::Refused(refusal(code)));
        assert_eq!(outputs.last(), Some(&Output::OpenSocket), "{code}");
        assert_eq!(state.handle(Input::SocketOpened)[0], Output::SendConnect(None));
        let outputs = state.handle(Input::Refused(refusal(code)));
        assert!(outputs.iter().any(|o| matches!(o, Output::AuthorizationFailed { .. })));
        assert!(outputs.iter().any(|o| matches!(o, Output::Lost(_))));
        assert!(!outputs.contains(&Output::OpenSocket));
    }
}

#[test]
fn a_new_session_after_a_refused_resume_is_not_called_resumed() {
    let mut state = machine();
    ready(&mut state, "p1");
    state.handle(Input::SocketClosed("x".into()));
    state.handle(Input::Elapsed(Timer::Backoff));
    state.handle(Input::SocketOpened);
    state.handle(Input::Refused(refusal(-32003)));
    state.handle(Input::SocketOpened);
    let outputs = state.handle(Input::Authorized(authorized("p2")));
    assert!(outputs.iter().any(|o| matches!(o, Output::Ready { is_resumed: false, .. })));
}

#[test]
fn the_watchdog_is_armed_by_pings_only() {
    let mut state = machine();
    state.handle(Input::Connect);
    state.handle(Input::SocketOpened);
    assert_eq!(state.handle(Input::Ping), []);
    let outputs = state.handle(Input::Authorized(authorized("p")));
    assert!(!outputs.iter().any(|o| matches!(o, Output::Arm(Timer::Watchdog, _))));
    assert_eq!(state.handle(Input::Ping), [Output::Arm(Timer::Watchdog, PING_WATCHDOG)]);
    let outputs = state.handle(Input::Elapsed(Timer::Watchdog));
    assert_eq!(outputs[0], Output::CloseSocket { politely: false });
    assert!(has_state(&outputs, ClientState::Reconnecting));
}

#[test]
fn after_the_disconnect_notice_requests_wait_for_the_next_session() {
    let mut state = machine();
    ready(&mut state, "p1");
    state.handle(Input::DisconnectNotice);
    assert!(!state.is_ready() && state.may_wait());
    let outputs = state.handle(Input::SocketClosed("bye".into()));
    assert!(has_state(&outputs, ClientState::Reconnecting));
}

#[test]
fn a_service_that_announces_its_end_and_stays_is_left_after_a_while() {
    let mut state = machine();
    ready(&mut state, "p1");
    state.handle(Input::Ping);
    let outputs = state.handle(Input::DisconnectNotice);
    assert_eq!(outputs, [Output::Arm(Timer::Watchdog, PING_WATCHDOG)]);
    assert_eq!(state.handle(Input::Ping), [], "pings do not put it off");
    let outputs = state.handle(Input::Elapsed(Timer::Watchdog));
    assert_eq!(outputs[0], Output::CloseSocket { politely: false });
    assert!(has_state(&outputs, ClientState::Reconnecting));
    assert!(outputs.iter().any(|o| matches!(o, Output::Arm(Timer::Backoff, _))));
}

#[test]
fn an_authorization_state_that_comes_first_belongs_to_the_new_session() {
    for (protocol, earlier) in [("p1", "as1"), ("p2", "as1")] {
        let mut state = machine();
        ready(&mut state, "p1");
        state.handle(Input::AuthorizationState(earlier.into()));
        state.handle(Input::SocketClosed("x".into()));
        state.handle(Input::Elapsed(Timer::Backoff));
        state.handle(Input::SocketOpened);
        state.handle(Input::AuthorizationState("as2".into()));
        state.handle(Input::Authorized(authorized(protocol)));
        let resume = state.resume().unwrap();
        assert_eq!(resume.protocol, protocol);
        assert_eq!(resume.authorization_state.as_deref(), Some("as2"));
    }
    // Of a socket that was lost before the result nothing is kept.
    let mut state = machine();
    ready(&mut state, "p1");
    for _ in 0..2 {
        state.handle(Input::SocketClosed("x".into()));
        state.handle(Input::Elapsed(Timer::Backoff));
        state.handle(Input::SocketOpened);
        if state.resume().unwrap().authorization_state.is_none() {
            state.handle(Input::AuthorizationState("lost".into()));
        }
    }
    state.handle(Input::SocketClosed("x".into()));
    state.handle(Input::Elapsed(Timer::Backoff));
    state.handle(Input::SocketOpened);
    state.handle(Input::Authorized(authorized("p1")));
    assert_eq!(state.resume().unwrap().authorization_state, None);
}

#[test]
fn a_resume_that_the_service_fails_at_is_tried_again() {
    for code in [-32603, 500, 503] {
        let mut state = machine();
        ready(&mut state, "p1");
        state.handle(Input::SocketClosed("x".into()));
        state.handle(Input::Elapsed(Timer::Backoff));
        state.handle(Input::SocketOpened);
        let outputs = state.handle(Input::Refused(refusal(code)));
        assert!(outputs.iter().any(|o| matches!(o, Output::Arm(Timer::Backoff, _))), "{code}");
        assert_eq!(state.protocol(), Some("p1"));
        // One that cannot do it at all is asked for a new session.
        for _ in 1..RESUME_TRIES {
            assert_eq!(state.protocol(), Some("p1"), "{code}");
            state.handle(Input::Elapsed(Timer::Backoff));
            state.handle(Input::SocketOpened);
            state.handle(Input::Refused(refusal(code)));
        }
        assert_eq!(state.protocol(), None, "{code}");
        let outputs = state.handle(Input::SocketOpened);
        assert_eq!(outputs[0], Output::SendConnect(None));
    }
}

#[test]
fn close_is_final_in_every_phase() {
    for phase in 0..5 {
        let mut state = machine();
        match phase {
            1 => drop(state.handle(Input::Connect)),
            2 => {
                state.handle(Input::Connect);
                state.handle(Input::SocketOpened);
            }
            3 => ready(&mut state, "p"),
            4 => {
                ready(&mut state, "p");
                state.handle(Input::SocketClosed("x".into()));
            }
            _ => {}
        }
        let outputs = state.handle(Input::Close);
        assert!(has_state(&outputs, ClientState::Closed));
        assert_eq!(outputs.last(), Some(&Output::Stop));
        assert_eq!(state.handle(Input::Close), []);
        assert_eq!(connect_result(&state.handle(Input::Connect)), Some(Err(ErrorKind::Closed)));
    }
}

#[test]
fn a_first_connection_that_nobody_waits_for_is_given_up() {
    let late = || Input::Abandon(Error::new(ErrorKind::Timeout, "too late"));
    for opened in [false, true] {
        let mut state = machine();
        state.handle(Input::Connect);
        if opened {
            state.handle(Input::SocketOpened);
        }
        let outputs = state.handle(late());
        assert!(outputs.contains(&Output::CloseSocket { politely: false }));
        assert!(has_state(&outputs, ClientState::Disconnected));
        assert_eq!(state.handle(late()), []);
    }
    let mut state = machine();
    ready(&mut state, "p");
    assert_eq!(state.handle(late()), [], "a session that was up repairs itself");
}

#[test]
fn inputs_out_of_place_change_nothing() {
    let mut state = machine();
    for input in [
        Input::SocketOpened,
        Input::SocketClosed("x".into()),
        Input::Authorized(authorized("p")),
        Input::Refused(refusal(-32002)),
        Input::AuthorizationState("a".into()),
        Input::Ping,
        Input::DisconnectNotice,
        Input::HalfOpen,
        Input::Elapsed(Timer::Backoff),
        Input::Elapsed(Timer::Authorization),
        Input::Elapsed(Timer::Watchdog),
    ] {
        assert_eq!(state.handle(input), []);
    }
    assert!(state.handle(Input::Connect).contains(&Output::OpenSocket));
}

#[test]
fn after_a_change_of_the_network_a_dead_socket_is_replaced_without_a_pause() {
    for (inputs, opens, tells) in [
        (vec![Input::NetworkChanged { is_address_gone: true }], true, true),
        (vec![Input::NetworkChanged { is_address_gone: false }], false, false),
        (
            vec![Input::NetworkChanged { is_address_gone: false }, Input::Elapsed(Timer::Probe)],
            true,
            true,
        ),
        // A pause is ended; the loss was told before.
        (
            vec![
                Input::SocketClosed("gone".into()),
                Input::NetworkChanged { is_address_gone: true },
            ],
            true,
            true,
        ),
    ] {
        let mut state = machine();
        ready(&mut state, "p1");
        let outputs: Vec<Output> =
            inputs.into_iter().flat_map(|input| state.handle(input)).collect();
        assert_eq!(outputs.contains(&Output::OpenSocket), opens, "{outputs:?}");
        assert_eq!(has_state(&outputs, ClientState::Reconnecting), tells, "{outputs:?}");
    }
}

#[test]
fn a_change_of_the_network_before_the_session_is_nothing() {
    let mut state = machine();
    assert!(state.handle(Input::NetworkChanged { is_address_gone: true }).is_empty());
    state.handle(Input::Connect);
    assert!(state.handle(Input::NetworkChanged { is_address_gone: true }).is_empty());
}

#[test]
fn a_refused_token_is_replaced_once_where_somebody_has_another() {
    let mut state = machine();
    state.set_renewable(true);
    state.handle(Input::Connect);
    state.handle(Input::SocketOpened);
    let outputs = state.handle(Input::Refused(refusal(-32002)));
    assert_eq!(outputs.last(), Some(&Output::RenewTokenAndOpenSocket));
    assert_eq!(state.handle(Input::SocketOpened)[0], Output::SendConnect(None));
    let outputs = state.handle(Input::Refused(refusal(-32002)));
    assert_eq!(connect_result(&outputs), Some(Err(ErrorKind::Unauthorized)));
    // The next connection may replace it again.
    state.handle(Input::Connect);
    state.handle(Input::SocketOpened);
    let outputs = state.handle(Input::Refused(refusal(-32003)));
    assert_eq!(outputs.last(), Some(&Output::RenewTokenAndOpenSocket));
    state.handle(Input::SocketOpened);
    state.handle(Input::Authorized(authorized("p")));
    assert!(state.is_ready());
}

#[test]
fn a_resume_is_forgotten_before_the_token_is_replaced() {
    let mut state = machine();
    state.set_renewable(true);
    ready(&mut state, "p1");
    state.handle(Input::SocketClosed("x".into()));
    state.handle(Input::Elapsed(Timer::Backoff));
    state.handle(Input::SocketOpened);
    let outputs = state.handle(Input::Refused(refusal(-32002)));
    assert_eq!(outputs.last(), Some(&Output::OpenSocket));
    state.handle(Input::SocketOpened);
    let outputs = state.handle(Input::Refused(refusal(-32002)));
    assert_eq!(outputs.last(), Some(&Output::RenewTokenAndOpenSocket));
    // Nobody has one: the session is over, and no try follows.
    let outputs = state.handle(Input::SocketFailed(Error::new(ErrorKind::Unauthorized, "log in")));
    assert!(outputs.iter().any(|o| matches!(o, Output::AuthorizationFailed { .. })));
    assert!(outputs.iter().any(|o| matches!(o, Output::Lost(_))));
    assert!(!outputs.iter().any(|o| matches!(o, Output::Arm(..) | Output::OpenSocket)));
}

#[test]
fn the_end_of_the_token_ends_the_session_in_every_phase() {
    let end = || Input::End(Error::new(ErrorKind::Unauthorized, "expired"));
    for phase in 0..3 {
        let mut state = machine();
        ready(&mut state, "p");
        if phase > 0 {
            state.handle(Input::SocketClosed("x".into()));
        }
        if phase > 1 {
            state.handle(Input::Elapsed(Timer::Backoff));
        }
        let outputs = state.handle(end());
        assert!(has_state(&outputs, ClientState::Disconnected));
        assert!(outputs.iter().any(|o| matches!(o, Output::Lost(_))));
        assert!(outputs.contains(&Output::CloseSocket { politely: true }));
        assert_eq!(state.handle(Input::Elapsed(Timer::Backoff)), []);
        assert_eq!(state.handle(end()), []);
        assert!(state.handle(Input::Connect).contains(&Output::OpenSocket));
    }
}
