package com.signalwire.client

import kotlin.math.PI
import kotlin.math.cos
import kotlin.math.sin
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.filter
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.fail

/** Calls through the test gateway. */
class CallTest {
    @Test
    fun `an echo call from dial to hangup`() = connected { client ->
        val call = client.dial("/public/echo")
        val events = async { call.eventFlow().toList() }
        call.answered()
        assertEquals(CallState.ACTIVE, call.state())

        val speaking = launch { speak(call, 440.0) }
        val frame = call.audioFlow().first { shareOf(440.0, 48_000, it.samples()) > 0.5 }
        assertEquals(960, frame.samples().size)
        speaking.cancelAndJoin()

        call.sendDigits("12#")
        call.hold()
        assertEquals(CallState.HELD, call.state())
        call.unhold()
        val stats = call.stats()
        assertEquals("opus", stats.codec)
        assertTrue(stats.packetsReceived > 0u)
        call.hangup()
        val seen = events.await()
        val last = seen.last() as CallEvent.Ended
        assertEquals(EndKind.LOCAL_HANGUP, last.reason.kind)
        assertTrue(seen.any { it is CallEvent.MediaConnected })
        assertEquals(last.reason, call.endReason())
        call.close()
    }

    @Test
    fun `the audio flow ends with the call`() = connected { client ->
        val call = client.dial("/public/tone", DialOptions(mediaTimeoutMs = 5_000u))
        call.answered()
        val format = AudioFormat(16_000u, 2u)
        val tenth = CompletableDeferred<Unit>()
        var count = 0
        val frames = async {
            call.audioFlow(format).onEach { if (++count == 10) tenth.complete(Unit) }.toList()
        }
        val some = call.audioFlow(format).take(10).toList()
        assertEquals(some.map { it.timestampUs }.sorted(), some.map { it.timestampUs })
        // The flows have queues of their own: one may be behind the other.
        tenth.await()
        call.hangup()
        assertTrue(frames.await().size >= 10)
    }

    @Test
    fun `a sink may throw`() = connected { client ->
        val call = client.dial("/public/tone")
        call.answered()
        var calls = 0
        val sink =
            object : AudioSink {
                override fun onFrame(frame: PcmFrame) {
                    calls += 1
                    throw if (calls % 2 == 0) CallbackException.Failed("on purpose")
                    else IllegalStateException("on purpose")
                }
            }
        val id = call.addAudioSink(AudioFormat(8_000u, 1u), sink)
        while (calls < 6) delay(10)
        call.removeAudioSink(id)
        assertEquals(CallState.ACTIVE, call.state())
    }

    @Test
    fun `refusals and mistakes are exceptions of their own`() = connected { client ->
        try {
            client.dial("/public/reject").answered()
            fail("it was answered")
        } catch (error: SignalWireException.CallFailed) {
            assertEquals(21, error.code)
        }
        try {
            client.dial("nonsense")
            fail("it was dialled")
        } catch (error: SignalWireException.InvalidArgument) {
            assertTrue(error.reason.contains("is not an address"))
        }
        try {
            Client(ClientOptions(token = "not-a-token"))
            fail("it was taken")
        } catch (error: SignalWireException.InvalidToken) {
            assertEquals(null, error.code)
        }
    }

    @Test
    fun `waits are cancelled without harm`() = connected { client ->
        val call = client.dial("/public/slow")
        repeat(20) {
            val wait = launch { call.answered() }
            delay(1)
            wait.cancelAndJoin()
        }
        call.answered()
        assertEquals(CallState.ACTIVE, call.state())
    }

    @Test
    fun `the directory and the subscriber`() = connected { client ->
        assertTrue(client.subscriberInfo().id.isNotEmpty())
        val rooms = client.addresses(AddressQuery(addressType = AddressType.ROOM)).addresses
        assertEquals(setOf(AddressType.ROOM), rooms.map { it.addressType }.toSet())
        assertEquals("/public/lounge?channel=video", dialString(rooms.first()))
        val events = client.eventFlow()
        val ready = events.filterIsInstance<ClientEvent.SessionReady>().first()
        assertEquals(false, ready.isResumed)
    }

    @Test
    fun `members are seen and controlled`() = connected { client ->
        val call = client.dial("/public/lounge")
        val events = call.eventFlow()
        events.filterIsInstance<CallEvent.Joined>().first()
        val own = call.members().single()
        assertTrue(own.isSelf && !own.audioMuted)
        assertTrue(call.capabilities().contains("self"))

        val updates =
            async(start = CoroutineStart.UNDISPATCHED) {
                events.filterIsInstance<CallEvent.MemberUpdated>().take(2).toList()
            }
        call.setAudioMuted(MemberTarget.Member(own.memberId), true)
        assertTrue(call.isMuted())
        call.setAudioMuted(MemberTarget.All, false)
        assertEquals(listOf("audio_muted"), updates.await().first().changed)
        assertEquals(listOf(true, false), updates.await().map { it.member.audioMuted })
        assertTrue(!call.isMuted())
        call.setAudioFlags(MemberTarget.Own, AudioFlags(autoGain = false))
        call.setLocked(true)
        assertTrue(call.execute("call.unlock").startsWith("{"))

        val layout =
            async(start = CoroutineStart.UNDISPATCHED) {
                events.filterIsInstance<CallEvent.LayoutChanged>().first().layout
            }
        val name = call.layouts().first()
        call.setLayout(name)
        assertEquals(name, layout.await().id)
        call.setPositions(listOf(MemberPosition(MemberTarget.Own, "reserved-0")))

        failsWith<SignalWireException.InvalidArgument> {
            call.setInputVolume(MemberTarget.Own, 51)
        }
        failsWith<SignalWireException.NotFound> { call.removeMember("stranger") }
        failsWith<SignalWireException.Rejected> { call.transfer("/public/tone") }
        call.endFor(MemberTarget.Own)
        call.ended()
        failsWith<SignalWireException.Closed> { call.setDeaf(MemberTarget.Own, true) }
    }

