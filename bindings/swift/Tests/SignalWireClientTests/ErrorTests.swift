import XCTest

@testable import SignalWireClient

final class ErrorTests: XCTestCase {
    func testWhatIsNoTokenIsRefusedAndNotRepeated() {
        XCTAssertThrowsError(try Client(options: ClientOptions(token: "not-a-token"))) { error in
            guard case SignalWireError.InvalidToken(let reason, let code) = error else {
                return XCTFail("\(error)")
            }
            XCTAssertFalse(reason.contains("not-a-token"))
            XCTAssertNil(code)
        }
    }

    func testTheLibraryTellsItsVersion() {
        XCTAssertFalse(version().isEmpty)
    }
}
