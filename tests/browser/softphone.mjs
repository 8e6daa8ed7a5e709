// The native client's softphone as a process: commands in, one JSON object per line out.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { sleep } from './gateway.mjs'

export class Softphone {
  /** Dials an address as this subscriber. */
  static async dial(gateway, reference, address) {
    const made = await gateway.request('POST', '/_gateway/token', { reference })
    const env = {
      ...process.env,
      SW_TOKEN: made.body.token,
      SW_WS_URL: gateway.info.ws_url,
      SW_HTTP_URL: gateway.info.http_url,
      SW_CA_FILE: gateway.info.ca_file,
    }
    const options = { env, stdio: ['pipe', 'pipe', 'inherit'] }
    return new Softphone(spawn(process.env.SW_SOFTPHONE_BIN, ['--json', 'dial', address], options))
  }

  constructor(child) {
    this.child = child
    this.lines = []
    this.ended = new Promise((resolve) => child.once('exit', resolve))
    createInterface({ input: child.stdout }).on('line', (line) => this.lines.push(JSON.parse(line)))
  }

  /** What was said from now on is what `sees` looks at. */
  forget() {
    this.lines.length = 0
  }

  /** Waits for a line of this type that fits. */
  async sees(type, fits = () => true, ms = 8000) {
    const end = Date.now() + ms
    do {
      const found = this.lines.find((line) => line.type === type && fits(line))
      if (found) return found
      await sleep(30)
    } while (Date.now() < end)
    throw new Error(`the softphone did not say ${type}: ${JSON.stringify(this.lines.slice(-8))}`)
  }

  /** Gives a command and waits until it is carried out. */
  async does(command) {
    this.forget()
    this.child.stdin.write(`${command}\n`)
    const done = await this.sees('command_done', (line) => line.command === command)
    return done
  }

  /** Who is in the room, by name. */
  async roster() {
    await this.does('roster')
    const { members, layout } = await this.sees('roster')
    return { layout, members: Object.fromEntries(members.map((member) => [member.name, member])) }
  }

  async hangUp() {
    this.child.stdin.write('hangup\n')
    const result = await this.sees('result')
    await this.ended
    return result
  }

  stop() {
    this.child.kill()
  }
}
