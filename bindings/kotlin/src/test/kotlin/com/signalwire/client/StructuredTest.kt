package com.signalwire.client

import java.util.concurrent.atomic.AtomicInteger
import kotlin.coroutines.CoroutineContext
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Calls and clients that end with the code that uses them, and flows that count what is lost. */
class StructuredTest {
    @Test
    fun `a call ends with its block, also when the block throws`() = connected { client ->
        val ids = mutableListOf<String>()
        val answer =
            client.withCall("/public/echo") { call ->
                ids += call.id()
                assertEquals(CallState.ACTIVE, call.state())
                42
            }
        assertEquals(42, answer)
        val mine = IllegalStateException("mine")
        val thrown =
            failsWith<IllegalStateException> {
                client.withCall("/public/echo") { call ->
                    ids += call.id()
                    throw mine
                }
            }
        assertSame(mine, thrown)
        for (id in ids) {
            assertEquals("ended", Gateway.call(id)["state"].asString)
            assertEquals("client", Gateway.call(id)["ended_by"].asString)
        }
        assertTrue(client.calls().isEmpty())
    }

    @Test
    fun `a cancelled dial hangs up`() = connected { client ->
        val dialling = launch { client.dialAndWait("/public/never") }
        while (client.calls().isEmpty()) delay(5)
        val call = client.calls().single()
        call.eventFlow().filterIsInstance<CallEvent.StateChanged>().first {
            it.state == CallState.RINGING
        }
        dialling.cancelAndJoin()
        assertEquals(EndKind.LOCAL_HANGUP, call.ended().kind)
        assertEquals("client", Gateway.call(call.id())["ended_by"].asString)
        failsWith<SignalWireException.CallFailed> { client.dialAndWait("/public/busy") }
        assertTrue(client.calls().isEmpty())
    }

    @Test
    fun `a client ends with its block`() = limited {
        var outside: Client? = null
        withClient(Gateway.options()) { client ->
            assertEquals(ClientState.CONNECTED, client.state())
            outside = client
        }
        failsWith<IllegalStateException> { outside!!.state() }
        val refused = Gateway.options(Gateway.token(ttl = -5))
        failsWith<SignalWireException.Unauthorized> { withClient(refused) {} }
    }

    /** Cancels [whole] when anything of it is resumed for the `n`th time. */
    private class CancelAt(private val n: Int) : CoroutineDispatcher() {
        lateinit var whole: Job
        private val count = AtomicInteger()

        override fun dispatch(context: CoroutineContext, block: Runnable) {
            if (count.incrementAndGet() == n) whole.cancel()
            Dispatchers.Default.dispatch(context, block)
        }
    }

    @Test
    fun `a coroutine is cancelled at each of its awaits`() = limited {
        val reference = "cancelled@example.com"
        val token = Gateway.token(reference)
        var awaits = 0
        do {
            awaits += 1
            val dispatcher = CancelAt(awaits)
            val whole = async(Job() + dispatcher, CoroutineStart.LAZY) { everything(token) }
            dispatcher.whole = whole
            val failure = runCatching { whole.await() }.exceptionOrNull()
            assertTrue(failure == null || failure is CancellationException) { "$awaits: $failure" }
            // The client has said goodbye in each case, and its calls are over.
            Gateway.until("await $awaits") { state ->
                val sessions = state["sessions"].asJsonArray.map { it.asJsonObject }
                val calls = state["calls"].asJsonArray.map { it.asJsonObject }
                val mine = sessions.filter { it["reference"].asString == reference }
                mine.none { it["connected"].asBoolean } && calls.all { it["state"].asString == "ended" }
            }
        } while (failure != null)
        assertTrue(awaits > 8) { "$awaits" }
        println("a call has $awaits awaits; it was cancelled at each")
    }

    private suspend fun everything(token: String) =
        withClient(Gateway.options(token)) { client ->
            client.subscriberInfo()
            client.withCall("/public/echo") { call ->
                call.eventFlow().filterIsInstance<CallEvent.MediaConnected>().first()
                call.sendDigits("1")
                call.audioFlow().first()
                call.mute()
                call.unmute()
            }
        }

