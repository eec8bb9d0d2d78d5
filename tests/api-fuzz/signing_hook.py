"""Signs every request that schemathesis sends, over the bytes and the target as they go out (contract 1.2)."""

import base64
import hashlib
import hmac
import json
import os
import time

import schemathesis

with open(os.environ["REGISTRAR_TEST_CREDENTIALS"], encoding="utf-8") as file:
    CREDENTIALS = json.load(file)
SECRET = base64.b64decode(CREDENTIALS["secret"])


def sign(request):
    """Sets the four headers on a prepared request, which is not serialised again after this."""
    body = request.body or b"{}"
    if isinstance(body, str):
        # What the HTTP client does to text when it sends it.
        body = body.encode("utf-8")
        request.body = body
        request.headers["Content-Length"] = str(len(body))
    timestamp = str(int(time.time()))
    message = (timestamp + request.method + request.path_url).encode("latin-1") + body
    signature = base64.b64encode(hmac.new(SECRET, message, hashlib.sha256).digest()).decode()
    request.headers["X-NDAX-API-KEY"] = CREDENTIALS["api_key"]
    request.headers["X-NDAX-SIGNED"] = signature
    request.headers["X-NDAX-TIMESTAMP"] = timestamp
    request.headers["X-NDAX-PASSPHRASE"] = CREDENTIALS["passphrase"]
    return request


@schemathesis.hook
def before_call(context, case, kwargs):
    """Signs operations under /participants; the others are public."""
    if case.path.startswith("/participants"):
        kwargs["auth"] = sign
