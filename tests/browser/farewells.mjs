// How members go: by hanging up, by being removed, by an end that another one asks for.

export async function checkFarewells(room) {
  const { title, check, alice, page, sdk, enters, dial, forget, act, event, until, expect } = room
  const alone = async () => {
    await until('alone', async () => {
      const value = Object.keys((await alice.roster()).members)
      return { done: value.length === 1 && value[0] === 'alice', value }
    })
  }
  /** Carol is in the room and everybody knows her. */
  const comes = async () => {
    await forget()
    const carol = await enters('carol')
    const { member_id: id } = await alice.sees('member_joined', (l) => l.name === 'carol')
    await event(page, 'member.joined', ({ member }) => member.member_id === id)
    return carol
  }
  /** Carol goes by what is done to her; everybody else sees it. */
  const goes = async (carol, kind, work) => {
    const { members } = await alice.roster()
    const id = members.carol.member_id
    await forget()
    const result = await work(carol, id)
    await event(page, 'member.left', ({ member }) => member.member_id === id)
    await alice.sees('member_left', (l) => l.member_id === id && l.name === 'carol')
    expect(result.end.kind === kind, JSON.stringify(result.end))
    expect(result.exit_code === 0, JSON.stringify(result))
  }
  /** The SDK's call is ended; alice sees it, and the SDK comes back. */
  const sdkGoes = async (work, returns) => {
    const { members } = await alice.roster()
    await forget()
    await work(members[sdk.name].member_id)
    await event(page, 'destroy')
    await alice.sees('member_left', (l) => l.member_id === members[sdk.name].member_id)
    await alone()
    if (!returns) return
    const outcome = await dial(page, room.address)
    expect(outcome.ok, outcome.error)
    await alice.sees('member_joined', (l) => l.name === sdk.name)
  }

  const sharedScreen = async (id) => {
    const shared = await page.evaluate(() => window.shareScreen())
    expect(shared.ok, shared.error)
    return alice.sees('member_joined', (l) => l.kind === 'screen' && l.parent_id === id)
  }

  await check(`${title} room: who hangs up is gone for the others, and so is its screen`, async () => {
    await room.carol.does('screen start')
    const { payload } = await event(page, 'member.joined', ({ member }) => member.type === 'screen')
    await goes(room.carol, 'local_hangup', async (carol) => {
      const result = await carol.hangUp()
      await event(page, 'member.left', ({ member }) => member.member_id === payload.member.member_id)
      return result
    })
  })
  await check(`${title} room: the SDK removes a member`, async () => {
    const carol = await comes()
    await goes(carol, 'remote_hangup', async (_, memberId) => {
      await act(page, 'removeMember', { memberId })
      return carol.result()
    })
  })
  await check(`${title} room: the SDK ends a member's call`, async () => {
    const carol = await comes()
    await goes(carol, 'remote_hangup', async (_, memberId) => {
      await act(page, 'end', { memberId })
      return carol.result()
    })
  })
  await check(`${title} room: a softphone removes the SDK's member`, () =>
    sdkGoes((id) => alice.does(`remove ${id}`), true))
  await check(`${title} room: a softphone ends the SDK's call`, () =>
    sdkGoes(() => alice.does(`end ${sdk.name}`), true))
  await check(`${title} room: the SDK ends its own call`, () => sdkGoes(() => act(page, 'end'), true))
  await check(`${title} room: the SDK hangs up, and its screen goes, too`, () =>
    sdkGoes(async (id) => {
      const screen = room.canShareScreen && await sharedScreen(id)
      await act(page, 'hangup')
      if (screen) await alice.sees('member_left', (l) => l.member_id === screen.member_id)
    }, false))
  await check(`${title} room: a softphone ends its own call`, async () => {
    await alice.say('end alice')
    const result = await alice.result()
    expect(result.exit_code === 0 && result.end.kind === 'remote_hangup', JSON.stringify(result))
  })
}
