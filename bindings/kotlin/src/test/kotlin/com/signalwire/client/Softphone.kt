package com.signalwire.client

import java.io.File
import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeoutOrNull

/**
 * A phone for scripts, with the commands, lines and exit codes of the Rust example `softphone
 * --json`: the scenarios of the repository play calls with it.
 */
public fun main(args: Array<String>) {
    val code = runBlocking { Softphone(args.filter { it != "--json" }).run() }
    shutdown()
    // The thread that reads the commands may still wait for one.
    Runtime.getRuntime().halt(code)
}

private class Usage(message: String) : Exception(message)

private class Softphone(private val args: List<String>) {
    private val started = System.nanoTime()
    private val commands = Channel<String>(Channel.UNLIMITED)
    private var isRejected = false
    private var wasAnswered = false
    private val underWay = AtomicInteger()

    suspend fun run(): Int =
        try {
            val end = client().use { client -> phone(client) }
            result(outcome(end), "end" to end(end), "was_answered" to wasAnswered)
        } catch (usage: Usage) {
            failed("usage", "usage", usage.message)
        } catch (error: SignalWireException) {
            failed(outcome(kind(error)), kind(error), error.message)
        }

    private fun client(): Client {
        fun environment(name: String) = System.getenv(name)?.takeIf { it.isNotEmpty() }
        SignalWire.prepare()
        val token = environment("SW_TOKEN") ?: throw Usage("SW_TOKEN is needed")
        return Client(
            ClientOptions(
                token = token,
                wsUrl = environment("SW_WS_URL"),
                httpUrl = environment("SW_HTTP_URL"),
                caCertificatesPem = environment("SW_CA_FILE")?.let { File(it).readText() },
                agent = "softphone-kotlin",
            ))
    }

    private suspend fun phone(client: Client): EndReason = runInScope { scope ->
        scope.launch { client.eventFlow().collect { report(it) } }
        client.connect()
        val call =
            when (args.firstOrNull()) {
                "dial" -> dial(client)
                "listen" -> listen(client)
                else -> throw Usage("dial ADDRESS or listen")
            }
        readCommands()
        scope.launch { for (line in commands) command(call, line) }
        call.eventFlow().collect { report(it) }
        // A command that was under way ends with the call.
        withTimeoutOrNull(1_000) { while (underWay.get() > 0) delay(5) }
        client.disconnect()
        call.endReason() ?: error("the call ended without a reason")
    }

    /** Runs it with a scope for what goes on beside it, and ends that with it. */
    private suspend fun <T> runInScope(work: suspend (CoroutineScope) -> T): T {
        val job = Job()
        try {
            return work(CoroutineScope(Dispatchers.Default.limitedParallelism(1) + job))
        } finally {
            job.cancel()
        }
    }

    private fun dial(client: Client): Call {
        val address = args.getOrNull(1) ?: throw Usage("dial needs an address")
        val timeout = args.indexOf("--ring-timeout").takeIf { it > 0 }?.let { args[it + 1] }
        val options = DialOptions(ringTimeoutMs = ((timeout?.toDouble() ?: 0.0) * 1000).toUInt())
        val call = client.dial(address, options)
        line("dialing", "call_id" to call.id(), "address" to address)
        return call
    }

    private suspend fun listen(client: Client): Call {
        client.online()
        line("listening")
        var call: Call? = null
        client
            .eventFlow()
            .filterIsInstance<ClientEvent.IncomingCall>()
            // None when the caller gave up at once.
            .onEach { call = client.call(it.callId) }
            .first { call != null }
        val incoming = call!!
        val from = incoming.remoteParty()
        line("incoming", "call_id" to incoming.id(), "name" to from.name, "number" to from.number)
        return incoming
    }

    private fun readCommands() {
        val reader = Thread({
            generateSequence(::readLine).map { it.trim() }.filter { it.isNotEmpty() }.forEach {
                underWay.incrementAndGet()
                commands.trySend(it)
            }
        }, "stdin")
        reader.isDaemon = true
        reader.start()
    }

    private suspend fun command(call: Call, text: String) {
        try {
            carryOut(call, text.substringBefore(' '), text.substringAfter(' ', "").trim())
            if (text != "hangup") line("command_done", "command" to text)
        } catch (usage: Usage) {
            line("error", "command" to text, "kind" to "usage", "message" to usage.message)
        } catch (error: SignalWireException) {
            line("error", "command" to text, "kind" to kind(error), "message" to error.message)
        } finally {
            underWay.decrementAndGet()
        }
    }

    private suspend fun carryOut(call: Call, word: String, rest: String) {
        when (word) {
            "answer" -> call.answer(AnswerOptions())
            "reject" -> {
                if (rest == "everywhere") call.rejectEverywhere() else call.reject()
                isRejected = true
            }
            "hangup" -> call.hangup()
            "hold" -> call.hold()
            "unhold" -> call.unhold()
            "mute" -> if (rest.isEmpty()) call.mute() else call.setAudioMuted(target(call, rest), true)
            "unmute" ->
                if (rest.isEmpty()) call.unmute() else call.setAudioMuted(target(call, rest), false)
            "deaf" -> call.setDeaf(target(call, rest), true)
            "undeaf" -> call.setDeaf(target(call, rest), false)
            "hand" -> call.setHandRaised(MemberTarget.Own, rest == "up")
            "lock" -> call.setLocked(true)
            "unlock" -> call.setLocked(false)
            "dtmf" -> call.sendDigits(rest)
            "layout" -> call.setLayout(rest)
            "layouts" -> line("layouts", "names" to call.layouts())
            "remove" -> call.removeMember(memberId(call, rest))
            "transfer" -> call.transfer(rest)
            "roster" ->
                line(
                    "roster",
                    "members" to call.members().map(::member),
                    "layout" to call.layout()?.let(::layout))
            else -> throw Usage("unknown command $word")
        }
    }

