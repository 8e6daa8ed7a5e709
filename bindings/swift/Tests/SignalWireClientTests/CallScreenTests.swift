import CallScreenSample
import Foundation
import SignalWireClient
import XCTest

/// The call screen against the test gateway, with a screen that only notes what it is told.
final class CallScreenTests: GatewayTestCase {
    private final class Notes: CallScreen {
        let told: AsyncStream<(ScreenCall, HostAction)>
        private let continuation: AsyncStream<(ScreenCall, HostAction)>.Continuation

        init() {
            (told, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(100))
        }

        func perform(_ call: ScreenCall, _ action: HostAction) {
            continuation.yield((call, action))
        }
    }

    private func next(
        _ told: inout AsyncStream<(ScreenCall, HostAction)>.AsyncIterator, _ action: HostAction,
        file: StaticString = #filePath, line: UInt = #line
    ) async throws -> ScreenCall {
        let found = await told.next()
        let (call, what) = try XCTUnwrap(found)
        XCTAssertEqual(what, action, file: file, line: line)
        return call
    }

    func testANotificationRingsAndIsAnsweredBeforeItsInvite() async throws {
        let gateway = try self.gateway()
        let reference = "swift-screen"
        let client = try Client(options: gateway.options(try await gateway.token(reference)))
        _ = try await client.registerDevice(deviceType: .ios, deviceToken: "aabb")
        let notes = Notes()
        var told = notes.told.makeAsyncIterator()
        let calls = ScreenCalls(client: client, screen: notes)
        let pushed = try await gateway.fault("push_call", ["reference": reference, "source": "tone"])
        let data = try JSONSerialization.data(withJSONObject: pushed["notification"] as Any)
        let notification = String(decoding: data, as: UTF8.self)

        let id = calls.pushed(notification)
        calls.input(id, .userAnswers)
        let call = try await next(&told, .reportIncoming)
        XCTAssertEqual(call.name, "/public/gateway")
        _ = try await next(&told, .fulfillAnswer)
        XCTAssertEqual(call.call?.state(), .active)
        calls.all(.audioActivated)
        _ = try await next(&told, .startAudio)
        calls.pushed(notification)
        _ = try await next(&told, .reportAgain)
        calls.input(id, .userEnds)
        _ = try await next(&told, .stopAudio)
        _ = try await next(&told, .fulfillEnd)
        _ = try await call.call?.ended()
        calls.pushed(notification)
        _ = try await next(&told, .reportAndEnd)
        // Whatever comes is shown, and ended if it is nothing.
        calls.pushed("{}")
        _ = try await next(&told, .reportIncoming)
        _ = try await next(&told, .reportEnded(reason: .failed))
        try await client.disconnect()
    }

    func testACallThatTheSocketAnnouncedFirstIsShownOnce() async throws {
        let gateway = try self.gateway()
        let reference = "swift-screen-online"
        let client = try Client(options: gateway.options(try await gateway.token(reference)))
        _ = try await client.registerDevice(deviceType: .ios, deviceToken: "aabb")
        let notes = Notes()
        var told = notes.told.makeAsyncIterator()
        let calls = ScreenCalls(client: client, screen: notes)
        calls.start()
        try await client.connect()
        try await client.online()
        let pushed = try await gateway.fault("push_call", ["reference": reference, "source": "tone"])
        let data = try JSONSerialization.data(withJSONObject: pushed["notification"] as Any)
        let call = try await next(&told, .reportIncoming)
        let id = calls.pushed(String(decoding: data, as: UTF8.self))
        let again = try await next(&told, .reportAgain)
        XCTAssertTrue(again === call)
        calls.input(call.id, .userEnds)
        _ = try await next(&told, .fulfillEnd)
        _ = try await call.call?.ended()
        XCTAssertNotEqual(id, call.id)
        try await client.disconnect()
    }

    func testADialledCallIsShownAndItsRefusalToo() async throws {
        try await connected("swift-dials") { client, _ in
            let notes = Notes()
            var told = notes.told.makeAsyncIterator()
            let calls = ScreenCalls(client: client, screen: notes)
            let id = calls.dial("/public/echo")
            _ = try await self.next(&told, .reportDialling)
            let call = try await self.next(&told, .reportConnected)
            calls.input(id, .userEnds)
            _ = try await self.next(&told, .fulfillEnd)
            _ = try await call.call?.ended()
            for address in ["/public/nobody-is-here", "nonsense"] {
                calls.dial(address)
                _ = try await self.next(&told, .reportDialling)
                _ = try await self.next(&told, .reportEnded(reason: .failed))
            }
        }
    }
}
