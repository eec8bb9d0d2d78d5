// Submits a customer with a signed request. Node 18 or later, no packages.
//
//   node sign.mjs credentials.json customer.json

import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'

const PATH = '/participants/customers/new'

// The signature covers timestamp, method, target and body, with nothing between them.
function sign(secret, timestamp, method, target, body) {
  return createHmac('sha256', Buffer.from(secret, 'base64'))
    .update(timestamp + method + target)
    .update(body.length > 0 ? body : '{}')
    .digest('base64')
}

const [credentialsFile, bodyFile] = process.argv.slice(2)
if (!bodyFile) {
  console.error('usage: node sign.mjs CREDENTIALS BODY')
  process.exit(2)
}
const credentials = JSON.parse(readFileSync(credentialsFile, 'utf8'))
const body = readFileSync(bodyFile) // bytes: what is signed is what is sent
const timestamp = String(Math.floor(Date.now() / 1000)) // whole seconds

const response = await fetch(credentials.base_url + PATH, {
  method: 'POST',
  headers: {
    'Content-Type': 'application/json',
    'X-NDAX-API-KEY': credentials.api_key,
    'X-NDAX-SIGNED': sign(credentials.secret, timestamp, 'POST', PATH, body),
    'X-NDAX-TIMESTAMP': timestamp,
    'X-NDAX-PASSPHRASE': credentials.passphrase,
  },
  body,
})
console.log(response.status)
console.log(await response.text())
process.exitCode = response.ok ? 0 : 1
