package com.signalwire.client

import java.lang.reflect.InvocationTargetException
import java.nio.ByteBuffer
import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** What applications do wrong, and what comes of it: an exception, never a crash. */
class MisuseTest {
    private val mono = AudioFormat(48_000u, 1u)

    @Test
    fun `audio of the wrong kind is refused`() = connected { client ->
        client.withCall("/public/echo") { call ->
            failsWith<IllegalArgumentException> { call.pushAudio(ByteBuffer.allocate(1_920), mono) }
            failsWith<SignalWireException.InvalidArgument> {
                call.pushAudio(ByteBuffer.allocateDirect(3), mono)
            }
            for (format in listOf(AudioFormat(0u, 1u), AudioFormat(48_000u, 3u))) {
                failsWith<SignalWireException.InvalidArgument> {
                    call.pushAudio(ByteBuffer.allocateDirect(12), format)
                }
            }
            failsWith<SignalWireException.InvalidArgument> {
                call.pushAudio(ByteBuffer.allocateDirect(0), mono)
            }
            // From the position to the limit, as everywhere in java.nio.
            val part = ByteBuffer.allocateDirect(1_921)
            part.position(1)
            assertEquals(0u, call.pushAudio(part, mono))
            call.removeAudioSink(4_711u)
            failsWith<SignalWireException.Media> { call.playWav("/no/such/file.wav") }
            failsWith<SignalWireException.InvalidArgument> { call.sendDigits("12x") }
        }
    }

    @Test
    fun `null and wrong types from Java are exceptions`() = connected { client ->
        val dial =
            Client::class.java.getMethod("dial", String::class.java, DialOptions::class.java)
        val thrown =
            assertThrows(InvocationTargetException::class.java) {
                dial.invoke(client, null, DialOptions())
            }
        assertTrue(thrown.cause is NullPointerException) { "${thrown.cause}" }
        assertThrows(IllegalArgumentException::class.java) { dial.invoke(client, 42, DialOptions()) }
        failsWith<IllegalArgumentException> { JavaOptions.dial().ringTimeoutMs(-1) }
        failsWith<SignalWireException.InvalidArgument> {
            client.dial("/public/echo", JavaOptions.dial().audioQueueMs(1_000_000).build())
        }
        assertTrue(client.calls().isEmpty())
    }

    @Test
    fun `every option can be set from Java`() {
        for ((options, builder) in
            listOf(
                ClientOptions::class to JavaOptions.ForClient::class,
                DialOptions::class to JavaOptions.ForDial::class,
                AnswerOptions::class to JavaOptions.ForAnswer::class)) {
            val fields =
                options.java.declaredFields.map { it.name }.filter { it != "Companion" }.toSet()
            val methods = builder.java.declaredMethods.map { it.name }.toSet() - "build" - "set"
            assertEquals(fields - "token", methods.filter { '$' !in it }.toSet(), "$builder")
        }
    }

    @Test
    fun `what was closed says so`() = limited {
        val client = Client(Gateway.options())
        client.connect()
        val call = client.dialAndWait("/public/echo")
        val events = call.events()
        val waiting = async(start = CoroutineStart.UNDISPATCHED) { call.ended() }
        events.close()
        events.close()
        failsWith<IllegalStateException> { events.next() }
        call.close()
        failsWith<IllegalStateException> { call.state() }
        failsWith<IllegalStateException> { call.hangup() }
        failsWith<IllegalStateException> { call.audioFlow().first() }
        // A wait that was under way goes on, and the call with it.
        val same = client.calls().single()
        same.hangup()
        assertEquals(EndKind.LOCAL_HANGUP, waiting.await().kind)
        client.disconnect()
        failsWith<SignalWireException.Closed> { client.connect() }
        failsWith<SignalWireException.Closed> { client.dial("/public/echo") }
        client.close()
        failsWith<IllegalStateException> { client.connect() }
    }

    @Test
    fun `a callback may throw anything`() = connected { client ->
        val call = client.dialAndWait("/public/tone")
        val failures =
            listOf<() -> Nothing>(
                { throw CallbackException.Failed("on purpose") },
                { throw IllegalStateException("on purpose") },
                { throw NotImplementedError("on purpose") },
                { throw StackOverflowError("on purpose") },
                { throw InterruptedException("on purpose") },
            )
        val calls = AtomicInteger()
        val enough = CompletableDeferred<Unit>()
        val sink =
            object : AudioSink {
                override fun onFrame(frame: PcmFrame) {
                    val count = calls.getAndIncrement()
                    if (count == 2 * failures.size) enough.complete(Unit)
                    failures[count % failures.size]()
                }
            }
        val id = call.addAudioSink(AudioFormat(8_000u, 1u), sink)
        enough.await()
        call.removeAudioSink(id)
        assertEquals(CallState.ACTIVE, call.state())
        assertTrue(call.audioFlow().first().pcm.isNotEmpty())
        call.hangup()
    }

