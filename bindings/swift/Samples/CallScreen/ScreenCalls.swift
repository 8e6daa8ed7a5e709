import Foundation
import SignalWireClient

/// What the platform's call screen has to do: everything of `HostAction` that is the system's.
public protocol CallScreen: Sendable {
    /// Carries out one action for a call; one after the other, in the order of the state machine.
    /// `answer`, `reject`, `hangUp` and `dial` never come: ``ScreenCalls`` does those itself.
    func perform(_ call: ScreenCall, _ action: HostAction)
}

/// One call on the screen.
public final class ScreenCall: Sendable {
    /// Its id on the screen, as CallKit wants it; the service's id is `call.id()`.
    public let id: UUID
    /// Name and number of the other side, empty if unknown. Of a notification: not authenticated.
    public let name: String
    public let number: String
    let machine: HostCall
    fileprivate let arrival = Arrival()

    init(id: UUID, name: String, number: String) {
        self.id = id
        self.name = name
        self.number = number
        machine = HostCall(callId: id.uuidString)
    }

    /// The call itself, once its invite came or it was dialled.
    public var call: Call? { arrival.call }

    /// Where it stands on the screen.
    public var phase: HostPhase { machine.phase() }
}

/// Brings together a client, its notifications and the platform's call screen, whatever happens in
/// whatever order: it feeds a `HostCall` for each call, does what is the client's and leaves the rest
/// to `screen`. It knows nothing of CallKit, so that it is tested without.
///
/// The methods do not wait. They must be called on one thread, the main one: PushKit demands that a
/// call is reported before its delegate returns, and so `pushed` reports it before it does.
public final class ScreenCalls: @unchecked Sendable {
    private let client: Client
    private let pushKey: String?
    // The screen is told under this lock, so that actions keep their order.
    private let lock = NSRecursiveLock()
    private let screen: CallScreen
    private var calls: [ScreenCall] = []
    // Calls that the socket announced and whose notification has not come.
    private var unnotified: Set<UUID> = []
    // Notifications of calls that the socket announced before them, to the call's id on the screen.
    private var joined: [UUID: UUID] = [:]
    private static let kept = 16

    /// `pushKey`: what `registerDevice` gave; nil to use what the client knows itself.
    public init(client: Client, screen: CallScreen, pushKey: String? = nil) {
        self.client = client
        self.screen = screen
        self.pushKey = pushKey
    }

    /// Announces the calls that come in while the client is online, until the client's end.
    public func start() {
        let events = client.eventStream()
        Task {
            for await event in events {
                guard case .incomingCall(let id, _, _, _, _, _, _) = event,
                    let call = client.call(id: id)
                else { continue }
                Task { await invited(call) }
            }
        }
    }

    /// Takes the payload of a notification as JSON text. What announces no call is shown and ended at
    /// once, since iOS ends an application that shows nothing for a notification.
    @discardableResult
    public func pushed(_ notification: String) -> UUID {
        let payload = try? parsePush(notification: notification)
        let id = payload.flatMap { UUID(uuidString: $0.notificationUuid) } ?? UUID()
        lock.lock()
        defer { lock.unlock() }
        if let known = onScreen(id) {
            step(known, .pushed)
            return id
        }
        if let payload, let ringing = calls.first(where: { unnotified.contains($0.id) && $0.phase != .over }) {
            // Most likely its notification. iOS has been told of a call, whichever it turns out to be.
            step(ringing, .pushed)
            Task { await open(id, payload, notification) }
            return id
        }
        let shown = added(
            id, payload?.incomingCallerName ?? "", payload?.incomingCallerId ?? "")
        step(shown, .pushed)
        if payload == nil {
            shown.arrival.fail()
            step(shown, .callEnded(reason: .failed))
        } else {
            Task { await fetch(shown, notification) }
        }
        return id
    }

    /// Dials, and shows it; gives the id on the screen.
    @discardableResult
    public func dial(_ address: String) -> UUID {
        lock.lock()
        defer { lock.unlock() }
        let shown = added(UUID(), "", address)
        step(shown, .dialled)
        return shown.id
    }

    /// Tells what the user or the system did with a call. Ignored for an unknown id.
    public func input(_ id: UUID, _ input: HostInput) {
        lock.lock()
        defer { lock.unlock() }
        guard let shown = onScreen(id) else { return }
        step(shown, input)
    }

    private func onScreen(_ id: UUID) -> ScreenCall? {
        let own = joined[id] ?? id
        return calls.first { $0.id == own }
    }

    /// Finds out whether a notification is a call's that the socket announced; else shows its own.
    private func open(_ id: UUID, _ payload: PushPayload, _ notification: String) async {
        let call: Call?
        do {
            call = try await client.handlePush(
                notification: notification, pushNotificationKey: pushKey)
        } catch SignalWireError.CallFailed {
            return  // It is over: nothing to show.
        } catch {
            call = nil
        }
        guard let shown = opened(id, payload, call), let call else { return }
        await watch(shown, call)
    }

