package com.signalwire.client

import kotlin.coroutines.cancellation.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.launch

/**
 * A token with its end. Its text form does not show it.
 *
 * `expiresAt`: seconds since 1970; null if not known, the service says it then.
 */
public class IssuedToken
@JvmOverloads
constructor(public val token: String, public val expiresAt: Long? = null) {
    override fun toString(): String = "IssuedToken(expiresAt=$expiresAt)"
}

/**
 * Thrown by the function of [tokensFrom] when asking again is pointless: the user has to log in
 * again. `message`: for people, without secrets.
 */
public class LoginNeededException(message: String) : Exception(message)

/**
 * Credentials whose tokens a suspending function gets, from the application's backend for one.
 *
 * [ask] runs in [scope], within 30 s, one call at a time for each client; it is told why a token is
 * needed and, if the client has a device key, its thumbprint for the backend. What it throws becomes
 * [SignalWireException.Network], after which the client asks again, a [LoginNeededException]
 * [SignalWireException.Unauthorized]. Only the class of other exceptions is told, as their texts may
 * hold secrets. When [scope] is over, there are no more tokens.
 */
public fun tokensFrom(
    scope: CoroutineScope,
    ask: suspend (reason: TokenReason, fingerprint: String?) -> IssuedToken,
): Credentials {
    SignalWire.prepare()
    return Credentials.provider(
        object : CredentialProvider {
            override fun requestToken(
                reason: TokenReason,
                fingerprint: String?,
                reply: TokenReply,
            ) {
                val asking = scope.launch { answer(reply) { ask(reason, fingerprint) } }
                // Also of a scope that is over already, where nothing is started.
                asking.invokeOnCompletion {
                    reply.use { reply.fail("the credential provider was cancelled", false) }
                }
            }
        })
}

private suspend fun answer(reply: TokenReply, ask: suspend () -> IssuedToken) {
    try {
        val issued = ask()
        reply.give(issued.token, issued.expiresAt)
    } catch (cancellation: CancellationException) {
        throw cancellation
    } catch (login: LoginNeededException) {
        reply.fail(login.message ?: "the user has to log in again", true)
    } catch (failure: Exception) {
        reply.fail("the credential provider failed: ${failure.javaClass.simpleName}", false)
    }
}
