package com.signalwire.client

import com.google.gson.JsonParser
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.file.Files
import kotlin.math.abs
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.async
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** What a call does with media beyond PCM in and out. */
class MediaTest {
    /** The next event of this kind that [wanted] likes; listens from now on. */
    private inline fun <reified E : CallEvent> CoroutineScope.next(
        call: Call,
        crossinline wanted: (E) -> Boolean = { true },
    ): Deferred<E> =
        async(start = CoroutineStart.UNDISPATCHED) {
            call.eventFlow().filterIsInstance<E>().first { wanted(it) }
        }

    private suspend fun settled(what: String, condition: () -> Boolean) {
        val deadline = System.nanoTime() + 20_000_000_000
        while (!condition()) {
            assertTrue(System.nanoTime() < deadline, what)
            delay(5)
        }
    }

    private suspend fun upWith(client: Client, options: DialOptions, address: String): Call {
        val call = client.dial(address, options)
        call.eventFlow().filterIsInstance<CallEvent.MediaConnected>().first()
        return call
    }

    /** The VP8 frames of the clip. */
    private fun clip(): List<ByteArray> {
        val file = ByteBuffer.wrap(File("../../tests/data/clip.ivf").readBytes())
        file.order(ByteOrder.LITTLE_ENDIAN).position(32)
        return buildList {
            while (file.hasRemaining()) {
                val frame = ByteArray(file.getInt())
                file.position(file.position() + 8)
                file.get(frame)
                add(frame)
            }
        }
    }

    private suspend fun Call.push(frames: List<ByteArray>) {
        for ((number, frame) in frames.withIndex()) {
            val data = ByteBuffer.allocateDirect(frame.size).put(frame).flip()
            assertEquals(0u, pushVideo(VideoCodec.VP8, data, number.toULong() * 33_333u))
            settled("it is on its way") { stats().video.framesSent > number.toULong() }
        }
    }

    @Test
    fun `what is received is recorded as WAV and as Ogg Opus`() = connected { client ->
        val folder = Files.createTempDirectory("sw-kotlin")
        val (wav, ogg) = listOf("call.wav", "call.ogg").map { folder.resolve(it).toString() }
        val call = client.dialAndWait("/public/tone")
        val recorders =
            listOf(
                call.record(wav, RecordOptions(RecordSide.RECEIVED, RecordFormat.WAV)),
                call.record(ogg, RecordOptions(RecordSide.MIXED, RecordFormat.OGG_OPUS)))
        settled("a second is heard") { call.stats().packetsReceived > 60u }
        for (recorder in recorders) {
            recorder.finish()
            assertEquals(0uL, recorder.lostMs())
        }
        val heard = ByteBuffer.wrap(File(wav).readBytes()).order(ByteOrder.LITTLE_ENDIAN)
        assertEquals("RIFF", String(heard.array(), 0, 4))
        val loudest = (44 until heard.limit() - 1 step 2).maxOf { abs(heard.getShort(it).toInt()) }
        assertTrue(loudest > 3_000, "$loudest")
        assertEquals("OggS", String(File(ogg).readBytes(), 0, 4))
        failsWith<SignalWireException.Media> {
            call.record("$folder/none/x.wav", RecordOptions(RecordSide.SENT, RecordFormat.WAV))
        }
        call.hangup()
        folder.toFile().deleteRecursively()
    }

    @Test
    fun `calls in one conference hear each other`() = connected { client ->
        Mixer().use { mixer ->
            val call = client.dialAndWait("/public/tone")
            val other = client.dialAndWait("/public/echo")
            mixer.add(call)
            mixer.add(other)
            assertEquals(listOf(call.id(), other.id()), mixer.callIds())
            val loud = CompletableDeferred<Int>()
            mixer.setSink(
                object : AudioSink {
                    override fun onFrame(frame: PcmFrame) {
                        val peak = frame.samples().maxOf { abs(it.toInt()) }
                        if (peak > 3_000) loud.complete(frame.pcm.size)
                    }
                })
            assertEquals(1_920, loud.await())
            mixer.setSink(null)
            assertEquals(0uL, mixer.pushAudio(ByteBuffer.allocateDirect(1_920)))
            mixer.setGain(call, 0.0)
            mixer.remove(call)
            failsWith<SignalWireException.InvalidArgument> { mixer.setGain(call, 1.0) }
            call.hangup()
            other.hangup()
        }
    }