    @Test
    fun `a sink removes itself and calls the library`() = connected { client ->
        val call = client.dialAndWait("/public/tone")
        val done = CompletableDeferred<CallState>()
        val number = CompletableDeferred<ULong>()
        val count = AtomicInteger()
        val sink =
            object : AudioSink {
                override fun onFrame(frame: PcmFrame) {
                    if (!number.isCompleted) return
                    count.incrementAndGet()
                    call.removeAudioSink(kotlinx.coroutines.runBlocking { number.await() })
                    call.pushAudio(frame.samples(), frame.format)
                    done.complete(call.state())
                }
            }
        number.complete(call.addAudioSink(mono, sink))
        assertEquals(CallState.ACTIVE, done.await())
        call.audioFlow().first()
        assertEquals(1, count.get())
        call.hangup()
    }

    @Test
    fun `a store and a provider that throw fail the connection alone`() = limited {
        val store =
            object : TokenStore {
                override fun load(): String? = throw IllegalStateException("on purpose")

                override fun save(text: String) = throw CallbackException.Failed("on purpose")

                override fun clear() = Unit
            }
        val logins = OAuth(OAuthConfig("app", "com.example.app://callback"))
        failsWith<SignalWireException.InvalidState> {
            withClient(Gateway.options(""), logins.credentials(store)) {}
        }
        val provider =
            object : CredentialProvider {
                override fun requestToken(
                    reason: TokenReason,
                    fingerprint: String?,
                    reply: TokenReply,
                ) = throw CallbackException.Failed("on purpose")
            }
        failsWith<SignalWireException.Network> {
            withClient(Gateway.options(""), Credentials.provider(provider)) {}
        }
        val silent =
            object : CredentialProvider {
                override fun requestToken(
                    reason: TokenReason,
                    fingerprint: String?,
                    reply: TokenReply,
                ) = reply.close()
            }
        failsWith<SignalWireException> {
            withClient(Gateway.options(""), Credentials.provider(silent)) {}
        }
        withClient(Gateway.options()) { it.subscriberInfo() }
    }

    @Test
    fun `waits are abandoned in every state without harm`() = connected { client ->
        val call = client.dial("/public/slow")
        repeat(20) {
            val waits: List<Job> = List(10) { launch { call.answered() } } + launch { call.ended() }
            kotlinx.coroutines.yield()
            waits.forEach { it.cancelAndJoin() }
        }
        call.answered()
        call.hangup()
    }

    /** Makes objects and lets go of all of them but what `keep` chooses. */
    private suspend fun <T> kept(token: String, keep: (Client, Call, CallEvents) -> T): T {
        val client = Client(Gateway.options(token))
        client.connect()
        val call = client.dial("/public/tone")
        call.answered()
        call.addAudioSink(
            mono,
            object : AudioSink {
                override fun onFrame(frame: PcmFrame) = Unit
            })
        return keep(client, call, call.events())
    }

    private suspend fun collected(reference: String) {
        Gateway.until("$reference is still connected") { state ->
            System.gc()
            state["sessions"].asJsonArray.map { it.asJsonObject }.none {
                it["reference"].asString == reference && it["connected"].asBoolean
            }
        }
    }

    @Test
    fun `objects are collected in any order`() = limited {
        var client: Client? = kept(Gateway.token("gc-client")) { client, _, _ -> client }
        repeat(5) { System.gc() }
        val call = client!!.calls().single()
        assertTrue(call.audioFlow().first().pcm.isNotEmpty())
        call.hangup()
        client = null
        collected("gc-client")

        // The client goes first, and its call with it; what is left of the call still answers.
        val left = kept(Gateway.token("gc-call")) { _, call, _ -> call }
        collected("gc-call")
        assertEquals(CallState.ENDED, left.state())
        left.hangup()
        val events = kept(Gateway.token("gc-events")) { _, _, events -> events }
        collected("gc-events")
        while (true) events.next() ?: break
    }
}
