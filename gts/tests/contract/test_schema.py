"""The whole API against its own OpenAPI document, tried out by schemathesis."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gts.tests.faults.people import Person
from gts.tests.private_servers import needs_servers
from gts.tests.site import Site

pytestmark = [*needs_servers, pytest.mark.timeout(1200)]

HERE = Path(__file__).parent
PHASES = "examples,coverage,fuzzing,stateful"


def test_every_answer_is_one_that_the_schema_promises(
    site: Site, alice: Person, tmp_path: Path
) -> None:
    ids = one_of_everything(alice)
    config = str(HERE / "schemathesis.toml")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", config]
    options = ["--phases", PHASES, "--checks", "all", *extent()]
    done = subprocess.run(
        [*command, "run", f"{site.url}/api/schema/", *options, *authorization(alice)],
        cwd=tmp_path,  # it keeps notes
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "gts.tests.contract.hooks",
            "PYTHONPATH": str(HERE.parents[2]),
            "GTS_CONTRACT_IDS": json.dumps(ids),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr + site.log("web").read_text()[-4000:]


def extent() -> list[str]:
    """The same requests each time, so that a failure is about the change at hand.

    For a long look: ``CONTRACT_EXAMPLES`` for each operation, of another ``CONTRACT_SEED``.
    """
    num_examples = os.environ.get("CONTRACT_EXAMPLES", "10")
    seed = os.environ.get("CONTRACT_SEED", "1")
    return ["--max-examples", num_examples, "--seed", seed]


def authorization(person: Person) -> list[str]:
    return ["--header", f"Authorization: Bearer {person.token}"]


def one_of_everything(person: Person) -> dict[str, list[str]]:
    """Ids of what someone has after an evening, by the first word of their paths."""
    di, amp, cab = person.upload_di(2.0), person.upload_amp(), person.upload_cab()
    chains = [person.chain(amp, cab) for _ in range(2)]
    shootout = person.shootout(di, chains)
    person.render(shootout)
    assert person.wait_for(shootout) == "completed"
    person.call("PATCH", f"/shootouts/{shootout}/", json={"visibility": "public"})
    segments = person.call("GET", f"/shootouts/{shootout}/manifest/")["segments"]
    gain = {"processor": "gain", "name": "Boost", "parameters": {}}
    slots = [
        {"slot": "amp", "options": [{"capture_id": amp}]},
        {"slot": "cab", "options": [{"capture_id": cab}]},
    ]
    made = {
        "presets": person.call("POST", "/presets/", json=gain),
        "tags": person.call("POST", "/tags/", json={"name": "Crunch"}),
        "chain-groups": person.call("POST", "/chain-groups/", json={"name": "A", "slots": slots}),
        "previews": person.call("POST", f"/chains/{chains[0]}/preview/", json={"di_track_id": di}),
        "drafts": person.call("POST", "/drafts/", json={"shootout_id": shootout}),
    }
    return {
        **{resource: [row["id"]] for resource, row in made.items()},
        "library": every_id(person, "/library/"),
        "di-tracks": [di],
        "gear": every_id(person, "/gear/"),
        "captures": [amp, cab],
        "chains": chains,
        "shootouts": [shootout],
        "jobs": every_id(person, "/jobs/"),
        "notifications": every_id(person, "/notifications/"),
        "media": [segment["media"] for segment in segments],
    }


def every_id(person: Person, path: str) -> list[str]:
    found: list[dict[str, Any]] = person.call("GET", path)["results"]
    return [item["id"] for item in found]
