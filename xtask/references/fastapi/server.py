"""The same service as a careful FastAPI program would offer it: signature over the raw body, fields by a compiled model, one
prepared insert with the unique constraints. For `cargo xtask bench references`.

Usage: python server.py CREDENTIALS_FILE DATABASE_URL PORT WORKERS
"""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import sys
import time
from typing import Annotated
from uuid import UUID

import asyncpg
import uvicorn
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

PATH = "/participants/customers/new"
CLOCK_SKEW_SECONDS = 60

Text = Annotated[str, Field(min_length=1, max_length=256)]
OptionalText = Annotated[str | None, Field(max_length=256)]


class Customer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    request_id: UUID | None = None
    first_name: Text
    last_name: Text
    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
    address_one: Text
    address_two: OptionalText = None
    city: Text
    state: OptionalText = None
    zip: OptionalText = None
    country: Text
    date_of_birth: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    id_number_type: Text
    id_number: Text
    signed_timestamp: int
    prefunded: bool
    metadata: dict


class Message(Customer):
    platform_code: str
    participant_code: str


class Answer(BaseModel):
    message: Message


COLUMNS = list(Customer.model_fields)
INSERT = "INSERT INTO customers (platform, {}) VALUES ($1, {}) RETURNING id".format(
    ", ".join(COLUMNS), ", ".join(f"${place}" for place in range(2, len(COLUMNS) + 2))
)


def refusal(status: int, code: str) -> Response:
    return Response(json.dumps({"code": code}), status, media_type="application/json")


def make_app() -> FastAPI:
    with open(os.environ["REFERENCE_CREDENTIALS"], encoding="utf-8") as file:
        credentials = json.load(file)
    secret = base64.b64decode(credentials["secret"])
    passphrase_digest = hashlib.sha256(credentials["passphrase"].encode()).digest()
    platform = credentials["platform_code"]
    state = {}

    async def prepare(connection: asyncpg.Connection) -> None:
        await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI):
        url = os.environ["REFERENCE_DATABASE"]
        async with asyncpg.create_pool(url, min_size=8, max_size=8, init=prepare) as state["pool"]:
            print(f"ready http://127.0.0.1:{os.environ['REFERENCE_PORT']}", flush=True)
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    def is_signed(request: Request, body: bytes) -> bool:
        headers = request.headers
        timestamp = headers.get("x-ndax-timestamp", "")
        if headers.get("x-ndax-api-key") != credentials["api_key"] or not timestamp.isdecimal():
            return False
        if abs(time.time() - int(timestamp)) > CLOCK_SKEW_SECONDS:
            return False
        right = base64.b64encode(hmac.digest(secret, (timestamp + "POST" + PATH).encode() + body, "sha256"))
        digest = hashlib.sha256(headers.get("x-ndax-passphrase", "").encode()).digest()
        signed = hmac.compare_digest(right, headers.get("x-ndax-signed", "").encode())
        return signed and hmac.compare_digest(digest, passphrase_digest)

    @app.post(PATH)
    async def create_customer(request: Request) -> Response:
        body = await request.body()
        if not is_signed(request, body):
            return refusal(401, "invalid_signature")
        try:
            customer = Customer.model_validate_json(body)
        except ValidationError:
            return refusal(400, "invalid_request")
        values = [getattr(customer, column) for column in COLUMNS]
        try:
            number = await state["pool"].fetchval(INSERT, platform, *values)
        except asyncpg.UniqueViolationError:
            return refusal(400, "participant_already_exists")
        message = Message.model_construct(
            **dict(zip(COLUMNS, values)), platform_code=platform, participant_code=str(number)
        )
        answer = Answer.model_construct(message=message)
        exclude = {"message": {"request_id", "prefunded"}}
        return Response(answer.model_dump_json(exclude=exclude), media_type="application/json")

    return app


if __name__ == "__main__":
    os.environ["REFERENCE_CREDENTIALS"], os.environ["REFERENCE_DATABASE"] = sys.argv[1:3]
    os.environ["REFERENCE_PORT"] = sys.argv[3]
    uvicorn.run(
        "server:make_app",
        factory=True,
        host="127.0.0.1",
        port=int(sys.argv[3]),
        workers=int(sys.argv[4]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        timeout_keep_alive=75,
    )
