"""A bucket for tests, in a server of this process: moto's, which speaks as Amazon does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import boto3
from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FOLDER = "media"


@dataclass(frozen=True, slots=True)
class Bucket:
    endpoint: str
    name: str
    client: S3Client

    @property
    def url(self) -> str:
        """As in GTS_STORAGE."""
        return f"s3://{self.name}/{FOLDER}?endpoint={self.endpoint}&region=us-east-1"

    def storage(self, **options: Any) -> dict[str, Any]:
        """As in STORAGES."""
        place = {"bucket_name": self.name, "location": FOLDER, "region_name": "us-east-1"}
        place |= {"endpoint_url": self.endpoint, "addressing_style": "path"}
        return {"BACKEND": "gts.storage.s3.S3Storage", "OPTIONS": {**place, **options}}

    def names(self) -> list[str]:
        """Every object, below the folder of GTS or not."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return sorted(entry["Key"] for page in pages for entry in page.get("Contents", ()))

    def content(self, name: str) -> bytes:
        found = self.client.get_object(Bucket=self.name, Key=f"{FOLDER}/{name}")
        return bytes(found["Body"].read())


@contextmanager
def running_moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def client_of(endpoint: str) -> S3Client:
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@contextmanager
def answering(status: int, code: str) -> Iterator[str]:
    """A store that answers everything with one error."""
    body = f"<Error><Code>{code}</Code><Message>internal-detail</Message></Error>".encode()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _answer  # noqa: N815  # their names

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
