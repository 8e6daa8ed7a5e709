// The browser SDK in headless Chromium against the gateway: one line for each check.

import { createServer } from 'node:http'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { LIMIT_MS, sleep, startGateway } from './gateway.mjs'
import { checkRoom } from './room.mjs'

const here = new URL('.', import.meta.url).pathname
const FILES = {
  '/': ['page.html', 'text/html'],
  '/page.js': ['page.js', 'text/javascript'],
  '/sdk.js': ['node_modules/@signalwire/js/dist/index.umd.js', 'text/javascript'],
}
const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream',
  '--ignore-certificate-errors', '--autoplay-policy=no-user-gesture-required',
]

let passed = 0
let failed = 0

async function check(title, work) {
  try {
    const detail = await work()
    passed += 1
    console.log(`ok    ${title}${detail ? ` (${detail})` : ''}`)
  } catch (error) {
    failed += 1
    console.log(`FAIL  ${title}: ${error.message.split('\n')[0].slice(0, 2000)}`)
  }
}

function expect(condition, message) {
  if (!condition) throw new Error(message)
}

async function until(what, probe, ms = LIMIT_MS) {
  const end = Date.now() + ms
  let last
  do {
    last = await probe()
    if (last.done) return last.value
    await sleep(100)
  } while (Date.now() < end)
  throw new Error(`${what}: ${JSON.stringify(last.value)}`)
}

const near = (value, wanted, tolerance = 15) => Math.abs(value - wanted) <= tolerance

