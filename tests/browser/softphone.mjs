// The native client's softphone as a process: commands in, one JSON object per line out.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { LIMIT_MS, sleep } from './gateway.mjs'

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

  /** Waits for a line of this type, or of one of these, that fits. */
  async sees(type, fits = () => true, ms = LIMIT_MS) {
    const types = [type].flat()
    const end = Date.now() + ms
    do {
      const found = this.lines.find((line) => types.includes(line.type) && fits(line))
      if (found) return found
      await sleep(30)
    } while (Date.now() < end)
    throw new Error(`the softphone did not say ${type}: ${JSON.stringify(this.lines.slice(-8))}`)
  }

  say(command) {
    this.child.stdin.write(`${command}\n`)
  }

  /** Gives a command and waits until it is carried out. */
  async does(command) {
    const answer = await this.answer(command)
    if (answer.type === 'error') throw new Error(`${command}: ${answer.message}`)
    return answer
  }

  /** Gives a command that has to fail; gives the error. */
  async fails(command) {
    const answer = await this.answer(command)
    if (answer.type !== 'error') throw new Error(`${command} was carried out`)
    return answer
  }

  /** What a command came to. What was said before is kept. */
  async answer(command) {
    const from = this.lines.length
    this.say(command)
    const is = (line) => line.command === command && this.lines.indexOf(line) >= from
    return this.sees(['command_done', 'error'], is)
  }

  /** Who is in the room, by name; a screen is called after the one who shares it. */
  async roster() {
    await this.does('roster')
    const { members, layout } = this.lines.findLast((line) => line.type === 'roster')
    const name = (member) => (member.kind === 'member' ? member.name : `${member.name}/${member.kind}`)
    return { layout, members: Object.fromEntries(members.map((member) => [name(member), member])) }
  }

  async hangUp() {
    this.say('hangup')
    return this.result()
  }

  /** How the call ended, when it has. */
  async result() {
    const result = await this.sees('result')
    await this.ended
    return result
  }

  stop() {
    this.child.kill()
  }
}
