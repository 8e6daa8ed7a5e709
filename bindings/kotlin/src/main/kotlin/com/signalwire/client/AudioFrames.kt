package com.signalwire.client

import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.concurrent.atomic.AtomicLong
import kotlinx.coroutines.channels.BufferOverflow
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.launch

/**
 * The received audio of a call as a cold flow of frames of 20 ms: each collection has a sink and a
 * queue of its own, from the collection on. Completes with the call.
 *
 * A collector that is slower than the audio loses the oldest frames of its queue; [dropped] counts
 * them. Collecting after the call's end fails with [SignalWireException.Closed], collecting with a
 * format that cannot be with [SignalWireException.InvalidArgument].
 */
public class AudioFrames
private constructor(flow: Flow<PcmFrame>, private val counter: AtomicLong) :
    Flow<PcmFrame> by flow {

    internal constructor(
        call: Call,
        format: AudioFormat,
        queueFrames: Int,
        counter: AtomicLong,
    ) : this(frames(call, format, queueFrames, counter), counter)

    /** How many frames the collections of this flow lost because they were too slow. */
    public val dropped: Long
        get() = counter.get()
}

/**
 * The received audio, see [AudioFrames]. `queueFrames`: how many frames of 20 ms wait for a slow
 * collector, 1 to 1000; 50, a second, by default.
 */
public fun Call.audioFlow(
    format: AudioFormat = AudioFormat(48_000u, 1u),
    queueFrames: Int = 50,
): AudioFrames {
    require(queueFrames in 1..1_000) { "queueFrames must be 1 to 1000; got $queueFrames" }
    return AudioFrames(this, format, queueFrames, AtomicLong())
}

private fun frames(
    call: Call,
    format: AudioFormat,
    queueFrames: Int,
    dropped: AtomicLong,
): Flow<PcmFrame> = flow {
    SignalWire.prepare()
    // What is left in the queue when the collector leaves is not counted: nobody cancels the queue.
    val queue =
        Channel<PcmFrame>(queueFrames, BufferOverflow.DROP_OLDEST) { dropped.incrementAndGet() }
    val sink =
        object : AudioSink {
            override fun onFrame(frame: PcmFrame) {
                queue.trySend(frame)
            }
        }
    val id = call.addAudioSink(format, sink)
    try {
        coroutineScope {
            val watcher = launch {
                call.ended()
                queue.close()
            }
            for (frame in queue) {
                emit(frame)
            }
            watcher.cancel()
        }
    } finally {
        call.removeAudioSink(id)
    }
}

/** The samples of a frame, interleaved when there are two channels. */
public fun PcmFrame.samples(): ShortArray {
    val samples = ShortArray(pcm.size / 2)
    ByteBuffer.wrap(pcm).order(ByteOrder.LITTLE_ENDIAN).asShortBuffer().get(samples)
    return samples
}

/**
 * Queues samples to be sent, interleaved when there are two channels; see [Call.pushAudio], which
 * takes a direct buffer and saves a copy. Gives the milliseconds that had to be dropped.
 */
public fun Call.pushAudio(
    samples: ShortArray,
    format: AudioFormat = AudioFormat(48_000u, 1u),
): UInt {
    val bytes = ByteBuffer.allocateDirect(samples.size * 2).order(ByteOrder.LITTLE_ENDIAN)
    bytes.asShortBuffer().put(samples)
    return pushAudio(bytes, format)
}
