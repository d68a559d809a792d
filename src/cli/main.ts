#!/usr/bin/env node
/** The `odradek` command: finds the sub-command, and turns what stops it into one line and exit code 1. */

import * as nodeModule from 'node:module'

// Newer versions of Node keep what they have compiled for the next start.
const { enableCompileCache } = nodeModule as { enableCompileCache?: () => unknown }
enableCompileCache?.()

const { runCommand } = await import('./commands.ts')
process.exitCode = await runCommand(process.argv.slice(2))
