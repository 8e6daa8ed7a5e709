package com.signalwire.client.android

import com.signalwire.client.Call
import com.signalwire.client.CallEvent
import com.signalwire.client.CallState
import com.signalwire.client.Client
import com.signalwire.client.ClientEvent
import com.signalwire.client.Direction
import com.signalwire.client.EndKind
import com.signalwire.client.EndReason
import com.signalwire.client.HostAction
import com.signalwire.client.HostCall
import com.signalwire.client.HostEndReason
import com.signalwire.client.HostInput
import com.signalwire.client.HostPhase
import com.signalwire.client.PushPayload
import com.signalwire.client.SignalWireException
import com.signalwire.client.eventFlow
import com.signalwire.client.parsePush
import java.util.UUID
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch

/** What the platform's call screen has to do: everything of [HostAction] that is the system's. */
public interface CallScreen {
    /**
     * Carries out one action for a call. Called for one action after the other, in the order that
     * the state machine gave them; must not block. `Answer`, `Reject`, `HangUp` and `Dial` never
     * come: [ScreenCalls] does those itself.
     */
    public fun perform(call: ScreenCall, action: HostAction)
}

/** One call on the screen. */
public class ScreenCall
internal constructor(
    /** Its id on the screen; the service's id is [Call.id]. */
    public val id: String,
    /** Name of the other side, empty if unknown. Of a notification: not authenticated. */
    public val name: String,
    /** Number or address of the other side, empty if unknown. */
    public val number: String,
    internal val machine: HostCall,
) {
    internal val arrival = CompletableDeferred<Call>()

    // The socket announced it, and its notification has not come.
    internal var isUnnotified = false

    /** The call itself, once its invite came or it was dialled. */
    @Volatile
    public var call: Call? = null
        private set

    internal fun arrived(call: Call) {
        this.call = call
        arrival.complete(call)
    }

    /** Where it stands on the screen. */
    public val phase: HostPhase
        get() = machine.phase()
}

/**
 * Brings together a client, its notifications and the platform's call screen, whatever happens in
 * whatever order: it feeds a [HostCall] for each call, does what is the client's and leaves the rest
 * to [screen]. It knows nothing of Android, so that it is tested without.
 *
 * Its coroutines run in [scope]; a call that rings needs the scope to live on while the application
 * is in the background. Every method may be called from any thread, and none waits.
 */
