// A shared screen is a leg of its own and a member with a parent; both sides see that of the other.

export async function checkScreens(room) {
  const { title, check, canShareScreen } = room
  if (canShareScreen) {
    await check(`${title} room: the SDK's screen is a member with a parent`, () => checkSdkScreen(room))
  }
  await check(`${title} room: a softphone's screen is one, too`, () => checkOwnScreen(room))
}

async function checkSdkScreen({ gateway, alice, carol, page, sdk, forget, event, until, expect }) {
  await forget()
  const shared = await page.evaluate(() => window.shareScreen())
  expect(shared.ok, shared.error)
  const is = (l) => l.kind === 'screen' && l.parent_id === sdk.member_id
  const { member_id: id } = await alice.sees('member_joined', is)
  await carol.sees('member_joined', (l) => is(l) && l.member_id === id)
  await event(page, 'member.joined', ({ member }) =>
    member.member_id === id && member.type === 'screen' && member.parent_id === sdk.member_id)
  await until('frames of the screen at the gateway', async () => {
    const { calls } = await gateway.state()
    const leg = calls.find((call) => call.member_id === id)
    const value = leg?.streams?.find((stream) => stream.kind === 'video')
    return { done: leg?.child.kind === 'screen' && leg.child.parent_id === sdk.member_id && value?.packets_in > 10, value }
  })
  await until('four members', async () => {
    const value = Object.keys((await carol.roster()).members)
    return { done: value.length === 4 && value.includes(`${sdk.name}/screen`), value }
  })
  await forget()
  await page.evaluate(() => window.stopSharing())
  for (const phone of [alice, carol]) await phone.sees('member_left', (l) => l.member_id === id && is(l))
  await event(page, 'member.left', ({ member }) => member.member_id === id)
  const left = Object.keys((await alice.roster()).members)
  expect(left.length === 3, left.join())
  const once = alice.lines.filter((l) => l.type === 'member_left').length
  expect(once === 1, `told ${once} times`)
}

async function checkOwnScreen({ alice, carol, page, sdk, forget, event, act, expect }) {
  const { members } = await alice.roster()
  await forget()
  await alice.does('screen start')
  const is = ({ member }) => member.type === 'screen' && member.parent_id === members.alice.member_id
  const { payload } = await event(page, 'member.joined', is)
  const id = payload.member.member_id
  await alice.sees('member_joined', (l) => l.member_id === id)
  const joined = await carol.sees('member_joined', (l) => l.member_id === id)
  expect(joined.kind === 'screen' && joined.parent_id === members.alice.member_id, JSON.stringify(joined))
  const own = (await alice.roster()).members['alice/screen']
  expect(own?.member_id === id && own.parent_id === members.alice.member_id, JSON.stringify(own))
  // The screen is a member that others act on like on any.
  await forget()
  await act(page, 'setInputVolume', { memberId: id, volume: 9 })
  await alice.sees('member_updated', (l) => l.member_id === id && l.input_volume === 9)
  await forget()
  await alice.does('screen stop')
  await event(page, 'member.left', (p) => is(p) && p.member.member_id === id)
  for (const phone of [alice, carol]) await phone.sees('member_left', (l) => l.member_id === id)
  const left = Object.keys((await alice.roster()).members)
  expect(left.length === 3 && left.includes(sdk.name), left.join())
}
