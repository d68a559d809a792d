// Builds the package: bundles of the command, the broker and the protocol into dist/, and their types into dist/types.
//
//   node scripts/build.mjs              everything, from an empty dist/
//   node scripts/build.mjs --if-stale   the bundles alone, and only when a source is newer than they are

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')
const entries = {
  cli: join(root, 'src/cli/main.ts'),
  index: join(root, 'src/index.ts'),
  protocol: join(root, 'src/protocol/index.ts'),
}
const inputs = ['src', 'package.json', 'package-lock.json', 'scripts/build.mjs']

if (process.argv.includes('--if-stale')) {
  if (isStale()) removeOld(await bundle())
} else {
  rmSync(dist, { recursive: true, force: true })
  await bundle()
  execFileSync(
    process.execPath,
    [
      join(root, 'node_modules/typescript/bin/tsc'),
      '--project',
      join(root, 'scripts/tsconfig.types.json'),
    ],
    { stdio: 'inherit' },
  )
}

/** Bundles aside and moves the files into place, so that whoever starts the broker meanwhile finds whole ones. Gives their names. */
async function bundle() {
  const { build } = await import('rolldown')
  const aside = join(dist, `.building-${process.pid}`)
  await build({
    cwd: root,
    input: entries,
    platform: 'node',
    // What is bundled starts in half the time of what Node resolves; a native twin cannot be.
    external: (id) => id.startsWith('node:') || id.startsWith('@node-rs/'),
    transform: { target: 'node20.19' },
    treeshake: { moduleSideEffects: false },
    logLevel: 'warn',
    output: {
      dir: aside,
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: '[name]-[hash].js',
      minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
      comments: false,
    },
  })
  mkdirSync(dist, { recursive: true })
  const files = readdirSync(aside)
  // Entries last: they import the others.
  files.sort((a, b) => Number(isEntry(a)) - Number(isEntry(b)))
  for (const file of files) renameSync(join(aside, file), join(dist, file))
  rmSync(aside, { recursive: true })
  chmodSync(join(dist, 'cli.js'), 0o755)
  return files
}

/** Files of the build before stay: who began to load it may still ask for them. */
function removeOld(files) {
  const list = join(dist, '.files.json')
  const bundles = readdirSync(dist).filter((file) => file.endsWith('.js'))
  const before = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : bundles
  for (const file of bundles) {
    if (!files.includes(file) && !before.includes(file)) rmSync(join(dist, file), { force: true })
  }
  writeFileSync(list, JSON.stringify(files))
}

function isEntry(file) {
  return Object.keys(entries).includes(file.replace(/\.js$/, ''))
}

function isStale() {
  const built = Object.keys(entries).map((name) => join(dist, `${name}.js`))
  if (!built.every((file) => existsSync(file))) return true
  const oldest = Math.min(...built.map((file) => statSync(file).mtimeMs))
  return inputs.some((input) => newest(join(root, input)) > oldest)
}

function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) return 0
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}
