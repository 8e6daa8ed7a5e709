use super::super::event::EndKind;
use super::*;
use crate::error::ErrorKind;

const LIMITS: Limits =
    Limits { ring: Duration::ZERO, media: Duration::from_secs(15), bye: Duration::from_secs(2) };

fn call() -> State {
    State::new(LIMITS)
}

fn offer() -> Input {
    Input::OfferReady("offer".into())
}

fn answer() -> Input {
    Input::Answer(Some("answer".into()))
}

fn bye(code: i32) -> Input {
    Input::Bye { cause: "CAUSE".into(), code, redirect: None }
}

fn failure() -> Error {
    Error::new(ErrorKind::Timeout, "x")
}

fn end_kind(outputs: &[Output]) -> Option<EndKind> {
    outputs.iter().find_map(|output| match output {
        Output::End(reason) => Some(reason.kind),
        _ => None,
    })
}

fn states(outputs: &[Output]) -> Vec<CallState> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Enter(state) => Some(*state),
            _ => None,
        })
        .collect()
}

/// Feeds the inputs and gives the states that were entered.
fn run(state: &mut State, inputs: Vec<Input>) -> Vec<CallState> {
    inputs.into_iter().flat_map(|input| states(&state.handle(input))).collect()
}

#[test]
fn the_usual_ways_to_an_answer() {
    use CallState::*;
    let sdp = || Some("answer".to_owned());
    for (inputs, expected) in [
        (vec![offer(), Input::InviteAccepted, answer()], vec![Trying, Active]),
        // The answer overtakes the result of the invite.
        (vec![offer(), answer(), Input::InviteAccepted], vec![Active]),
        (
            vec![offer(), Input::InviteAccepted, Input::ServerRings, answer()],
            vec![Trying, Ringing, Active],
        ),
        (
            vec![offer(), Input::InviteAccepted, Input::EarlyMedia(sdp()), Input::Answer(None)],
            vec![Trying, Early, Active],
        ),
        // Ringing after early media, and everything twice, changes nothing.
        (
            vec![
                offer(),
                Input::InviteAccepted,
                Input::EarlyMedia(sdp()),
                Input::ServerRings,
                Input::EarlyMedia(sdp()),
                Input::Answer(sdp()),
                Input::Answer(sdp()),
            ],
            vec![Trying, Early, Active],
        ),
    ] {
        assert_eq!(run(&mut call(), inputs), expected);
    }
}

#[test]
fn the_remote_description_is_applied_once_and_another_one_replaces_it() {
    let early = |sdp: &str| Input::EarlyMedia(Some(sdp.into()));
    let last = |sdp: &str| Input::Answer(Some(sdp.into()));
    let apply = |sdp: &str| Output::ApplyAnswer(sdp.into());
    let replace = |sdp: &str| Output::ReplaceAnswer(sdp.into());
    for (inputs, wanted) in [
        (vec![early("a"), last("a"), last("a")], vec![apply("a")]),
        (vec![early("a"), early("a"), Input::Answer(None)], vec![apply("a")]),
        (vec![early("a"), last("b"), last("c")], vec![apply("a"), replace("b")]),
        (vec![early("a"), early("b"), last("b")], vec![apply("a"), replace("b")]),
    ] {
        let mut state = call();
        state.handle(offer());
        let is_one = |o: &Output| matches!(o, Output::ApplyAnswer(_) | Output::ReplaceAnswer(_));
        let outputs = inputs.into_iter().flat_map(|input| state.handle(input)).filter(is_one);
        assert_eq!(outputs.collect::<Vec<_>>(), wanted);
    }
}

#[test]
fn media_of_another_answer_must_come_up_too() {
    let mut state = call();
    state.handle(offer());
    state.handle(Input::EarlyMedia(Some("a".into())));
    state.handle(Input::MediaConnected);
    let outputs = state.handle(Input::Answer(Some("b".into())));
    assert!(outputs.contains(&Output::Arm(Timer::Media, LIMITS.media)));
    assert!(state.handle(Input::MediaConnected).contains(&Output::Disarm(Timer::Media)));
}

