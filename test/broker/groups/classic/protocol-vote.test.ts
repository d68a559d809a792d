import { describe, expect, it } from 'vitest'
import {
  sameProtocols,
  voteForProtocol,
} from '../../../../src/broker/groups/classic/protocol-vote.ts'
import { protocols } from '../scene.ts'

describe('the vote for a protocol', () => {
  it('is won by the one that most members prefer', () => {
    const preferences = [protocols('a', 'b'), protocols('b', 'a'), protocols('b', 'a')]
    expect(voteForProtocol(preferences)).toBe('b')
  })

  it('goes past protocols that some member lacks', () => {
    const preferences = [protocols('a', 'b', 'c'), protocols('a', 'c', 'b'), protocols('c', 'b')]
    expect(voteForProtocol(preferences)).toBe('c')
  })

  it('is won by the first voted for when votes are equal', () => {
    expect(voteForProtocol([protocols('b', 'a'), protocols('a', 'b')])).toBe('b')
  })

  it('cannot be held without a common protocol', () => {
    expect(() => voteForProtocol([protocols('a'), protocols('b')])).toThrow(/in common/)
  })
})

describe('protocols are the same', () => {
  it('with equal names and metadata in the same order', () => {
    expect(sameProtocols(protocols('a', 'b'), protocols('a', 'b'))).toBe(true)
    expect(sameProtocols(protocols('a', 'b'), protocols('b', 'a'))).toBe(false)
    expect(sameProtocols(protocols('a'), protocols('a', 'b'))).toBe(false)
    const other = [{ name: 'a', metadata: Buffer.from('other') }]
    expect(sameProtocols(protocols('a'), other)).toBe(false)
  })
})
