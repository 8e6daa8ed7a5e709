package com.signalwire.client

import kotlinx.coroutines.async
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Devices, notifications and expected calls. */
class WakeUpTest {
    /** A call to this subscriber: its id and its notification. */
    private fun push(reference: String): Pair<String, String> {
        val told = Gateway.fault("push_call", """"reference":"$reference","source":"tone"""")
        return told["call_id"].asString to told["notification"].toString()
    }

    @Test
    fun `a notification wakes the client`() = limited {
        val reference = "kt-woken"
        Client(Gateway.options(Gateway.token(reference))).use { client ->
            val device = client.registerDevice(DeviceType.ANDROID, "t0ken")
            val (id, notification) = push(reference)
            val shown = parsePush(notification)
            assertEquals("/public/gateway", shown.incomingCallerName)
            val call = client.handlePush(notification, device.pushNotificationKey)
            assertEquals(id to CallState.RINGING, call.id() to call.state())
            call.answer()
            assertTrue(call.audioFlow().first().pcm.isNotEmpty())
            call.hangup()
            failsWith<SignalWireException.CallFailed> { client.handlePush(notification) }
            failsWith<SignalWireException.InvalidArgument> { parsePush("{}") }
            failsWith<SignalWireException.InvalidArgument> {
                client.handlePush(notification, "bm90IHRoZSBrZXk=")
            }
            client.unregisterDevice(device.id)
            failsWith<SignalWireException.NotFound> { client.unregisterDevice(device.id) }
            client.disconnect()
        }
    }

    @Test
    fun `an answer before the invite`() {
        val reference = "kt-expecting"
        connected(Gateway.token(reference)) { client ->
            client.registerDevice(DeviceType.ANDROID, "t0ken")
            val (id, notification) = push(reference)
            val expected = client.expectCall(id)
            assertEquals(ExpectedCallState.WAITING, expected.state())
            val answer = async { expected.answer() }
            val call = client.handlePush(notification)
            answer.await()
            assertEquals(CallState.ACTIVE, call.state())
            assertEquals(id, expected.arrived().id())
            call.hangup()
        }
    }

    @Test
    fun `an expectation ends`() = connected { client ->
        val expected = client.expectCall("never", 50u)
        failsWith<SignalWireException.Timeout> { expected.reject() }
        val over = client.eventFlow().filterIsInstance<ClientEvent.ExpectedCallOver>().first()
        assertEquals("never" to true, over.callId to over.isExpired)
        val givenUp = client.expectCall("given-up")
        givenUp.cancel()
        failsWith<SignalWireException.Cancelled> { givenUp.answer() }
        failsWith<SignalWireException.InvalidArgument> { client.expectCall("") }
    }
}