#[test]
fn media_must_come_up_after_the_answer() {
    let mut state = call();
    state.handle(offer());
    assert!(state.handle(answer()).contains(&Output::Arm(Timer::Media, LIMITS.media)));
    let outputs = state.handle(Input::Elapsed(Timer::Media));
    assert!(outputs.contains(&Output::SendBye(reason::MEDIA_TIMEOUT)));
    assert_eq!(end_kind(&state.handle(Input::ByeDone)), Some(EndKind::MediaFailed));

    let mut state = call();
    state.handle(offer());
    state.handle(Input::EarlyMedia(Some("a".into())));
    state.handle(Input::MediaConnected);
    let outputs = state.handle(Input::Answer(None));
    assert!(!outputs.iter().any(|o| matches!(o, Output::Arm(Timer::Media, _))));
    assert_eq!(state.handle(Input::Elapsed(Timer::Media)), []);
}

#[test]
fn hanging_up_in_every_state() {
    let ways: [(Vec<Input>, bool); 5] = [
        (vec![], false),
        (vec![offer()], true),
        (vec![offer(), Input::InviteAccepted], true),
        (vec![offer(), Input::InviteAccepted, Input::ServerRings], true),
        (vec![offer(), answer()], true),
    ];
    for (inputs, needs_bye) in ways {
        let mut state = call();
        run(&mut state, inputs);
        let outputs = state.handle(Input::Hangup);
        if needs_bye {
            assert_eq!(states(&outputs), [CallState::Ending]);
            assert!(outputs.contains(&Output::SendBye(reason::NORMAL_CLEARING)));
            assert!(outputs.contains(&Output::CloseMedia), "audio stops at once");
            assert_eq!(state.handle(Input::Hangup), [], "a second one does nothing");
            assert_eq!(end_kind(&state.handle(Input::ByeDone)), Some(EndKind::LocalHangup));
        } else {
            assert_eq!(end_kind(&outputs), Some(EndKind::LocalHangup));
        }
        assert_eq!(state.handle(Input::Hangup), []);
    }
}

#[test]
fn a_bye_that_is_not_confirmed_ends_all_the_same() {
    for last in [Input::Elapsed(Timer::Bye), bye(16), Input::SessionLost(failure())] {
        let mut state = call();
        run(&mut state, vec![offer(), answer(), Input::Hangup]);
        assert_eq!(end_kind(&state.handle(last)), Some(EndKind::LocalHangup));
    }
}

#[test]
fn the_far_side_ends_it() {
    for (inputs, code, kind) in [
        (vec![offer(), Input::InviteAccepted], 21, EndKind::Rejected),
        (vec![offer(), Input::InviteAccepted], 3, EndKind::NotFound),
        (vec![offer()], 17, EndKind::Busy),
        (vec![offer(), Input::InviteAccepted, Input::ServerRings], 19, EndKind::NoAnswer),
        (vec![offer(), answer()], 16, EndKind::RemoteHangup),
    ] {
        let mut state = call();
        run(&mut state, inputs);
        let outputs = state.handle(bye(code));
        assert_eq!(end_kind(&outputs), Some(kind));
        assert!(!outputs.iter().any(|o| matches!(o, Output::SendBye(_))));
    }
}

#[test]
fn failures_before_and_after_the_invite() {
    let mut state = call();
    assert_eq!(end_kind(&state.handle(Input::OfferFailed(failure()))), Some(EndKind::MediaFailed));
    let mut state = call();
    state.handle(offer());
    let refusal = Error::new(ErrorKind::Rejected, "x");
    assert_eq!(
        end_kind(&state.handle(Input::InviteRefused(refusal))),
        Some(EndKind::SignalingFailed)
    );
    // Without an answer of the service the far side may ring: it must hear that it is over.
    let mut state = call();
    state.handle(offer());
    let outputs = state.handle(Input::InviteRefused(failure()));
    assert!(outputs.contains(&Output::SendBye(reason::NORMAL_CLEARING)));
    assert_eq!(end_kind(&state.handle(Input::ByeDone)), Some(EndKind::SignalingFailed));
    // An answered call does not care any more.
    let mut state = call();
    run(&mut state, vec![offer(), answer()]);
    assert!(state.handle(Input::InviteRefused(failure())).is_empty());
    let mut state = call();
    run(&mut state, vec![offer(), answer()]);
    let outputs = state.handle(Input::AnswerUnusable(failure()));
    assert!(outputs.contains(&Output::SendBye(reason::MEDIA_TIMEOUT)));
    assert_eq!(end_kind(&state.handle(Input::ByeDone)), Some(EndKind::MediaFailed));
    let mut state = call();
    state.handle(offer());
    let outputs = state.handle(Input::Answer(None));
    assert!(outputs.contains(&Output::SendBye(reason::MEDIA_TIMEOUT)));
}

