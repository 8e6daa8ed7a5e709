import Foundation
import XCTest

@testable import SignalWireClient

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The test gateway, whose program SW_GATEWAY_BIN names: one without TLS for all tests.
final class Gateway: @unchecked Sendable {
    /// Ends with this process, as its standard input does.
    static let shared: Gateway? = ProcessInfo.processInfo.environment["SW_GATEWAY_BIN"]
        .flatMap { try? Gateway(program: $0) }

    private let process = Process()
    private let input = Pipe()
    let wsUrl: String
    let httpUrl: String
    let project: String
    let apiToken: String

    private init(program: String) throws {
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["--exit-on-stdin-close", "--plain"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw GatewayError("the gateway ended") }
            line += more
        }
        let ready = try JSONSerialization.jsonObject(with: line) as? [String: Any] ?? [:]
        func text(_ name: String) throws -> String {
            guard let value = ready[name] as? String else { throw GatewayError("no \(name)") }
            return value
        }
        wsUrl = try text("ws_url")
        httpUrl = try text("http_url")
        project = try text("project")
        apiToken = try text("api_token")
    }

    func token(_ reference: String = "swift@example.com", ttl: Int = 3_600) async throws -> String {
        let answer = try await post("/_gateway/token", ["reference": reference, "ttl": ttl])
        return answer["token"] as? String ?? ""
    }

    func fault(_ name: String, _ members: [String: Any] = [:]) async throws -> [String: Any] {
        try await post("/_gateway/fault", members.merging(["fault": name]) { $1 })
    }

    func state() async throws -> [String: Any] {
        try await send(URLRequest(url: URL(string: httpUrl + "/_gateway/state")!))
    }

    /// What the gateway knows of a call.
    func call(_ id: String) async throws -> [String: Any] {
        let calls = try await state()["calls"] as? [[String: Any]] ?? []
        return calls.first { $0["call_id"] as? String == id } ?? [:]
    }

    func options(_ token: String) -> ClientOptions {
        ClientOptions(
            token: token, wsUrl: wsUrl, httpUrl: httpUrl, mediaAddresses: ["127.0.0.1"])
    }

    private func post(_ path: String, _ body: [String: Any]) async throws -> [String: Any] {
        var request = URLRequest(url: URL(string: httpUrl + path)!)
        request.httpMethod = "POST"
        request.httpBody = try JSONSerialization.data(withJSONObject: body)
        return try await send(request)
    }

    private func send(_ request: URLRequest) async throws -> [String: Any] {
        let (data, _) = try await URLSession.shared.data(for: request)
        return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    }
}

struct GatewayError: Error {
    let text: String

    init(_ text: String) {
        self.text = text
    }
}

/// A test against the gateway; skipped without one.
class GatewayTestCase: XCTestCase {
    func gateway() throws -> Gateway {
        try XCTUnwrap(Gateway.shared, "SW_GATEWAY_BIN does not name the test gateway")
    }

    /// A connected client for the time of `body`.
    func connected(
        _ reference: String = "swift@example.com",
        _ body: @Sendable (Client, Gateway) async throws -> Void
    ) async throws {
        let gateway = try self.gateway()
        let options = gateway.options(try await gateway.token(reference))
        try await withClient(options) { client in
            try await body(client, gateway)
        }
    }
}

/// What `body` throws; fails if nothing.
func failure(
    _ body: () async throws -> Void, file: StaticString = #filePath, line: UInt = #line
) async -> Error? {
    do {
        try await body()
    } catch {
        return error
    }
    XCTFail("nothing was thrown", file: file, line: line)
    return nil
}

/// The same for what does not wait.
func failure(
    _ body: () throws -> Void, file: StaticString = #filePath, line: UInt = #line
) -> Error? {
    do {
        try body()
    } catch {
        return error
    }
    XCTFail("nothing was thrown", file: file, line: line)
    return nil
}
