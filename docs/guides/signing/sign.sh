#!/bin/sh
# Submits a customer with a signed request. Needs a POSIX shell, curl and openssl.
#
#   sh sign.sh credentials.json customer.json
#
# openssl takes the key as an argument, where other users of this machine can see it: for trying out, not for production.
set -eu

if [ $# -ne 2 ]; then
  echo 'usage: sh sign.sh CREDENTIALS BODY' >&2
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
key=$(member secret | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')

# Timestamp, method, path and the bytes of the body, with nothing between them; {} stands for an empty body.
string_to_sign() {
  printf '%sPOST%s' "$timestamp" "$path"
  if [ -s "$body" ]; then cat "$body"; else printf '{}'; fi
}
signature=$(string_to_sign | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)

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
status=$(printf '%s\n' "$answer" | tail -n 1)
printf '%s\n' "$status"
printf '%s\n' "$answer" | sed '$d'
[ "$status" = 200 ]
