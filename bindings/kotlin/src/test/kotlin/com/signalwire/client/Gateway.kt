package com.signalwire.client

import com.google.gson.JsonObject
import com.google.gson.JsonParser
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.nio.file.Files
import java.nio.file.Path
import java.security.KeyStore
import java.security.cert.CertificateFactory
import java.util.concurrent.TimeUnit
import javax.net.ssl.SSLContext
import javax.net.ssl.TrustManagerFactory
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assumptions.assumeTrue
import org.junit.jupiter.api.fail
import org.opentest4j.TestAbortedException

/**
 * The test gateway, whose program SW_GATEWAY_BIN names: one for all tests, started by the first that
 * needs it. It ends with the JVM, as its standard input does.
 */
internal object Gateway {
    private val ready: JsonObject by lazy {
        val program = System.getenv("SW_GATEWAY_BIN")
        assumeTrue(program != null, "SW_GATEWAY_BIN does not name the test gateway")
        SignalWire.prepare()
        val process =
            ProcessBuilder(program, "--exit-on-stdin-close")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start()
        Runtime.getRuntime().addShutdownHook(Thread { process.waitFor(1, TimeUnit.SECONDS) })
        parse(process.inputStream.bufferedReader().readLine())
    }

    val wsUrl: String by lazy { ready["ws_url"].asString }
    val httpUrl: String by lazy { ready["http_url"].asString }
    val caFile: String by lazy { ready["ca_file"].asString }
    val project: String by lazy { ready["project"].asString }
    val apiToken: String by lazy { ready["api_token"].asString }
    val caPem: String by lazy { Files.readString(Path.of(caFile)) }

    /** A client of TLS that trusts the gateway and follows no redirect, as a browser for tests. */
    val http: HttpClient by lazy {
        val certificate =
            caPem.byteInputStream().use {
                CertificateFactory.getInstance("X.509").generateCertificate(it)
            }
        val store = KeyStore.getInstance(KeyStore.getDefaultType())
        store.load(null, null)
        store.setCertificateEntry("gateway", certificate)
        val trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm())
        trust.init(store)
        val context = SSLContext.getInstance("TLS")
        context.init(null, trust.trustManagers, null)
        HttpClient.newBuilder().sslContext(context).build()
    }

    /** A subscriber's token. */
    fun token(reference: String = "kotlin@example.com", ttl: Int = 3_600): String =
        post("/_gateway/token", """{"reference":"$reference","ttl":$ttl}""")["token"].asString

    /** Lets something happen; the list is in `tests/gateway/src/fault.rs`. Gives the answer. */
    fun fault(name: String, members: String = ""): JsonObject =
        post("/_gateway/fault", """{"fault":"$name"${if (members.isEmpty()) "" else ",$members"}}""")

    fun state(): JsonObject = get("/_gateway/state")

    /** What the gateway knows of a call. */
    fun call(id: String): JsonObject =
        state()["calls"].asJsonArray.map { it.asJsonObject }.first { it["call_id"].asString == id }

    /** Waits until [condition] holds for the gateway's state. */
    suspend fun until(what: String, condition: (JsonObject) -> Boolean) {
        val deadline = System.nanoTime() + 10_000_000_000
        while (!condition(state())) {
            if (System.nanoTime() > deadline) fail("$what: ${state()}")
            delay(20)
        }
    }

    fun options(token: String = token()) =
        ClientOptions(
            token = token,
            wsUrl = wsUrl,
            httpUrl = httpUrl,
            caCertificatesPem = caPem,
            mediaAddresses = listOf("127.0.0.1"),
        )

    /** The environment of the example programs. */
    fun environment(): Map<String, String> =
        mapOf(
            "SW_TOKEN" to token(),
            "SW_WS_URL" to wsUrl,
            "SW_HTTP_URL" to httpUrl,
            "SW_CA_FILE" to caFile)

    private fun get(path: String): JsonObject =
        send(HttpRequest.newBuilder(URI(httpUrl + path)).build())

    private fun post(path: String, body: String): JsonObject =
        send(
            HttpRequest.newBuilder(URI(httpUrl + path))
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build())

    private fun send(request: HttpRequest): JsonObject {
        val answer = http.send(request, HttpResponse.BodyHandlers.ofString())
        assertEquals(200, answer.statusCode(), answer.body())
        return parse(answer.body())
    }

    private fun parse(text: String): JsonObject = JsonParser.parseString(text).asJsonObject
}

/** A body with a limit that only a hang reaches. */
internal fun limited(body: suspend CoroutineScope.() -> Unit) = runBlocking {
    withTimeout(40_000, body)
}

/** A body with a connected client, which is disconnected afterwards. */
internal fun connected(
    token: String = Gateway.token(),
    body: suspend CoroutineScope.(Client) -> Unit,
) = limited {
    Client(Gateway.options(token)).use { client ->
        client.connect()
        body(client)
        client.disconnect()
        assertEquals(ClientState.CLOSED, client.state())
    }
}

/** What [body] throws, which must be a [T]. */
internal suspend inline fun <reified T : Throwable> failsWith(body: suspend () -> Unit): T {
    try {
        body()
    } catch (error: Throwable) {
        if (error is TestAbortedException) throw error
        if (error is T) return error
        throw AssertionError("expected ${T::class.simpleName}", error)
    }
    fail("nothing was thrown")
}
