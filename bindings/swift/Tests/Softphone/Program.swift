import Foundation
import SignalWireClient

/// A phone for scripts, with the commands, lines and exit codes of the Rust example
/// `softphone --json`: the scenarios of the repository play calls with it.
@main
enum Program {
    static func main() async {
        let arguments = CommandLine.arguments.dropFirst().filter { $0 != "--json" }
        let code = await Softphone(Array(arguments)).run()
        _ = shutdown()
        // The thread that reads the commands may still wait for one, with the lock that exit() asks for.
        _exit(code)
    }
}

/// Lines of standard input, read on a thread of their own, since reading cannot be interrupted.
final class StandardInput: @unchecked Sendable {
    let lines: AsyncStream<String>
    private let lock = NSLock()
    private var underWay = 0

    init() {
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        self.lines = lines
        Thread.detachNewThread { [self] in
            while let line = readLine() {
                let command = line.trimmingCharacters(in: .whitespaces)
                guard !command.isEmpty else { continue }
                count(1)
                continuation.yield(command)
            }
            continuation.finish()
        }
    }

    /// How many commands were read and are not done.
    var pending: Int {
        lock.withLock { underWay }
    }

    /// A command is done.
    func done() {
        count(-1)
    }

    private func count(_ more: Int) {
        lock.withLock { underWay += more }
    }
}
