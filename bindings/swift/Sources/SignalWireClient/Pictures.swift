import Foundation

extension Picture {
    /// Gives a plane's own memory to `body`, row by row, without a copy: 0 is Y.
    ///
    /// `stride`: bytes from one row to the next. The memory is good until `body` returns. None beyond
    /// the format's planes.
    public func withPlane<Result>(
        _ number: Int, _ body: (_ samples: UnsafeRawBufferPointer, _ stride: Int) throws -> Result
    ) rethrows -> Result? {
        guard number >= 0, let memory = plane(number: UInt32(number)) else { return nil }
        let count = (Int(memory.rows) - 1) * Int(memory.stride) + Int(memory.rowBytes)
        let start = UnsafeRawPointer(bitPattern: UInt(memory.address))
        return try withExtendedLifetime(self) {
            try body(UnsafeRawBufferPointer(start: start, count: count), Int(memory.stride))
        }
    }

    /// Copies a picture out of memory of the application, such as the planes of a `CVPixelBuffer`.
    ///
    /// `planes`: for I420 Y, U, V; for NV12 Y, and U and V by turns; each with the bytes from one of its
    /// rows to the next. U and V have half the width and height. `timestampUs`: when it was captured,
    /// by any clock that never goes back. `rotation`: for cameras that are mounted so: it is turned
    /// before it is sent. Throws `InvalidArgument` for a size below 16x16 or above 4096x2304 pixels,
    /// another number of planes, and planes that are too short.
    public static func copying(
        format: PixelFormat, width: Int, height: Int,
        planes: [(samples: UnsafeRawBufferPointer, stride: Int)],
        timestampUs: UInt64, rotation: Rotation = .none
    ) throws -> Picture {
        func refuse(_ reason: String) -> SignalWireError {
            SignalWireError.InvalidArgument(reason: reason, code: nil)
        }
        guard (1...16_384).contains(width), (1...16_384).contains(height) else {
            throw refuse("pictures have 16x16 to 4096x2304 pixels; got \(width)x\(height)")
        }
        let half = (width + 1) / 2
        let colour = format == .nv12 ? [2 * half] : [half, half]
        let rows = [width] + colour
        guard planes.count == rows.count else {
            throw refuse("a picture of this format has \(rows.count) planes; got \(planes.count)")
        }
        var memory: [PlaneMemory] = []
        for (number, plane) in planes.enumerated() {
            let count = number == 0 ? height : (height + 1) / 2
            let least = (count - 1) * plane.stride + rows[number]
            guard plane.stride >= rows[number], plane.stride <= 1 << 20,
                plane.samples.count >= least, let start = plane.samples.baseAddress
            else {
                throw refuse("plane \(number) has \(count) rows of \(rows[number]) bytes")
            }
            memory.append(
                PlaneMemory(
                    address: UInt64(UInt(bitPattern: start)), stride: UInt32(plane.stride),
                    rowBytes: UInt32(rows[number]), rows: UInt32(count)))
        }
        let picture = try Picture(
            format: format, width: UInt32(width), height: UInt32(height), planes: memory,
            timestampUs: timestampUs)
        return rotation == .none ? picture : picture.withRotation(rotation: rotation)
    }
}

/// The received pictures of a call, for one reader; ends with the call.
///
/// A reader that is slower than the video loses the oldest pictures that wait, which `dropped` counts.
public struct Pictures: AsyncSequence, Sendable {
    public typealias Element = Picture
    public typealias AsyncIterator = AsyncStream<Picture>.AsyncIterator
    fileprivate let stream: AsyncStream<Picture>
    fileprivate let sink: PictureQueueSink

    /// How many pictures were dropped because the reader was too slow.
    public var dropped: UInt64 { sink.dropped }

    public func makeAsyncIterator() -> AsyncIterator {
        stream.makeAsyncIterator()
    }
}

extension Call {
    /// The received pictures, from now on. They may be kept; each is some megabytes.
    ///
    /// `queuePictures`: how many wait for a slow reader, 1 to 100. Throws `NotSupported` where the
    /// library was built without `video-codecs`, `Closed` after the call's end.
    public func pictureStream(
        format: PixelFormat = .i420, queuePictures: Int = 2
    ) throws -> Pictures {
        guard (1...100).contains(queuePictures) else {
            let reason = "queuePictures must be 1 to 100; got \(queuePictures)"
            throw SignalWireError.InvalidArgument(reason: reason, code: nil)
        }
        let (stream, continuation) = AsyncStream<Picture>.makeStream(
            bufferingPolicy: .bufferingNewest(queuePictures))
        let sink = PictureQueueSink(continuation)
        let id = try addPictureSink(format: format, sink: sink)
        // The end of the events is the end of the call, and a stream of them can be given up.
        let events = self.events()
        Task {
            while await events.next() != nil {}
            continuation.finish()
        }
        continuation.onTermination = { [weak self] _ in
            events.cancel()
            self?.removePictureSink(sink: id)
        }
        return Pictures(stream: stream, sink: sink)
    }
}

/// Passes pictures on and counts those that found no place.
private final class PictureQueueSink: PictureSink, @unchecked Sendable {
    private let continuation: AsyncStream<Picture>.Continuation
    private let lock = NSLock()
    private var count: UInt64 = 0

    init(_ continuation: AsyncStream<Picture>.Continuation) {
        self.continuation = continuation
    }

    var dropped: UInt64 {
        lock.lock()
        defer { lock.unlock() }
        return count
    }

    func onPicture(picture: Picture) throws {
        guard case .dropped = continuation.yield(picture) else { return }
        lock.lock()
        count += 1
        lock.unlock()
    }
}