    @Test
    fun `what a slow collector loses is counted`() = connected { client ->
        val call = client.dialAndWait("/public/tone")
        val slow = call.audioFlow(AudioFormat(8_000u, 1u), queueFrames = 2)
        assertEquals(0, slow.dropped)
        val frames =
            slow.onEach { while (slow.dropped < 3) delay(5) }.take(4).toList().map { it.timestampUs }
        assertEquals(frames.sorted(), frames)
        // The gap is as long as what was counted, and what waits for nobody any more is not counted.
        val missing = (frames.last() - frames.first()) / 20_000u + 1u - frames.size.toULong()
        assertTrue(missing <= slow.dropped.toULong()) { "$missing of ${slow.dropped}" }
        val after = slow.dropped
        call.audioFlow().take(10).toList()
        assertEquals(after, slow.dropped)
        failsWith<IllegalArgumentException> { call.audioFlow(queueFrames = 0) }
        failsWith<SignalWireException.InvalidArgument> {
            call.audioFlow(AudioFormat(1u, 1u)).first()
        }
        call.hangup()
        failsWith<SignalWireException.Closed> { call.audioFlow().first() }
    }

    @Test
    fun `what a slow collector of events misses is counted`() = connected { client ->
        val call = client.dialAndWait("/public/room")
        call.eventFlow().filterIsInstance<CallEvent.Joined>().first()
        val flow = call.eventFlow()
        var count = 0
        val slow =
            async(start = CoroutineStart.UNDISPATCHED) {
                flow.first {
                    count += 1
                    if (count == 1) {
                        // The queue holds 1024: what is more is lost while this collector rests.
                        call.eventFlow().filterIsInstance<CallEvent.MemberTalking>().take(1_100).toList()
                    }
                    flow.missed > 0
                }
            }
        val member = call.members().single().memberId
        val talking = launch {
            var isTalking = true
            while (true) {
                Gateway.fault(
                    "member_talks",
                    """"call_id":"${call.id()}","member_id":"$member","talking":$isTalking""")
                isTalking = !isTalking
                kotlinx.coroutines.yield()
            }
        }
        slow.await()
        assertTrue(flow.missed > 0)
        talking.cancelAndJoin()
        call.hangup()
    }

    @Test
    fun `tokens come from a suspending function`() = limited {
        val asked = mutableListOf<TokenReason>()
        val credentials =
            tokensFrom(this) { reason, fingerprint ->
                assertNull(fingerprint)
                asked += reason
                delay(1)
                IssuedToken(Gateway.token(ttl = if (reason == TokenReason.INITIAL) -5 else 3_600))
            }
        withClient(Gateway.options(""), credentials) { client ->
            assertEquals(listOf(TokenReason.INITIAL, TokenReason.REFUSED), asked)
            client.updateToken(Gateway.token())
            failsWith<SignalWireException.Unauthorized> {
                client.updateToken(Gateway.token(ttl = -5))
            }
        }
        assertTrue("s3cret" !in IssuedToken("s3cret").toString())
    }

    @Test
    fun `what a token function throws becomes an error without its text`() = limited {
        suspend fun failing(failure: () -> Exception): SignalWireException {
            val credentials = tokensFrom(this) { _, _ -> throw failure() }
            return failsWith<SignalWireException> {
                withClient(Gateway.options(""), credentials) {}
            }
        }
        val network = failing { IllegalStateException("s3cret") }
        assertTrue(network is SignalWireException.Network) { "$network" }
        assertTrue("s3cret" !in "$network" && "IllegalStateException" in "$network")
        val login = failing { LoginNeededException("log in again") }
        assertTrue(login is SignalWireException.Unauthorized) { "$login" }
        assertTrue("log in again" in "$login")
        val over = failing { CancellationException("given up") }
        assertTrue(over is SignalWireException.Network) { "$over" }
    }
}
