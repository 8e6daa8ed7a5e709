#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| signalwire_client::fuzz::sdp(data));
