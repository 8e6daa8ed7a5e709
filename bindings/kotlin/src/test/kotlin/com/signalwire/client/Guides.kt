// Made of docs/ by tests/docs; do not edit.
@file:Suppress("UNUSED_PARAMETER", "UNUSED_VARIABLE", "unused", "NAME_SHADOWING")

package com.signalwire.client.guides

import com.signalwire.client.*
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

// bindings/kotlin/README.md:6
private suspend fun bindings_kotlin_readme_6(token: String, client: Client, call: Call) {
    withClient(ClientOptions(token)) { client ->            // connects, and disconnects whatever happens
        client.withCall("/public/echo") { call ->           // dials, waits for the answer, and hangs up
            coroutineScope {
                launch { call.eventFlow().collect(::println) }
                call.audioFlow(AudioFormat(16_000u, 1u)).collect { frame ->
                    call.pushAudio(frame.samples(), frame.format)
                }
            }
        }
    }
}

// docs/guide/authentication.md:72
private suspend fun docs_guide_authentication_72(token: String, client: Client, call: Call) {
    val oauth = OAuth(OAuthConfig(clientId = "your-client-id", redirectUri = "com.example.app://callback"))
    val flow = oauth.begin()
    println("open ${flow.authorizeUrl()}")

    suspend fun onOpened(url: String): OAuthTokens? =
        if (oauth.isCallback(url)) oauth.complete(url) else null
}

// docs/guide/kotlin.md:6
private suspend fun docs_guide_kotlin_6(token: String, client: Client, call: Call) {
    fun main() = runBlocking {
        SignalWire.prepare() // once: attaches the library to the JVM
        Client(ClientOptions(token = System.getenv("SW_TOKEN"))).use { client ->
            client.connect()
            val call = client.dial("/public/echo")
            call.answered()
            call.playWav("hello.wav")
            call.hangup()
            client.disconnect()
        }
    }
}

// docs/guide/kotlin.md:28
private suspend fun docs_guide_kotlin_28(token: String, client: Client, call: Call) {
    val connected = call.eventFlow().filterIsInstance<CallEvent.MediaConnected>().first()
    println("audio is up: ${connected.codec}")
    call.audioFlow(AudioFormat(16_000u, 1u)).collect { frame ->
        call.pushAudio(frame.samples(), AudioFormat(16_000u, 1u))
    }
}

// docs/guide/kotlin.md:45
private suspend fun docs_guide_kotlin_45(token: String, client: Client, call: Call) {
    try {
        call.answered()
    } catch (error: SignalWireException.CallFailed) {
        println("${error.reason}, cause ${error.code}")
    }
}

// docs/guide/mobile.md:15
private suspend fun docs_guide_mobile_15(token: String, client: Client, call: Call) {
    val payload = parsePush("""{"aps":{}}""") // the caller's name and number, to be shown at once
    println("${payload.incomingCallerName} calls")
    val expected = client.expectCall("the id in the notification")
    client.connect()
    client.online()
    expected.answer() // waits until the call is up
}

// docs/guide/mobile.md:79
private suspend fun docs_guide_mobile_79(token: String, client: Client, call: Call) {
    client.networkChanged()
}
