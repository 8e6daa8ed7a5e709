use super::*;

fn offer(is_fresh: bool, prefers_relay: bool) -> Output {
    Output::MakeOffer { is_fresh, prefers_relay }
}

fn refused() -> Input {
    Input::Refused(Refusal::Refused("no".into()))
}

fn unknown() -> Input {
    Input::Refused(Refusal::Unknown("CALL DOES NOT EXIST".into()))
}

/// Feeds the inputs; gives everything that was said but timers.
fn run(machine: &mut Recovery, inputs: Vec<Input>) -> Vec<Output> {
    inputs
        .into_iter()
        .flat_map(|input| machine.handle(input))
        .filter(|output| !matches!(output, Output::Arm(..) | Output::Disarm(_)))
        .collect()
}

fn gone() -> Input {
    Input::PathGone("the network changed")
}

fn step() -> Input {
    Input::Elapsed(Timer::Step)
}

fn announced(outputs: &[Output]) -> Vec<u32> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Announce { attempt, .. } => Some(*attempt),
            _ => None,
        })
        .collect()
}

#[test]
fn a_short_silence_is_no_reason() {
    let mut machine = Recovery::new();
    assert!(run(&mut machine, vec![Input::Lost, Input::Back, step()]).is_empty());
}

#[test]
fn the_first_try_is_in_place() {
    let mut machine = Recovery::new();
    let said = run(&mut machine, vec![Input::Lost, step()]);
    assert_eq!((announced(&said), said.last()), (vec![1], Some(&offer(false, false))));
    assert_eq!(run(&mut machine, vec![Input::OfferReady]), [Output::Ask]);
    assert_eq!(run(&mut machine, vec![Input::Applied, Input::Back]), [Output::Recovered]);
    // The next loss begins anew.
    let said = run(&mut machine, vec![Input::Lost, step()]);
    assert_eq!((announced(&said), said.last()), (vec![1], Some(&offer(false, false))));
}

#[test]
fn further_tries_are_fresh_prefer_relays_and_are_three_in_all() {
    for failure in [
        vec![Input::OfferReady, refused(), step()],
        vec![Input::OfferFailed("no interface".into()), step()],
        vec![Input::OfferReady, Input::Applied, step()],
        vec![Input::OfferReady, step(), step()],
    ] {
        let mut machine = Recovery::new();
        let mut said = run(&mut machine, vec![Input::Lost, step()]);
        let mut inputs = failure.into_iter().map(Some).collect::<Vec<_>>();
        said.extend(run(&mut machine, inputs.iter_mut().filter_map(Option::take).collect()));
        assert_eq!(said.last(), Some(&offer(true, true)), "{said:?}");
        said.extend(run(&mut machine, vec![Input::OfferReady, refused(), step()]));
        said.extend(run(&mut machine, vec![Input::OfferReady, refused()]));
        assert_eq!(announced(&said), [1, 2, 3]);
        assert!(matches!(said.last(), Some(Output::GiveUp(_))), "{said:?}");
        assert!(run(&mut machine, vec![step(), Input::Elapsed(Timer::Limit)]).is_empty());
    }
}

#[test]
fn a_path_that_still_works_is_kept_until_the_answer() {
    let mut machine = Recovery::new();
    let said = run(&mut machine, vec![Input::SessionReady { is_resumed: false }]);
    assert_eq!(said.last(), Some(&offer(true, false)));
    assert!(run(&mut machine, vec![Input::SessionReady { is_resumed: true }]).is_empty());
}

#[test]
fn a_resumed_session_is_no_reason() {
    let mut machine = Recovery::new();
    let inputs = vec![Input::SessionAway, Input::SessionReady { is_resumed: true }];
    assert!(run(&mut machine, inputs).is_empty());
}

#[test]
fn a_call_that_the_service_does_not_know_is_taken_up_again_once() {
    let mut machine = Recovery::new();
    run(&mut machine, vec![Input::SessionReady { is_resumed: false }, Input::OfferReady]);
    assert_eq!(run(&mut machine, vec![unknown()]), [Output::Reattach]);
    assert!(machine.expects_answer());
    let said = run(&mut machine, vec![Input::Reattached, Input::Applied, Input::Back]);
    assert_eq!(said, [Output::Recovered]);

    let mut machine = Recovery::new();
    run(&mut machine, vec![Input::SessionReady { is_resumed: false }, Input::OfferReady]);
    let said = run(&mut machine, vec![unknown(), unknown()]);
    assert!(matches!(said.last(), Some(Output::GiveUp(why)) if why.contains("DOES NOT EXIST")));
}

#[test]
fn tries_wait_for_the_session_and_those_it_cut_off_do_not_count() {
    let mut machine = Recovery::new();
    let said = run(&mut machine, vec![Input::SessionAway, Input::Lost, step()]);
    assert_eq!(announced(&said), [1], "told at once, though nothing can be done: {said:?}");
    assert_eq!(said.len(), 1);
    let said = run(&mut machine, vec![Input::SessionReady { is_resumed: true }]);
    assert_eq!(said, [offer(false, false)], "not told twice");
    run(&mut machine, vec![Input::OfferReady, Input::SessionAway]);
    assert!(run(&mut machine, vec![Input::Refused(Refusal::NoSession)]).is_empty());
    let said = run(&mut machine, vec![Input::SessionReady { is_resumed: true }]);
    // The offer that was cut off is still open in the peer connection, so another one is made.
    assert_eq!(said, [offer(true, false)]);
}

#[test]
fn a_second_reason_waits_for_the_first_ones_end() {
    let mut machine = Recovery::new();
    run(&mut machine, vec![gone(), Input::OfferReady]);
    assert!(run(&mut machine, vec![gone(), Input::Lost]).is_empty());
    let said = run(&mut machine, vec![Input::Applied, Input::Back]);
    assert_eq!(said[0], Output::Recovered);
    assert_eq!(announced(&said), [1]);
}

#[test]
fn the_whole_of_it_is_bounded() {
    let mut machine = Recovery::new();
    run(&mut machine, vec![Input::SessionAway, Input::Lost, step()]);
    let said = run(&mut machine, vec![Input::Elapsed(Timer::Limit)]);
    assert!(matches!(said[..], [Output::GiveUp(_)]), "{said:?}");
}
