#if canImport(CallKit) && canImport(PushKit) && os(iOS)
    import AVFoundation
    import CallKit
    import Foundation
    import PushKit
    import SignalWireClient

    /// The one phone of the process, made in `application(_:didFinishLaunchingWithOptions:)`: a
    /// notification may start the process without any scene.
    ///
    /// CallKit owns the call screen. It is told of each call by the actions of the state machine, and
    /// what it and the user do becomes an input. Everything here runs on the main queue.
    public final class CallKitScreen: NSObject, CallScreen, CXProviderDelegate, PKPushRegistryDelegate,
        @unchecked Sendable
    {
        private let provider: CXProvider
        private let controller = CXCallController()
        private let registry = PKPushRegistry(queue: .main)
        private var answers: [UUID: CXAnswerCallAction] = [:]
        private var ends: [UUID: CXEndCallAction] = [:]
        private var calls: ScreenCalls!
        private let client: Client
        /// Opens and closes the application's microphone and speaker for a call.
        private let audio: @Sendable (Call?, Bool) -> Void

        public init(client: Client, pushKey: String?, audio: @escaping @Sendable (Call?, Bool) -> Void) {
            let configuration = CXProviderConfiguration()
            configuration.supportedHandleTypes = [.generic, .phoneNumber]
            configuration.maximumCallsPerCallGroup = 1
            provider = CXProvider(configuration: configuration)
            self.client = client
            self.audio = audio
            super.init()
            calls = ScreenCalls(client: client, screen: self, pushKey: pushKey)
            provider.setDelegate(self, queue: nil)
            registry.delegate = self
            registry.desiredPushTypes = [.voIP]
            calls.start()
            NotificationCenter.default.addObserver(
                self, selector: #selector(interrupted),
                name: AVAudioSession.interruptionNotification, object: nil)
        }

        public func dial(_ address: String) {
            calls.dial(address)
        }

        // MARK: What the state machine says

        public func perform(_ call: ScreenCall, _ action: HostAction) {
            // A report must be made before PushKit's delegate returns; the rest may follow.
            if Thread.isMainThread {
                carryOut(call, action)
            } else {
                DispatchQueue.main.async { self.carryOut(call, action) }
            }
        }

        private func carryOut(_ call: ScreenCall, _ action: HostAction) {
            let id = call.id
            switch action {
            case .reportIncoming:
                provider.reportNewIncomingCall(with: id, update: update(call)) { [calls] error in
                    if error != nil { calls?.input(id, .reportFailed) }
                }
            case .reportAgain:
                // CallKit knows it and says so; what counts is that it was told.
                provider.reportNewIncomingCall(with: id, update: update(call)) { _ in }
            case .reportAndEnd:
                let other = UUID()
                provider.reportNewIncomingCall(with: other, update: update(call)) { _ in }
                provider.reportCall(with: other, endedAt: nil, reason: .remoteEnded)
            case .reportDialling:
                let start = CXStartCallAction(
                    call: id, handle: CXHandle(type: .generic, value: call.number))
                controller.request(CXTransaction(action: start)) { [calls] error in
                    if error != nil { calls?.input(id, .reportFailed) }
                }
            case .reportConnected:
                provider.reportOutgoingCall(with: id, connectedAt: nil)
            case .fulfillAnswer:
                answers.removeValue(forKey: id)?.fulfill()
            case .failAnswer:
                answers.removeValue(forKey: id)?.fail()
            case .fulfillEnd:
                ends.removeValue(forKey: id)?.fulfill()
            case .reportEnded(let reason):
                provider.reportCall(with: id, endedAt: nil, reason: ended(reason))
            case .requestAnswer:
                controller.request(CXTransaction(action: CXAnswerCallAction(call: id))) { _ in }
            case .requestEnd:
                controller.request(CXTransaction(action: CXEndCallAction(call: id))) { _ in }
            case .startAudio:
                audio(call.call, true)
            case .stopAudio:
                audio(call.call, false)
            case .answer, .reject, .hangUp, .dial:
                break  // These are the client's; `ScreenCalls` does them.
            }
        }

        private func update(_ call: ScreenCall) -> CXCallUpdate {
            let update = CXCallUpdate()
            update.remoteHandle = CXHandle(type: .generic, value: call.number)
            update.localizedCallerName = call.name.isEmpty ? nil : call.name
            update.supportsHolding = false
            return update
        }

        private func ended(_ reason: HostEndReason) -> CXCallEndedReason {
            switch reason {
            case .remoteEnded: .remoteEnded
            case .failed: .failed
            case .unanswered: .unanswered
            case .answeredElsewhere: .answeredElsewhere
            case .declinedElsewhere: .declinedElsewhere
            }
        }

        // MARK: What the user and the system say

        public func providerDidReset(_ provider: CXProvider) {
            answers = [:]
            ends = [:]
            calls.all(.reset)
        }

        public func provider(_ provider: CXProvider, perform action: CXStartCallAction) {
            provider.reportOutgoingCall(with: action.callUUID, startedConnectingAt: nil)
            action.fulfill()
        }

        public func provider(_ provider: CXProvider, perform action: CXAnswerCallAction) {
            // The session is configured now and activated by the system, never by the application.
            try? AVAudioSession.sharedInstance().setCategory(
                .playAndRecord, mode: .voiceChat, options: [.allowBluetooth])
            answers[action.callUUID] = action
            calls.input(action.callUUID, .userAnswers)
        }

        public func provider(_ provider: CXProvider, perform action: CXEndCallAction) {
            ends[action.callUUID] = action
            calls.input(action.callUUID, .userEnds)
        }

        public func provider(_ provider: CXProvider, timedOutPerforming action: CXAction) {
            guard let answer = action as? CXAnswerCallAction else { return }
            answers[answer.callUUID] = nil
            calls.input(answer.callUUID, .actionTimedOut)
        }

        public func provider(_ provider: CXProvider, didActivate session: AVAudioSession) {
            calls.all(.audioActivated)
        }

        public func provider(_ provider: CXProvider, didDeactivate session: AVAudioSession) {
            calls.all(.audioDeactivated)
        }

        @objc private func interrupted(_ note: Notification) {
            let kind = note.userInfo?[AVAudioSessionInterruptionTypeKey] as? UInt
            guard let kind, let type = AVAudioSession.InterruptionType(rawValue: kind) else { return }
            switch type {
            case .began:
                calls.all(.interruptionBegan)
            case .ended:
                let raw = note.userInfo?[AVAudioSessionInterruptionOptionKey] as? UInt ?? 0
                let options = AVAudioSession.InterruptionOptions(rawValue: raw)
                calls.all(.interruptionEnded(shouldResume: options.contains(.shouldResume)))
            @unknown default:
                break
            }
        }

        // MARK: PushKit

        public func pushRegistry(
            _ registry: PKPushRegistry, didUpdate credentials: PKPushCredentials, for type: PKPushType
        ) {
            let token = credentials.token.map { String(format: "%02x", $0) }.joined()
            let client = self.client
            // The key of the answer belongs into the keychain; see `registerDevice`.
            Task { try? await client.registerDevice(deviceType: .ios, deviceToken: token) }
        }

        public func pushRegistry(
            _ registry: PKPushRegistry, didReceiveIncomingPushWith payload: PKPushPayload,
            for type: PKPushType, completion: @escaping () -> Void
        ) {
            let data = try? JSONSerialization.data(withJSONObject: payload.dictionaryPayload)
            calls.pushed(data.map { String(decoding: $0, as: UTF8.self) } ?? "")
            completion()
        }
    }
#endif
