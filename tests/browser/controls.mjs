// What members do to each other in a room, once by the browser SDK and once by the native client's
// softphone: whoever acts, both tell the same of it.

/** What is set on a member: how each side is asked for it, and how each side tells it. */
const SETTINGS = [
  {
    what: 'muted microphone', key: 'audio_muted', event: 'audioMuted',
    sdk: (value) => [value ? 'audioMute' : 'audioUnmute', {}], command: (value) => (value ? 'mute' : 'unmute'),
  },
  {
    // The softphones have no camera to be muted.
    what: 'muted camera', key: 'video_muted', event: 'videoMuted', isOfSdk: true,
    sdk: (value) => [value ? 'videoMute' : 'videoUnmute', {}], command: (value) => `camera ${onOff(!value)}`,
  },
  {
    what: 'input volume', key: 'input_volume', event: 'inputVolume', values: [-50, 50, -7, 0],
    sdk: (value) => ['setInputVolume', { volume: value }], command: (value) => `input-volume ${value}`,
  },
  {
    what: 'output volume', key: 'output_volume', event: 'outputVolume', values: [50, -50, 11, -1],
    sdk: (value) => ['setOutputVolume', { volume: value }], command: (value) => `output-volume ${value}`,
  },
  {
    what: 'input sensitivity', key: 'input_sensitivity', event: 'inputSensitivity', values: [0, 100, 31, 1],
    sdk: (value) => ['setInputSensitivity', { value }], command: (value) => `sensitivity ${value}`,
  },
  {
    what: 'raised hand', key: 'handraised', line: 'hand_raised', event: 'handraised',
    sdk: (value) => ['setRaisedHand', { raised: value }], command: (value) => `hand ${value ? 'up' : 'down'}`,
  },
  {
    what: 'deafness', key: 'deaf', line: 'is_deaf', event: 'deaf',
    sdk: (value) => [value ? 'deaf' : 'undeaf', {}], command: (value) => (value ? 'deaf' : 'undeaf'),
  },
  {
    what: 'echo cancellation', key: 'echo_cancellation', event: 'echoCancellation', values: [false, true],
    sdk: (value) => ['setAudioFlags', { echoCancellation: value }], command: (value) => `flags echo=${onOff(value)}`,
  },
  {
    what: 'automatic gain', key: 'auto_gain', event: 'autoGain', values: [false, true],
    sdk: (value) => ['setAudioFlags', { autoGain: value }], command: (value) => `flags gain=${onOff(value)}`,
  },
  {
    what: 'noise suppression', key: 'noise_suppression', event: 'noiseSuppression', values: [false, true],
    sdk: (value) => ['setAudioFlags', { noiseSuppression: value }], command: (value) => `flags noise=${onOff(value)}`,
  },
]

/** Fields of a member as the service, and so the SDK's list, and as the softphone names them. */
const FIELDS = {
  handraised: 'hand_raised', deaf: 'is_deaf', audio_muted: 'audio_muted', video_muted: 'video_muted',
  input_volume: 'input_volume', output_volume: 'output_volume', input_sensitivity: 'input_sensitivity',
  echo_cancellation: 'echo_cancellation', auto_gain: 'auto_gain', noise_suppression: 'noise_suppression',
}

function onOff(value) {
  return value ? 'on' : 'off'
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other)

/** `room` has the two softphones and the page that are in it, and the tools of the run. */
export async function checkControls(room) {
  const { title, check } = room
  for (const setting of SETTINGS) {
    await check(`${title} room: ${setting.what}: all agree, whoever sets it`, () => checkSetting(room, setting))
  }
  await check(`${title} room: all are muted at once, and heard again`, () => checkAll(room))
  await check(`${title} room: several audio flags at once`, () => checkFlags(room))
  await check(`${title} room: nobody lets a value out of its range through`, () => checkRefusals(room))
  await check(`${title} room: locked by one side, unlocked by the other`, () => checkLock(room))
  await check(`${title} room: both list the same layouts and members`, () => checkLists(room))
  await check(`${title} room: positions in the layout are seen by all`, () => checkPositions(room))
}

