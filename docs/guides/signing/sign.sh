#!/usr/bin/env bash
# Submits a customer with a signed request. Needs bash, curl and openssl.
#
#   ./sign.sh credentials.json customer.json
#
# openssl takes the key as an argument, where other users of this machine can see it: for trying out, not for production.
set -euo pipefail

if [ $# -ne 2 ]; then
  echo 'usage: ./sign.sh CREDENTIALS BODY' >&2
  exit 2
fi
credentials=$1
body=$2
path=/participants/customers/new

# The value of a member of the credentials, which are plain strings without escapes.
member() {
  tr -d '\r\n' < "$credentials" | sed -n "s/.*\"$1\"[[:space:]]*:[[:space:]]*\"\([^\"]*\)\".*/\1/p"
}

timestamp=$(date +%s) # whole seconds
key=$(member secret | base64 -d | od -An -v -tx1 | tr -d ' \n')

# Timestamp, method, path and the bytes of the body, with nothing between them; {} stands for an empty body.
string_to_sign() {
  printf '%sPOST%s' "$timestamp" "$path"
  if [ -s "$body" ]; then cat "$body"; else printf '{}'; fi
}
signature=$(string_to_sign | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)

# --data-binary sends the file as it is; --data would remove its line ends and break the signature.
answer=$(curl --silent --show-error --request POST --header @- --data-binary "@$body" \
  --write-out '\n%{http_code}' "$(member base_url)$path" << HEADERS
Content-Type: application/json
X-NDAX-API-KEY: $(member api_key)
X-NDAX-SIGNED: $signature
X-NDAX-TIMESTAMP: $timestamp
X-NDAX-PASSPHRASE: $(member passphrase)
HEADERS
)
status=${answer##*$'\n'}
printf '%s\n%s\n' "$status" "${answer%$'\n'*}"
[ "$status" = 200 ]
