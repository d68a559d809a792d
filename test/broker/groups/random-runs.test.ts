import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JoinReply } from '../../../src/broker/groups/classic/round-change.ts'
import { type GroupsState, groupsMachine } from '../../../src/broker/groups/group-state.ts'
import { settle } from '../scripted-engine.ts'
import { GROUP, Scene } from './scene.ts'

const kinds = {
  enter: 4,
  'rejoin all': 4,
  rejoin: 2,
  assign: 6,
  follow: 4,
  'static join': 4,
  commit: 2,
  heartbeat: 2,
  leave: 1,
  pass: 2,
  'delete group': 1,
  'fail to write': 1,
} as const

type Kind = keyof typeof kinds

/** What somebody does next; who it is, is left to the run. */
const action = fc.record({
  kind: fc.oneof(
    ...Object.entries(kinds).map(([kind, weight]) => ({
      weight,
      arbitrary: fc.constant(kind as Kind),
    })),
  ),
  who: fc.nat(5),
  byMs: fc.integer({ min: 1, max: 20_000 }),
})

interface Action {
  kind: Kind
  who: number
  byMs: number
}

/** Clients that remember what they were told, and a list of all that they still wait for. */
class Run {
  readonly scene: Scene
  readonly waiting = new Set<Promise<unknown>>()
  private readonly members = new Map<string, string | null>()
  private leader = 'nobody'
  private generation = 0

  constructor(scene: Scene) {
    this.scene = scene
  }

  async act(action: Action): Promise<void> {
    if (action.kind === 'pass') await this.scene.clock.advance(action.byMs)
    else this.start(action)
    await settle()
  }

  private start({ kind, who, byMs }: Exclude<Action, { kind: 'pass' }>): void {
    const { scene, generation } = this
    const ids = [...this.members.keys()]
    const memberId = ids[who % Math.max(ids.length, 1)] ?? 'nobody'
    switch (kind) {
      case 'enter':
        return this.watch(scene.enter().then(({ id, joined }) => this.join(joined, null, id)))
      case 'rejoin all':
        for (const id of ids) this.rejoin(id)
        return
      case 'rejoin':
        return this.rejoin(memberId)
      case 'static join': {
        const groupInstanceId = `i${who % 3}`
        return this.join(scene.join({ groupInstanceId }), groupInstanceId)
      }
      case 'assign':
        return this.watch(this.sync(this.leader, Object.fromEntries(ids.map((id) => [id, id]))))
      case 'follow':
        return this.watch(this.sync(memberId, {}))
      case 'commit':
        return this.watch(scene.commit(byMs, { memberId, generationId: generation }))
      case 'heartbeat':
        return this.watch(scene.heartbeat(memberId, generation))
      case 'leave':
        this.members.delete(memberId)
        return this.watch(scene.leave(memberId))
      case 'delete group':
        return this.watch(scene.groups.deleteGroup(GROUP))
      case 'fail to write':
        return scene.engine.refuseNext('rejected')
      case 'pass':
    }
  }

  private rejoin(memberId: string): void {
    const groupInstanceId = this.members.get(memberId) ?? null
    this.join(this.scene.join({ memberId, groupInstanceId }), groupInstanceId, memberId)
  }

  private join(reply: Promise<JoinReply>, groupInstanceId: string | null, memberId = ''): void {
    const heard = reply.then((told) => {
      if (told.errorCode === 'NONE') {
        this.generation = told.generationId
        this.leader = told.leader
        this.members.set(told.memberId, groupInstanceId)
      } else {
        this.members.delete(memberId)
      }
    })
    this.watch(heard)
  }

  private sync(memberId: string, shares: Record<string, string>): Promise<unknown> {
    const groupInstanceId = this.members.get(memberId)
    const instance = groupInstanceId ? { groupInstanceId } : {}
    return this.scene.sync(memberId, this.generation, shares, instance)
  }

  private watch(promise: Promise<unknown>): void {
    const settled = promise.catch(() => undefined).finally(() => this.waiting.delete(settled))
    this.waiting.add(settled)
  }
}

function replayed(scene: Scene): GroupsState {
  const state = groupsMachine.empty()
  for (const record of scene.records()) groupsMachine.apply(state, record)
  return state
}

describe('whatever members do', () => {
  it('what was committed is what a replay gives, and nobody waits for ever', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { minLength: 20, maxLength: 60, size: 'max' }),
        async (actions) => {
          const run = new Run(await Scene.open())
          for (const each of actions) await run.act(each)
          const { scene } = run
          const known = await scene.groups.describe(GROUP)
          const group = replayed(scene).groups.get(GROUP)
          expect(known === undefined).toBe(group === undefined)
          if (known?.groupState === 'Stable') {
            expect(known.members).toEqual(
              group!.members.map(
                ({ memberId, groupInstanceId, clientId, clientHost, ...rest }) => ({
                  memberId,
                  groupInstanceId,
                  clientId,
                  clientHost,
                  metadata: rest.subscription,
                  assignment: rest.assignment,
                }),
              ),
            )
          }
          if (known?.groupState === 'Empty') expect(group!.members).toEqual([])
          // A round gathers for a rebalance timeout, a new member waits for five minutes: then all is over.
          for (let i = 0; i < 30; i++) await scene.clock.advance(60_000)
          expect(run.waiting.size).toBe(0)
          expect(['Empty', undefined]).toContain(await scene.state())
          const after = await scene.restarted()
          expect(await after.groups.describe(GROUP)).toEqual(await scene.groups.describe(GROUP))
        },
      ),
      { numRuns: 100 },
    )
  }, 30_000)
})
