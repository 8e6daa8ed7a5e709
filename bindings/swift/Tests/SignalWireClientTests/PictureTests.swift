import Foundation
import XCTest

@testable import SignalWireClient

/// Pictures, and their way through a call; the library of the tests is built with codecs.
final class PictureTests: GatewayTestCase {
    func testPlanesAreThePicturesOwnMemory() throws {
        let card = try TestCard(width: 160, height: 96)
        let picture = card.picture(number: 321, timestampUs: 5).toFormat(format: .nv12)
        let white = picture.withPlane(0) { samples, stride -> UInt8 in
            XCTAssertEqual(samples.count, 160 * 96)
            return samples[6 * stride + 2]
        }
        XCTAssertGreaterThan(white ?? 0, 200)
        XCTAssertNil(picture.withPlane(2) { samples, _ in samples.count })

        let copy = try picture.withPlane(0) { luma, lumaStride in
            try picture.withPlane(1) { colour, colourStride in
                try Picture.copying(
                    format: .nv12, width: 160, height: 96,
                    planes: [(luma, lumaStride), (colour, colourStride)], timestampUs: 9,
                    rotation: .upsideDown)
            }
        }
        let made = try XCTUnwrap(copy ?? nil)
        XCTAssertEqual(card.read(picture: made), 321)
        XCTAssertEqual(made.timestampUs(), 9)
        XCTAssertEqual(made.rotation(), .upsideDown)
        let refused = failure {
            _ = try Picture.copying(
                format: .i420, width: 160, height: 96, planes: [], timestampUs: 0)
        }
        guard case SignalWireError.InvalidArgument? = refused else {
            return XCTFail("\(refused as Any)")
        }
    }

    func testTestCardsComeBackThroughACall() async throws {
        try await connected { client, _ in
            let options = DialOptions(video: .sendReceive, videoCodecs: [.vp8])
            let call = try client.dial(address: "/public/echo", options: options)
            for await event in call.eventStream() {
                if case .videoConnected = event { break }
            }
            let card = try TestCard(width: 160, height: 96)
            let showing = Task {
                for number in UInt16(0)... {
                    try Task.checkCancellation()
                    let picture = card.picture(
                        number: number, timestampUs: UInt64(number) * 33_333)
                    _ = try call.pushPicture(picture: picture)
                    try await Task.sleep(nanoseconds: 33_000_000)
                }
            }
            var seen: [UInt16] = []
            for await picture in try call.pictureStream(format: .nv12) {
                seen.append(try XCTUnwrap(card.read(picture: picture)))
                if seen.count == 10 { break }
            }
            showing.cancel()
            XCTAssertEqual(seen, Array(Set(seen)).sorted())
            XCTAssertGreaterThanOrEqual(call.pictureStats().decoded, 10)
            try await call.hangup()
            let closed = failure { _ = try call.pictureStream() }
            guard case SignalWireError.Closed? = closed else { return XCTFail("\(closed as Any)") }
        }
    }
}
