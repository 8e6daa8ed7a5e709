import Foundation
import XCTest

@testable import SignalWireClient

/// Devices, notifications and tokens.
final class WakeUpTests: GatewayTestCase {
    func testANotificationWakesTheClient() async throws {
        let gateway = try self.gateway()
        let reference = "swift-woken"
        let client = try Client(options: gateway.options(try await gateway.token(reference)))
        let device = try await client.registerDevice(deviceType: .ios, deviceToken: "aabb")
        let told = try await gateway.fault("push_call", ["reference": reference, "source": "tone"])
        let data = try JSONSerialization.data(withJSONObject: told["notification"] as Any)
        let notification = String(decoding: data, as: UTF8.self)
        let shown = try parsePush(notification: notification)
        XCTAssertEqual(shown.incomingCallerName, "/public/gateway")
        let call = try await client.handlePush(
            notification: notification, pushNotificationKey: device.pushNotificationKey)
        XCTAssertEqual(call.id(), told["call_id"] as? String)
        try await call.answer()
        for await _ in try call.audioStream() { break }
        try await call.hangup()
        let again = await failure { _ = try await client.handlePush(notification: notification) }
        guard case SignalWireError.CallFailed? = again else { return XCTFail("\(again as Any)") }
        try await client.unregisterDevice(deviceId: device.id)
        try await client.disconnect()
    }

    func testTokensComeFromAProvider() async throws {
        final class Backend: CredentialProvider {
            let gateway: Gateway

            init(_ gateway: Gateway) {
                self.gateway = gateway
            }

            func requestToken(reason: TokenReason, fingerprint: String?, reply: TokenReply) throws {
                Task {
                    let ttl = reason == .initial ? -5 : 3_600
                    let token = try? await gateway.token(ttl: ttl)
                    if let token { reply.give(token: token) } else { reply.fail(reason: "no token") }
                }
            }
        }
        let gateway = try self.gateway()
        let credentials = Credentials.provider(provider: Backend(gateway))
        let email = try await withClient(gateway.options(""), credentials: credentials) { client in
            try await client.subscriberInfo().email
        }
        XCTAssertEqual(email, "swift@example.com")
    }

    func testTheRestApiMakesTokens() async throws {
        let gateway = try self.gateway()
        let rest = try RestClient(
            options: RestOptions(
                space: gateway.httpUrl, projectId: gateway.project, apiToken: gateway.apiToken))
        let request = SubscriberTokenRequest(reference: "swift-rest@example.com")
        let minted = try await rest.createSubscriberToken(request: request)
        let client = try Client(options: gateway.options(minted.token()))
        let info = try await client.subscriberInfo()
        XCTAssertEqual(info.id, minted.subscriberId())
        XCTAssertFalse("\(minted)".contains(minted.token()))
    }
}
