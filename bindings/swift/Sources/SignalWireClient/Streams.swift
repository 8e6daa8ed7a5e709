import Foundation

/// The events of a client, in order, for one reader.
///
/// Nothing is queued here: the queue of 1024 events is the library's, and a reader that stays away
/// longer loses the oldest, which `missed` counts. The loop ends after the client's end and when its
/// task is cancelled.
public struct ClientEventSequence: AsyncSequence, Sendable {
    public typealias Element = ClientEvent
    fileprivate let events: ClientEvents

    /// How many events were dropped because the reader was too slow.
    public var missed: UInt64 { events.missed() }

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let events: ClientEvents

        public mutating func next() async -> ClientEvent? {
            // The cancellation of a task does not reach the library, so the stream is told itself.
            let events = self.events
            return await withTaskCancellationHandler {
                await events.next()
            } onCancel: {
                events.cancel()
            }
        }
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(events: events)
    }
}

/// The events of a call, as ``ClientEventSequence``; `ended` is the last one.
public struct CallEventSequence: AsyncSequence, Sendable {
    public typealias Element = CallEvent
    fileprivate let events: CallEvents

    /// How many events were dropped because the reader was too slow.
    public var missed: UInt64 { events.missed() }

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let events: CallEvents

        public mutating func next() async -> CallEvent? {
            let events = self.events
            return await withTaskCancellationHandler {
                await events.next()
            } onCancel: {
                events.cancel()
            }
        }
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(events: events)
    }
}

/// The received audio of a call in frames of 20 ms, for one reader; ends with the call.
///
/// A reader that is slower than the audio loses the oldest frames that wait, which `dropped` counts.
public struct AudioFrames: AsyncSequence, Sendable {
    public typealias Element = PcmFrame
    public typealias AsyncIterator = AsyncStream<PcmFrame>.AsyncIterator
    fileprivate let stream: AsyncStream<PcmFrame>
    fileprivate let sink: FrameSink

    /// How many frames were dropped because the reader was too slow.
    public var dropped: UInt64 { sink.dropped }

    public func makeAsyncIterator() -> AsyncIterator {
        stream.makeAsyncIterator()
    }
}

extension Client {
    /// The events of this client; the first sequence made for it starts with its making.
    public func eventStream() -> ClientEventSequence {
        ClientEventSequence(events: events())
    }
}

extension Call {
    /// The events of this call; the first sequence made for it starts with the dialling.
    public func eventStream() -> CallEventSequence {
        CallEventSequence(events: events())
    }

    /// The received audio in frames of 20 ms, from now on.
    ///
    /// `queueFrames`: how many frames wait for a slow reader, 1 to 1000; 50, a second, by default.
    /// Throws `InvalidArgument` for a format or a length that cannot be, `Closed` after the call's end.
    public func audioStream(
        format: AudioFormat = AudioFormat(sampleRateHz: 48_000, channels: 1),
        queueFrames: Int = 50
    ) throws -> AudioFrames {
        guard (1...1_000).contains(queueFrames) else {
            let reason = "queueFrames must be 1 to 1000; got \(queueFrames)"
            throw SignalWireError.InvalidArgument(reason: reason, code: nil)
        }
        let (stream, continuation) = AsyncStream<PcmFrame>.makeStream(
            bufferingPolicy: .bufferingNewest(queueFrames))
        let sink = FrameSink(continuation)
        let id = try addAudioSink(format: format, sink: sink)
        // The end of the events is the end of the call, and a stream of them can be given up.
        let events = self.events()
        Task {
            while await events.next() != nil {}
            continuation.finish()
        }
        continuation.onTermination = { [weak self] _ in
            events.cancel()
            self?.removeAudioSink(sink: id)
        }
        return AudioFrames(stream: stream, sink: sink)
    }

    /// Queues samples to be sent, interleaved when there are two channels; see `pushAudio`.
    ///
    /// Gives the milliseconds that had to be dropped.
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

/// Passes frames on and counts those that found no place.
private final class FrameSink: AudioSink, @unchecked Sendable {
    private let continuation: AsyncStream<PcmFrame>.Continuation
    private let lock = NSLock()
    private var count: UInt64 = 0

    init(_ continuation: AsyncStream<PcmFrame>.Continuation) {
        self.continuation = continuation
    }

    var dropped: UInt64 {
        lock.lock()
        defer { lock.unlock() }
        return count
    }

    func onFrame(frame: PcmFrame) throws {
        guard case .dropped = continuation.yield(frame) else { return }
        lock.lock()
        count += 1
        lock.unlock()
    }
}
