import { describe, expect, it } from 'vitest'
import {
  decodePartitionMetadata,
  encodePartitionMetadata,
} from '../../../src/storage/file/log-folder.ts'

describe('partition.metadata', () => {
  const topicId = 'FBEO6XnHTqa0DqYb6WBMDA'

  it('is read as we write it, and as Kafka does: without an end of the last line', () => {
    expect(decodePartitionMetadata(encodePartitionMetadata(topicId))).toBe(topicId)
    expect(decodePartitionMetadata(Buffer.from(`version: 0\ntopic_id: ${topicId}`))).toBe(topicId)
    expect(decodePartitionMetadata(Buffer.from(`version: 0\r\ntopic_id: ${topicId}\r\n`))).toBe(
      topicId,
    )
  })

  it('says nothing where it is torn or missing', () => {
    expect(decodePartitionMetadata(undefined)).toBeUndefined()
    const whole = `version: 0\ntopic_id: ${topicId}`
    for (let length = 0; length < whole.length; length++) {
      expect(decodePartitionMetadata(Buffer.from(whole.slice(0, length)))).toBeUndefined()
    }
  })
})