    private fun memberId(call: Call, who: String): String {
        val named = call.members().filter { shortName(it) == who }
        if (named.size > 1) throw Usage("$who is the name of several members: take an id")
        // The library says when there is no such id.
        return named.firstOrNull()?.memberId ?: who
    }

    private fun target(call: Call, who: String): MemberTarget =
        if (who == "all") MemberTarget.All else MemberTarget.Member(memberId(call, who))

    private fun report(event: ClientEvent) {
        if (event is ClientEvent.StateChanged) {
            line("client_state", "state" to name(event.state), "reason" to event.reason)
        }
    }

    private fun report(event: CallEvent) {
        when (event) {
            is CallEvent.StateChanged -> {
                if (event.state == CallState.ACTIVE) wasAnswered = true
                line("state", "state" to name(event.state), "previous" to name(event.previous))
            }
            is CallEvent.MediaConnected -> line("media_connected", "codec" to event.codec)
            is CallEvent.MediaLost -> line("media_lost")
            is CallEvent.DigitReceived -> line("digit_received", "digit" to event.digit)
            is CallEvent.Joined ->
                line("joined", "call_id" to event.callId, "member_id" to event.memberId)
            is CallEvent.MemberJoined -> line("member_joined", *pairs(member(event.member)))
            is CallEvent.MemberUpdated ->
                line("member_updated", *pairs(member(event.member)), "changed" to event.changed)
            is CallEvent.MemberLeft -> line("member_left", *pairs(member(event.member)))
            is CallEvent.MemberTalking ->
                line("member_talking", "member_id" to event.memberId, "is_talking" to event.isTalking)
            is CallEvent.LayoutChanged -> line("layout_changed", *pairs(layout(event.layout)))
            is CallEvent.Ended -> line("ended", *pairs(end(event.reason)))
            else -> line("service_event")
        }
    }

    private fun line(type: String, vararg fields: Pair<String, Any?>) {
        val elapsed = (System.nanoTime() - started) / 1_000 / 1_000.0
        println(json(mapOf("type" to type, "time_ms" to elapsed) + fields))
        System.out.flush()
    }

    private fun result(outcome: String, vararg fields: Pair<String, Any?>): Int {
        val code = EXIT_CODES.getValue(outcome)
        line("result", *fields, "outcome" to outcome, "exit_code" to code)
        return code
    }

    private fun failed(outcome: String, kind: String, message: String?): Int =
        result(outcome, "error" to mapOf("kind" to kind, "message" to message))

    private fun outcome(end: EndReason): String =
        when (end.kind) {
            EndKind.LOCAL_HANGUP, EndKind.REMOTE_HANGUP ->
                if (wasAnswered) "answered" else if (isRejected) "ok" else "other"
            EndKind.REJECTED, EndKind.NOT_FOUND -> "refused"
            EndKind.BUSY -> "busy"
            EndKind.NO_ANSWER -> "no_answer"
            EndKind.MEDIA_FAILED -> "media_failed"
            EndKind.SIGNALING_FAILED -> "network"
            else -> "other"
        }

    private fun outcome(kind: String): String =
        when (kind) {
            "invalid_argument" -> "usage"
            "invalid_token", "unauthorized" -> "unauthorized"
            "network", "tls", "timeout" -> "network"
            "rejected", "not_found" -> "refused"
            else -> "other"
        }
}

private val EXIT_CODES =
    mapOf(
        "ok" to 0, "answered" to 0, "usage" to 1, "unauthorized" to 2, "network" to 3,
        "refused" to 4, "busy" to 5, "no_answer" to 6, "media_failed" to 7, "other" to 8)

private fun name(value: Enum<*>): String = value.name.lowercase()

/** `invalid_argument` of `SignalWireException.InvalidArgument`. */
private fun kind(error: SignalWireException): String =
    error::class.simpleName!!.replace(Regex("(?<!^)([A-Z])"), "_$1").lowercase()

/** `alice` of `sip:alice@…;context=private`. */
private fun shortName(member: Member): String =
    member.name.removePrefix("sip:").substringBefore('@').substringBefore(';')

private fun member(member: Member): Map<String, Any?> =
    mapOf(
        "member_id" to member.memberId,
        "name" to shortName(member),
        "is_self" to member.isSelf,
        "is_talking" to member.isTalking,
        "audio_muted" to member.audioMuted,
        "video_muted" to member.videoMuted,
        "is_deaf" to member.isDeaf,
        "hand_raised" to member.handRaised,
        "position" to member.position)

private fun layout(layout: Layout): Map<String, Any?> =
    mapOf("name" to layout.name, "layers" to layout.layers.size)

private fun end(end: EndReason): Map<String, Any?> =
    mapOf(
        "kind" to name(end.kind), "cause" to end.cause, "code" to end.code,
        "message" to end.message)

private fun pairs(fields: Map<String, Any?>): Array<Pair<String, Any?>> =
    fields.toList().toTypedArray()

private fun json(value: Any?): String =
    when (value) {
        null, is Boolean, is Number -> value.toString()
        is Map<*, *> -> value.entries.joinToString(",", "{", "}") { (k, v) -> "${json(k)}:${json(v)}" }
        is Iterable<*> -> value.joinToString(",", "[", "]") { json(it) }
        else -> text(value.toString())
    }

private fun text(value: String): String = buildString {
    append('"')
    for (c in value) {
        when {
            c == '"' || c == '\\' -> append('\\').append(c)
            c < ' ' -> append("\\u%04x".format(c.code))
            else -> append(c)
        }
    }
    append('"')
}
