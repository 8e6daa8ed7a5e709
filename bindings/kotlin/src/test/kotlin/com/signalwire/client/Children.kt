package com.signalwire.client

import java.io.File
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.CountDownLatch
import java.util.concurrent.FutureTask
import kotlin.system.exitProcess
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext

/** Programs that end in unusual ways, each in a JVM of its own; see [ProcessTest]. */
internal object Children {
    @JvmStatic
    fun main(args: Array<String>) {
        SignalWire.prepare()
        when (args[0]) {
            "exit" -> exit()
            "return" -> returnFromMain()
            "stuck" -> stuckCallback()
            "copies" -> copies(args.drop(1))
            "shutdown" -> shutdownTwice()
        }
    }

    fun options(): ClientOptions =
        ClientOptions(
            token = System.getenv("SW_TOKEN"),
            wsUrl = System.getenv("SW_WS_URL"),
            httpUrl = System.getenv("SW_HTTP_URL"),
            caCertificatesPem = File(System.getenv("SW_CA_FILE")).readText(),
            mediaAddresses = listOf("127.0.0.1"),
        )

    private suspend fun call(): Pair<Client, Call> {
        val client = Client(options())
        client.connect()
        val call = client.dialAndWait("/public/tone")
        println(call.state())
        return client to call
    }

    /** Exits while a call is up, frames are delivered and coroutines wait. */
    private fun exit() = runBlocking {
        val (_, call) = call()
        launch { call.ended() }
        launch { call.eventFlow().collect {} }
        call.audioFlow().collect { exitProcess(3) }
    }

    /** Returns while a call is up: nothing of the library keeps the JVM. */
    private fun returnFromMain() = runBlocking {
        val (_, call) = call()
        call.addAudioSink(
            AudioFormat(48_000u, 1u),
            object : AudioSink {
                override fun onFrame(frame: PcmFrame) = Unit
            })
        call.audioFlow().first()
        Unit
    }

    /** A sink never returns: the others, the call and the end do not wait for it. */
    private fun stuckCallback() {
        runBlocking {
            val (client, call) = call()
            val entered = CountDownLatch(1)
            call.addAudioSink(
                AudioFormat(48_000u, 1u),
                object : AudioSink {
                    override fun onFrame(frame: PcmFrame) {
                        entered.countDown()
                        CountDownLatch(1).await()
                    }
                })
            entered.await()
            println("stuck")
            val other = client.dialAndWait("/public/tone")
            other.audioFlow().first()
            other.hangup()
            println(call.state())
            call.hangup()
            client.disconnect()
            println(client.state())
        }
        exitProcess(4)
    }

    /** The library ends with calls up, leaves no thread, and starts anew. */
    private fun shutdownTwice() {
        repeat(2) {
            runBlocking {
                val (client, call) = call()
                val waiting = async(start = CoroutineStart.UNDISPATCHED) { call.ended() }
                call.audioFlow().first()
                check(threads().isNotEmpty())
                check(withContext(Dispatchers.IO) { shutdown() })
                println("${waiting.await().kind} ${client.state()} ${threads()}")
            }
        }
    }

    /** The library's own threads, where the system tells. */
    private fun threads(): List<String> =
        File("/proc/self/task")
            .listFiles()
            .orEmpty()
            .map { Files.readString(it.toPath().resolve("comm")).trim() }
            .filter { it.startsWith("sw-") }

    /** Two copies of the library in one process, each with classes of its own, at the same time. */
    private fun copies(libraries: List<String>) {
        val urls =
            System.getProperty("java.class.path")
                .split(File.pathSeparator)
                .map { File(it).toURI().toURL() }
                .toTypedArray()
        val tasks =
            libraries.map { library ->
                // Read once by each copy, when its classes are first used.
                System.setProperty("uniffi.component.signalwire_client.libraryOverride", library)
                val loader = java.net.URLClassLoader(urls, ClassLoader.getPlatformClassLoader())
                val copy = loader.loadClass("com.signalwire.client.OneCall")
                copy.getMethod("load").invoke(null)
                FutureTask { copy.getMethod("call").invoke(null) as String }
            }
        tasks.forEach { Thread(it).start() }
        tasks.forEach { println(it.get()) }
        val maps = Files.readString(Path.of("/proc/self/maps"))
        println(libraries.count { it in maps })
    }
}

/** What each copy of the classes does. */
internal object OneCall {
    @JvmStatic
    fun load() {
        SignalWire.prepare()
        version()
    }

    @JvmStatic
    fun call(): String = runBlocking {
        withClient(Children.options()) { client ->
            client.withCall("/public/tone") { call -> call.audioFlow().first { it.pcm.any { b -> b != 0.toByte() } } }
        }
        check(shutdown())
        "heard"
    }
}
