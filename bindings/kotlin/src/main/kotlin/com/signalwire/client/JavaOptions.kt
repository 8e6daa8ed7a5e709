package com.signalwire.client

/**
 * The options of the library for Java, which can neither leave arguments out nor pass the unsigned
 * numbers of Kotlin's constructors. Each method is named after the field that it sets, and gives the
 * builder; what is not set has its default. Numbers must not be negative.
 */
public object JavaOptions {
    /** Options of a client with this token; empty if it has other credentials. */
    @JvmStatic public fun client(token: String): ForClient = ForClient(token)

    /** Options of a call that is dialled. */
    @JvmStatic public fun dial(): ForDial = ForDial()

    /** Options of a call that is answered. */
    @JvmStatic public fun answer(): ForAnswer = ForAnswer()

    /** A format of audio: 8000 to 192000 Hz, 1 or 2 channels. */
    @JvmStatic
    public fun audioFormat(sampleRateHz: Int, channels: Int): AudioFormat =
        AudioFormat(unsigned("sampleRateHz", sampleRateHz), unsigned("channels", channels))

    internal fun unsigned(name: String, value: Int): UInt {
        require(value >= 0) { "$name must not be negative; got $value" }
        return value.toUInt()
    }

    /** Builds [ClientOptions], whose fields are described there. */
    public class ForClient internal constructor(token: String) {
        private var options = ClientOptions(token = token)

        public fun wsUrl(url: String?): ForClient = set { copy(wsUrl = url) }

        public fun httpUrl(url: String?): ForClient = set { copy(httpUrl = url) }

        public fun caCertificatesPem(pem: String?): ForClient = set { copy(caCertificatesPem = pem) }

        public fun agent(name: String?): ForClient = set { copy(agent = name) }

        public fun mediaAddresses(addresses: List<String>): ForClient = set {
            copy(mediaAddresses = addresses.toList())
        }

        public fun relayOnly(isOn: Boolean): ForClient = set { copy(relayOnly = isOn) }

        public fun resumeFrom(record: String?): ForClient = set { copy(resumeFrom = record) }

        public fun watchNetwork(isOn: Boolean): ForClient = set { copy(watchNetwork = isOn) }

        public fun connectTimeoutMs(ms: Int): ForClient = set {
            copy(connectTimeoutMs = unsigned("connectTimeoutMs", ms))
        }

        public fun requestTimeoutMs(ms: Int): ForClient = set {
            copy(requestTimeoutMs = unsigned("requestTimeoutMs", ms))
        }

        /** The options as they are now. */
        public fun build(): ClientOptions = options

        private fun set(change: ClientOptions.() -> ClientOptions): ForClient {
            options = options.change()
            return this
        }
    }

    /** Builds [DialOptions], whose fields are described there. */
    public class ForDial internal constructor() {
        private var options = DialOptions()

        public fun ringTimeoutMs(ms: Int): ForDial = set {
            copy(ringTimeoutMs = unsigned("ringTimeoutMs", ms))
        }

        public fun mediaTimeoutMs(ms: Int): ForDial = set {
            copy(mediaTimeoutMs = unsigned("mediaTimeoutMs", ms))
        }

        public fun userVariablesJson(json: String?): ForDial = set { copy(userVariablesJson = json) }

        public fun audioCodecs(codecs: List<AudioCodec>): ForDial = set {
            copy(audioCodecs = codecs.toList())
        }

        public fun opusBitrateBps(bps: Int): ForDial = set {
            copy(opusBitrateBps = unsigned("opusBitrateBps", bps))
        }

        public fun audioQueueMs(ms: Int): ForDial = set {
            copy(audioQueueMs = unsigned("audioQueueMs", ms))
        }

        public fun fromFabricAddressId(id: String?): ForDial = set { copy(fromFabricAddressId = id) }

        public fun nodeId(id: String?): ForDial = set { copy(nodeId = id) }

        public fun video(direction: MediaDirection?): ForDial = set { copy(video = direction) }

        public fun videoCodecs(codecs: List<VideoCodec>): ForDial = set {
            copy(videoCodecs = codecs.toList())
        }

        public fun dtmf(method: DtmfMethod?): ForDial = set { copy(dtmf = method) }

        public fun opusComplexity(complexity: Int): ForDial = set {
            copy(opusComplexity = unsigned("opusComplexity", complexity))
        }

        public fun opusDtx(isOn: Boolean): ForDial = set { copy(opusDtx = isOn) }

        public fun statisticsIntervalMs(ms: Int): ForDial = set {
            copy(statisticsIntervalMs = unsigned("statisticsIntervalMs", ms))
        }

        public fun packetTimeMs(ms: Int): ForDial = set {
            copy(packetTimeMs = unsigned("packetTimeMs", ms))
        }

        /** The options as they are now. */
        public fun build(): DialOptions = options

        private fun set(change: DialOptions.() -> DialOptions): ForDial {
            options = options.change()
            return this
        }
    }

    /** Builds [AnswerOptions], whose fields are described there. */
    public class ForAnswer internal constructor() {
        private var options = AnswerOptions()

        public fun mediaTimeoutMs(ms: Int): ForAnswer = set {
            copy(mediaTimeoutMs = unsigned("mediaTimeoutMs", ms))
        }

        public fun userVariablesJson(json: String?): ForAnswer = set { copy(userVariablesJson = json) }

        public fun audioCodecs(codecs: List<AudioCodec>): ForAnswer = set {
            copy(audioCodecs = codecs.toList())
        }

        public fun opusBitrateBps(bps: Int): ForAnswer = set {
            copy(opusBitrateBps = unsigned("opusBitrateBps", bps))
        }

        public fun video(direction: MediaDirection?): ForAnswer = set { copy(video = direction) }

        public fun videoCodecs(codecs: List<VideoCodec>): ForAnswer = set {
            copy(videoCodecs = codecs.toList())
        }

        public fun dtmf(method: DtmfMethod?): ForAnswer = set { copy(dtmf = method) }

        public fun opusComplexity(complexity: Int): ForAnswer = set {
            copy(opusComplexity = unsigned("opusComplexity", complexity))
        }

        public fun opusDtx(isOn: Boolean): ForAnswer = set { copy(opusDtx = isOn) }

        public fun statisticsIntervalMs(ms: Int): ForAnswer = set {
            copy(statisticsIntervalMs = unsigned("statisticsIntervalMs", ms))
        }

        public fun packetTimeMs(ms: Int): ForAnswer = set {
            copy(packetTimeMs = unsigned("packetTimeMs", ms))
        }

        /** The options as they are now. */
        public fun build(): AnswerOptions = options

        private fun set(change: AnswerOptions.() -> AnswerOptions): ForAnswer {
            options = options.change()
            return this
        }
    }
}
