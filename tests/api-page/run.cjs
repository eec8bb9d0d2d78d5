// Runs the example of the API page as printed, but for host, key, secret and passphrase, and checks the documented
// answers. Usage: node run.cjs PAGE CREDENTIALS CREDENTIALS — two platforms that have no customer yet.
'use strict'

const assert = require('node:assert/strict')
const crypto = require('node:crypto')
const fs = require('node:fs')
const request = require('request')

const [pagePath, firstPath, secondPath] = process.argv.slice(2)
const blocks = [...fs.readFileSync(pagePath, 'utf8').matchAll(/```\n([\s\S]*?)```/g)].map((match) => match[1])
const [example, sampleRequest, sampleResponse] = blocks
const documented = JSON.parse(sampleResponse).message
const exampleBody = /const body = (\{[\s\S]*?\n  \})/

function replaceOnce(text, printed, own) {
  assert.equal(text.split(printed).length, 2, `the example names ${printed} once`)
  return text.replace(printed, () => own)
}

// The example with another body, or with its own.
function program(credentials, body) {
  let code = replaceOnce(example, 'https://api.ndax.in', credentials.base_url)
  code = replaceOnce(code, "'public_key'", JSON.stringify(credentials.api_key))
  code = replaceOnce(code, "'passphrase'", JSON.stringify(credentials.passphrase))
  if (body !== undefined) {
    assert.match(code, exampleBody)
    code = code.replace(exampleBody, () => `const body = ${body}`)
  }
  // What the page takes for granted: `request`, `crypto` and `apiSecret` in scope.
  const make = new Function('request', 'crypto', 'apiSecret', `${code}\nreturn postParticipantCustomer`)
  return make(request, crypto, credentials.secret)
}

function send(credentials, body) {
  return new Promise((resolve, reject) => {
    const sent = program(credentials, body)()
    const parts = []
    let response
    sent.on('error', reject)
    sent.on('response', (received) => (response = received))
    sent.on('data', (part) => parts.push(Buffer.from(part)))
    sent.on('end', () => {
      const text = Buffer.concat(parts).toString('utf8')
      resolve({ status: response.statusCode, headers: response.headers, text, json: JSON.parse(text) })
    })
  })
}

function isRefusal(answer, code) {
  assert.equal(answer.status, 400, answer.text)
  assert.equal(answer.json.code, code)
  assert.match(answer.headers['content-type'], /^application\/problem\+json/)
  assert.ok(Array.isArray(answer.json.errors) && answer.json.errors.length > 0, 'errors is a list of sentences')
  assert.ok(!('message' in answer.json), 'clients take a top-level message for success')
}

function isCustomer(answer, expected) {
  assert.equal(answer.status, 200, answer.text)
  assert.deepEqual(Object.keys(answer.json), ['message'])
  assert.deepEqual(Object.keys(answer.json.message), Object.keys(documented), 'the documented keys in order')
  const { platform_code, participant_code, ...echoed } = answer.json.message
  assert.match(platform_code, /^[2-9A-HJ-NP-Z]{6}$/)
  assert.match(participant_code, /^[2-9A-HJ-NP-Z]{6}$/)
  assert.notEqual(platform_code, participant_code)
  const { platform_code: _platform, participant_code: _participant, ...rest } = expected
  assert.deepEqual(echoed, rest)
}

async function main() {
  const first = JSON.parse(fs.readFileSync(firstPath, 'utf8'))
  const second = JSON.parse(fs.readFileSync(secondPath, 'utf8'))
  const printed = new Function(`return ${exampleBody.exec(example)[1]}`)()
  const { request_id: _id, prefunded: _prefunded, ...given } = printed
  const nulls = Object.fromEntries(Object.keys(documented).map((key) => [key, null]))
  const expected = { ...nulls, ...given, signed_timestamp: Number(given.signed_timestamp) }
  const changed = (changes) => JSON.stringify({ ...printed, ...changes })

  const steps = {
    'the example, verbatim, creates the customer it describes': async () => {
      const created = await send(first)
      isCustomer(created, expected)
      const again = await send(first)
      assert.deepEqual([again.status, again.text], [200, created.text], 'the same request has the same answer')
      assert.equal(again.headers['idempotent-replayed'], 'true')
    },
    'the sample request has the sample response': async () => {
      isCustomer(await send(second, sampleRequest), documented)
    },
    'an invalid request is refused': async () => {
      const refused = await send(first, changed({ request_id: undefined, zip: 'no zip', email: 'no e-mail' }))
      isRefusal(refused, 'invalid_request')
      assert.deepEqual(refused.json.violations.map((violation) => violation.field), ['/email', '/zip'])
    },
    'the same payload with another request_id is refused': async () => {
      const other = '0e8dd7b2-3f6f-4d0a-9d47-5a3c0c1a7f10'
      isRefusal(await send(first, changed({ request_id: other })), 'payload_already_submitted')
    },
    'the same request_id with another payload is refused': async () => {
      isRefusal(await send(first, changed({ city: 'Pune' })), 'request_id_reused')
    },
  }
  let failed = 0
  for (const [name, step] of Object.entries(steps)) {
    try {
      await step()
      console.log(`ok      ${name}`)
    } catch (failure) {
      failed += 1
      console.log(`FAILED  ${name}: ${failure.message}`)
    }
  }
  process.exitCode = failed === 0 ? 0 : 1
}

main()
