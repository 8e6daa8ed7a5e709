// Made of docs/ and the readmes by tests/docs; do not edit.
import SignalWireClient

private enum Guides {

    // bindings/swift/README.md:6
    static func bindings_swift_readme_6(token: String, client: Client, call: Call) async throws {
        try await withClient(ClientOptions(token: token)) { client in      // connects, and disconnects whatever happens
            try await client.withCall("/public/echo") { call in            // dials, waits for the answer, and hangs up
                let format = AudioFormat(sampleRateHz: 16_000, channels: 1)
                for await frame in try call.audioStream(format: format) {
                    try call.pushAudio(samples: frame.samples, format: format)
                }
            }
        }
    }

    // docs/guide/mobile.md:39
    static func docs_guide_mobile_39(token: String, client: Client, call: Call) async throws {
        let screen = HostCall(callId: "the id in the notification")
        for action in screen.handle(input: .pushed) {
            switch action {
            case .reportIncoming:
                print("provider.reportNewIncomingCall")
            case .answer:
                print("expected.answer")
            case .startAudio:
                print("open the microphone")
            default:
                break
            }
        }
    }

    // docs/guide/mobile.md:83
    static func docs_guide_mobile_83(token: String, client: Client, call: Call) async throws {
        try client.networkChanged()
    }

    // docs/guide/swift.md:7
    static func docs_guide_swift_7(token: String, client: Client, call: Call) async throws {
        func callEcho(token: String) async throws {
            let client = try Client(options: ClientOptions(token: token))
            try await client.connect()
            let call = try client.dial(address: "/public/echo", options: DialOptions())
            try await call.answered()
            try await call.playWav(path: "hello.wav")
            try await call.hangup()
            try await client.disconnect()
        }
    }

    // docs/guide/swift.md:26
    static func docs_guide_swift_26(token: String, client: Client, call: Call) async throws {
        for await event in call.eventStream() {
            switch event {
            case .mediaConnected(let codec):
                print("audio is up: \(codec)")
            case .ended(let reason):
                print(reason.message)
            default:
                break
            }
        }
    }

    // docs/guide/swift.md:39
    static func docs_guide_swift_39(token: String, client: Client, call: Call) async throws {
        for await frame in try call.audioStream(format: AudioFormat(sampleRateHz: 16_000, channels: 1)) {
            try call.pushAudio(samples: frame.samples, format: AudioFormat(sampleRateHz: 16_000, channels: 1))
        }
    }
}