    /// Gives what has to be watched: nil for a call that is already, or that cannot be opened.
    private func opened(_ id: UUID, _ payload: PushPayload, _ call: Call?) -> ScreenCall? {
        lock.lock()
        defer { lock.unlock() }
        if let call, let same = calls.first(where: { $0.call?.id() == call.id() }) {
            unnotified.remove(same.id)
            joined[id] = same.id
            return nil
        }
        let shown = added(id, payload.incomingCallerName, payload.incomingCallerId)
        step(shown, .pushed)
        guard let call else {
            shown.arrival.fail()
            step(shown, .callEnded(reason: .failed))
            return nil
        }
        shown.arrival.give(call)
        step(shown, .invited)
        return shown
    }

    /// Tells what the system did with the audio, or with everything: to every call.
    public func all(_ input: HostInput) {
        lock.lock()
        defer { lock.unlock() }
        for shown in calls { step(shown, input) }
    }

    private func added(_ id: UUID, _ name: String, _ number: String) -> ScreenCall {
        let shown = ScreenCall(id: id, name: name, number: number)
        // What is over is kept for a while, as its notification may come once more.
        let over = calls.filter { $0.phase == .over }.dropLast(Self.kept)
        calls.removeAll { call in over.contains { $0 === call } }
        unnotified.subtract(over.map(\.id))
        joined = joined.filter { entry in !over.contains { $0.id == entry.value } }
        calls.append(shown)
        return shown
    }

    /// A call that came by the socket. While a notification is being opened nobody knows yet whether
    /// this is its call.
    private func invited(_ call: Call) async {
        for shown in opening() { _ = await shown.arrival.value() }
        guard let shown = announced(call) else { return }
        await watch(shown, call)
    }

    private func opening() -> [ScreenCall] {
        lock.lock()
        defer { lock.unlock() }
        return calls.filter { !$0.arrival.isDecided }
    }

    private func announced(_ call: Call) -> ScreenCall? {
        lock.lock()
        defer { lock.unlock() }
        if calls.contains(where: { $0.call?.id() == call.id() }) { return nil }
        let party = call.remoteParty()
        let shown = added(UUID(uuidString: call.id()) ?? UUID(), party.name, party.number)
        unnotified.insert(shown.id)
        shown.arrival.give(call)
        step(shown, .invited)
        return shown
    }

    private func fetch(_ shown: ScreenCall, _ notification: String) async {
        do {
            let call = try await client.handlePush(
                notification: notification, pushNotificationKey: pushKey)
            shown.arrival.give(call)
            input(shown.id, .invited)
            await watch(shown, call)
        } catch {
            shown.arrival.fail()
            input(shown.id, .callEnded(reason: .failed))
        }
    }

    private func watch(_ shown: ScreenCall, _ call: Call) async {
        for await event in call.eventStream() {
            switch event {
            case .stateChanged(let state, _) where state == .active:
                input(shown.id, .connected)
            case .ended(let end):
                input(shown.id, .callEnded(reason: reason(end)))
            default:
                break
            }
        }
    }

    private func step(_ shown: ScreenCall, _ input: HostInput) {
        for action in shown.machine.handle(input: input) {
            switch action {
            case .answer:
                decide(shown) { try await $0.answer() }
            case .reject:
                decide(shown) { try await $0.reject() }
            case .hangUp:
                decide(shown) { call in
                    if call.state() == .ringing && call.direction() == .inbound {
                        try await call.reject()
                    } else {
                        try await call.hangup()
                    }
                }
            case .dial:
                dialled(shown)
            default:
                screen.perform(shown, action)
            }
        }
    }

    /// Does it as soon as the call is there.
    private func decide(_ shown: ScreenCall, _ act: @escaping @Sendable (Call) async throws -> Void) {
        Task {
            guard let call = await shown.arrival.value() else { return }
            do {
                try await act(call)
            } catch {
                input(shown.id, .callEnded(reason: call.endReason().map(reason) ?? .failed))
            }
        }
    }

    private func dialled(_ shown: ScreenCall) {
        do {
            let call = try client.dial(address: shown.number)
            shown.arrival.give(call)
            Task { await watch(shown, call) }
        } catch {
            shown.arrival.fail()
            // After the actions that belong to the dialling.
            Task { input(shown.id, .callEnded(reason: .failed)) }
        }
    }
}

/// Why a call ended, for the system's call history.
public func reason(_ end: EndReason) -> HostEndReason {
    switch end.kind {
    case .noAnswer: .unanswered
    case .answeredElsewhere: .answeredElsewhere
    case .mediaFailed, .signalingFailed, .notFound: .failed
    default: .remoteEnded
    }
}

/// A call that is waited for by several tasks.
private final class Arrival: @unchecked Sendable {
    private let lock = NSLock()
    private var decided = false
    private var arrived: Call?
    private var waiting: [CheckedContinuation<Call?, Never>] = []

    var isDecided: Bool { lock.withLock { decided } }
    var call: Call? { lock.withLock { arrived } }

    func give(_ call: Call) { decide(call) }

    func fail() { decide(nil) }

    /// The call; nil if it will not come.
    func value() async -> Call? {
        await withCheckedContinuation { continuation in
            let now: (Bool, Call?) = lock.withLock {
                if !decided { waiting.append(continuation) }
                return (decided, arrived)
            }
            if now.0 { continuation.resume(returning: now.1) }
        }
    }

    private func decide(_ call: Call?) {
        let told = lock.withLock { () -> [CheckedContinuation<Call?, Never>] in
            if decided { return [] }
            decided = true
            arrived = call
            defer { waiting = [] }
            return waiting
        }
        for continuation in told { continuation.resume(returning: call) }
    }
}
