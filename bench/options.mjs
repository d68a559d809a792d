/** The command line of `npm run bench`. */

import { parseArgs } from 'node:util'

export const HELP = `npm run bench -- [options]

  --only ROW[,ROW]   rows whose names contain one of these; codec is all that need no server;
                     long ones run only when named: ten thousand, recovery, cold, compaction
  --seconds N        measured seconds of each row and round (2)
  --rounds N         rounds, of which the median is shown (3)
  --peer kafka       drives Apache Kafka too, from $ODRADEK_ORACLES/peers/kafka (../shared)
  --memory           Odradek keeps its records in memory
  --profile          writes a .cpuprofile of Odradek into the current folder
  --json             prints the figures as JSON instead of a table
`

export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      seconds: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '3' },
      peer: { type: 'string' },
      memory: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.peer !== undefined && values.peer !== 'kafka') {
    throw new Error(`--peer ${values.peer}: the only peer is kafka.`)
  }
  return {
    ...values,
    only: values.only?.split(',') ?? [],
    seconds: positive('--seconds', values.seconds),
    rounds: Math.ceil(positive('--rounds', values.rounds)),
  }
}

function positive(name, text) {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`${name} ${text}: not a number above 0.`)
  return value
}
