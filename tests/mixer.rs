//! Calls in one conference in this process.

mod common;

use common::*;
use signalwire_client::{ErrorKind, Mixer};
use signalwire_gateway::Dialect;

/// Pushes a tone into the mixer in real time until `done`.
async fn talk<T>(mixer: &Mixer, hz: f64, done: impl std::future::Future<Output = T>) -> T {
    let second = tone(hz, MONO_48K, 1_000);
    let mut frames = second.chunks(960).cycle();
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
    tokio::pin!(done);
    loop {
        tokio::select! {
            result = &mut done => return result,
            _ = ticks.tick() => {
                mixer.push_audio(frames.next().expect("it goes round"));
            }
        }
    }
}

#[test]
fn what_one_call_says_the_other_hears_until_it_leaves() {
    run(async {
        let gateway = gateway(Dialect::default());
        let client = connected(&gateway).await;
        // One says a tone; the other sends back what it hears.
        let speaker = answered(&client, "/public/tone").await;
        let echo = answered(&client, "/public/echo").await;
        let ear = Ear::new();
        echo.add_audio_sink(MONO_48K, ear.clone()).unwrap();
        let mixer = Mixer::new().unwrap();
        mixer.add(&speaker).unwrap();
        mixer.add(&echo).unwrap();
        mixer.add(&echo).unwrap();
        assert_eq!(mixer.call_ids(), [speaker.id(), echo.id()]);
        // Speaker to mixer to echo, and back from there.
        ear.wait_for_tone(440.0, MONO_48K, 200).await;

        // The application hears them, too, until it does not want to.
        let own = Ear::new();
        mixer.set_sink(Some(own.clone())).unwrap();
        own.wait_for_tone(440.0, MONO_48K, 200).await;
        mixer.set_sink(None).unwrap();
        let heard = own.heard().len();

        // Without the speaker it hears the application.
        mixer.remove(&speaker);
        talk(&mixer, 800.0, ear.wait_for_tone(800.0, MONO_48K, 200)).await;

        assert_eq!(own.heard().len(), heard, "it is not called any more");
        assert_eq!(mixer.set_gain(&speaker, 1.0).unwrap_err().kind(), ErrorKind::InvalidArgument);
        assert_eq!(mixer.set_gain(&echo, 4.1).unwrap_err().kind(), ErrorKind::InvalidArgument);
        assert_eq!(mixer.set_gain(&echo, f64::NAN).unwrap_err().kind(), ErrorKind::InvalidArgument);
        mixer.set_gain(&echo, 0.5).unwrap();

        echo.hangup().await.unwrap();
        assert_eq!(mixer.add(&speaker).map_err(|error| error.kind()), Ok(()));
        let is_gone = async {
            while mixer.call_ids() != [speaker.id()] {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(DEADLINE, is_gone).await.expect("a call that is over leaves");
        assert_eq!(mixer.add(&echo).unwrap_err().kind(), ErrorKind::Closed);
        client.disconnect().await.unwrap();
        assert_clean(&gateway);
    });
}

#[test]
fn threads_that_add_the_same_call_at_once_add_it_once() {
    const THREADS: usize = 8;
    run(async {
        let gateway = gateway(Dialect::default());
        let client = connected(&gateway).await;
        let call = answered(&client, "/public/echo").await;
        let mixer = Mixer::new().unwrap();
        let start = std::sync::Barrier::new(THREADS);
        for round in 0..200 {
            std::thread::scope(|scope| {
                for _ in 0..THREADS {
                    scope.spawn(|| {
                        start.wait();
                        mixer.add(&call).unwrap();
                    });
                }
            });
            assert_eq!(mixer.call_ids(), [call.id()], "round {round}");
            mixer.remove(&call);
        }
        call.hangup().await.unwrap();
        client.disconnect().await.unwrap();
        assert_clean(&gateway);
    });
}