function serveFiles() {
  const server = createServer((request, response) => {
    const file = FILES[request.url.split('?')[0]]
    if (!file) return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': file[1] }).end(readFileSync(join(here, file[0])))
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

const hears = (page, hertz) =>
  until(`hears ${hertz} Hz`, async () => {
    const value = await page.evaluate(() => window.hear())
    const done = hertz === 0 ? value.level < 0.005 : near(value.frequency, hertz) && value.level > 0.02
    return { done, value }
  })

const gatewayHears = (gateway, hertz) =>
  gateway.callWhere((call) => (hertz === 0 ? call.level < 0.005 : near(call.frequency, hertz)))

const dial = (page, to, options) => page.evaluate(([to, options]) => window.dial(to, options), [to, options])
const tries = (page, ...action) => page.evaluate((action) => window.act(...action), action)
const act = async (page, ...action) => {
  const outcome = await tries(page, ...action)
  expect(outcome.ok, `${action[0]}: ${outcome.error}`)
  return outcome.value
}
const event = (page, name, test = () => true) =>
  until(`event ${name}`, async () => {
    const seen = await page.evaluate(() => window.seen())
    const found = seen.find((e) => e.name === name && test(e.payload))
    return { done: Boolean(found), value: found ?? seen.map((e) => e.name) }
  })

async function checkSession(gateway, page, title) {
  await check(`${title} a backend gets a subscriber token`, async () => {
    const { project, api_token: secret } = gateway.info
    const path = '/api/fabric/subscribers/tokens'
    const answer = await gateway.request('POST', path, { reference: 'bob@example.com' }, `${project}:${secret}`)
    expect(answer.status === 200, `status ${answer.status}`)
    gateway.token = answer.body.token
    const refused = await gateway.request('POST', path, { reference: 'x' }, `${project}:wrong`)
    expect(refused.status === 401, `a wrong secret gives ${refused.status}`)
  })
  await check(`${title} the SDK connects`, async () => {
    await page.evaluate(([host, token]) => window.connect(host, token), [
      `puc.localhost:${gateway.port}`, gateway.token,
    ])
    expect((await gateway.state()).sessions.length === 1, 'no session at the gateway')
  })
  await check(`${title} the SDK reads its subscriber and the addresses`, async () => {
    const subscriber = await page.evaluate(() => window.subscriber())
    expect(subscriber.email === 'bob@example.com', JSON.stringify(subscriber))
    const all = await page.evaluate(() => window.addresses({ type: 'app' }))
    expect(all.some((a) => a.channels.audio === '/public/echo?channel=audio'), JSON.stringify(all))
    const one = await page.evaluate(() => window.addressByName('echo'))
    expect(one.name === 'echo', JSON.stringify(one))
  })
}

async function checkEcho(gateway, page, title) {
  await check(`${title} /public/echo is joined`, async () => {
    const outcome = await dial(page, '/public/echo?channel=audio')
    expect(outcome.ok, outcome.error)
    await event(page, 'call.joined')
    return `${Math.round(outcome.ms)} ms`
  })
  await check(`${title} the browser hears its own 660 Hz`, async () => {
    const heard = await hears(page, 660)
    const energy = await until('totalAudioEnergy', async () => {
      const value = (await page.evaluate(() => window.received('audio')))?.totalAudioEnergy
      return { done: value > 0.01, value }
    })
    return `${heard.frequency.toFixed(0)} Hz, energy ${energy.toFixed(3)}`
  })
  await check(`${title} the gateway hears 660 Hz`, async () => {
    const call = await gatewayHears(gateway, 660)
    expect(call.codec === 'opus' && call.marker_violations === 0, JSON.stringify(call))
    return `${call.frequency} Hz, ${call.dtls_role}, early ClientHello ${call.early_client_hello}`
  })
  await check(`${title} digits arrive`, async () => {
    await act(page, 'sendDigits', '12#')
    await gateway.callWhere((call) => call.digits === '12#')
  })
  await check(`${title} mute: member.updated comes, the gateway hears nothing`, async () => {
    await act(page, 'audioMute')
    await event(page, 'member.updated', (p) => p.member.audio_muted === true)
    const call = await gateway.callWhere((call) => call.audio_muted)
    expect(call.state === 'answered', call.state)
    await gatewayHears(gateway, 0)
    await hears(page, 0)
  })
  await check(`${title} unmute: both hear it again`, async () => {
    await act(page, 'audioUnmute')
    await event(page, 'member.updated', (p) => p.member.audio_muted === false)
    await gatewayHears(gateway, 660)
    await hears(page, 660)
  })
  await check(`${title} hold stops the media, unhold brings it back`, async () => {
    await act(page, 'hold')
    await gateway.callWhere((call) => call.held)
    await sleep(200)
    const before = (await gateway.call()).packets_out
    await sleep(400)
    const after = (await gateway.call()).packets_out
    expect(after === before, `${after - before} packets on hold`)
    await act(page, 'unhold')
    await hears(page, 660)
  })
}

async function checkResume(gateway, page, title) {
  await check(`${title} the call survives a lost socket`, async () => {
    await gateway.fault({ fault: 'drop_sockets' })
    await until('session resumed', async () => {
      const value = (await gateway.state()).sessions[0]
      return { done: value?.connected && value.resumes === 1, value }
    })
    expect((await gateway.call()).state === 'answered', 'the call has gone')
    await hears(page, 660)
    await act(page, 'sendDigits', '9')
    await gateway.callWhere((call) => call.digits === '12#9')
  })
  await check(`${title} hang-up is clean`, async () => {
    await act(page, 'hangup')
    const call = await gateway.callWhere((call) => call.state === 'ended')
    expect(call.ended_by === 'client' && call.cause_code === 16, JSON.stringify(call))
  })
}

async function refused(gateway, page, to, code) {
  const outcome = await dial(page, to)
  expect(!outcome.ok, 'the call was accepted')
  const call = await gateway.callWhere((call) => call.state === 'ended')
  expect(call.cause_code === code && call.address === to, JSON.stringify(call))
}

async function checkOthers(gateway, page, title) {
  await check(`${title} an unknown address is refused`, () => refused(gateway, page, '/public/nobody', 3))
  await check(`${title} /public/busy is refused`, () => refused(gateway, page, '/public/busy', 17))
  await check(`${title} /public/tone sounds at 440 Hz`, async () => {
    const outcome = await dial(page, '/public/tone')
    expect(outcome.ok, outcome.error)
    await hears(page, 440)
    await act(page, 'hangup')
  })
  await check(`${title} /public/record is silent and keeps what it hears`, async () => {
    const outcome = await dial(page, '/public/record')
    expect(outcome.ok, outcome.error)
    await gatewayHears(gateway, 660)
    const call = await gateway.callWhere((call) => call.streams[0].seconds_heard > 0.3)
    await hears(page, 0)
    await act(page, 'hangup')
    const wav = await gateway.download(`/_gateway/calls/${call.call_id}/recording.wav`)
    expect(wav.length > 20000, `${wav.length} bytes recorded`)
  })
  await check(`${title} /public/early: early media, then the answer`, async () => {
    const outcome = await dial(page, '/public/early')
    expect(outcome.ok, outcome.error)
    await hears(page, 440)
    await act(page, 'hangup')
  })
  await check(`${title} /public/bye hangs up`, async () => {
    const outcome = await dial(page, '/public/bye')
    expect(outcome.ok, outcome.error)
    await event(page, 'destroy')
    const call = await gateway.call()
    expect(call.ended_by === 'server' && call.state === 'ended', JSON.stringify(call))
  })
  await check(`${title} an inbound call is accepted`, async () => {
    await page.evaluate(() => window.online())
    await gateway.fault({ fault: 'call_client', from: '/public/carol' })
    const outcome = await page.evaluate(() => window.acceptIncoming())
    expect(outcome.ok && outcome.from === '/public/carol', JSON.stringify(outcome))
    await gatewayHears(gateway, 660)
    await hears(page, 660)
    await gateway.fault({ fault: 'hang_up' })
  })
  await check(`${title} video comes back`, async () => {
    const outcome = await dial(page, '/public/echo?channel=video')
    expect(outcome.ok, outcome.error)
    const count = await frames(page)
    await hears(page, 660)
    await act(page, 'hangup')
    return `${count} frames`
  })
}

// With BUNDLE the SDK waits for candidates of a section that has none of its own: it never sends
// the offer. So only the other dialect can be asked for this.
async function checkAddedVideo(page, title) {
  await check(`${title} video is added to an audio call`, async () => {
    const outcome = await dial(page, '/public/echo')
    expect(outcome.ok, outcome.error)
    await hears(page, 660)
    await act(page, 'updateMedia', { video: { direction: 'sendrecv' } })
    const count = await frames(page)
    await hears(page, 660)
    await act(page, 'hangup')
    return `${count} frames`
  })
}

const frames = (page) =>
  until('frames', async () => {
    const value = (await page.evaluate(() => window.received('video')))?.framesDecoded
    return { done: value > 10, value }
  })

async function checkTwoBrowsers(gateway, page, other, title) {
  await check(`${title} one browser calls the other, both hear each other`, async () => {
    const made = await gateway.request('POST', '/_gateway/token', { reference: 'dave@example.com' })
    const host = `puc.localhost:${gateway.port}`
    await other.evaluate(([host, token]) => window.connect(host, token), [host, made.body.token])
    await other.evaluate(() => window.online())
    const accepted = other.evaluate(() => window.acceptIncoming())
    const outcome = await dial(page, '/private/dave-example-com?channel=audio')
    expect(outcome.ok, outcome.error)
    const invite = await accepted
    expect(invite.ok && invite.from === '/private/bob-example-com', JSON.stringify(invite))
    await hears(other, 660)
    await hears(page, 880)
    await act(page, 'hangup')
    await gateway.callWhere((call) => call.state === 'ended')
  })
  await check(`${title} they see each other, too`, async () => {
    const accepted = other.evaluate(() => window.acceptIncoming(true))
    const outcome = await dial(page, '/private/dave-example-com?channel=video')
    expect(outcome.ok, outcome.error)
    const invite = await accepted
    expect(invite.ok, JSON.stringify(invite))
    await frames(other)
    await frames(page)
    await hears(other, 660)
    await act(page, 'hangup')
    await gateway.callWhere((call) => call.state === 'ended')
    await other.evaluate(() => window.disconnect())
  })
}

async function run(dialect, origin) {
  const title = `[${dialect}]`
  const gateway = await startGateway(process.env.SW_GATEWAY_BIN, dialect)
  const profile = mkdtempSync(join(tmpdir(), 'gateway-browser-'))
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: FLAGS,
    ignoreHTTPSErrors: true,
  })
  try {
    const page = await browser.newPage()
    if (process.env.SW_PAGE_LOG) page.on('console', (message) => console.error(message.text()))
    await page.goto(origin)
    await checkSession(gateway, page, title)
    await checkEcho(gateway, page, title)
    await checkResume(gateway, page, title)
    await checkOthers(gateway, page, title)
    if (dialect === 'freeswitch') await checkAddedVideo(page, title)
    const other = await browser.newPage()
    await other.goto(`${origin}?hz=880`)
    await checkTwoBrowsers(gateway, page, other, title)
    // The SDK offers a screen's video before its audio and takes for granted that the answer has the
    // audio first, as media nodes write it; of an answer in the offer's order it makes rubbish.
    const canShareScreen = dialect === 'freeswitch'
    const tools = { gateway, page, title, canShareScreen, check, expect, until, dial, act, tries, event }
    await checkRoom(tools)
    await check(`${title} no violation, no event left unacknowledged`, async () => {
      const state = await until('acknowledged', async () => {
        // A client that has gone owes nothing any more.
        const value = await gateway.state()
        const owing = value.sessions.filter((s) => s.connected && s.unacked.length > 0)
        return { done: owing.length === 0, value }
      })
      await page.evaluate(() => window.disconnect())
      expect(state.violations.length === 0, state.violations.join('; '))
      expect(state.counters.pongs > 0, 'no pong')
    })
  } finally {
    await browser.close()
    await gateway.stop()
    rmSync(profile, { recursive: true, force: true })
  }
}

const server = await serveFiles()
const wanted = process.argv.slice(2)
for (const dialect of wanted.length ? wanted : ['freeswitch', 'browser']) {
  try {
    await run(dialect, `http://127.0.0.1:${server.address().port}/`)
  } catch (error) {
    failed += 1
    console.log(`FAIL  [${dialect}] ${error.stack}`)
  }
}
server.close()
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)
