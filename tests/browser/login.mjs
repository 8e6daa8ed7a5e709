// A person logs in with headless Chromium, and the softphone makes a call with what it got.

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'
import { startGateway } from './gateway.mjs'

const USER = 'olive@example.com'
const PASSWORD = 'correct horse battery'

function expect(condition, message) {
  if (!condition) throw new Error(message)
}

/** A softphone without a token; `lines` are its JSON objects so far. */
function softphone(gateway, folder, ...args) {
  const { http_url: http, ws_url: ws, ca_file: ca } = gateway.info
  const env = {
    PATH: process.env.PATH,
    SW_HTTP_URL: http,
    SW_WS_URL: ws,
    SW_CA_FILE: ca,
    SW_LOGIN_FILE: join(folder, 'login.json'),
    SW_CLIENT_ID: 'gateway-app',
    SW_AUTHORIZE_URL: `${http}/login/oauth/authorize`,
    SW_TOKEN_URL: `${http}/oauth/token`,
  }
  const child = spawn(process.env.SW_SOFTPHONE_BIN, ['--json', ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = []
  const waiting = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(JSON.parse(line))
    waiting.splice(0).forEach((wake) => wake())
  })
  const ended = new Promise((resolve) => child.once('close', (code) => {
    waiting.splice(0).forEach((wake) => wake())
    resolve(code)
  }))
  const line = async (type) => {
    for (;;) {
      const found = lines.find((line) => line.type === type)
      if (found) return found
      expect(child.exitCode === null, `the softphone ended without ${type}: ${JSON.stringify(lines)}`)
      await new Promise((resolve) => waiting.push(resolve))
    }
  }
  return { lines, line, ended }
}

async function logIn(page, url, decision) {
  await page.goto(url)
  await page.fill('input[name=username]', USER)
  await page.fill('input[name=password]', PASSWORD)
  await page.click('button[type=submit]')
  await page.click(`button[value=${decision}]`)
  await page.waitForURL('http://127.0.0.1:*/callback?*')
  return page.textContent('h1')
}

const folder = mkdtempSync(join(tmpdir(), 'sw-login-'))
const gateway = await startGateway(process.env.SW_GATEWAY_BIN, 'freeswitch')
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--ignore-certificate-errors'],
})
let failed = 0
const check = async (title, work) => {
  try {
    await work()
    console.log(`ok    ${title}`)
  } catch (error) {
    failed += 1
    console.log(`FAIL  ${title}: ${error.message}`)
  }
}
try {
  const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage()
  page.setDefaultTimeout(15000)
  await check('[login] a person who says no is not logged in', async () => {
    const phone = softphone(gateway, folder, 'login', '--no-browser')
    const { url } = await phone.line('login_page')
    const title = await logIn(page, url, 'deny')
    expect(title === 'Not logged in', title)
    expect((await phone.ended) === 2, JSON.stringify(phone.lines))
  })
  await check('[login] a person logs in with Chromium', async () => {
    const phone = softphone(gateway, folder, 'login', '--no-browser')
    const { url } = await phone.line('login_page')
    const title = await logIn(page, url, 'allow')
    expect(title === 'Logged in', title)
    expect((await phone.ended) === 0, JSON.stringify(phone.lines))
    expect((await phone.line('subscriber')).email === USER, JSON.stringify(phone.lines))
    const file = join(folder, 'login.json')
    expect((statSync(file).mode & 0o777) === 0o600, 'others can read the tokens')
    expect(JSON.parse(readFileSync(file)).tokens.refresh_token, 'no refresh token')
  })
  const call = async () => {
    const phone = softphone(gateway, folder, 'dial', '/public/echo', '--duration', '1')
    expect((await phone.ended) === 0, JSON.stringify(phone.lines))
    const result = await phone.line('result')
    expect(result.stats.packets_received > 10, JSON.stringify(result))
  }
  await check('[login] the softphone calls /public/echo', call)
  await check('[login] its next start renews the token and calls again', async () => {
    await gateway.fault({ fault: 'expire_token' })
    await call()
    const { oauth, violations } = await gateway.state()
    expect(oauth.refreshes === 1, JSON.stringify(oauth))
    expect(violations.length === 0, violations.join('; '))
  })
} finally {
  await browser.close()
  await gateway.stop()
  rmSync(folder, { recursive: true, force: true })
}
process.exit(failed ? 1 : 0)
