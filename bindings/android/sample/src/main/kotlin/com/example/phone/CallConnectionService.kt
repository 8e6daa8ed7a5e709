package com.example.phone

import android.os.Bundle
import android.telecom.CallAudioState
import android.telecom.Connection
import android.telecom.ConnectionRequest
import android.telecom.ConnectionService
import android.telecom.DisconnectCause
import android.telecom.PhoneAccountHandle
import android.telecom.TelecomManager
import com.signalwire.client.HostEndReason
import com.signalwire.client.HostInput
import java.util.concurrent.atomic.AtomicBoolean

/** Where Telecom asks for the connection of each call that it was told of. On the main thread. */
public class CallConnectionService : ConnectionService() {
    override fun onCreateIncomingConnection(
        account: PhoneAccountHandle?,
        request: ConnectionRequest,
    ): Connection = made(incomingId(request), Connection::setRinging)

    override fun onCreateOutgoingConnection(
        account: PhoneAccountHandle?,
        request: ConnectionRequest,
    ): Connection = made(request.extras?.getString(Phone.EXTRA_ID), Connection::setDialing)

    override fun onCreateIncomingConnectionFailed(
        account: PhoneAccountHandle?,
        request: ConnectionRequest,
    ): Unit = failed(incomingId(request))

    override fun onCreateOutgoingConnectionFailed(
        account: PhoneAccountHandle?,
        request: ConnectionRequest,
    ): Unit = failed(request.extras?.getString(Phone.EXTRA_ID))

    private fun incomingId(request: ConnectionRequest): String? {
        val extras: Bundle? = request.extras
        return extras?.getString(Phone.EXTRA_ID)
            ?: extras
                ?.getBundle(TelecomManager.EXTRA_INCOMING_CALL_EXTRAS)
                ?.getString(Phone.EXTRA_ID)
    }

    private fun made(id: String?, begin: Connection.() -> Unit): Connection {
        val phone = Phone.instance
        if (id == null || phone == null) {
            return Connection.createFailedConnection(DisconnectCause(DisconnectCause.ERROR))
        }
        val connection = CallConnection(id, phone)
        connection.connectionProperties = Connection.PROPERTY_SELF_MANAGED
        connection.audioModeIsVoip = true
        connection.begin()
        // The call may be up or over by now.
        phone.connected(id, connection)
        return connection
    }

    private fun failed(id: String?) {
        if (id != null) Phone.instance?.calls?.input(id, HostInput.ReportFailed)
    }
}

/** One call of Telecom: what the user and the system do with it becomes an input. */
public class CallConnection internal constructor(private val id: String, private val phone: Phone) :
    Connection() {
    private val isFinished = AtomicBoolean()

    override fun onShowIncomingCallUi(): Unit = phone.ring(id)

    override fun onStateChanged(state: Int) {
        if (state != STATE_RINGING) phone.stopRinging()
    }

    override fun onAnswer(): Unit = phone.calls.input(id, HostInput.UserAnswers)

    override fun onReject(): Unit = phone.calls.input(id, HostInput.UserEnds)

    override fun onDisconnect(): Unit = phone.calls.input(id, HostInput.UserEnds)

    override fun onAbort(): Unit = phone.calls.input(id, HostInput.UserEnds)

    /** Another call of the device needs the audio. */
    override fun onHold() {
        setOnHold()
        phone.calls.audio(HostInput.InterruptionBegan)
    }

    override fun onUnhold() {
        setActive()
        phone.calls.audio(HostInput.InterruptionEnded(true))
    }

    /** Telecom has granted the audio to this call. The newer callbacks are there from API 34 on. */
    @Suppress("OVERRIDE_DEPRECATION")
    override fun onCallAudioStateChanged(state: CallAudioState?) {
        phone.calls.audio(HostInput.AudioActivated)
    }

    /** The call is over: by itself for a reason, or by the user. */
    internal fun finish(reason: HostEndReason?) {
        if (isFinished.getAndSet(true)) return
        val code =
            when (reason) {
                null -> DisconnectCause.LOCAL
                HostEndReason.REMOTE_ENDED -> DisconnectCause.REMOTE
                HostEndReason.FAILED -> DisconnectCause.ERROR
                HostEndReason.UNANSWERED -> DisconnectCause.MISSED
                HostEndReason.ANSWERED_ELSEWHERE -> DisconnectCause.ANSWERED_ELSEWHERE
                HostEndReason.DECLINED_ELSEWHERE -> DisconnectCause.REJECTED
            }
        setDisconnected(DisconnectCause(code))
        destroy()
        phone.disconnected(id)
    }
}
