package com.signalwire.client.android

import com.google.gson.JsonObject
import com.google.gson.JsonParser
import com.signalwire.client.CallState
import com.signalwire.client.Client
import com.signalwire.client.ClientOptions
import com.signalwire.client.DeviceType
import com.signalwire.client.EndKind
import com.signalwire.client.HostAction
import com.signalwire.client.HostEndReason
import com.signalwire.client.HostInput
import com.signalwire.client.HostPhase
import com.signalwire.client.SignalWire
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.util.UUID
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.Test

/** The call screen against the test gateway, with a screen that only notes what it is told. */
class ScreenCallsTest {
    private class Notes : CallScreen {
        val told = Channel<Pair<ScreenCall, HostAction>>(100)

        override fun perform(call: ScreenCall, action: HostAction) {
            check(told.trySend(call to action).isSuccess)
        }

        suspend fun next(action: HostAction): ScreenCall {
            val (call, found) = told.receive()
            assertEquals(action, found)
            return call
        }

        suspend fun nothing() = assertTrue(told.isEmpty) { "${told.tryReceive()}" }
    }

    private fun post(path: String, body: String): JsonObject {
        val request =
            HttpRequest.newBuilder(URI(url("http_url") + path))
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build()
        val answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString())
        return JsonParser.parseString(answer.body()).asJsonObject
    }

    private fun test(body: suspend (Client, Notes, ScreenCalls, String) -> Unit) = runBlocking {
        withTimeout(30_000) {
            val reference = "screen-${UUID.randomUUID()}"
            val token = post("/_gateway/token", """{"reference":"$reference"}""")["token"].asString
            val options =
                ClientOptions(
                    token = token,
                    wsUrl = url("ws_url"),
                    httpUrl = url("http_url"),
                    mediaAddresses = listOf("127.0.0.1"))
            val scope = CoroutineScope(SupervisorJob())
            Client(options).use { client ->
                val notes = Notes()
                val calls = ScreenCalls(scope, client, notes)
                client.registerDevice(DeviceType.ANDROID, "t0ken")
                body(client, notes, calls, reference)
                client.disconnect()
            }
            scope.cancel()
        }
    }

    private fun push(reference: String): JsonObject =
        post("/_gateway/fault", """{"fault":"push_call","reference":"$reference","source":"tone"}""")

    @Test
    fun `a notification rings, is answered before its invite, and has audio when granted`() =
        test { _, notes, calls, reference ->
            val pushed = push(reference)
            val id = checkNotNull(calls.pushed(pushed["notification"].toString()))
            // The invite is not here yet.
            calls.input(id, HostInput.UserAnswers)
            val call = notes.next(HostAction.ReportIncoming)
            assertEquals(id to "/public/gateway", call.id to call.name)
            assertEquals(call, notes.next(HostAction.FulfillAnswer))
            assertEquals(CallState.ACTIVE, call.call?.state())
            calls.audio(HostInput.AudioActivated)
            notes.next(HostAction.StartAudio)
            calls.pushed(pushed["notification"].toString())
            notes.next(HostAction.ReportAgain)
            calls.input(id, HostInput.UserEnds)
            notes.next(HostAction.StopAudio)
            notes.next(HostAction.FulfillEnd)
            call.call!!.ended()
            assertEquals(HostPhase.OVER, call.phase)
            calls.pushed(pushed["notification"].toString())
            notes.next(HostAction.ReportAndEnd)
            notes.nothing()
        }

    @Test
    fun `a call that the socket announced first is shown once`() =
        test { client, notes, calls, reference ->
            calls.start()
            client.connect()
            client.online()
            val pushed = push(reference)
            val call = notes.next(HostAction.ReportIncoming)
            val id = checkNotNull(calls.pushed(pushed["notification"].toString()))
            assertEquals(call, notes.next(HostAction.ReportAgain))
            // From now on the notification's id is the call's as well.
            calls.input(id, HostInput.UserEnds)
            assertEquals(call, notes.next(HostAction.FulfillEnd))
            call.call!!.ended()
            notes.nothing()
        }

    @Test
    fun `a call that came by the socket as well is shown once`() =
        test { client, notes, calls, reference ->
            calls.start()
            client.connect()
            client.online()
            val pushed = push(reference)
            calls.pushed(pushed["notification"].toString())
            val call = notes.next(HostAction.ReportIncoming)
            calls.input(call.id, HostInput.UserEnds)
            // Whichever came first, all that the other adds is that the call is still the same one.
            var told = notes.told.receive()
            if (told.second == HostAction.ReportAgain) told = notes.told.receive()
            assertEquals(call to HostAction.FulfillEnd, told)
            while (call.call == null) kotlinx.coroutines.delay(5)
            call.call!!.ended()
        }

    @Test
    fun `a dialled call is shown, and its refusal too`() =
        test { client, notes, calls, _ ->
            client.connect()
            val id = calls.dial("/public/echo")
            assertEquals(id, notes.next(HostAction.ReportDialling).id)
            val call = notes.next(HostAction.ReportConnected)
            calls.input(id, HostInput.AppEnds)
            notes.next(HostAction.RequestEnd)
            calls.input(id, HostInput.UserEnds)
            notes.next(HostAction.FulfillEnd)
            call.call!!.ended()
            val given = calls.dial("/public/never")
            val ringing = notes.next(HostAction.ReportDialling)
            while (ringing.call?.state() != CallState.RINGING) kotlinx.coroutines.delay(5)
            calls.input(given, HostInput.UserEnds)
            notes.next(HostAction.FulfillEnd)
            assertEquals(EndKind.LOCAL_HANGUP, ringing.call!!.ended().kind)
            calls.dial("/public/nobody-is-here")
            notes.next(HostAction.ReportDialling)
            notes.next(HostAction.ReportEnded(HostEndReason.FAILED))
            calls.dial("nonsense")
            notes.next(HostAction.ReportDialling)
            notes.next(HostAction.ReportEnded(HostEndReason.FAILED))
        }

    @Test
    fun `a notification that cannot be opened ends what it showed`() =
        test { client, notes, calls, reference ->
            assertNull(calls.pushed("{}"))
            val pushed = push(reference)
            val foreign = ScreenCalls(CoroutineScope(SupervisorJob()), client, notes, "bm9uc2Vuc2U=")
            foreign.pushed(pushed["notification"].toString())
            notes.next(HostAction.ReportIncoming)
            notes.next(HostAction.ReportEnded(HostEndReason.FAILED))
        }

    private companion object {
        /** Ends with the JVM, as its standard input does. */
        val ready: JsonObject by lazy {
            val program = System.getenv("SW_GATEWAY_BIN")
            assumeTrue(program != null, "SW_GATEWAY_BIN does not name the test gateway")
            SignalWire.prepare()
            val process =
                ProcessBuilder(program, "--exit-on-stdin-close", "--plain")
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start()
            JsonParser.parseString(process.inputStream.bufferedReader().readLine()).asJsonObject
        }

        fun url(name: String): String = ready[name].asString
    }
}
