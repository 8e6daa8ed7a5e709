package com.signalwire.client

import java.nio.ByteBuffer
import java.util.function.Consumer

/** The audio of a call for Java, which cannot call functions with Kotlin's unsigned numbers. */
public object JavaAudio {
    /**
     * Gives the received audio to [consumer] in frames of 20 ms, one after the other, until the call
     * ends or the subscription is closed. The consumer may wait: a second of frames is kept for it.
     */
    @JvmStatic
    public fun receive(
        call: Call,
        format: AudioFormat,
        consumer: Consumer<PcmFrame>,
    ): Futures.Subscription = Futures.subscribe(call.audioFlow(format), consumer)

    /** Queues samples to be sent; see [pushAudio]. Gives the milliseconds that had to be dropped. */
    @JvmStatic
    @Throws(SignalWireException::class)
    public fun push(call: Call, samples: ShortArray, format: AudioFormat): Int =
        call.pushAudio(samples, format).toInt()

    /** Queues the little-endian samples of a direct buffer, from its position to its limit. */
    @JvmStatic
    @Throws(SignalWireException::class)
    public fun push(call: Call, pcm: ByteBuffer, format: AudioFormat): Int =
        call.pushAudio(pcm, format).toInt()

    /** Milliseconds of pushed audio that wait to be sent. */
    @JvmStatic public fun queuedMs(call: Call): Int = call.queuedAudioMs().toInt()

    /** Discards what was pushed and is not sent yet; gives its milliseconds. */
    @JvmStatic public fun clear(call: Call): Int = call.clearAudio().toInt()

    /** The samples of a frame, interleaved when there are two channels. */
    @JvmStatic public fun samples(frame: PcmFrame): ShortArray = frame.samples()

    /** Media time of a frame's first sample in microseconds since the stream began. */
    @JvmStatic public fun timestampUs(frame: PcmFrame): Long = frame.timestampUs.toLong()
}
