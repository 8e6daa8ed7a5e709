package com.signalwire.client

import com.sun.jna.Callback
import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Native
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlinx.coroutines.channels.BufferOverflow
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.buffer
import kotlinx.coroutines.flow.callbackFlow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.launch

/**
 * The process-wide part of the library. Touched by everything here that needs it; applications
 * that use the generated classes only call [SignalWire.prepare] once.
 */
public object SignalWire {
    init {
        // JNA would attach and detach the library's threads to the JVM at every callback, and as
        // threads that keep the process alive.
        stayAttached(uniffiRustFutureContinuationCallbackImpl, "sw-dispatch")
        stayAttached(uniffiCallbackInterfaceAudioSink.onFrame, "sw-media")
        // A callback into a JVM that is ending would crash it.
        Runtime.getRuntime().addShutdownHook(Thread({ shutdown() }, "sw-shutdown"))
    }

    /** Attaches the library to this JVM, and ends it with the JVM. A second call does nothing. */
    public fun prepare() {
        // What there is to do is in `init`.
    }

    private fun stayAttached(callback: Callback, name: String) {
        Native.setCallbackThreadInitializer(
            callback, CallbackThreadInitializer(/* daemon = */ true, /* detach = */ false, name))
    }
}

/**
 * The events of a client, from its making on for the first flow that is collected. Each collection
 * has a stream of its own; it completes after the client's end. Cancelling it loses nothing for
 * others.
 */
public fun Client.eventFlow(): Flow<ClientEvent> = flow {
    SignalWire.prepare()
    events().use { stream ->
        while (true) {
            emit(stream.next() ?: break)
        }
    }
}

/** The events of a call, as [Client.eventFlow]; `Ended` is the last one. */
public fun Call.eventFlow(): Flow<CallEvent> = flow {
    SignalWire.prepare()
    events().use { stream ->
        while (true) {
            emit(stream.next() ?: break)
        }
    }
}

/** The addresses of a list; collect it once. Fails as [AddressList.next]. */
public fun AddressList.asFlow(): Flow<Address> = flow {
    SignalWire.prepare()
    while (true) {
        emit(next() ?: break)
    }
}

/** The conversations of a list; collect it once. Fails as [ConversationList.next]. */
public fun ConversationList.asFlow(): Flow<Conversation> = flow {
    SignalWire.prepare()
    while (true) {
        emit(next() ?: break)
    }
}

/** The messages of a list; collect it once. Fails as [MessageList.next]. */
public fun MessageList.asFlow(): Flow<Message> = flow {
    SignalWire.prepare()
    while (true) {
        emit(next() ?: break)
    }
}

/**
 * The received audio in frames of 20 ms, from the collection on. At most [queueFrames] frames wait
 * for a slow collector, then the oldest are dropped. Completes with the call.
 */
public fun Call.audioFlow(
    format: AudioFormat = AudioFormat(48_000u, 1u),
    queueFrames: Int = 50,
): Flow<PcmFrame> =
    callbackFlow {
        SignalWire.prepare()
        val sink =
            object : AudioSink {
                override fun onFrame(frame: PcmFrame) {
                    trySend(frame)
                }
            }
        val id = addAudioSink(format, sink)
        launch {
            ended()
            channel.close()
        }
        awaitClose { removeAudioSink(id) }
    }
        .buffer(queueFrames, BufferOverflow.DROP_OLDEST)

/** The samples of a frame, interleaved when there are two channels. */
public fun PcmFrame.samples(): ShortArray {
    val samples = ShortArray(pcm.size / 2)
    ByteBuffer.wrap(pcm).order(ByteOrder.LITTLE_ENDIAN).asShortBuffer().get(samples)
    return samples
}

/**
 * Queues samples to be sent, interleaved when there are two channels; see [Call.pushAudio], which
 * takes a direct buffer and saves a copy.
 */
public fun Call.pushAudio(
    samples: ShortArray,
    format: AudioFormat = AudioFormat(48_000u, 1u),
): UInt {
    val bytes = ByteBuffer.allocateDirect(samples.size * 2).order(ByteOrder.LITTLE_ENDIAN)
    bytes.asShortBuffer().put(samples)
    return pushAudio(bytes, format)
}