#[test]
fn the_ring_limit() {
    let mut state = State::new(Limits { ring: Duration::from_secs(30), ..LIMITS });
    assert_eq!(state.begin(), [Output::Arm(Timer::Ring, Duration::from_secs(30))]);
    assert_eq!(call().begin(), []);
    run(&mut state, vec![offer(), Input::InviteAccepted]);
    let outputs = state.handle(Input::Elapsed(Timer::Ring));
    assert!(outputs.contains(&Output::SendBye(reason::NO_ANSWER)));
    assert_eq!(end_kind(&state.handle(Input::ByeDone)), Some(EndKind::NoAnswer));
}

#[test]
fn a_redirection_repeats_the_invite_at_the_other_node_but_not_for_ever() {
    let mut state = call();
    run(&mut state, vec![offer(), Input::InviteAccepted]);
    let redirect = || Input::Bye { cause: "X".into(), code: 16, redirect: Some("n2".into()) };
    for _ in 0..MAX_REDIRECTS {
        let outputs = state.handle(redirect());
        assert_eq!(outputs, [Output::SendInvite { sdp: "offer".into(), node: Some("n2".into()) }]);
    }
    assert!(end_kind(&state.handle(redirect())).is_some());
}

#[test]
fn hold_only_when_answered() {
    let mut state = call();
    state.handle(offer());
    assert_eq!(state.handle(Input::Held(true)), []);
    state.handle(answer());
    assert_eq!(states(&state.handle(Input::Held(true))), [CallState::Held]);
    assert_eq!(state.handle(Input::Held(true)), []);
    assert_eq!(states(&state.handle(Input::Held(false))), [CallState::Active]);
}

#[test]
fn nothing_happens_after_the_end() {
    let mut state = call();
    run(&mut state, vec![offer(), answer(), bye(16)]);
    for input in [
        offer(),
        answer(),
        bye(16),
        Input::Hangup,
        Input::Shutdown,
        Input::ByeDone,
        Input::MediaConnected,
        Input::Held(true),
        Input::Elapsed(Timer::Bye),
        Input::SessionLost(failure()),
    ] {
        assert_eq!(state.handle(input), []);
    }
}

fn inbound() -> State {
    State::inbound(Limits { ring: Duration::from_secs(5), ..LIMITS })
}

#[test]
fn a_call_that_came_in_is_answered() {
    let mut state = inbound();
    assert!(state.is_undecided());
    assert_eq!(state.begin().len(), 1);
    assert_eq!(state.handle(Input::Accept), [Output::Disarm(Timer::Ring), Output::MakeAnswer]);
    assert!(!state.is_undecided());
    assert!(state.handle(Input::Accept).is_empty(), "twice is once");
    assert_eq!(state.handle(Input::AnswerReady("s".into())), [Output::SendAnswer("s".into())]);
    assert!(matches!(state.handle(Input::AnswerAccepted)[..], [Output::Arm(Timer::Media, _)]));
    assert_eq!(state.handle(Input::Joined), [Output::Enter(CallState::Active)]);
    assert_eq!(state.handle(Input::MediaConnected), [Output::Disarm(Timer::Media)]);
    assert!(state.handle(Input::Answer(None)).is_empty());
}

#[test]
fn the_first_sign_makes_an_inbound_call_active() {
    for sign in [Input::Joined, Input::MediaConnected, Input::Answer(None)] {
        let mut early = inbound();
        let text = format!("{sign:?}");
        early.handle(Input::Accept);
        early.handle(Input::AnswerReady("s".into()));
        assert!(early.handle(sign).contains(&Output::Enter(CallState::Active)), "{text}");
    }
    // But not before the application took it.
    let mut ringing = inbound();
    ringing.handle(Input::Joined);
    ringing.handle(Input::Answer(None));
    assert_eq!(ringing.current(), CallState::Ringing);
}

