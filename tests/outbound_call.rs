//! Outbound calls, in both dialects of the far side.

mod common;

use common::*;
use signalwire_client::{CallEvent, CallState, DialOptions, EndKind, ErrorKind};
use signalwire_gateway::Dialect;

const BOTH: [Dialect; 2] = [Dialect::FreeSwitch, Dialect::Browser];

#[test]
fn an_echo_call_from_dial_to_hangup() {
    for dialect in BOTH {
        run(async move {
            let gateway = gateway(dialect);
            let client = connected(&gateway).await;
            let call = client.dial("/public/echo", DialOptions::default()).unwrap();
            let events = call.events();
            call.answered().await.unwrap();
            let seen = wait_for(&events, |e| matches!(e, CallEvent::MediaConnected { .. })).await;
            assert!(states(&seen).ends_with(&[CallState::Active]), "{seen:?}");

            let ear = Ear::new();
            call.add_audio_sink(MONO_48K, ear.clone()).unwrap();
            let speaking = tokio::spawn({
                let call = call.clone();
                async move {
                    loop {
                        let room = 100_u32.saturating_sub(call.queued_audio_ms());
                        if room >= 20
                            && call.push_audio(&tone(500.0, MONO_48K, 20), MONO_48K).is_err()
                        {
                            return;
                        }
                        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                    }
                }
            });
            ear.wait_for_tone(500.0, MONO_48K, 200).await;
            let stats = call.stats();
            assert_eq!(stats.codec, "opus");
            assert!(stats.packets_sent > 0 && stats.packets_received > 0);
            assert!(stats.local_candidate.starts_with("host "), "{stats:?}");

            call.hangup().await.unwrap();
            speaking.await.unwrap();
            assert_eq!(call.state(), CallState::Ended);
            assert_eq!(call.end_reason().unwrap().kind, EndKind::LocalHangup);
            call.hangup().await.unwrap();
            client.disconnect().await.unwrap();
            assert_clean(&gateway);
        });
    }
}

#[test]
fn refusals_have_a_class_a_cause_and_a_text() {
    for (address, kind, code) in [
        ("/public/reject", EndKind::Rejected, 21),
        ("/public/busy", EndKind::Busy, 17),
        ("/public/nobody-by-this-name", EndKind::NotFound, 3),
    ] {
        run(async move {
            let gateway = gateway(Dialect::FreeSwitch);
            let client = connected(&gateway).await;
            let call = client.dial(address, DialOptions::default()).unwrap();
            let error = call.answered().await.unwrap_err();
            assert_eq!(
                (error.kind(), error.code()),
                (ErrorKind::CallFailed, Some(code)),
                "{error}"
            );
            assert_eq!(call.end_reason().unwrap().kind, kind);
            assert_clean(&gateway);
        });
    }
}

#[test]
fn a_call_goes_on_without_its_handle() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let call = client.dial("/public/echo", DialOptions::default()).unwrap();
        let (id, events) = (call.id(), call.events());
        drop(call);
        wait_for(&events, |e| matches!(e, CallEvent::MediaConnected { .. })).await;
        let call = client.call(&id).expect("the call is still there");
        call.answered().await.unwrap();
        call.hangup().await.unwrap();
        assert_eq!(call.end_reason().unwrap().kind, EndKind::LocalHangup);
        assert!(client.call(&id).is_none());
        assert_clean(&gateway);
    });
}
