"""Someone who uses GTS over its API: uploads, builds chains, renders, listens."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np

from shootouts.tests.factories import linear_nam_bytes, plucked, wav_bytes

PATIENCE_S: Final = 60
# A real network: what it renders takes seconds, and reports between its blocks.
SLOW_AMP: Final = (
    Path(__file__)
    .resolve()
    .parents[3]
    .joinpath("shootouts", "demo", "captures", "halyard-22-clean.nam")
)
_gains = itertools.count(1)


class Person:
    def __init__(self, base_url: str, token: str) -> None:
        self.token = token
        self.http = httpx.Client(
            base_url=f"{base_url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=30
        )

    def call(self, method: str, path: str, **request: Any) -> Any:
        answer = self.http.request(method, path, **request)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    # Material -------------------------------------------------------------------------------------

    def upload_di(self, duration_s: float) -> str:
        """The id of a recording that was checked."""
        note = plucked(duration_s=1.5)
        riff = np.tile(note, int(np.ceil(duration_s / 1.5)))[: round(duration_s * 48_000)]
        track = self.call("POST", "/di-tracks/", files={"file": ("riff.wav", wav_bytes(riff))})
        self.wait_for_job(track["job"]["id"])
        return str(track["id"])

    def upload_amp(self, content: bytes | None = None) -> str:
        """The id of a capture that was checked; without content a short filter, quick to run."""
        return self._upload_gear("amp", "amp.nam", content or linear_nam_bytes())

    def upload_cab(self) -> str:
        impulse = np.zeros(256, dtype=np.float32)
        impulse[:3] = (0.9, 0.3, -0.1)
        return self._upload_gear("cab", "cab.wav", wav_bytes(impulse))

    def _upload_gear(self, kind: str, file_name: str, content: bytes) -> str:
        data = {"kind": kind, "name": f"My {kind} {len(content)}"}
        gear = self.call("POST", "/gear/", files={"file": (file_name, content)}, data=data)
        self.wait_for_job(gear["job"]["id"])
        return str(gear["captures"][0]["id"])

    def chain(self, amp: str, cab: str) -> str:
        """The id of a new chain, which sounds like no other: nothing of it was rendered before."""
        number = next(_gains)
        blocks = [
            {"slot": "pre", "processor": "gain", "parameters": {"gain_db": -number / 100}},
            {"slot": "amp", "capture_id": amp},
            {"slot": "cab", "capture_id": cab},
        ]
        chain = self.call("POST", "/chains/", json={"name": f"Chain {number}", "blocks": blocks})
        return str(chain["id"])

    # Shootouts ------------------------------------------------------------------------------------

    def shootout(self, di: str, chains: Sequence[str], *, has_video: bool = False) -> str:
        fields = {
            "title": "Faults",
            "di_tracks": [{"di_track_id": di}],
            "contenders": [{"chain_id": chain} for chain in chains],
            "has_video": has_video,
        }
        made = self.call("POST", "/shootouts/", json=fields)
        return str(made["id"])

    def render(self, shootout: str) -> str:
        """The id of the job."""
        return str(self.call("POST", f"/shootouts/{shootout}/render/")["id"])

    def state(self, shootout: str) -> str:
        return str(self.call("GET", f"/shootouts/{shootout}/")["state"])

    def wait_for(self, shootout: str, *, patience_s: float = 180) -> str:
        """The state in which its render ended."""
        began_s = time.monotonic()
        while (state := self.state(shootout)) in ("draft", "queued", "rendering"):
            assert time.monotonic() - began_s < patience_s, f"still {state}"
            time.sleep(0.1)
        return state

    def job(self, job: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/jobs/{job}/")
        return found

    def wait_for_job(self, job: str) -> dict[str, Any]:
        began_s = time.monotonic()
        while not (found := self.job(job))["finished_at"]:
            assert time.monotonic() - began_s < PATIENCE_S, f"still {found['state']}"
            time.sleep(0.05)
        assert found["state"] == "completed", found
        return found
