package com.signalwire.client

import kotlin.coroutines.cancellation.CancellationException
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext

/**
 * Connects a client for the time of [block], and disconnects it afterwards, whether the block
 * returns, throws or is cancelled. All its calls end with it.
 *
 * `credentials`: where its tokens come from; without, it has the one token of the options.
 * Fails as `Client(options)`, [Client.connect] and the block.
 */
public suspend fun <R> withClient(
    options: ClientOptions,
    credentials: Credentials? = null,
    block: suspend (Client) -> R,
): R {
    SignalWire.prepare()
    val client =
        if (credentials == null) Client(options)
        else Client.withCredentials(options, credentials)
    return client.use {
        finishing({ client.disconnect() }) {
            client.connect()
            block(client)
        }
    }
}

/**
 * Dials, waits for the answer and gives the call. If the wait is cancelled or the call fails, it is
 * hung up before this ends. See [Client.dial] for the address, the options and the errors, and
 * [Call.answered].
 */
public suspend fun Client.dialAndWait(address: String, options: DialOptions = DialOptions()): Call {
    val call = dial(address, options)
    try {
        call.answered()
        return call
    } catch (failure: Throwable) {
        call.use { finish(failure) { call.hangup() } }
        throw failure
    }
}

/**
 * Dials, waits for the answer, runs [block] with the call and hangs up, whether the block returns,
 * throws or is cancelled. Fails as [dialAndWait] and the block.
 */
public suspend fun <R> Client.withCall(
    address: String,
    options: DialOptions = DialOptions(),
    block: suspend (Call) -> R,
): R = dialAndWait(address, options).use { call -> finishing({ call.hangup() }) { block(call) } }

/** Runs [block], then [end], which a cancellation does not interrupt. */
private suspend fun <R> finishing(end: suspend () -> Unit, block: suspend () -> R): R {
    val result =
        try {
            block()
        } catch (failure: Throwable) {
            finish(failure, end)
            throw failure
        }
    finish(null, end)
    return result
}

/** Runs [end]; what fails there does not hide [failure]. */
private suspend fun finish(failure: Throwable?, end: suspend () -> Unit) {
    try {
        withContext(NonCancellable) { end() }
    } catch (second: SignalWireException) {
        // Only a library that was shut down refuses; everything is over then.
        if (second !is SignalWireException.Cancelled) (failure ?: throw second).addSuppressed(second)
    } catch (cancellation: CancellationException) {
        // The cancellation came while the end was under way, and the end is done.
        if (failure == null) throw cancellation
    }
}
