package com.signalwire.client

import java.io.File
import java.nio.ByteBuffer
import java.nio.file.Files
import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking

/**
 * What the audio of a call costs in this language: processor time of the thread that delivers frames
 * of 20 ms at 48 kHz, per frame, and time of one push. Linux only. `bench.sh` runs it.
 */
internal object AudioCost {
    private val format = AudioFormat(48_000u, 1u)

    @JvmStatic
    fun main(args: Array<String>) = runBlocking {
        withClient(Children.options()) { client ->
            client.withCall("/public/tone") { call ->
                call.audioFlow().first()
                measure(call, seconds = 10, name = "warm-up")
                measure(call, seconds = args.firstOrNull()?.toInt() ?: 20, name = "a frame received")
                push(call)
            }
        }
    }

    private suspend fun measure(call: Call, seconds: Int, name: String) {
        val frames = AtomicInteger()
        val id =
            call.addAudioSink(
                format,
                object : AudioSink {
                    override fun onFrame(frame: PcmFrame) {
                        frames.incrementAndGet()
                    }
                })
        while (frames.get() == 0) delay(1)
        val before = busy() to frames.get()
        delay(seconds * 1_000L)
        val after = busy() to frames.get()
        call.removeAudioSink(id)
        val count = after.second - before.second
        println("$name: %.1f µs (%d frames)".format((after.first - before.first) / 1e3 / count, count))
    }

    /** Processor time of the media threads in ns. */
    private fun busy(): Long =
        File("/proc/self/task")
            .listFiles()
            .orEmpty()
            .filter { Files.readString(it.toPath().resolve("comm")).startsWith("sw-media") }
            .sumOf { Files.readString(it.toPath().resolve("schedstat")).substringBefore(' ').toLong() }

    private fun push(call: Call) {
        val frame = ByteBuffer.allocateDirect(1_920)
        repeat(20_000) { call.pushAudio(frame, format) }
        val start = System.nanoTime()
        repeat(20_000) { call.pushAudio(frame, format) }
        println("a frame pushed: %.1f µs".format((System.nanoTime() - start) / 1e3 / 20_000))
    }
}