public class ScreenCalls(
    private val scope: CoroutineScope,
    private val client: Client,
    private val screen: CallScreen,
    /** What [Client.registerDevice] gave; null to use what the client knows itself. */
    private val pushKey: String? = null,
    dispatcher: CoroutineDispatcher = Dispatchers.Default,
) {
    // One thing after the other, in the order in which it happened.
    private val inOrder = dispatcher.limitedParallelism(1)
    private val calls = LinkedHashMap<String, ScreenCall>()

    // Notifications of calls that the socket announced before them, to the call's id on the screen.
    private val joined = HashMap<String, String>()

    /** Announces the calls that come in while the client is online. Call it once. */
    public fun start() {
        scope.launch {
            client.eventFlow().collect { event ->
                if (event is ClientEvent.IncomingCall) {
                    client.call(event.callId)?.let(::invited)
                }
            }
        }
    }

    /**
     * Takes a notification: the JSON text of its data. Gives the id on the screen, null if it does
     * not announce a call. The system is asked to show the call before anything is waited for; only
     * while a call rings that the socket announced, the notification is opened first, as it may be
     * that call's.
     */
    public fun pushed(notification: String): String? {
        val payload =
            try {
                parsePush(notification)
            } catch (_: SignalWireException) {
                return null
            }
        val id = payload.notificationUuid.ifEmpty { UUID.randomUUID().toString() }
        inOrdered {
            val known = known(id)
            if (known != null) {
                step(known, HostInput.Pushed)
            } else if (calls.values.any { it.isUnnotified && it.phase != HostPhase.OVER }) {
                scope.launch { open(id, payload, notification) }
            } else {
                val call = shown(id, payload)
                scope.launch { fetch(call, notification) }
            }
        }
        return id
    }

    private fun known(id: String): ScreenCall? = calls[joined[id] ?: id]

    private fun shown(id: String, payload: PushPayload): ScreenCall =
        added(id, payload.incomingCallerName, payload.incomingCallerId).also {
            step(it, HostInput.Pushed)
        }

    /** Finds out whether a notification is a call's that the socket announced; else shows its own. */
    private suspend fun open(id: String, payload: PushPayload, notification: String) {
        val call =
            try {
                client.handlePush(notification, pushKey)
            } catch (_: SignalWireException.CallFailed) {
                return // It is over: nothing to show.
            } catch (_: SignalWireException) {
                null
            }
        inOrdered {
            val same = calls.values.find { call != null && it.call?.id() == call.id() }
            if (same != null) {
                same.isUnnotified = false
                joined[id] = same.id
                step(same, HostInput.Pushed)
            } else {
                taken(shown(id, payload), call)
            }
        }
    }

    private fun taken(shown: ScreenCall, call: Call?) {
        if (call == null) {
            shown.arrival.cancel()
            step(shown, HostInput.CallEnded(HostEndReason.FAILED))
            return
        }
        shown.arrived(call)
        step(shown, HostInput.Invited)
        scope.launch { watch(shown, call) }
    }

    /** Dials, and shows it; gives the id on the screen. */
    public fun dial(address: String): String {
        val id = UUID.randomUUID().toString()
        inOrdered { step(added(id, "", address), HostInput.Dialled) }
        return id
    }

    /** Tells what the user or the system did with a call. Ignored for an unknown id. */
    public fun input(id: String, input: HostInput): Unit = inOrdered {
        known(id)?.let { step(it, input) }
    }

    /** Tells what the system did with the audio: to every call. */
    public fun audio(input: HostInput): Unit = inOrdered {
        calls.values.toList().forEach { step(it, input) }
    }

    private fun inOrdered(work: () -> Unit) {
        scope.launch(inOrder) { work() }
    }

    private fun added(id: String, name: String, number: String): ScreenCall =
        ScreenCall(id, name, number, HostCall(id)).also { call ->
            // What is over is kept for a while, as its notification may come once more.
            val over = calls.values.filter { it.phase == HostPhase.OVER }
            over.dropLast(KEPT).forEach { calls.remove(it.id) }
            joined.values.retainAll(calls.keys)
            calls[id] = call
        }

    /**
     * A call that came by the socket. While a notification is being opened nobody knows yet whether
     * this is its call.
     */
    private fun invited(call: Call) = inOrdered {
        val opening = calls.values.filter { !it.arrival.isCompleted }
        scope.launch {
            opening.forEach { it.arrival.join() }
            inOrdered { announce(call) }
        }
    }

    private fun announce(call: Call) {
        if (calls.values.any { it.call?.id() == call.id() }) return
        val party = call.remoteParty()
        val shown = added(call.id(), party.name, party.number)
        shown.isUnnotified = true
        taken(shown, call)
    }

    private suspend fun fetch(shown: ScreenCall, notification: String) {
        try {
            val call = client.handlePush(notification, pushKey)
            shown.arrived(call)
            inOrdered { step(shown, HostInput.Invited) }
            watch(shown, call)
        } catch (failure: SignalWireException) {
            shown.arrival.completeExceptionally(failure)
            input(shown.id, HostInput.CallEnded(HostEndReason.FAILED))
        }
    }

    private suspend fun watch(shown: ScreenCall, call: Call) {
        call.eventFlow().collect { event ->
            when (event) {
                is CallEvent.StateChanged ->
                    if (event.state == CallState.ACTIVE) input(shown.id, HostInput.Connected)
                is CallEvent.Ended -> input(shown.id, HostInput.CallEnded(reason(event.reason)))
                else -> {}
            }
        }
    }

    private fun step(shown: ScreenCall, input: HostInput) {
        for (action in shown.machine.handle(input)) {
            when (action) {
                HostAction.Answer -> decide(shown) { it.answer() }
                HostAction.Reject -> decide(shown) { it.reject() }
                HostAction.HangUp ->
                    decide(shown) {
                        val isOffered =
                            it.direction() == Direction.INBOUND && it.state() == CallState.RINGING
                        if (isOffered) it.reject() else it.hangup()
                    }
                HostAction.Dial -> scope.launch { dialled(shown) }
                else -> screen.perform(shown, action)
            }
        }
    }

    /** Does it as soon as the call is there. That it failed is told by the call's end. */
    private fun decide(shown: ScreenCall, act: suspend (Call) -> Unit) {
        scope.launch {
            try {
                act(shown.arrival.await())
            } catch (_: SignalWireException) {
                val end = shown.call?.endReason()
                val reason = end?.let(::reason) ?: HostEndReason.FAILED
                input(shown.id, HostInput.CallEnded(reason))
            }
        }
    }

    private suspend fun dialled(shown: ScreenCall) {
        try {
            val call = client.dial(shown.number)
            shown.arrived(call)
            watch(shown, call)
        } catch (failure: SignalWireException) {
            shown.arrival.completeExceptionally(failure)
            input(shown.id, HostInput.CallEnded(HostEndReason.FAILED))
        }
    }

    private companion object {
        const val KEPT = 16
    }
}

/** Why a call ended, for the system's call history. */
public fun reason(end: EndReason): HostEndReason =
    when (end.kind) {
        EndKind.NO_ANSWER -> HostEndReason.UNANSWERED
        EndKind.ANSWERED_ELSEWHERE -> HostEndReason.ANSWERED_ELSEWHERE
        EndKind.MEDIA_FAILED,
        EndKind.SIGNALING_FAILED,
        EndKind.NOT_FOUND -> HostEndReason.FAILED
        else -> HostEndReason.REMOTE_ENDED
    }
