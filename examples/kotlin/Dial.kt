/**
 * Calls an address, plays a file into the call, or speaks a tone, and tells what comes back.
 *
 *     SW_TOKEN=… dial /public/echo [hello.wav]
 *
 * SW_TOKEN is a subscriber access token. For a private deployment SW_WS_URL and SW_HTTP_URL name its
 * servers and SW_CA_FILE its CA certificates.
 */
package com.signalwire.examples

import com.signalwire.client.AudioFormat
import com.signalwire.client.Call
import com.signalwire.client.CallEvent
import com.signalwire.client.ClientOptions
import com.signalwire.client.SignalWireException
import com.signalwire.client.audioFlow
import com.signalwire.client.eventFlow
import com.signalwire.client.pushAudio
import com.signalwire.client.samples
import com.signalwire.client.withCall
import com.signalwire.client.withClient
import java.io.File
import kotlin.math.PI
import kotlin.math.sin
import kotlin.math.sqrt
import kotlin.system.exitProcess
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

private val FORMAT = AudioFormat(16_000u, 1u)

private fun options(): ClientOptions {
    val caFile = System.getenv("SW_CA_FILE")
    return ClientOptions(
        token = System.getenv("SW_TOKEN") ?: error("SW_TOKEN is needed"),
        wsUrl = System.getenv("SW_WS_URL"),
        httpUrl = System.getenv("SW_HTTP_URL"),
        caCertificatesPem = caFile?.let { File(it).readText() },
        agent = "Dial.kt",
    )
}

private fun show(event: CallEvent) {
    when (event) {
        is CallEvent.StateChanged -> println("${event.previous} -> ${event.state}")
        is CallEvent.MediaConnected -> println("audio is up: ${event.codec}")
        is CallEvent.Ended -> println("over: ${event.reason.message}")
        else -> {}
    }
}

/** Sends 440 Hz until it is cancelled, never more than 100 ms ahead. */
private suspend fun hum(call: Call) {
    val tone = ShortArray(800) { (8_000 * sin(2 * PI * 440 * it / 16_000)).toInt().toShort() }
    while (true) {
        if (call.queuedAudioMs() < 100u) call.pushAudio(tone, FORMAT) else delay(10)
    }
}

private fun loudness(samples: ShortArray): Double =
    sqrt(samples.sumOf { it.toDouble() * it } / samples.size)

private suspend fun talk(call: Call, file: String?) = coroutineScope {
    val speaking = launch { if (file == null) hum(call) else call.playWav(file) }
    val frames = call.audioFlow(FORMAT)
    val heard = frames.take(100).toList()
    speaking.cancel()
    val loudest = heard.maxOf { loudness(it.samples()) }
    println("heard ${heard.size} frames, the loudest ${loudest.toInt()}, ${frames.dropped} lost")
}

fun main(args: Array<String>) {
    val address = args.getOrNull(0)
    if (address == null) {
        System.err.println("usage: dial ADDRESS [WAV]")
        exitProcess(1)
    }
    try {
        runBlocking {
            withClient(options()) { client ->
                client.withCall(address) { call ->
                    launch { call.eventFlow().collect(::show) }
                    talk(call, args.getOrNull(1))
                }
            }
        }
    } catch (error: SignalWireException) {
        System.err.println("${error.javaClass.simpleName}: ${error.message}")
        exitProcess(2)
    }
}
