/** Who a request comes from, as a broker tells a controller in an Envelope: int16 version, then the body. */

import { bool, message, string } from '../../schema.ts'

/** `tokenAuthenticated`: it showed a delegation token to the broker. */
export const DefaultPrincipalData = message({
  name: 'DefaultPrincipalData',
  versions: '0',
  flexible: '0+',
  fields: {
    type: string(),
    name: string(),
    tokenAuthenticated: bool(),
  },
})
