import Foundation

extension Client {
    /// The events of this client; the first sequence made for it starts with its making.
    ///
    /// Ends after the client's end, when the loop is left, and when its task is cancelled.
    public func eventStream() -> AsyncStream<ClientEvent> {
        let events = self.events()
        return AsyncStream { continuation in
            let pump = Task {
                while let event = await events.next() {
                    continuation.yield(event)
                }
                continuation.finish()
            }
            // The cancellation of a task does not reach the library, so the stream is told itself.
            continuation.onTermination = { _ in
                events.cancel()
                pump.cancel()
            }
        }
    }
}

extension Call {
    /// The events of this call; the first sequence made for it starts with the dialling.
    ///
    /// Ends after `ended`, when the loop is left, and when its task is cancelled.
    public func eventStream() -> AsyncStream<CallEvent> {
        let events = self.events()
        return AsyncStream { continuation in
            let pump = Task {
                while let event = await events.next() {
                    continuation.yield(event)
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in
                events.cancel()
                pump.cancel()
            }
        }
    }

    /// The received audio in frames of 20 ms, from now on. Ends with the call.
    ///
    /// At most `queueFrames` frames wait for a slow reader, then the oldest are dropped.
    /// Throws `invalidArgument` for a format that cannot be, `closed` after the call's end.
    public func audioStream(
        format: AudioFormat = AudioFormat(sampleRateHz: 48_000, channels: 1),
        queueFrames: Int = 50
    ) throws -> AsyncStream<PcmFrame> {
        let (stream, continuation) = AsyncStream<PcmFrame>.makeStream(
            bufferingPolicy: .bufferingNewest(queueFrames))
        let id = try addAudioSink(format: format, sink: FrameSink(continuation))
        // Waits for the call's end whatever becomes of the stream: it is one task for a call.
        Task {
            _ = try? await ended()
            continuation.finish()
        }
        continuation.onTermination = { [self] _ in
            removeAudioSink(sink: id)
        }
        return stream
    }

    /// Queues samples to be sent, interleaved when there are two channels; see `pushAudio`.
    @discardableResult
    public func pushAudio(
        samples: [Int16],
        format: AudioFormat = AudioFormat(sampleRateHz: 48_000, channels: 1)
    ) throws -> UInt32 {
        try pushAudio(pcm: samples.withUnsafeBytes { Data($0) }, format: format)
    }
}

extension AddressList {
    /// The addresses of the list, for one reader. Fails as `next`.
    public var stream: AsyncThrowingStream<Address, Error> {
        AsyncThrowingStream { try await self.next() }
    }
}

extension ConversationList {
    /// The conversations of the list, for one reader. Fails as `next`.
    public var stream: AsyncThrowingStream<Conversation, Error> {
        AsyncThrowingStream { try await self.next() }
    }
}

extension MessageList {
    /// The messages of the list, for one reader. Fails as `next`.
    public var stream: AsyncThrowingStream<Message, Error> {
        AsyncThrowingStream { try await self.next() }
    }
}

extension PcmFrame {
    /// The samples, interleaved when there are two channels.
    public var samples: [Int16] {
        [Int16](unsafeUninitializedCapacity: pcm.count / 2) { buffer, count in
            count = pcm.copyBytes(to: buffer) / 2
        }
    }
}

private final class FrameSink: AudioSink {
    private let continuation: AsyncStream<PcmFrame>.Continuation

    init(_ continuation: AsyncStream<PcmFrame>.Continuation) {
        self.continuation = continuation
    }

    func onFrame(frame: PcmFrame) throws {
        continuation.yield(frame)
    }
}
