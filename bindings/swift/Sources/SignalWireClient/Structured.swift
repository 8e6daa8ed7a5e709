/// Connects a client for the time of `body`, and disconnects it afterwards, whether the body returns,
/// throws or is cancelled. All its calls end with it.
///
/// `credentials`: where its tokens come from; without, it has the one token of the options. Throws as
/// `Client(options:)`, `connect` and the body.
public func withClient<R: Sendable>(
    _ options: ClientOptions,
    credentials: Credentials? = nil,
    _ body: @Sendable (Client) async throws -> R
) async throws -> R {
    let client =
        if let credentials {
            try Client.withCredentials(options: options, credentials: credentials)
        } else {
            try Client(options: options)
        }
    do {
        // Disconnecting is what makes a connection that nobody wants any more give up.
        try await cancellable {
            try await client.connect()
        } onCancel: {
            try await client.disconnect()
        }
        let result = try await body(client)
        try await client.disconnect()
        return result
    } catch {
        try? await client.disconnect()
        throw error
    }
}

extension Client {
    /// Dials, waits for the answer and gives the call. If the task is cancelled or the call fails, it
    /// is hung up before this ends. See `dial` for the address, the options and the errors, and
    /// `answered` of the call. Throws `CancellationError` when it was cancelled.
    public func dialAndWait(_ address: String, options: DialOptions = DialOptions()) async throws
        -> Call
    {
        let call = try dial(address: address, options: options)
        do {
            try await cancellable {
                try await call.answered()
            } onCancel: {
                try await call.hangup()
            }
            return call
        } catch {
            try? await call.hangup()
            throw error
        }
    }

    /// Dials, waits for the answer, runs `body` with the call and hangs up, whether the body returns,
    /// throws or is cancelled. Throws as `dialAndWait` and the body.
    public func withCall<R: Sendable>(
        _ address: String,
        options: DialOptions = DialOptions(),
        _ body: @Sendable (Call) async throws -> R
    ) async throws -> R {
        let call = try await dialAndWait(address, options: options)
        do {
            let result = try await body(call)
            try await call.hangup()
            return result
        } catch {
            try? await call.hangup()
            throw error
        }
    }
}

/// Waits for `work`. The library hears nothing of a task's cancellation: `onCancel` must bring the
/// work to its end.
private func cancellable(
    _ work: @Sendable () async throws -> Void,
    onCancel: @escaping @Sendable () async throws -> Void
) async throws {
    do {
        try await withTaskCancellationHandler(operation: work) {
            Task { try? await onCancel() }
        }
    } catch {
        try Task.checkCancellation()
        throw error
    }
    try Task.checkCancellation()
}
