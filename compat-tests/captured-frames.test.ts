/** What Kafka's own codecs read in the frames that were captured, and what test/protocol/captured says that they read. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  apiOf,
  capturedExchanges,
  type Exchange,
  openRequest,
  openResponse,
  restOf,
  writeExchanges,
} from '../test/protocol/captured-exchanges.ts'
import { JavaDriver } from './harness/java-driver.ts'
import { hasOracles } from './harness/programs.ts'
import { recordingTarget } from './harness/transcript.ts'

const NO_BROKER = '127.0.0.1:1'

describe.skipIf(!hasOracles())("Kafka's codecs", () => {
  let driver: JavaDriver

  beforeAll(async () => {
    driver = await JavaDriver.start(NO_BROKER)
  })
  afterAll(() => driver?.stop())

  async function valueOf(name: string, version: number, body: Buffer): Promise<object> {
    return driver.do<object>('decode', { name, version, body: body.toString('base64') })
  }

  it('read in the captured frames what is stated of them', { timeout: 120_000 }, async () => {
    const exchanges = capturedExchanges()
    const read = []
    for (const exchange of exchanges) {
      const { request, response } = apiOf(exchange)
      const { version } = exchange
      const asked = restOf(exchange.request, openRequest(exchange).body)
      const answer = exchange.response && restOf(exchange.response, openResponse(exchange).body)
      read.push({
        ...exchange,
        requestValue: await valueOf(request.name, version, asked),
        responseValue: answer ? await valueOf(response.name, version, answer) : null,
      })
    }
    if (recordingTarget) writeExchanges(read as Exchange[])
    else expect(read).toEqual(exchanges)
  })
})
