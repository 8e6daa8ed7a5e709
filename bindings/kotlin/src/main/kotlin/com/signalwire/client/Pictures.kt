package com.signalwire.client

import com.sun.jna.Native
import com.sun.jna.Pointer
import java.nio.ByteBuffer
import kotlinx.coroutines.channels.BufferOverflow
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.launch

/**
 * One plane of a picture, without a copy. It is good until its picture is closed, as are the buffers
 * that were taken from it: what is read later is undefined and may end the process.
 */
public class PicturePlane
internal constructor(private val picture: Picture, private val number: Int, memory: PlaneMemory) {
    /** Bytes from one row to the next. */
    public val stride: Int = memory.stride.toInt()

    /** Bytes of a row that are samples. */
    public val rowBytes: Int = memory.rowBytes.toInt()

    /** How many rows there are. */
    public val rows: Int = memory.rows.toInt()

    /**
     * The samples, row by row: a read-only direct buffer of the picture's own memory.
     *
     * Fails with [IllegalStateException] once the picture is closed.
     */
    public val buffer: ByteBuffer
        get() {
            val memory = checkNotNull(picture.plane(number.toUInt()))
            val size = (rows - 1).toLong() * stride + rowBytes
            return Pointer(memory.address.toLong()).getByteBuffer(0, size).asReadOnlyBuffer()
        }
}

/** A plane of the picture: 0 is Y; null beyond the format's planes. See [PicturePlane]. */
public fun Picture.planeBuffer(number: Int): PicturePlane? {
    require(number >= 0) { "planes are counted from 0; got $number" }
    return plane(number.toUInt())?.let { PicturePlane(this, number, it) }
}

/** A further handle of the same samples, to be kept while this one is closed. */
public fun Picture.another(): Picture = withTimestampUs(timestampUs())

/**
 * Copies a picture out of direct buffers, from their positions on; they are not changed.
 *
 * [planes]: for I420 Y, U, V; for NV12 Y, and U and V by turns; U and V have half the width and
 * height. [strides]: bytes from one row of each plane to the next; by default rows have no gaps.
 * [timestampUs]: when it was captured, by any clock that never goes back. [rotation]: for cameras that
 * are mounted so: it is turned before it is sent. Close the picture when it was pushed.
 *
 * Fails with [IllegalArgumentException] for planes that are too short or not direct, with
 * [SignalWireException.InvalidArgument] for a size below 16x16 or above 4096x2304 pixels.
 */
@JvmOverloads
public fun pictureOf(
    format: PixelFormat,
    width: Int,
    height: Int,
    planes: List<ByteBuffer>,
    timestampUs: Long,
    strides: List<Int>? = null,
    rotation: Rotation = Rotation.NONE,
): Picture {
    SignalWire.prepare()
    require(width > 0 && height > 0 && timestampUs >= 0) { "sizes and times must not be negative" }
    val sizes = planeSizes(format, width, height)
    require(planes.size == sizes.size && (strides == null || strides.size == sizes.size)) {
        "a picture of $format has ${sizes.size} planes; got ${planes.size}"
    }
    val memory =
        sizes.mapIndexed { number, (row, rows) ->
            val plane = planes[number]
            val stride = strides?.get(number) ?: row
            require(plane.isDirect) { "plane $number must be a direct buffer" }
            require(stride >= row && plane.remaining() >= (rows - 1).toLong() * stride + row) {
                "plane $number has $rows rows of $row bytes; got ${plane.remaining()} bytes, stride $stride"
            }
            val start = Pointer.nativeValue(Native.getDirectBufferPointer(plane)) + plane.position()
            PlaneMemory(start.toULong(), stride.toUInt(), row.toUInt(), rows.toUInt())
        }
    val upright =
        Picture(format, width.toUInt(), height.toUInt(), memory, timestampUs.toULong())
    return if (rotation == Rotation.NONE) upright else upright.use { it.withRotation(rotation) }
}

/** Bytes of a row and rows of each plane. */
private fun planeSizes(format: PixelFormat, width: Int, height: Int): List<Pair<Int, Int>> {
    val half = (width + 1) / 2
    val rows = (height + 1) / 2
    return when (format) {
        PixelFormat.I420 -> listOf(width to height, half to rows, half to rows)
        PixelFormat.NV12 -> listOf(width to height, 2 * half to rows)
    }
}

/**
 * The received pictures of a call as a cold flow: each collection has a sink and a queue of its own.
 * Completes with the call.
 *
 * A picture is closed when the collector has dealt with it; keep [another] handle of what has to live
 * longer. A collector that is slower than the video loses the oldest of [queuePictures], 1 to 100.
 * Collecting fails with [SignalWireException.NotSupported] where the library was built without
 * `video-codecs`, with [SignalWireException.Closed] after the call's end.
 */
public fun Call.pictureFlow(
    format: PixelFormat = PixelFormat.I420,
    queuePictures: Int = 2,
): Flow<Picture> {
    require(queuePictures in 1..100) { "queuePictures must be 1 to 100; got $queuePictures" }
    return flow {
        SignalWire.prepare()
        val queue = Channel<Picture>(queuePictures, BufferOverflow.DROP_OLDEST) { it.close() }
        val sink =
            object : PictureSink {
                override fun onPicture(picture: Picture) {
                    if (queue.trySend(picture).isFailure) picture.close()
                }
            }
        val id = addPictureSink(format, sink)
        try {
            coroutineScope {
                val watcher = launch {
                    ended()
                    queue.close()
                }
                for (picture in queue) {
                    picture.use { emit(it) }
                }
                watcher.cancel()
            }
        } finally {
            removePictureSink(id)
            // What waits there is closed.
            queue.cancel()
        }
    }
}
