"""Submits a customer with a signed request. Python 3.8 or later, no packages.

    python3 sign.py credentials.json customer.json
"""

import base64
import hashlib
import hmac
import json
import sys
import time
import urllib.error
import urllib.request

PATH = "/participants/customers/new"


def sign(secret, timestamp, method, target, body):
    """The signature covers timestamp, method, target and body, with nothing between them."""
    message = (timestamp + method + target).encode() + (body or b"{}")
    digest = hmac.new(base64.b64decode(secret), message, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def submit(credentials, body):
    timestamp = str(int(time.time()))  # whole seconds
    request = urllib.request.Request(
        credentials["base_url"] + PATH,
        data=body,  # bytes: what is signed is what is sent
        method="POST",
        headers={
            "Content-Type": "application/json",
            "X-NDAX-API-KEY": credentials["api_key"],
            "X-NDAX-SIGNED": sign(credentials["secret"], timestamp, "POST", PATH, body),
            "X-NDAX-TIMESTAMP": timestamp,
            "X-NDAX-PASSPHRASE": credentials["passphrase"],
        },
    )
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def main():
    if len(sys.argv) != 3:
        print("usage: python3 sign.py CREDENTIALS BODY", file=sys.stderr)
        return 2
    with open(sys.argv[1], encoding="utf-8") as file:
        credentials = json.load(file)
    with open(sys.argv[2], "rb") as file:
        body = file.read()
    status, answer = submit(credentials, body)
    print(status)
    print(answer)
    return 0 if status == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