/** Each of the four: the SDK sets its own and another's, a softphone sets its own and the SDK's. */
async function checkSetting(room, setting) {
  const { alice, carol, page, sdk, forget, act, event, expect } = room
  const { key, line = key, isOfSdk = false } = setting
  const { members } = await alice.roster()
  const [first, second, third = first, fourth = second] = setting.values ?? [true, false, true, false]
  const byAlice = (value, who) => alice.does(`${setting.command(value)} ${who}`)
  const bySdk = (value, memberId) => {
    const [method, options] = setting.sdk(value)
    return act(page, method, { ...options, ...(memberId && { memberId }) })
  }
  const steps = isOfSdk ? [
    ['the SDK itself', sdk.member_id, true, () => bySdk(true)],
    ['a softphone the SDK', sdk.member_id, false, () => byAlice(false, sdk.name)],
    ['a softphone the SDK again', sdk.member_id, true, () => byAlice(true, sdk.name)],
    ['the SDK itself again', sdk.member_id, fourth, () => bySdk(fourth)],
  ] : [
    ['the SDK itself', sdk.member_id, first, () => bySdk(first)],
    ['the SDK a softphone', members.carol.member_id, first, () => bySdk(first, members.carol.member_id)],
    ['the SDK a softphone again', members.carol.member_id, second, () => bySdk(second, members.carol.member_id)],
    ['a softphone itself', members.alice.member_id, third, () => byAlice(third, 'alice')],
    ['a softphone the SDK', sdk.member_id, fourth, () => byAlice(fourth, sdk.name)],
  ]
  for (const [who, memberId, value, set] of steps) {
    await forget()
    await set()
    const told = (l) => l.member_id === memberId && l[line] === value && same(l.changed, [key])
    for (const phone of [alice, carol]) await phone.sees('member_updated', told).catch(because(who))
    const heard = ({ member }) =>
      member.member_id === memberId && member[key] === value && same(member.updated, [key])
    await event(page, `member.updated.${setting.event}`, heard).catch(because(who))
    await event(page, 'member.updated', heard).catch(because(who))
  }
  const now = (await carol.roster()).members[sdk.name][line]
  expect(now === fourth, `the roster has ${now}`)
}

const because = (who) => (error) => {
  throw new Error(`${who}: ${error.message}`)
}

async function checkAll({ alice, carol, page, forget, act, event }) {
  const ids = Object.values((await alice.roster()).members).map((member) => member.member_id)
  for (const [muted, mute] of [
    [true, () => act(page, 'audioMute', { memberId: 'all' })],
    [false, () => alice.does('unmute all')],
  ]) {
    await forget()
    await mute()
    for (const id of ids) {
      for (const phone of [alice, carol]) {
        await phone.sees('member_updated', (l) => l.member_id === id && l.audio_muted === muted)
      }
      await event(page, 'member.updated.audioMuted', ({ member }) =>
        member.member_id === id && member.audio_muted === muted)
    }
  }
}

async function checkFlags({ alice, carol, page, sdk, forget, act, event }) {
  const names = ['echo_cancellation', 'auto_gain', 'noise_suppression']
  const all = (member, values) => same(names.map((name) => member[name]), values)
  await forget()
  await act(page, 'setAudioFlags', { echoCancellation: false, autoGain: true, noiseSuppression: false })
  await carol.sees('member_updated', (l) =>
    l.member_id === sdk.member_id && all(l, [false, true, false]) && same(l.changed, names))
  await forget()
  await alice.does(`flags noise=on,echo=on ${sdk.name}`)
  for (const name of ['echoCancellation', 'noiseSuppression']) {
    await event(page, `member.updated.${name}`, ({ member }) =>
      member.member_id === sdk.member_id && all(member, [true, true, true])
        && same(member.updated, ['echo_cancellation', 'noise_suppression']))
  }
}

