import Foundation
import XCTest

@testable import SignalWireClient

/// Calls through the test gateway.
final class CallTests: GatewayTestCase {
    func testAnEchoCallFromDialToHangup() async throws {
        try await connected { client, _ in
            let call = try client.dial(address: "/public/echo")
            let events = call.eventStream()
            let seen = Task { () -> [CallEvent] in
                var all: [CallEvent] = []
                for await event in events { all.append(event) }
                return all
            }
            try await call.answered()
            XCTAssertEqual(call.state(), .active)

            let speaking = Task { try await hum(call) }
            for await frame in try call.audioStream() {
                XCTAssertEqual(frame.samples.count, 960)
                if loudness(frame.samples) > 2_000 { break }
            }
            speaking.cancel()
            try await call.sendDigits(digits: "12#")
            try await call.hold()
            XCTAssertEqual(call.state(), .held)
            try await call.unhold()
            XCTAssertEqual(call.stats().codec, "opus")
            try await call.hangup()
            let all = await seen.value
            guard case .ended(let reason) = all.last else { return XCTFail("\(all)") }
            XCTAssertEqual(reason.kind, .localHangup)
            XCTAssertEqual(call.endReason(), reason)
            XCTAssertEqual(events.missed, 0)
        }
    }

    func testTheAudioEndsWithTheCallAndWithItsReader() async throws {
        try await connected { client, _ in
            let call = try await client.dialAndWait("/public/tone")
            let format = AudioFormat(sampleRateHz: 16_000, channels: 2)
            var count = 0
            for await frame in try call.audioStream(format: format) {
                XCTAssertEqual(frame.samples.count, 640)
                count += 1
                if count == 10 { break }
            }
            let frames = try call.audioStream()
            let whole = Task { () -> Int in
                var count = 0
                for await _ in frames {
                    count += 1
                    if count == 5 { Task { try await call.hangup() } }
                }
                return count
            }
            let all = await whole.value
            XCTAssertGreaterThanOrEqual(all, 5)
            let closed = failure { _ = try call.audioStream() }
            guard case SignalWireError.Closed? = closed else { return XCTFail("\(closed as Any)") }
        }
    }

    func testWhatASlowReaderLosesIsCounted() async throws {
        try await connected { client, _ in
            try await client.withCall("/public/tone") { call in
                let frames = try call.audioStream(queueFrames: 2)
                XCTAssertEqual(frames.dropped, 0)
                while frames.dropped < 3 { try await Task.sleep(nanoseconds: 5_000_000) }
                for await _ in frames { break }
                let refused = failure { _ = try call.audioStream(queueFrames: 0) }
                guard case SignalWireError.InvalidArgument? = refused else {
                    return XCTFail("\(refused as Any)")
                }
            }
        }
    }

    func testACancelledDialHangsUp() async throws {
        try await connected { client, gateway in
            let dialling = Task { try await client.dialAndWait("/public/never") }
            while client.calls().isEmpty { await Task.yield() }
            let call = client.calls()[0]
            for await event in call.eventStream() {
                if case .stateChanged(let state, _) = event, state == .ringing { break }
            }
            dialling.cancel()
            let failed = await failure { _ = try await dialling.value }
            XCTAssertTrue(failed is CancellationError, "\(failed as Any)")
            let reason = try await call.ended()
            XCTAssertEqual(reason.kind, .localHangup)
            let known = try await gateway.call(call.id())
            XCTAssertEqual(known["ended_by"] as? String, "client")
        }
    }

    func testACallEndsWithItsBlock() async throws {
        try await connected { client, gateway in
            let id = try await client.withCall("/public/echo") { call in call.id() }
            let thrown = await failure {
                try await client.withCall("/public/echo") { call in
                    try await call.mute()
                    throw GatewayError("mine")
                }
            }
            XCTAssertEqual((thrown as? GatewayError)?.text, "mine")
            let known = try await gateway.call(id)
            XCTAssertEqual(known["state"] as? String, "ended")
            XCTAssertTrue(client.calls().isEmpty)
        }
    }

    func testALoopOverEventsEndsWithItsTask() async throws {
        try await connected { client, _ in
            let events = client.eventStream()
            let reading = Task { for await _ in events {} }
            let others = client.eventStream()
            let all = Task { () -> Int in
                var count = 0
                for await _ in others { count += 1 }
                return count
            }
            reading.cancel()
            await reading.value
            // Others go on, until the client's end.
            try await client.disconnect()
            let count = await all.value
            XCTAssertGreaterThan(count, 0)
        }
    }

    func testASinkMayThrow() async throws {
        final class Failing: AudioSink, @unchecked Sendable {
            let enough = XCTestExpectation()
            private var count = 0

            func onFrame(frame: PcmFrame) throws {
                count += 1
                if count == 6 { enough.fulfill() }
                throw count % 2 == 0
                    ? CallbackError.Failed(reason: "on purpose") : GatewayError("on purpose")
            }
        }
        let sink = Failing()
        let enough = sink.enough
        try await connected { client, _ in
            try await client.withCall("/public/tone") { call in
                let format = AudioFormat(sampleRateHz: 8_000, channels: 1)
                let id = try call.addAudioSink(format: format, sink: sink)
                await XCTWaiter().fulfillment(of: [enough], timeout: 10)
                call.removeAudioSink(sink: id)
                XCTAssertEqual(call.state(), .active)
            }
        }
    }

    func testRefusalsAndMistakesAreErrorsOfTheirOwn() async throws {
        try await connected { client, _ in
            let refused = await failure { _ = try await client.dialAndWait("/public/reject") }
            guard case SignalWireError.CallFailed(_, let code)? = refused else {
                return XCTFail("\(refused as Any)")
            }
            XCTAssertEqual(code, 21)
            let nonsense = failure { _ = try client.dial(address: "nonsense") }
            guard case SignalWireError.InvalidArgument(let reason, _)? = nonsense else {
                return XCTFail("\(nonsense as Any)")
            }
            XCTAssertTrue(reason.contains("is not an address"))
            try await client.withCall("/public/echo") { call in
                let odd = failure {
                    _ = try call.pushAudio(
                        pcm: Data([1, 2, 3]),
                        format: AudioFormat(sampleRateHz: 48_000, channels: 1))
                }
                guard case SignalWireError.InvalidArgument? = odd else {
                    return XCTFail("\(odd as Any)")
                }
            }
        }
    }

    func testTheDirectoryEntryByEntry() async throws {
        try await connected { client, _ in
            var names: [String] = []
            let query = AddressQuery(pageSize: 5, sortBy: .name)
            for try await address in client.allAddresses(query: query).stream {
                names.append(address.name)
            }
            XCTAssertGreaterThan(names.count, 10)
            XCTAssertEqual(names, names.sorted())
            let echo = try await client.addressByName(name: "/public/echo")
            XCTAssertEqual(client.cachedAddress(id: echo.id), echo)
        }
    }
}

/// Sends 440 Hz until the task is cancelled, never more than 100 ms ahead.
private func hum(_ call: Call) async throws {
    let tone = (0..<2_400).map { Int16(12_000 * sin(2 * Double.pi * 440 * Double($0) / 48_000)) }
    while !Task.isCancelled {
        if call.queuedAudioMs() < 100 {
            try call.pushAudio(samples: tone)
        } else {
            try await Task.sleep(nanoseconds: 10_000_000)
        }
    }
}

private func loudness(_ samples: [Int16]) -> Double {
    sqrt(samples.reduce(0) { $0 + Double($1) * Double($1) } / Double(samples.count))
}
