// Two softphones of the native client and the browser SDK in one room: each sees the same members,
// acts on the others, and stays when its socket is cut.

import { checkControls } from './controls.mjs'
import { checkFarewells } from './farewells.mjs'
import { checkScreens } from './screen.mjs'
import { Softphone } from './softphone.mjs'

const ROOM = '/public/room?channel=audio'
const VIDEO_ROOM = '/public/room?channel=video'

export async function checkRoom(tools) {
  const { gateway, page, title, check, expect, until, dial, act, event } = tools
  const phones = []
  let alice
  let carol
  let sdkMember
  const memberOf = async (name) => {
    const { members } = await alice.roster()
    expect(members[name], `${name} is not in ${JSON.stringify(members)}`)
    return members[name]
  }
  const enters = async (name) => {
    const phone = await Softphone.dial(gateway, name, ROOM)
    phones.push(phone)
    await phone.sees('media_connected')
    return phone
  }
  /** What was told from now on is what is looked at. */
  const forget = async () => {
    phones.forEach((phone) => phone.forget())
    await page.evaluate(() => window.forget())
  }
  try {
    await check(`${title} room: three subscribers see each other`, async () => {
      alice = await enters('alice')
      const outcome = await dial(page, VIDEO_ROOM)
      expect(outcome.ok, outcome.error)
      carol = await enters('carol')
      for (const phone of [alice, carol]) {
        await until('three members', async () => {
          const value = Object.keys((await phone.roster()).members)
          return { done: value.length === 3, value }
        })
      }
      const { members } = await alice.roster()
      sdkMember = Object.values(members).find((m) => !['alice', 'carol'].includes(m.name))
      expect(members.alice.is_self && !members.carol.is_self, JSON.stringify(members))
      await event(page, 'member.joined', (p) => p.member.member_id === members.carol.member_id)
    })
    await check(`${title} room: the SDK's voice reaches the room, and who talks is told`, async () => {
      await until('the talking member', async () => {
        const value = (await carol.roster()).members[sdkMember.name]
        return { done: value.is_talking, value }
      })
    })
    await check(`${title} room: a softphone mutes the SDK's member, all agree`, async () => {
      carol.forget()
      await alice.does(`mute ${sdkMember.name}`)
      await carol.sees('member_updated', (l) => l.member_id === sdkMember.member_id && l.audio_muted)
      await event(page, 'member.updated', (p) => p.member.member_id === sdkMember.member_id && p.member.audio_muted)
      await until('the roster shows it', async () => {
        const value = await memberOf(sdkMember.name)
        return { done: value.audio_muted, value }
      })
      await alice.does(`unmute ${sdkMember.name}`)
    })
    await check(`${title} room: the SDK mutes a softphone's member, all agree`, async () => {
      const target = await memberOf('carol')
      await forget()
      await act(page, 'audioMute', { memberId: target.member_id })
      for (const phone of [alice, carol]) {
        await phone.sees('member_updated', (l) => l.member_id === target.member_id && l.audio_muted)
      }
      expect((await carol.roster()).members.carol.audio_muted, 'the muted one does not know it')
      await act(page, 'audioUnmute', { memberId: target.member_id })
    })
    await check(`${title} room: a layout chosen by one is seen by all`, async () => {
      carol.forget()
      await act(page, 'setLayout', { name: 'highlight-1-responsive' })
      await carol.sees('layout_changed', (l) => l.name === 'highlight-1-responsive')
      expect((await carol.roster()).layout.name === 'highlight-1-responsive', 'not in the snapshot')
      await alice.does('layout full-screen')
      await event(page, 'layout.changed', (p) => p.layout.name === 'full-screen')
    })
    await check(`${title} room: a cut socket costs nothing`, async () => {
      const sessions = (await gateway.state()).sessions
      const cut = sessions.find((session) => session.reference === 'alice')
      alice.forget()
      await gateway.fault({ fault: 'drop_sockets', protocol: cut.protocol })
      await carol.does('hand up')
      await alice.sees('client_state', (line) => line.state === 'connected')
      await until('the raised hand', async () => {
        const value = (await alice.roster()).members.carol
        return { done: value.hand_raised, value }
      })
    })
    const room = { ...tools, address: ROOM, alice, carol, sdk: sdkMember, enters, forget }
    await checkControls(room)
    await checkScreens(room)
    await checkFarewells(room)
  } finally {
    phones.forEach((phone) => phone.stop())
  }
}
