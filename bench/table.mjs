/** The figures as a table: ours, the yardstick beside it, and what part of it we reach. */

const BUSY_MARK = '*'

/** Of each list of rounds; undefined where nothing was measured. */
export function median(values) {
  if (values.length === 0) return undefined
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** `figures`: { name, unit, lowerIsBetter, odradek, bare, kafka } with { value, isGeneratorBusy } or nothing. */
export function table(figures, { hasPeer }) {
  const head = ['', 'Odradek', 'bare server', 'of bare']
  if (hasPeer) head.push('Apache Kafka', 'against Kafka')
  const lines = figures.map((figure) => {
    const cells = [`${figure.name} (${figure.unit})`, shown(figure.odradek), shown(figure.bare)]
    cells.push(percentage(figure))
    if (hasPeer) cells.push(shown(figure.kafka), times(figure))
    return cells
  })
  const isBusy = figures.some(({ odradek, bare, kafka }) =>
    [odradek, bare, kafka].some((cell) => cell?.isGeneratorBusy),
  )
  const note = `${BUSY_MARK} The load generator was busy all the time: the server may be able to do more.`
  return aligned([head, ...lines]) + (isBusy ? `\n${note}\n` : '')
}

/** `figures`: { name, odradek, kafkajs }, rounds per second; kafkajs undefined where it cannot do it. */
export function codecTable(figures) {
  const perSecond = (value) => (value === undefined ? '-' : Math.round(value).toLocaleString('en'))
  const lines = figures.map(({ name, odradek, kafkajs }) => [
    `${name} (/s)`,
    perSecond(odradek),
    perSecond(kafkajs),
    kafkajs === undefined ? '-' : ratioText(odradek / kafkajs),
  ])
  return aligned([['', 'Odradek', 'kafkajs', 'against kafkajs'], ...lines])
}

function ratioText(ratio) {
  return `${ratio.toFixed(ratio < 10 ? 2 : 0)} x`
}

function shown(cell) {
  if (cell?.value === undefined) return '-'
  const { value, isGeneratorBusy } = cell
  const number = value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(1)
  return isGeneratorBusy ? `${number}${BUSY_MARK}` : number
}

function percentage({ odradek, bare }) {
  if (odradek?.value === undefined || bare?.value === undefined) return '-'
  return `${Math.round((100 * odradek.value) / bare.value)} %`
}

/** How many times better than Kafka. */
function times({ odradek, kafka, lowerIsBetter }) {
  if (odradek?.value === undefined || kafka?.value === undefined) return '-'
  const ratio = lowerIsBetter ? kafka.value / odradek.value : odradek.value / kafka.value
  return ratioText(ratio)
}

function aligned(lines) {
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)))
  const cell = (text, i) => (i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i]))
  return lines.map((line) => `${line.map(cell).join('  ').trimEnd()}\n`).join('')
}
