// Records what a Kafka client and a broker say to one another: a proxy that cuts both streams into frames.
//
//   node scripts/capture-frames.mjs --listen 29300 --to 127.0.0.1:9092 --client kcat --out frames.ndjson [--limit 1500] [--all]
//
// The broker has to advertise the proxy's address (advertised.listeners), or clients go past it after their first Metadata.
// Each line of the output is one exchange: {"client","api","version","request","response"}, the frames in hex with their
// sizes, "response" null where none came. Of each API and version the longest exchange is kept, of those whose frames have
// no more than --limit bytes each; with --all every exchange is. It ends, and writes, with SIGINT or SIGTERM.

import { writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    listen: { type: 'string' },
    to: { type: 'string' },
    client: { type: 'string' },
    out: { type: 'string' },
    limit: { type: 'string', default: '1500' },
    all: { type: 'boolean', default: false },
  },
})
if (!values.listen || !values.to || !values.client || !values.out) {
  console.error('wanted: --listen PORT --to HOST:PORT --client NAME --out FILE')
  process.exit(2)
}
const limit = Number(values.limit)
const [host, port] = values.to.split(':')
const kept = new Map()

/** Calls back with each whole frame, its size field included. */
function frames(onFrame) {
  let rest = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const end = 4 + rest.readInt32BE(0)
      onFrame(Buffer.from(rest.subarray(0, end)))
      rest = rest.subarray(end)
    }
  }
}

function keep(request, response) {
  if (request.length > limit || (response?.length ?? 0) > limit) return
  const api = request.readInt16BE(4)
  const version = request.readInt16BE(6)
  const place = values.all ? kept.size : `${api}/${version}`
  const length = request.length + (response?.length ?? 0)
  if (length <= (kept.get(place)?.length ?? 0)) return
  const exchange = {
    client: values.client,
    api,
    version,
    request: request.toString('hex'),
    response: response?.toString('hex') ?? null,
  }
  kept.set(place, { length, exchange })
}

function write() {
  const lines = [...kept.values()].map(({ exchange }) => `${JSON.stringify(exchange)}\n`)
  writeFileSync(values.out, lines.join(''))
  process.exit(0)
}

const server = createServer((client) => {
  const broker = connect(Number(port), host)
  // By correlation id. What is left when the connection closes was never answered.
  const asked = new Map()
  client.on(
    'data',
    frames((request) => asked.set(request.readInt32BE(8), request)),
  )
  broker.on(
    'data',
    frames((response) => {
      const id = response.readInt32BE(4)
      if (asked.has(id)) keep(asked.get(id), response)
      asked.delete(id)
    }),
  )
  client.pipe(broker)
  broker.pipe(client)
  const close = () => {
    for (const request of asked.values()) keep(request, undefined)
    asked.clear()
    client.destroy()
    broker.destroy()
  }
  for (const socket of [client, broker]) socket.on('close', close).on('error', close)
})
server.listen(Number(values.listen), '127.0.0.1', () =>
  console.log(`listening on ${values.listen}`),
)
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, write)