    @Test
    fun `keys go through the audio, both ways`() = connected { client ->
        val call = upWith(client, DialOptions(dtmf = DtmfMethod.RTP), "/public/echo")
        call.sendDigits("7")
        Gateway.until("the key is heard") { state ->
            val calls = state["calls"].asJsonArray.map { it.asJsonObject }
            val own = calls.first { it["call_id"].asString == call.id() }
            val events = own["streams"].asJsonArray[0].asJsonObject["rtp_events"].asJsonArray
            events.map { it.asJsonObject["digit"].asString } == listOf("7")
        }
        assertEquals("", Gateway.call(call.id())["digits"].asString)
        val pressed = next<CallEvent.DigitReceived>(call)
        Gateway.fault("press_keys", """"call_id":"${call.id()}","digits":"4"""")
        assertEquals("4", pressed.await().digit)
        call.hangup()
    }

    @Test
    fun `loss is warned of until it is over, and speech is noticed`() = connected { client ->
        val call = client.dial("/public/tone")
        val speaks = next<CallEvent.SpeakingChanged>(call)
        val quality = next<CallEvent.QualityChanged>(call)
        assertEquals(CallEvent.SpeakingChanged(isLocal = false, isSpeaking = true), speaks.await())
        assertTrue(quality.await().mos > 4.0)
        fun warned(raised: Boolean) =
            next<CallEvent.Warning>(call) {
                it.kind == WarningKind.HIGH_LOSS && it.isRaised == raised
            }
        val raised = warned(true)
        val impaired = """"call_id":"${call.id()}""""
        Gateway.fault("impair_media", "$impaired,\"loss\":0.25")
        raised.await()
        assertTrue(call.stats().mos < 4.0)
        assertTrue(call.stats().packetsLost > 0uL)
        val cleared = warned(false)
        Gateway.fault("impair_media", impaired)
        cleared.await()
        call.hangup()
    }

    @Test
    fun `the way is tried before a call, and a report tells it without secrets`() {
        val token = Gateway.token()
        connected(token) { client ->
            val report = client.preflight(PreflightOptions(echoAddress = "/public/echo", callMs = 1_000u))
            assertEquals(PreflightVerdict.PASSED, report.verdict, "${report.problems}")
            val heard = checkNotNull(report.call)
            assertTrue(heard.isEchoHeard)
            assertEquals(0.0, heard.lossFraction)
            val call = client.dialAndWait("/public/tone")
            settled("packets come") { call.stats().packetsReceived > 0u }
            for (text in listOf(client.diagnostics(), call.diagnostics())) {
                assertTrue(JsonParser.parseString(text).isJsonObject)
                assertFalse(text.contains(token))
            }
            assertTrue(call.diagnostics().contains(call.id()))
            call.hangup()
        }
    }

    @Test
    fun `media that died come back`() = connected { client ->
        val call = client.dial("/public/tone")
        call.eventFlow().filterIsInstance<CallEvent.MediaConnected>().first()
        val recovered = next<CallEvent.Recovered>(call)
        Gateway.fault("drop_media", """"call_id":"${call.id()}","until_restart":true""")
        client.networkChanged()
        recovered.await()
        val before = call.stats().packetsReceived
        settled("audio goes on") { call.stats().packetsReceived > before + 10u }
        call.hangup()
    }

    @Test
    fun `another client goes on with a session and its call`() = limited {
        val token = Gateway.token("kotlin-resumes")
        val first = Client(Gateway.options(token))
        first.connect()
        val id = first.dialAndWait("/public/tone").id()
        val record = first.sessionRecord()
        Client(Gateway.options(token).copy(resumeFrom = record)).use { second ->
            val restored =
                async(start = CoroutineStart.UNDISPATCHED) {
                    second.eventFlow().filterIsInstance<ClientEvent.CallRestored>().first()
                }
            second.connect()
            assertEquals(id, restored.await().callId)
            val call = checkNotNull(second.call(id))
            call.sendDigits("5")
            assertEquals("5", Gateway.call(id)["digits"].asString)
            call.hangup()
            second.disconnect()
        }
        first.close()
        failsWith<SignalWireException.InvalidArgument> {
            Client(Gateway.options(token).copy(resumeFrom = "damaged"))
        }
    }

    @Test
    fun `frames of video come back, and video stops inside the call`() = connected { client ->
        val call = client.dial("/public/echo", DialOptions(video = MediaDirection.SEND_RECEIVE))
        call.eventFlow().filterIsInstance<CallEvent.VideoConnected>().first()
        val seen = Channel<VideoFrame>(1_000)
        val sink =
            object : VideoSink {
                override fun onFrame(frame: VideoFrame) {
                    seen.trySend(frame)
                }
            }
        val id = call.addVideoSink(sink)
        val frames = clip()
        val pushing = launch { call.push(frames) }
        for (frame in frames) assertArrayEquals(frame, seen.receive().data)
        pushing.join()
        assertEquals(frames.size.toULong(), call.stats().video.framesReceived)
        val asked = next<CallEvent.KeyFrameRequested>(call)
        call.requestKeyFrame()
        asked.await()
        call.removeVideoSink(id)
        call.setMedia(MediaDirections(MediaDirection.SEND_RECEIVE, MediaDirection.INACTIVE))
        assertEquals(MediaDirection.INACTIVE, call.media().video)
        failsWith<SignalWireException.InvalidState> { call.push(frames.take(1)) }
        call.setMedia(MediaDirections(MediaDirection.SEND_RECEIVE, MediaDirection.SEND_RECEIVE))
        assertEquals(MediaDirection.SEND_RECEIVE, call.media().video)
        call.hangup()
    }

    @Test
    fun `a screen and a device are calls of their own`() = connected { client ->
        val call = client.dial("/public/echo")
        call.eventFlow().filterIsInstance<CallEvent.Joined>().first()
        failsWith<SignalWireException.InvalidArgument> {
            call.addDevice(DeviceOptions(sendsVideo = false))
        }
        val screen = call.startScreenShare(ScreenShareOptions(layout = "full-screen"))
        assertEquals(call.id(), screen.parentId())
        screen.eventFlow().filterIsInstance<CallEvent.VideoConnected>().first()
        val sends = MediaDirections(MediaDirection.INACTIVE, MediaDirection.SEND_ONLY)
        assertEquals(sends, screen.media())
        screen.push(clip().take(5))
        settled("frames are sent") { screen.stats().video.framesSent > 0u }
        val device = call.addDevice(DeviceOptions(sendsAudio = true, sendsVideo = false))
        device.eventFlow().filterIsInstance<CallEvent.MediaConnected>().first()
        screen.hangup()
        assertEquals(CallState.ACTIVE, call.state())
        call.hangup()
        device.ended()
    }
}
