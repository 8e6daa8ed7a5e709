package com.signalwire.client

import java.util.concurrent.CompletableFuture
import java.util.function.Consumer
import kotlin.coroutines.Continuation
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn
import kotlinx.coroutines.CoroutineExceptionHandler
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.future.future
import kotlinx.coroutines.launch

/**
 * The suspending functions and the flows for Java.
 *
 * Everything here runs on the threads of `Dispatchers.Default`, never on the library's own, so that
 * what a Java program does in its callbacks may wait.
 */
public object Futures {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)

    /**
     * Starts a suspending function: `Futures.start(client::connect)`, and with arguments
     * `Futures.start(next -> call.sendDigits("12", next))`.
     *
     * The future fails with the function's exception as its cause. Cancelling it gives up the wait,
     * which in this library undoes nothing: hang a call up that is not wanted any more.
     */
    @JvmStatic
    public fun <T> start(function: Suspending<T>): CompletableFuture<T> {
        SignalWire.prepare()
        return scope.future(start = CoroutineStart.UNDISPATCHED) {
            suspendCoroutineUninterceptedOrReturn { function.run(it) }
        }
    }

    /** A suspending function as Java sees it: a method reference, or a lambda that calls one. */
    public fun interface Suspending<T> {
        /** Calls the function with [next] as its last argument, and gives what it gives. */
        @Throws(Exception::class)
        public fun run(next: @JvmSuppressWildcards Continuation<T>): Any?
    }

    /** Gives every event of a client to [consumer], one after the other; see [eventFlow]. */
    @JvmStatic
    public fun events(client: Client, consumer: Consumer<ClientEvent>): Subscription =
        subscribe(client.eventFlow(), consumer)

    /** Gives every event of a call to [consumer], one after the other; see [eventFlow]. */
    @JvmStatic
    public fun events(call: Call, consumer: Consumer<CallEvent>): Subscription =
        subscribe(call.eventFlow(), consumer)

    /** Gives everything of a flow to [consumer], one after the other. */
    @JvmStatic
    public fun <T> subscribe(flow: Flow<T>, consumer: Consumer<in T>): Subscription {
        val over = CompletableFuture<Unit>()
        // What a consumer throws is told by `over`.
        val told = CoroutineExceptionHandler { _, _ -> }
        val job = scope.launch(told) { flow.collect { consumer.accept(it) } }
        job.invokeOnCompletion { failure ->
            if (failure == null) over.complete(Unit) else over.completeExceptionally(failure)
        }
        return Subscription(over) { job.cancel() }
    }

    /** A consumer that is being given events. */
    public class Subscription
    internal constructor(
        /**
         * Done when there is nothing more to come, with the exception of a consumer that threw; that
         * consumer gets nothing more.
         */
        public val over: CompletableFuture<Unit>,
        private val end: () -> Unit,
    ) : AutoCloseable {
        /** Ends the deliveries; one may be under way still. A second call does nothing. */
        override fun close() {
            end()
        }
    }
}
