import Foundation
import SignalWireClient

/// What a line says, besides its type and its time.
typealias Fields = [String: Any?]

/// The exit code of each outcome.
let exitCodes: [String: Int32] = [
    "ok": 0, "answered": 0, "usage": 1, "unauthorized": 2, "network": 3, "refused": 4, "busy": 5,
    "no_answer": 6, "media_failed": 7, "other": 8,
]

/// Writes one JSON object per line.
struct Lines {
    private let started = DispatchTime.now().uptimeNanoseconds

    func write(_ type: String, _ fields: Fields = [:]) {
        let elapsed = Double((DispatchTime.now().uptimeNanoseconds - started) / 1_000) / 1_000
        let line: Fields = ["type": type, "time_ms": elapsed]
        let object = json(line.merging(fields) { $1 })
        guard let data = try? JSONSerialization.data(withJSONObject: object) else {
            preconditionFailure("only JSON is written: \(object)")
        }
        FileHandle.standardOutput.write(data + Data("\n".utf8))
    }
}

private func json(_ value: Any?) -> Any {
    switch value {
    case nil: NSNull()
    case let object as Fields: object.mapValues(json)
    case let list as [Any]: list.map(json)
    case .some(let other): other
    }
}

/// `snake_case` of a case's name.
func snake(_ name: String) -> String {
    name.reduce(into: "") { text, letter in
        if letter.isUppercase && !text.isEmpty { text += "_" }
        text += letter.lowercased()
    }
}

/// Kind, message and code of an error of the library.
func parts(_ error: SignalWireError) -> (kind: String, message: String, code: Int32?) {
    let failure = Mirror(reflecting: error).children.first
    let values = failure.map { Mirror(reflecting: $0.value).children } ?? .init([])
    let value = { (name: String) in values.first { $0.label == name }?.value }
    let kind = snake(failure?.label ?? "internal")
    return (kind, value("reason") as? String ?? "", value("code") as? Int32)
}

func outcomeOfKind(_ kind: String) -> String {
    switch kind {
    case "invalid_argument": "usage"
    case "invalid_token", "unauthorized": "unauthorized"
    case "network", "tls", "timeout": "network"
    case "rejected", "not_found": "refused"
    case "media": "media_failed"
    default: "other"
    }
}

/// `alice` of `sip:alice@…;context=private`.
func shortName(_ member: Member) -> String {
    let name = member.name.hasPrefix("sip:") ? String(member.name.dropFirst(4)) : member.name
    return String(name.prefix { $0 != "@" && $0 != ";" })
}

func fields(of member: Member) -> Fields {
    [
        "member_id": member.memberId, "name": shortName(member), "is_self": member.isSelf,
        "is_talking": member.isTalking, "audio_muted": member.audioMuted,
        "video_muted": member.videoMuted, "is_deaf": member.isDeaf,
        "hand_raised": member.handRaised, "position": member.position,
    ]
}

func fields(of layout: Layout) -> Fields {
    ["name": layout.name, "layers": layout.layers.count]
}

func fields(of end: EndReason) -> Fields {
    ["kind": snake("\(end.kind)"), "cause": end.cause, "code": end.code, "message": end.message]
}
