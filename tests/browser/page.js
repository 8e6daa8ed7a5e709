// The page's half of the test: a tone for a microphone, ears for what comes back, the SDK between.

const MICROPHONE_HZ = Number(new URLSearchParams(location.search).get('hz') ?? 660)
const peers = []
const events = []
let client
let call
let ears
let incoming
let audio
let shared

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...options) {
    super(...options)
    peers.push(this)
  }
}

// Each capture gets its own oscillator, as each would open the device anew.
const capture = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
navigator.mediaDevices.getUserMedia = async (constraints) => {
  const stream = new MediaStream()
  if (constraints.audio) {
    audio ??= new AudioContext()
    await audio.resume()
    const oscillator = new OscillatorNode(audio, { frequency: MICROPHONE_HZ })
    const volume = new GainNode(audio, { gain: 0.3 })
    const destination = audio.createMediaStreamDestination()
    oscillator.connect(volume).connect(destination)
    oscillator.start()
    stream.addTrack(destination.stream.getAudioTracks()[0])
  }
  if (constraints.video) {
    const video = await capture({ video: constraints.video })
    stream.addTrack(video.getVideoTracks()[0])
  }
  return stream
}

/** Connects the ears to the newest peer connection's audio. */
async function listen() {
  const peer = peers.at(-1)
  const receiver = peer.getReceivers().find((r) => r.track?.kind === 'audio')
  const stream = new MediaStream([receiver.track])
  // Chromium feeds WebAudio from a remote stream only when an element plays it, too.
  const element = new Audio()
  element.srcObject = stream
  element.muted = true
  await element.play().catch(() => {})
  audio ??= new AudioContext()
  await audio.resume()
  const analyser = new AnalyserNode(audio, { fftSize: 8192, smoothingTimeConstant: 0 })
  new MediaStreamAudioSourceNode(audio, { mediaStream: stream }).connect(analyser)
  ears = { analyser, element, peer }
}

/** The loudest frequency and the level of what is heard now. */
window.hear = async () => {
  if (ears?.peer !== peers.at(-1)) await listen()
  const { analyser } = ears
  const spectrum = new Float32Array(analyser.frequencyBinCount)
  analyser.getFloatFrequencyData(spectrum)
  const loudest = spectrum.indexOf(Math.max(...spectrum))
  const wave = new Float32Array(analyser.fftSize)
  analyser.getFloatTimeDomainData(wave)
  const level = Math.sqrt(wave.reduce((sum, x) => sum + x * x, 0) / wave.length)
  const frequency = (loudest * audio.sampleRate) / analyser.fftSize
  return { frequency: level > 0.001 ? frequency : 0, level }
}

/** Statistics of received media of one kind. */
window.received = async (kind) => {
  const stats = await peers.at(-1).getStats()
  for (const entry of stats.values()) {
    if (entry.type === 'inbound-rtp' && entry.kind === kind) return plain(entry)
  }
  return null
}

window.connect = async (host, token) => {
  client = await SignalWire.SignalWire({ host, token })
}

window.subscriber = async () => client.getSubscriberInfo()
window.addresses = async (options) => (await client.address.getAddresses(options)).data
window.addressByName = async (name) => client.address.getAddress({ name })

/** What survives JSON; some events carry live objects. */
function plain(payload) {
  try {
    return JSON.parse(JSON.stringify(payload ?? null))
  } catch {
    return null
  }
}

function watch(target, names) {
  for (const name of names) {
    target.on(name, (payload) => events.push({ name, payload: plain(payload) }))
  }
}

const UPDATED = [
  'audioMuted', 'videoMuted', 'deaf', 'visible', 'inputVolume', 'outputVolume', 'inputSensitivity',
  'handraised', 'echoCancellation', 'autoGain', 'noiseSuppression',
].map((name) => `member.updated.${name}`)
const WATCHED = [
  'call.joined', 'call.state', 'call.left', 'call.updated', 'room.updated', 'member.joined',
  'member.left', 'member.talking', 'member.updated', ...UPDATED, 'layout.changed',
  'media.connected', 'destroy',
]

/** Dials and waits until the call has been joined; an error of the SDK becomes text. */
window.dial = async (to, options = {}) => {
  events.length = 0
  try {
    call = await client.dial({ to, rootElement: document.getElementById('root'), ...options })
    watch(call, WATCHED)
    const begin = performance.now()
    await call.start()
    return { ok: true, ms: performance.now() - begin, id: call.id }
  } catch (error) {
    return { ok: false, error: String(error?.message ?? JSON.stringify(error)) }
  }
}

/** Does something with the call and reports how it went. */
window.act = async (method, ...options) => {
  try {
    return { ok: true, value: plain(await call[method](...options)) }
  } catch (error) {
    return { ok: false, error: String(error?.message ?? JSON.stringify(error)) }
  }
}

window.property = (name) => plain(call[name])

/** Shares a screen and waits until it is a member. */
window.shareScreen = async () => {
  try {
    shared = await call.startScreenShare()
    return { ok: true }
  } catch (error) {
    return { ok: false, error: String(error?.message ?? JSON.stringify(error)) }
  }
}

window.stopSharing = async () => { await shared.leave() }

window.seen = () => events
window.forget = () => { events.length = 0 }
window.connectionState = () => peers.at(-1)?.connectionState

/** Goes online and remembers the next invite. */
window.online = async () => {
  const arrived = (notification) => { incoming = notification }
  await client.online({ incomingCallHandlers: { all: arrived } })
}

window.acceptIncoming = async (video = false) => {
  for (let i = 0; i < 100 && !incoming; i++) await sleep(50)
  if (!incoming) return { ok: false, error: 'no invite came' }
  const { invite } = incoming
  incoming = undefined
  call = await invite.accept({ rootElement: document.getElementById('root'), audio: true, video })
  return { ok: true, from: invite.details?.caller_id_number }
}

window.disconnect = async () => { await client.disconnect() }