    @Test
    fun `what an agent says is read`() = connected { client ->
        val call = client.dial("/public/agent")
        call.answered()
        val heard =
            async(start = CoroutineStart.UNDISPATCHED) {
                call.eventFlow()
                    .filterIsInstance<CallEvent.Transcript>()
                    .filter { it.speaker == Speaker.PERSON }
                    .take(2)
                    .toList()
            }
        call.subscribeTranscript()
        call.subscribe("user_event")
        call.sendDigits("42")
        assertEquals(listOf("42" to false, "42" to true), heard.await().map { it.text to it.isFinal })
        assertEquals(0.95, heard.await().last().confidence)
        call.hangup()
    }

    @Test
    fun `calls come in and are declined, refused and answered`() = connected { client ->
        val own = checkNotNull(dialString(client.subscriberInfo().addresses.first()))
        client.online()
        client.setDoNotDisturb(DoNotDisturb.ALWAYS)
        assertEquals(EndKind.BUSY, client.dial(own).ended().kind)
        val declined = client.eventFlow().filterIsInstance<ClientEvent.CallDeclined>().first()
        assertEquals(own.substringBefore('?'), declined.toNumber)
        client.setDoNotDisturb(DoNotDisturb.OFF)

        suspend fun ring(): Pair<Call, Call> {
            val incoming =
                async(start = CoroutineStart.UNDISPATCHED) {
                    client.eventFlow().filterIsInstance<ClientEvent.IncomingCall>().first()
                }
            val out = client.dial(own)
            return out to checkNotNull(client.call(incoming.await().callId))
        }
        val (refusedOut, refused) = ring()
        refused.reject()
        assertEquals(EndKind.BUSY, refusedOut.ended().kind)
        val (out, call) = ring()
        assertEquals(Direction.INBOUND, call.direction())
        call.answer()
        out.answered()
        assertTrue(call.audioFlow().first().samples().isNotEmpty())
        out.hangup()
        assertEquals(EndKind.REMOTE_HANGUP, call.ended().kind)
        client.offline()
    }

    @Test
    fun `a list entry by entry, an address by name, a message sent once`() = connected { client ->
        val query = AddressQuery(pageSize = 5u, sortBy = AddressSort.NAME)
        val names = client.allAddresses(query).asFlow().toList().map { it.name }
        assertTrue(names.size > 10)
        assertEquals(names.sorted(), names)
        val echo = client.addressByName("/public/echo")
        assertEquals(echo, client.cachedAddress(echo.id))
        val talk = client.joinConversation(echo.id)
        val message = client.composeMessage(talk.id, talk.fromAddressId, "from Kotlin")
        message.send()
        message.send()
        assertEquals(SendState.SENT, message.state())
        val texts = client.allMessages(talk.id).asFlow().toList().map { it.text }
        assertEquals(listOf("from Kotlin"), texts)
        val told = client.eventFlow().filterIsInstance<ClientEvent.Message>().first()
        assertEquals(MessageKind.CHAT, told.message.kind)
    }

    @Test
    fun `an expected call and the call screen`() = connected { client ->
        val expected = client.expectCall("never", 50u)
        try {
            expected.answer()
            fail("it came")
        } catch (error: SignalWireException.Timeout) {
            assertEquals(ExpectedCallState.EXPIRED, expected.state())
        }
        val screen = HostCall("never")
        assertEquals(listOf(HostAction.ReportIncoming), screen.handle(HostInput.Pushed))
        assertEquals(listOf(HostAction.Answer), screen.handle(HostInput.UserAnswers))
        val ended = screen.handle(HostInput.CallEnded(HostEndReason.FAILED))
        val report = HostAction.ReportEnded(HostEndReason.FAILED)
        assertEquals(listOf(HostAction.FailAnswer, report), ended)
        assertEquals(HostPhase.OVER, screen.phase())
        val device = client.registerDevice(DeviceType.ANDROID, "t0ken")
        client.unregisterDevice(device.id)
    }

    private suspend fun speak(call: Call, hz: Double) {
        val sound = ShortArray(2_400) { (12_000 * sin(2 * PI * hz * it / 48_000)).toInt().toShort() }
        while (true) {
            if (call.queuedAudioMs() < 100u) call.pushAudio(sound) else delay(5)
        }
    }

    /** Which share of the energy lies at `hz`, 0 to 1; 0 for near silence. Goertzel. */
    private fun shareOf(hz: Double, rate: Int, samples: ShortArray): Double {
        val energy = samples.sumOf { it.toDouble() * it }
        if (energy < 100_000.0 * samples.size) return 0.0
        val factor = 2 * cos(2 * PI * hz / rate)
        var before = 0.0
        var last = 0.0
        for (sample in samples) {
            val next = sample + factor * last - before
            before = last
            last = next
        }
        val power = last * last + before * before - factor * last * before
        return 2 * power / (samples.size * energy)
    }
}
