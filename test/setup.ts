/** Random properties draw the same values in every run, so that a change that breaks nothing stays green; long runs draw new ones. */

import fc from 'fast-check'

const { ODRADEK_SEED, ODRADEK_LONG } = process.env
if (ODRADEK_SEED) fc.configureGlobal({ seed: Number(ODRADEK_SEED) })
else if (!ODRADEK_LONG) fc.configureGlobal({ seed: 20_261_124 })