async function checkRefusals({ alice, page, tries, expect }) {
  for (const [kind, command, ...action] of [
    ['invalid_argument', 'input-volume 51', 'setInputVolume', { volume: 51 }],
    ['invalid_argument', 'output-volume -51', 'setOutputVolume', { volume: -51 }],
    ['invalid_argument', 'sensitivity 101', 'setInputSensitivity', { value: 101 }],
    ['not_found', 'deaf nobody', 'deaf', { memberId: 'nobody' }],
    ['not_found', 'remove nobody', 'removeMember', { memberId: 'nobody' }],
  ]) {
    const outcome = await tries(page, ...action)
    expect(!outcome.ok && /ranges from|not found/.test(outcome.error), JSON.stringify(outcome))
    const refused = await alice.fails(command)
    expect(refused.kind === kind, JSON.stringify(refused))
  }
}

async function checkLock({ alice, carol, page, forget, act, event }) {
  const changes = (locked) => async () => {
    for (const phone of [alice, carol]) {
      for (const name of ['call.updated', 'room.updated']) {
        await phone.sees('service_event', (l) =>
          l.event === name && l.payload.room_session.locked === locked && same(l.payload.room_session.updated, ['locked']))
      }
    }
    for (const name of ['call.updated', 'room.updated']) {
      await event(page, name, ({ room_session: r }) => r.locked === locked && same(r.updated, ['locked']))
    }
  }
  for (const [act_, seen] of [
    [() => act(page, 'lock'), changes(true)],
    [() => alice.does('unlock'), changes(false)],
    [() => alice.does('lock'), changes(true)],
    [() => act(page, 'unlock'), changes(false)],
  ]) {
    await forget()
    await act_()
    await seen()
  }
}

async function checkLists({ alice, carol, page, act, expect }) {
  const { layouts } = await act(page, 'getLayouts')
  await alice.does('layouts')
  const { names } = await alice.sees('layouts')
  expect(layouts.length > 1 && same(layouts, names), `${layouts} and ${names}`)
  const listed = (await act(page, 'getMembers')).members
  for (const phone of [alice, carol]) {
    const known = Object.values((await phone.roster()).members)
    expect(known.length === 3 && listed.length === 3, `${known.length} and ${listed.length} members`)
    for (const member of listed) {
      const own = known.find((m) => m.member_id === member.member_id)
      for (const [theirs, ours] of Object.entries(FIELDS)) {
        expect(own && own[ours] === member[theirs], `${member.name}: ${theirs} is ${member[theirs]} and ${own?.[ours]}`)
      }
    }
  }
}

async function checkPositions({ alice, carol, page, sdk, forget, act, event, until, expect }) {
  const { members } = await alice.roster()
  const [alices, carols] = [members.alice.member_id, members.carol.member_id]
  await forget()
  await act(page, 'setPositions', { positions: { self: 'reserved-0', [carols]: 'off-canvas' } })
  for (const phone of [alice, carol]) {
    await phone.sees('layout_changed', ({ positions: p }) =>
      p[sdk.member_id] === 'reserved-0' && p[carols] === 'off-canvas')
  }
  const now = (await carol.roster()).members
  expect(now[sdk.name].position === 'reserved-0', now[sdk.name].position)
  expect(now.carol.position === 'off-canvas', now.carol.position)

  await forget()
  await alice.does('position standard-3 alice')
  await alice.does(`position playback ${sdk.name}`)
  await alice.does('position full-screen carol')
  const layers = ({ layout }) => Object.fromEntries(layout.layers.map((l) => [l.member_id, l.position]))
  const wanted = { [alices]: 'standard-3', [sdk.member_id]: 'playback', [carols]: 'full-screen' }
  await event(page, 'layout.changed', (p) => {
    const placed = layers(p)
    return Object.entries(wanted).every(([id, position]) => placed[id] === position)
  })
  for (const [id, position] of Object.entries(wanted)) {
    await event(page, 'member.updated', ({ member }) => member.member_id === id && member.current_position === position)
  }
  await until('the own position', async () => {
    const value = await page.evaluate(() => window.property('currentPosition'))
    return { done: value === 'playback', value }
  })
}
