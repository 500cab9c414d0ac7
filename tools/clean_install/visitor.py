"""A visitor of a running GTS, with the packages of requirements.txt alone.

Waits for the demo, then fetches a page, a range of a segment, and one message of a WebSocket.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from typing import Any

import httpx
import websockets

_DEMO_WITHIN_S = 180


def wait_for_demo(client: httpx.Client, *, with_video: bool) -> dict[str, Any]:
    deadline_s = time.monotonic() + _DEMO_WITHIN_S
    while time.monotonic() < deadline_s:
        answer = client.get("/api/v1/shootouts/", params={"scope": "public"}).raise_for_status()
        for shootout in answer.json()["results"]:
            path = f"/api/v1/shootouts/{shootout['id']}/video/"
            if shootout["is_published"] and (not with_video or client.head(path).is_success):
                return dict(shootout)
        time.sleep(0.5)
    raise SystemExit(f"the demo was not there after {_DEMO_WITHIN_S} s")


def fetch_range(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers={"Range": "bytes=4-103"}, follow_redirects=True)
    assert answer.status_code == 206, (path, answer.status_code)
    assert len(answer.content) == 100, (path, len(answer.content))


def log_in_as_owner(client: httpx.Client, link: str) -> None:
    answer = client.get(link)
    assert answer.status_code == 302, answer.status_code
    assert client.get("/account/").status_code == 200, "the address did not log in"


async def first_message(port: int, headers: dict[str, str]) -> dict[str, Any]:
    url = f"ws://127.0.0.1:{port}/ws/notifications/"
    async with websockets.connect(url, additional_headers=headers) as socket:
        message: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), 20))
        return message


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--video", action="store_true", help="wait for the demo's video too")
    parser.add_argument("--owner-link", help="log in as this machine's owner, by this address")
    parser.add_argument("--token", help="of the API, for the WebSocket")
    options = parser.parse_args()
    base = f"http://127.0.0.1:{options.port}"
    with httpx.Client(base_url=base, timeout=20) as client:
        demo = wait_for_demo(client, with_video=options.video)
        page = client.get(f"/shootouts/{demo['id']}/").raise_for_status().text
        assert demo["title"] in page
        listed = client.get(f"/api/v1/shootouts/{demo['id']}/segments/").raise_for_status()
        segments = listed.json()["results"]
        fetch_range(client, segments[0]["media"]["url"])
        if options.video:
            fetch_range(client, f"/api/v1/shootouts/{demo['id']}/video/")
        if options.owner_link:
            log_in_as_owner(client, options.owner_link)
            cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
            headers = {"Cookie": cookies, "Origin": base}
        else:
            headers = {"Authorization": f"Bearer {options.token}"}
        message = asyncio.run(first_message(options.port, headers))
        assert "num_unread" in json.dumps(message), message
    print(f"visited: page, {len(segments)} segments, media range, WebSocket {message['type']}")


if __name__ == "__main__":
    main()
