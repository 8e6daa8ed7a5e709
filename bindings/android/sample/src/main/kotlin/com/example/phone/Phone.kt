package com.example.phone

import android.app.Activity
import android.content.ComponentName
import android.content.Context
import android.net.Uri
import android.os.Bundle
import android.telecom.PhoneAccount
import android.telecom.PhoneAccountHandle
import android.telecom.TelecomManager
import com.signalwire.client.Client
import com.signalwire.client.HostAction
import com.signalwire.client.HostEndReason
import com.signalwire.client.HostInput
import com.signalwire.client.HostPhase
import com.signalwire.client.android.CallScreen
import com.signalwire.client.android.NetworkWatch
import com.signalwire.client.android.ScreenCall
import com.signalwire.client.android.ScreenCalls
import java.util.concurrent.ConcurrentHashMap
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob

/**
 * The one phone of the process, made by `Application.onCreate`: a notification may start the process
 * without any activity.
 *
 * Telecom owns the call screen. It is told of each call by the actions of the state machine and
 * answers through [CallConnectionService]; both meet here, by the id that a call has on the screen.
 */
public class Phone(
    private val context: Context,
    client: Client,
    pushKey: String?,
    /** The activity that shows a call that rings. */
    private val screen: Class<out Activity>,
) : CallScreen {
    /** Lives as long as the process: a call must not end with an activity. */
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
    private val telecom = context.getSystemService(TelecomManager::class.java)
    private val account =
        PhoneAccountHandle(ComponentName(context, CallConnectionService::class.java), "signalwire")
    private val shown = ConcurrentHashMap<String, ScreenCall>()
    private val connections = ConcurrentHashMap<String, CallConnection>()
    /** Lives as long as the client, which is as long as the process. */
    private val watch = NetworkWatch(context, client)

    /** The calls; notifications and buttons go here. */
    public val calls: ScreenCalls = ScreenCalls(scope, client, this, pushKey)

    init {
        instance = this
        telecom.registerPhoneAccount(
            PhoneAccount.builder(account, "SignalWire")
                .setCapabilities(PhoneAccount.CAPABILITY_SELF_MANAGED)
                .build())
        calls.start()
    }

    /**
     * Takes the data of a message of Firebase; call it from `onMessageReceived`, first thing. The
     * system allows a foreground service for a short time after a message of high priority only.
     */
    public fun onMessage(notification: String) {
        calls.pushed(notification)
    }

    /** Dials; the system asks [CallConnectionService] for the connection. */
    public fun dial(address: String): String = calls.dial(address)

    override fun perform(call: ScreenCall, action: HostAction) {
        val connection = connections[call.id]
        when (action) {
            HostAction.ReportIncoming -> reportIncoming(call)
            HostAction.ReportDialling -> reportDialling(call)
            HostAction.ReportConnected,
            HostAction.FulfillAnswer -> connection?.setActive()
            HostAction.FulfillEnd -> finish(call, null)
            is HostAction.ReportEnded -> finish(call, action.reason)
            HostAction.RequestAnswer -> connection?.onAnswer()
            HostAction.RequestEnd -> connection?.onDisconnect()
            HostAction.StartAudio -> call.call?.let { CallService.start(context, it) }
            HostAction.StopAudio -> CallService.stop(context)
            // Telecom shows a call once, and `setDisconnected` follows a failed answer.
            HostAction.ReportAgain,
            HostAction.ReportAndEnd,
            HostAction.FailAnswer -> {}
            // These are the client's; `ScreenCalls` does them.
            HostAction.Answer,
            HostAction.Reject,
            HostAction.HangUp,
            HostAction.Dial -> {}
        }
    }

    private fun finish(call: ScreenCall, reason: HostEndReason?) {
        shown.remove(call.id)
        connections[call.id]?.finish(reason)
    }

    private fun reportIncoming(call: ScreenCall) {
        shown[call.id] = call
        val address = Uri.fromParts(PhoneAccount.SCHEME_SIP, call.number.ifEmpty { "unknown" }, null)
        val extras = Bundle()
        extras.putParcelable(TelecomManager.EXTRA_INCOMING_CALL_ADDRESS, address)
        extras.putBundle(TelecomManager.EXTRA_INCOMING_CALL_EXTRAS, idOf(call))
        try {
            telecom.addNewIncomingCall(account, extras)
        } catch (_: SecurityException) {
            // The account was switched off by the user, or the permission is missing.
            calls.input(call.id, HostInput.ReportFailed)
        }
    }

    private fun reportDialling(call: ScreenCall) {
        shown[call.id] = call
        val extras = Bundle()
        extras.putParcelable(TelecomManager.EXTRA_PHONE_ACCOUNT_HANDLE, account)
        extras.putBundle(TelecomManager.EXTRA_OUTGOING_CALL_EXTRAS, idOf(call))
        try {
            telecom.placeCall(Uri.fromParts(PhoneAccount.SCHEME_SIP, call.number, null), extras)
        } catch (_: SecurityException) {
            calls.input(call.id, HostInput.ReportFailed)
        }
    }

    private fun idOf(call: ScreenCall) = Bundle().apply { putString(EXTRA_ID, call.id) }

    /** The system made the connection for a call, which may have gone on meanwhile. */
    internal fun connected(id: String, connection: CallConnection) {
        connections[id] = connection
        when (shown[id]?.phase) {
            HostPhase.ACTIVE -> connection.setActive()
            HostPhase.OVER,
            null -> connection.finish(HostEndReason.REMOTE_ENDED)
            else -> {}
        }
    }

    /** A self-managed call rings by the application's own notification. */
    internal fun ring(id: String): Unit = CallService.ring(context, id, screen)

    internal fun stopRinging(): Unit = CallService.stopRinging(context)

    /** The connection is gone. */
    internal fun disconnected(id: String) {
        connections.remove(id)
    }

    internal companion object {
        const val EXTRA_ID = "com.example.phone.ID"

        /** The service and the connections are made by the system, which knows no constructor. */
        @Volatile var instance: Phone? = null
    }
}
