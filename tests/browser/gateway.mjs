// Starting the gateway binary and talking to its control endpoint.

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import https from 'node:https'
import { createInterface } from 'node:readline'

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** How long a thing may take at most; a loaded machine is slow. */
export const LIMIT_MS = 30000

export async function startGateway(binary, dialect) {
  const options = ['--dialect', dialect, '--ping-seconds', '2', '--exit-on-stdin-close']
  if (process.env.SW_GATEWAY_LOG) options.push('--log')
  const child = spawn(binary, options, { stdio: ['pipe', 'pipe', 'inherit'] })
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the gateway ended with ${code}`)))
  })
  return new Gateway(child, JSON.parse(line))
}

class Gateway {
  constructor(child, info) {
    this.child = child
    this.info = info
    this.ca = readFileSync(info.ca_file)
    this.port = new URL(info.http_url).port
  }

  exchange(method, path, body, auth) {
    return new Promise((resolve, reject) => {
      const options = { method, ca: this.ca, auth, headers: { 'content-type': 'application/json' } }
      const request = https.request(this.info.http_url + path, options, (response) => {
        const parts = []
        response.on('data', (part) => parts.push(part))
        response.on('end', () => resolve({ status: response.statusCode, bytes: Buffer.concat(parts) }))
      })
      request.on('error', reject)
      request.end(body && JSON.stringify(body))
    })
  }

  async request(method, path, body, auth) {
    const { status, bytes } = await this.exchange(method, path, body, auth)
    return { status, body: JSON.parse(bytes) }
  }

  async download(path) {
    return (await this.exchange('GET', path)).bytes
  }

  async state() {
    return (await this.request('GET', '/_gateway/state')).body
  }

  async fault(fault) {
    const answer = await this.request('POST', '/_gateway/fault', fault)
    if (answer.status !== 200) throw new Error(`fault refused: ${JSON.stringify(answer.body)}`)
    return answer.body
  }

  /** The newest call, or the one with this id. */
  async call(id) {
    const calls = (await this.state()).calls
    return id ? calls.find((call) => call.call_id === id) : calls.at(-1)
  }

  /** Waits until the newest call fulfils a condition and returns it. */
  async callWhere(condition, ms = LIMIT_MS) {
    const end = Date.now() + ms
    let call
    do {
      call = await this.call()
      if (call && condition(call)) return call
      await sleep(50)
    } while (Date.now() < end)
    throw new Error(`the gateway's call did not get there: ${JSON.stringify(call)}`)
  }

  async stop() {
    const ended = new Promise((resolve) => this.child.once('exit', resolve))
    this.child.stdin.end()
    await ended
  }
}
