import Foundation
import SignalWireClient

private struct Usage: Error {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}

/// One run: a call that is dialled or awaited, and the commands during it.
actor Softphone {
    private let arguments: [String]
    private let lines = Lines()
    private let input = StandardInput()
    private var isRejected = false
    private var wasAnswered = false

    init(_ arguments: [String]) {
        self.arguments = arguments
    }

    /// Gives the exit code.
    func run() async -> Int32 {
        do {
            let end = try await phone(try makeClient())
            let told: Fields = ["end": fields(of: end), "was_answered": wasAnswered]
            return result(outcome(of: end), told)
        } catch let usage as Usage {
            return failed("usage", "usage", usage.message)
        } catch let error as SignalWireError {
            let (kind, message, _) = parts(error)
            return failed(outcomeOfKind(kind), kind, message)
        } catch {
            return failed("other", "other", "\(error)")
        }
    }

    private func makeClient() throws -> Client {
        let environment = { (name: String) -> String? in
            let value = ProcessInfo.processInfo.environment[name] ?? ""
            return value.isEmpty ? nil : value
        }
        guard let token = environment("SW_TOKEN") else { throw Usage("SW_TOKEN is needed") }
        let ca = try environment("SW_CA_FILE").map { file -> String in
            guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw Usage("\(file) cannot be read")
            }
            return text
        }
        return try Client(
            options: ClientOptions(
                token: token, wsUrl: environment("SW_WS_URL"), httpUrl: environment("SW_HTTP_URL"),
                caCertificatesPem: ca, agent: "softphone-swift"))
    }

    private func phone(_ client: Client) async throws -> EndReason {
        let clientEvents = client.eventStream()
        let watching = Task { for await event in clientEvents { report(event) } }
        defer { watching.cancel() }
        try await client.connect()
        let call: Call
        switch arguments.first {
        case "dial": call = try dial(client)
        case "listen": call = try await listen(client)
        default: throw Usage("dial ADDRESS or listen")
        }
        let commands = Task { for await line in input.lines { await command(call, line) } }
        defer { commands.cancel() }
        for await event in call.eventStream() { report(event) }
        // A command that was under way ends with the call.
        for _ in 0..<200 where input.pending > 0 { try await Task.sleep(nanoseconds: 5_000_000) }
        try await client.disconnect()
        guard let reason = call.endReason() else { throw Usage("the call ended without a reason") }
        return reason
    }

    private func dial(_ client: Client) throws -> Call {
        guard arguments.count > 1 else { throw Usage("dial needs an address") }
        var seconds = 0.0
        if let at = arguments.firstIndex(of: "--ring-timeout") {
            guard at + 1 < arguments.count, let value = Double(arguments[at + 1]) else {
                throw Usage("--ring-timeout needs seconds")
            }
            seconds = value
        }
        let options = DialOptions(ringTimeoutMs: UInt32(seconds * 1_000))
        let call = try client.dial(address: arguments[1], options: options)
        lines.write("dialing", ["call_id": call.id(), "address": arguments[1]])
        return call
    }

    private func listen(_ client: Client) async throws -> Call {
        let events = client.eventStream()
        try await client.online()
        lines.write("listening")
        for await event in events {
            // Nil when the caller gave up at once.
            guard case .incomingCall(let id, _, _, _, _, _, _) = event, let call = client.call(id: id)
            else { continue }
            let from = call.remoteParty()
            lines.write("incoming", ["call_id": id, "name": from.name, "number": from.number])
            return call
        }
        throw Usage("the session is over")
    }

    private func command(_ call: Call, _ text: String) async {
        defer { input.done() }
        let words = text.split(separator: " ", maxSplits: 1).map(String.init)
        let rest = words.count > 1 ? words[1].trimmingCharacters(in: .whitespaces) : ""
        do {
            try await carryOut(call, words[0], rest)
            if text != "hangup" { lines.write("command_done", ["command": text]) }
        } catch let usage as Usage {
            refused(text, "usage", usage.message)
        } catch let error as SignalWireError {
            let (kind, message, code) = parts(error)
            refused(text, kind, message, code)
        } catch {
            refused(text, "other", "\(error)")
        }
    }

    private func carryOut(_ call: Call, _ word: String, _ rest: String) async throws {
        switch (word, rest) {
        case ("answer", ""): try await call.answer()
        case ("reject", "everywhere"):
            try await call.rejectEverywhere()
            isRejected = true
        case ("reject", ""):
            try await call.reject()
            isRejected = true
        case ("hangup", ""): try await call.hangup()
        case ("hold", ""): try await call.hold()
        case ("unhold", ""): try await call.unhold()
        case ("mute", ""): try await call.mute()
        case ("unmute", ""): try await call.unmute()
        case ("lock", ""): try await call.setLocked(locked: true)
        case ("unlock", ""): try await call.setLocked(locked: false)
        case ("layouts", ""): lines.write("layouts", ["names": try await call.layouts()])
        case ("roster", ""):
            let members = call.members().map { fields(of: $0) }
            lines.write("roster", ["members": members, "layout": call.layout().map { fields(of: $0) }])
        default:
            guard !rest.isEmpty else { throw Usage("unknown command \(word)") }
            try await carryOutForMember(call, word, rest)
        }
    }

    private func carryOutForMember(_ call: Call, _ word: String, _ rest: String) async throws {
        switch word {
        case "mute", "unmute":
            try await call.setAudioMuted(target: target(call, rest), muted: word == "mute")
        case "deaf", "undeaf":
            try await call.setDeaf(target: target(call, rest), deaf: word == "deaf")
        case "hand": try await call.setHandRaised(target: .own, raised: rest == "up")
        case "dtmf": try await call.sendDigits(digits: rest)
        case "layout": try await call.setLayout(name: rest)
        case "remove": try await call.removeMember(memberId: memberId(call, rest))
        case "transfer": try await call.transfer(destination: rest)
        default: throw Usage("unknown command \(word)")
        }
    }

    private func memberId(_ call: Call, _ who: String) throws -> String {
        let named = call.members().filter { shortName($0) == who }
        guard named.count < 2 else {
            throw Usage("\(who) is the name of several members: take an id")
        }
        // The library says when there is no such id.
        return named.first?.memberId ?? who
    }

    private func target(_ call: Call, _ who: String) throws -> MemberTarget {
        who == "all" ? .all : .member(try memberId(call, who))
    }

    private func report(_ event: ClientEvent) {
        if case .stateChanged(let state, let reason) = event {
            lines.write("client_state", ["state": snake("\(state)"), "reason": reason])
        }
    }

    private func report(_ event: CallEvent) {
        switch event {
        case .stateChanged(let state, let previous):
            wasAnswered = wasAnswered || state == .active
            lines.write("state", ["state": snake("\(state)"), "previous": snake("\(previous)")])
        case .mediaConnected(let codec): lines.write("media_connected", ["codec": codec])
        case .mediaLost: lines.write("media_lost")
        case .digitReceived(let digit, _): lines.write("digit_received", ["digit": digit])
        case .joined(let callId, let memberId, _, _, _):
            lines.write("joined", ["call_id": callId, "member_id": memberId])
        case .memberJoined(let member, _): lines.write("member_joined", fields(of: member))
        case .memberUpdated(_, _, _, let changed, let member, _):
            lines.write("member_updated", fields(of: member).merging(["changed": changed]) { $1 })
        case .memberLeft(let member, _, _): lines.write("member_left", fields(of: member))
        case .memberTalking(let memberId, let isTalking, _):
            lines.write("member_talking", ["member_id": memberId, "is_talking": isTalking])
        case .layoutChanged(let layout, _): lines.write("layout_changed", fields(of: layout))
        case .ended(let reason): lines.write("ended", fields(of: reason))
        default: lines.write("service_event")
        }
    }

    private func refused(_ command: String, _ kind: String, _ message: String, _ code: Int32? = nil) {
        let told: Fields = ["command": command, "kind": kind, "message": message, "code": code]
        lines.write("error", told)
    }

    private func result(_ outcome: String, _ told: Fields) -> Int32 {
        let code = exitCodes[outcome] ?? 8
        let own: Fields = ["outcome": outcome, "exit_code": code]
        lines.write("result", told.merging(own) { $1 })
        return code
    }

    private func failed(_ outcome: String, _ kind: String, _ message: String) -> Int32 {
        let error: Fields = ["kind": kind, "message": message]
        return result(outcome, ["error": error])
    }

    private func outcome(of end: EndReason) -> String {
        switch end.kind {
        case .localHangup, .remoteHangup:
            wasAnswered ? "answered" : isRejected ? "ok" : "other"
        case .rejected, .notFound: "refused"
        case .busy: "busy"
        case .noAnswer: "no_answer"
        case .mediaFailed: "media_failed"
        case .signalingFailed: "network"
        default: "other"
        }
    }
}
