package com.signalwire.client

import java.nio.ByteBuffer
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Pictures, and their way through a call; the library of the tests is built with codecs. */
class PictureTest {
    @Test
    fun `planes are the picture's own memory until it is closed`() {
        SignalWire.prepare()
        val card = TestCard(160u, 96u)
        val picture = card.picture(321u, 5u).use { it.toFormat(PixelFormat.NV12) }
        val plane = checkNotNull(picture.planeBuffer(0))
        assertTrue(plane.buffer.isDirect && plane.buffer.isReadOnly)
        assertEquals(listOf(160, 160, 96), listOf(plane.stride, plane.rowBytes, plane.rows))
        assertEquals(160 * 96, plane.buffer.remaining())
        // The strip at the top begins with a white cell and a black one.
        assertTrue(plane.buffer.get(6 * 160 + 2).toUByte() > 200u)
        assertTrue(plane.buffer.get(6 * 160 + 9).toUByte() < 60u)
        assertEquals(null, picture.planeBuffer(2))

        val kept = picture.another()
        assertEquals(picture.plane(0u)?.address, kept.plane(0u)?.address)
        picture.close()
        assertThrows(IllegalStateException::class.java) { plane.buffer }
        assertEquals(321u.toUShort(), card.read(kept))
        assertTrue(kept.toPng().copyOfRange(1, 4).contentEquals("PNG".toByteArray()))
        kept.close()
        card.close()
    }

    @Test
    fun `pictures are made of direct buffers with gaps`() {
        SignalWire.prepare()
        val card = TestCard(160u, 96u)
        val source = card.picture(77u, 0u)
        val buffers =
            (0..2).map { number ->
                val plane = checkNotNull(source.planeBuffer(number))
                val rows = ByteBuffer.allocateDirect(3 + plane.rows * (plane.stride + 8))
                for (row in 0 until plane.rows) {
                    val samples = ByteArray(plane.rowBytes)
                    val from = plane.buffer
                    from.position(row * plane.stride)
                    from.get(samples)
                    rows.position(3 + row * (plane.stride + 8))
                    rows.put(samples)
                }
                rows.position(3)
                rows
            }
        val strides = listOf(168, 88, 88)
        fun make(width: Int, strides: List<Int>? = null) =
            pictureOf(PixelFormat.I420, width, 96, buffers, 9, strides, Rotation.UPSIDE_DOWN)
        make(160, strides).use { copy ->
            assertEquals(9uL, copy.timestampUs())
            assertEquals(Rotation.UPSIDE_DOWN, copy.rotation())
            assertEquals(null, copy.upright().use { card.read(it) })
            assertEquals(77u.toUShort(), card.read(copy))
        }
        assertThrows(IllegalArgumentException::class.java) { make(4_000, strides) }
        assertThrows(IllegalArgumentException::class.java) { make(160, listOf(168, 88)) }
        assertThrows(IllegalArgumentException::class.java) {
            pictureOf(PixelFormat.NV12, 160, 96, buffers, 0)
        }
        assertThrows(SignalWireException.InvalidArgument::class.java) { make(8) }
        source.close()
        card.close()
    }

    @Test
    fun `test cards come back through a call`() = connected { client ->
        val options =
            DialOptions(
                video = MediaDirection.SEND_RECEIVE, videoCodecs = listOf(VideoCodec.VP8))
        val call = client.dial("/public/echo", options)
        call.eventFlow().filterIsInstance<CallEvent.VideoConnected>().first()
        call.setVideoEncoding(VideoEncoding(maxBitrateBps = 400_000u))
        val card = TestCard(160u, 96u)
        val showing = launch {
            var number = 0
            while (true) {
                card.picture(number.toUShort(), number.toULong() * 33_333uL).use {
                    call.pushPicture(it)
                }
                number += 1
                delay(33)
            }
        }
        val seen = call.pictureFlow(PixelFormat.NV12).map { card.read(it) }.take(10).toList()
        assertTrue(seen.all { it != null })
        assertEquals(seen.map { it!!.toInt() }.sorted().distinct(), seen.map { it!!.toInt() })
        val kept = call.pictureFlow().map { it.another() }.first()
        showing.cancel()
        val stats = call.pictureStats()
        assertTrue(stats.decoded >= 10u && stats.encodeErrors == 0uL)
        call.hangup()
        assertTrue(card.read(kept) != null)
        failsWith<SignalWireException.Closed> { call.pushPicture(kept) }
        failsWith<SignalWireException.Closed> { call.pictureFlow().first() }
        kept.close()
    }
}
