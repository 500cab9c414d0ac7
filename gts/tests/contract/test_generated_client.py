"""A client that no one wrote, made from the schema, does what people come for."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from gts.tests.faults.people import Person
from gts.tests.private_servers import needs_servers
from gts.tests.processes import PATIENCE_S, manage
from gts.tests.site import Site
from shootouts.files.media import MEDIA_TYPES
from shootouts.tests.factories import linear_nam_bytes, plucked, wav_bytes

pytestmark = [*needs_servers, pytest.mark.timeout(600)]

PACKAGE = "gts_client"
# It knows no content type of media: bytes are bytes.
_BINARY = ("audio/*", "application/zip", "application/offset+octet-stream", *MEDIA_TYPES)


class GeneratedClient:
    """``call("shootouts", "shootout_render", id)``; answers that are errors fail the test."""

    def __init__(self, site: Site, token: str) -> None:
        client = importlib.import_module(f"{PACKAGE}.client")
        self._client = client.AuthenticatedClient(base_url=site.url, token=token)
        self._models = importlib.import_module(f"{PACKAGE}.models")
        self._types = importlib.import_module(f"{PACKAGE}.types")

    def call(self, tag: str, operation: str, *path: Any, **arguments: Any) -> Any:
        module = importlib.import_module(f"{PACKAGE}.api.{tag}.{operation}")
        answer = module.sync_detailed(*path, client=self._client, **arguments)
        assert answer.status_code < 300, answer.content
        return answer.parsed

    def model(self, name: str, /, **fields: Any) -> Any:
        return getattr(self._models, name)(**fields)

    def enum(self, name: str, value: str) -> Any:
        return getattr(self._models, name)(value)

    def file(self, name: str, content: bytes) -> Any:
        return self._types.File(payload=BytesIO(content), file_name=name)


@pytest.fixture
def client(
    site: Site, alice: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> GeneratedClient:
    document, config = tmp_path / "schema.json", tmp_path / "config.json"
    manage(site.env, "spectacular", "--format", "openapi-json", "--file", str(document))
    overrides = dict.fromkeys(_BINARY, "application/octet-stream")
    config.write_text(json.dumps({"content_type_overrides": overrides, "post_hooks": []}))
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning"]
    paths = ["--path", str(document), "--config", str(config)]
    target = ["--output-path", str(tmp_path / PACKAGE), "--meta", "none"]
    done = subprocess.run(
        [*command, *paths, *target], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    monkeypatch.syspath_prepend(tmp_path)
    return GeneratedClient(site, alice.token)


def test_it_uploads_builds_renders_and_listens(client: GeneratedClient) -> None:
    riff = client.file("riff.wav", wav_bytes(plucked(duration_s=2.0)))
    body = client.model("DITrackUploadInputRequest", file=riff, name="Riff", bpm=120.0)
    track = client.call("di_tracks", "di_track_create", body=body)
    wait_for(client, track.job.id)
    amp = upload(client, "amp", "amp.nam", linear_nam_bytes())
    cab = upload(client, "cab", "cab.wav", wav_bytes(plucked(duration_s=0.02)))
    chains = [build(client, amp, cab, gain_db) for gain_db in (-3.0, 3.0)]

    body = client.model(
        "ShootoutCreateInputRequest",
        title="Made by a program",
        di_tracks=[client.model("ShootoutDITrackInputRequest", di_track_id=track.id)],
        contenders=[client.model("ContenderInputRequest", chain_id=chain) for chain in chains],
        has_video=False,
    )
    shootout = client.call("shootouts", "shootout_create", body=body)
    job = client.call("shootouts", "shootout_render", shootout.id)
    wait_for(client, job.id)

    found = client.call("shootouts", "shootout_read", shootout.id)
    assert (found.state.value, found.is_published) == ("completed", True)
    manifest = client.call("shootouts", "shootout_manifest", shootout.id).to_dict()
    assert len(manifest["segments"]) == 2
    montage = client.call("shootouts", "shootout_montage", shootout.id)
    assert montage.payload.read(4) == b"fLaC"
    listed = client.call("shootouts", "shootout_list")
    assert shootout.id in [each.id for each in listed.results]


def upload(client: GeneratedClient, kind: str, name: str, content: bytes) -> Any:
    body = client.model(
        "GearUploadInputRequest",
        kind=client.enum("GearKind", kind),
        name=f"My {kind}",
        file=client.file(name, content),
    )
    gear = client.call("gear", "gear_upload", body=body)
    wait_for(client, gear.job.id)
    return gear.captures[0].id


def build(client: GeneratedClient, amp: Any, cab: Any, gain_db: float) -> Any:
    parameters = client.model("ChainBlockInputRequestParameters")
    parameters["gain_db"] = gain_db
    blocks = [
        client.model(
            "ChainBlockInputRequest",
            slot=client.enum("BlockSlot", "pre"),
            processor="gain",
            parameters=parameters,
        ),
        client.model(
            "ChainBlockInputRequest", slot=client.enum("BlockSlot", "amp"), capture_id=amp
        ),
        client.model(
            "ChainBlockInputRequest", slot=client.enum("BlockSlot", "cab"), capture_id=cab
        ),
    ]
    body = client.model("ChainInputRequest", name=f"Chain {gain_db}", blocks=blocks)
    return client.call("chains", "chain_create", body=body).id


def wait_for(client: GeneratedClient, job_id: Any) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not (job := client.call("jobs", "job_read", job_id)).finished_at:
        assert time.monotonic() < deadline_s, f"still {job.state}"
        time.sleep(0.1)
    assert job.state.value == "completed", job