#[test]
fn a_call_that_came_in_ends_in_every_way() {
    for (code, kind) in [
        (487, EndKind::Cancelled),
        (16, EndKind::Cancelled),
        (502, EndKind::AnsweredElsewhere),
        (702, EndKind::AnsweredElsewhere),
    ] {
        let outputs = inbound().handle(bye(code));
        assert!(matches!(outputs.last(), Some(Output::End(end)) if end.kind == kind), "{code}");
    }
    for (input, cause) in [
        (Input::Reject(reason::USER_BUSY), reason::USER_BUSY),
        (Input::Reject(reason::REJECT_ALL), reason::REJECT_ALL),
        (Input::Hangup, reason::NORMAL_CLEARING),
        (Input::Elapsed(Timer::Ring), reason::NO_ANSWER),
        (Input::Shutdown, reason::NORMAL_CLEARING),
    ] {
        let mut state = inbound();
        let outputs = state.handle(input);
        assert!(outputs.contains(&Output::SendBye(cause)), "{outputs:?}");
        assert_eq!(state.current(), CallState::Ending);
    }
    // The caller gives up while our answer is on its way.
    let mut racing = inbound();
    racing.handle(Input::Accept);
    racing.handle(Input::AnswerReady("s".into()));
    assert!(matches!(racing.handle(bye(487)).last(), Some(Output::End(_))));
    assert!(racing.handle(Input::AnswerAccepted).is_empty());
    // No answer can be made: the caller hears that at once.
    let mut useless = inbound();
    useless.handle(Input::Accept);
    let outputs = useless.handle(Input::OfferFailed(Error::internal("x")));
    assert!(outputs.contains(&Output::SendBye(reason::INCOMPATIBLE_DESTINATION)));
    // The service refuses the answer: the leg does not stay up.
    let mut refused = inbound();
    refused.handle(Input::Accept);
    let outputs = refused.handle(Input::AnswerRefused(Error::internal("x")));
    assert!(outputs.contains(&Output::SendBye(reason::NORMAL_CLEARING)));
}

#[test]
fn a_call_that_rings_through_a_loss_of_the_session_does_not_ring_for_ever() {
    for is_resumed in [true, false] {
        let mut state = State::inbound(LIMITS);
        let outputs = state.handle(Input::SessionBack { is_resumed });
        assert!(matches!(outputs[..], [Output::Arm(Timer::Ring, _)]), "{outputs:?}");
        // Announced once more: the caller is still there.
        assert_eq!(state.handle(Input::Announced), [Output::Disarm(Timer::Ring)]);
        state.handle(Input::SessionBack { is_resumed });
        let outputs = state.handle(Input::Elapsed(Timer::Ring));
        assert!(outputs.contains(&Output::SendBye(reason::NO_ANSWER)), "{outputs:?}");
        assert_eq!(end_kind(&state.handle(Input::ByeDone)), Some(EndKind::Cancelled));
    }
}

#[test]
fn an_invite_is_repeated_for_a_session_that_the_service_made_anew() {
    let mut state = call();
    state.handle(offer());
    let anew = || Input::SessionBack { is_resumed: false };
    assert!(state.handle(anew()).is_empty(), "the invite itself waits for the session");
    state.handle(Input::InviteAccepted);
    assert_eq!(state.handle(anew()), [Output::RepeatInvite("offer".into())]);
    assert!(state.handle(Input::SessionBack { is_resumed: true }).is_empty());
    state.handle(answer());
    assert!(state.handle(anew()).is_empty());
}

#[test]
fn a_call_of_a_process_before_is_taken_up_by_an_offer_or_by_an_answer() {
    let refused = || Input::InviteRefused(Error::new(ErrorKind::Rejected, "x"));
    let mut state = State::restored(LIMITS, None);
    assert_eq!(state.handle(offer()), [Output::RepeatInvite("offer".into())]);
    assert_eq!(states(&state.handle(answer())), [CallState::Active]);

    let mut state = State::restored(LIMITS, None);
    state.handle(offer());
    assert_eq!(end_kind(&state.handle(refused())), None, "theirs may be on its way");
    let outputs = state.handle(Input::Elapsed(Timer::Ring));
    assert_eq!(end_kind(&outputs), Some(EndKind::SignalingFailed));

    // The service's offer may come with the first word of it, before the refusal, or after it.
    for order in 0..3 {
        let mut state = State::restored(LIMITS, (order == 0).then(|| "theirs".into()));
        let attached = || Input::Attached(Some("theirs".into()));
        let mut outputs = state.handle(offer());
        if order == 1 {
            outputs.extend(state.handle(attached()));
        }
        outputs.extend(state.handle(refused()));
        if order == 2 {
            outputs.extend(state.handle(attached()));
        }
        assert_eq!(outputs.last(), Some(&Output::AcceptAttach("theirs".into())), "{order}");
        let outputs = state.handle(Input::AnswerReady("ours".into()));
        assert_eq!(outputs, [Output::SendAttach("ours".into())]);
        assert_eq!(states(&state.handle(Input::AnswerAccepted)), [CallState::Active]);
    }

    let mut state = State::restored(LIMITS, None);
    state.handle(offer());
    let outputs = state.handle(Input::Elapsed(Timer::Ring));
    assert!(outputs.contains(&Output::SendBye(reason::NO_ANSWER)), "{outputs:?}");
}
