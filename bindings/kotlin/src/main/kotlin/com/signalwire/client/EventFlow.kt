package com.signalwire.client

import java.util.concurrent.atomic.AtomicLong
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

/**
 * Events, in order, as a cold flow: each collection has a stream of its own in the library, with a
 * queue of 1024 events. Cancelling a collection loses nothing for others.
 *
 * The first collection begins with everything since the object was made, every other one with the
 * events from then on. A collector that stays away longer than the queue is long loses the oldest;
 * [missed] counts them.
 */
public class EventFlow<T> private constructor(flow: Flow<T>, private val counter: AtomicLong) :
    Flow<T> by flow {

    internal constructor(
        counter: AtomicLong,
        open: () -> EventSource<T>,
    ) : this(
        flow {
            SignalWire.prepare()
            open().use { source ->
                var before = 0L
                while (true) {
                    val event = source.next() ?: break
                    val now = source.missed()
                    if (now != before) counter.addAndGet(now - before)
                    before = now
                    emit(event)
                }
            }
        },
        counter)

    /** How many events the collections of this flow lost because they were too slow. */
    public val missed: Long
        get() = counter.get()
}

/** What the library's streams of events have in common. */
internal class EventSource<T>(
    val next: suspend () -> T?,
    val missed: () -> Long,
    private val release: () -> Unit,
) : AutoCloseable {
    override fun close() = release()
}

/** The events of this client; completes after the client's end. See [EventFlow]. */
public fun Client.eventFlow(): EventFlow<ClientEvent> =
    EventFlow(AtomicLong()) {
        val stream = events()
        EventSource(stream::next, { stream.missed().toLong() }, stream::close)
    }

/** The events of this call; [CallEvent.Ended] is the last one. See [EventFlow]. */
public fun Call.eventFlow(): EventFlow<CallEvent> =
    EventFlow(AtomicLong()) {
        val stream = events()
        EventSource(stream::next, { stream.missed().toLong() }, stream::close)
    }
