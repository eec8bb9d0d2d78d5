// The same service as a careful Fastify program would offer it: signature over the raw body, required fields by a compiled
// schema, one prepared insert with the unique constraints, an answer by a compiled serialiser. For `cargo xtask bench references`.
// Usage: node server.cjs CREDENTIALS_FILE DATABASE_URL
"use strict";

const { createHash, createHmac, timingSafeEqual } = require("node:crypto");
const { readFileSync } = require("node:fs");
const fastify = require("fastify");
const pg = require("pg");

const PATH = "/participants/customers/new";
const CLOCK_SKEW_SECONDS = 60;
const UNIQUE_VIOLATION = "23505";

const credentials = JSON.parse(readFileSync(process.argv[2], "utf8"));
const secret = Buffer.from(credentials.secret, "base64");
const passphraseDigest = createHash("sha256").update(credentials.passphrase).digest();
const pool = new pg.Pool({ connectionString: process.argv[3], max: 16, min: 16 });

const text = { type: "string", minLength: 1, maxLength: 256 };
const optionalText = { type: ["string", "null"], maxLength: 256 };
const fields = {
  request_id: { type: "string", minLength: 36, maxLength: 36 },
  first_name: text,
  last_name: text,
  email: { type: "string", minLength: 3, maxLength: 254, pattern: "^[^@\\s]+@[^@\\s]+$" },
  address_one: text,
  address_two: optionalText,
  city: text,
  state: optionalText,
  zip: optionalText,
  country: text,
  date_of_birth: { type: "string", pattern: "^\\d{4}-\\d{2}-\\d{2}$" },
  id_number_type: text,
  id_number: text,
  signed_timestamp: { type: "integer" },
  prefunded: { type: "boolean" },
  metadata: { type: "object" },
};
const body = {
  type: "object",
  properties: fields,
  additionalProperties: false,
  required: [
    "first_name", "last_name", "email", "address_one", "city", "country", "date_of_birth", "id_number_type",
    "id_number", "signed_timestamp", "prefunded", "metadata",
  ],
};
const { request_id, prefunded, ...answered } = fields;
const answer = {
  type: "object",
  properties: {
    message: {
      type: "object",
      properties: {
        ...answered,
        metadata: { type: "object", additionalProperties: true },
        platform_code: { type: "string" },
        participant_code: { type: "string" },
      },
    },
  },
};

const columns = [
  "request_id", "email", "first_name", "last_name", "address_one", "address_two", "city", "state", "zip", "country",
  "date_of_birth", "id_number_type", "id_number", "signed_timestamp", "prefunded", "metadata",
];
const places = columns.map((_, index) => `$${index + 2}`).join(", ");
const insert = {
  name: "insert_customer",
  text: `INSERT INTO customers (platform, ${columns.join(", ")}) VALUES ($1, ${places}) RETURNING id`,
};

function isSigned(request) {
  const { "x-ndax-api-key": key, "x-ndax-signed": signed, "x-ndax-timestamp": timestamp } = request.headers;
  const passphrase = request.headers["x-ndax-passphrase"];
  if (key !== credentials.api_key || !signed || !timestamp || !passphrase) return false;
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= CLOCK_SKEW_SECONDS)) return false;
  const right = createHmac("sha256", secret).update(timestamp).update("POST").update(PATH).update(request.body).digest();
  const presented = Buffer.from(signed, "base64");
  const digest = createHash("sha256").update(passphrase).digest();
  return presented.length === right.length && timingSafeEqual(presented, right) && timingSafeEqual(digest, passphraseDigest);
}

const app = fastify({ logger: false, bodyLimit: 64 * 1024, keepAliveTimeout: 75_000 });
app.removeContentTypeParser("application/json");
app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, raw, done) => done(null, raw));

app.post(PATH, {
  schema: { body, response: { 200: answer } },
  preValidation: async (request, reply) => {
    if (!isSigned(request)) return reply.code(401).send({ code: "invalid_signature" });
    try {
      request.body = JSON.parse(request.body);
    } catch {
      return reply.code(400).send({ code: "malformed_json" });
    }
  },
  handler: async (request, reply) => {
    const customer = request.body;
    try {
      const values = [credentials.platform_code, ...columns.map((column) => customer[column] ?? null)];
      const { rows } = await pool.query({ ...insert, values });
      return { message: { ...customer, platform_code: credentials.platform_code, participant_code: rows[0].id } };
    } catch (error) {
      if (error.code === UNIQUE_VIOLATION) return reply.code(400).send({ code: "participant_already_exists" });
      throw error;
    }
  },
});

app.listen({ host: "127.0.0.1", port: 0 }).then((address) => console.log(`ready ${address}`));
process.on("SIGTERM", () => process.exit(0));
