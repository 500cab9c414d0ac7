"""The commands of `docker-compose.yml`, started as they stand, but for ports and folders.

And what they write: one id from a request through web and workers.
"""

from __future__ import annotations

import io
import json
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from gts.tests.private_servers import needs_servers
from gts.tests.processes import ROOT, answers, manage, wait_until
from gts.tests.site import METRICS_TOKEN, Site
from gts.tests.test_compose import SERVICES, server_words, words

pytestmark = needs_servers

REQUEST_ID = "traced-0123456789"


def module_and_words(service: str, site: Site) -> list[str]:
    """The command of a service for ``python -m``."""
    places = {
        "8000": str(site.port),
        "0.0.0.0": "127.0.0.1",
    }
    command = [places.get(word, word) for word in server_words(service)]
    return command[2:] if command[:2] == ["python", "-m"] else command


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("composed"))
    shell, flag, line = words("migrate")
    assert (shell, flag) == ("sh", "-c")
    for step in line.split(" && "):
        python, script, *arguments = shlex.split(step)
        assert (python, script) == ("python", "manage.py")
        manage(site.env, *arguments)
    with ExitStack() as stack:
        for service in ("web", "worker-short", "worker-render", "beat"):
            running: AbstractContextManager[Any] = site.start(
                service, *module_and_words(service, site)
            )
            stack.enter_context(running)
        wait_until(lambda: answers(site.port), "the web process answers")
        wait_until(lambda: site.state() == (200, "ok", []), "both workers are there")
        yield site
    site.remove()


def health(site: Site, service: str) -> tuple[int, str]:
    """Of its check: the status, and why it is not well."""
    kind, script, *words = SERVICES[service]["healthcheck"]["test"]
    assert kind == "CMD"
    port = [str(site.port)] if service == "web" else []
    done = subprocess.run(
        [ROOT / "bin" / script, *words, *port],
        env={**site.env, "GTS_ALIVE_FILE": str(site.alive_file(service))},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("service", ["web", "worker-short", "worker-render", "beat"])
def test_health_checks_succeed(site: Site, service: str) -> None:
    role = service.partition("-")[0]
    wait_until(lambda: "is alive" in manage(site.env, "check_process", role), f"{role} is alive")
    wait_until(lambda: health(site, service) == (0, ""), f"{service} is healthy")


def lines(site: Site, service: str) -> list[dict[str, Any]]:
    """Every line of its log; each is JSON, but what Celery says to a superuser before it starts."""
    texts = [text for text in site.log(service).read_text().splitlines() if text]
    return [json.loads(text) for text in texts if text.startswith("{")]


def test_a_request_can_be_followed_into_the_worker(site: Site) -> None:
    token = manage(site.env, "create_token", "alice", "--create")
    sound = io.BytesIO()
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 48_000)
    soundfile.write(sound, noise, 48_000, format="WAV")
    answer = httpx.post(
        f"{site.url}/api/v1/di-tracks/",
        files={"file": ("riff.wav", sound.getvalue())},
        headers={"Authorization": f"Bearer {token}", "X-Request-ID": REQUEST_ID},
        timeout=60,
    )
    assert answer.status_code == 202, answer.text
    job_id = answer.json()["job"]["id"]
    headers = {"Authorization": f"Bearer {token}"}
    # A secret in an address is refused, and is in no log all the same.
    refused = httpx.get(f"{site.url}/api/v1/di-tracks/?token=hunter2", headers=headers, timeout=10)
    assert refused.status_code == 422

    def is_done() -> bool:
        job = httpx.get(f"{site.url}/api/v1/jobs/{job_id}/", headers=headers, timeout=10)
        return bool(job.json()["state"] == "completed")

    wait_until(is_done, "the upload is checked")
    request = [line for line in lines(site, "web") if line.get("request_id") == REQUEST_ID]
    assert [(line["method"], line["path"], line["status"]) for line in request] == [
        ("POST", "/api/v1/di-tracks/", 202)
    ]
    work = [line for line in lines(site, "worker-short") if line.get("request_id") == REQUEST_ID]
    assert {line["job_id"] for line in work} == {job_id}
    everything = "".join(site.log(service).read_text() for service in ("web", "worker-short"))
    assert "hunter2" not in everything
    assert token not in everything


def test_metrics_are_the_same_from_every_web_process(site: Site) -> None:
    """Two of them share the port: whichever answers knows of both."""

    def names() -> set[str]:
        headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
        text = httpx.get(f"{site.url}/metrics", headers=headers, timeout=10).text
        return {line for line in text.splitlines() if line.startswith("gts_processes")}

    expected = {
        'gts_processes{role="web"} 2.0',
        'gts_processes{role="worker"} 2.0',
        'gts_processes{role="beat"} 1.0',
    }
    wait_until(lambda: names() == expected, "all processes are seen")
    for _ in range(10):
        assert names() == expected
