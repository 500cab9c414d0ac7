"""A server behind Debian's nginx with nothing but `proxy_pass`: every stranger looks local."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from accounts.tests.needs import NGINX_PROGRAM, needs_nginx
from accounts.tests.owner import owner_path, owner_token
from gts.tests.processes import environment, free_port, kill, process, wait_until

pytestmark = [pytest.mark.processes, needs_nginx]

CONFIGURATION = """\
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.2:{port};
        location / {{ proxy_pass http://127.0.0.1:{gts_port}; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Proxied:
    url: str
    data_dir: Path
    log: Path

    def stranger(self) -> httpx.Client:
        """From another address of the loopback range."""
        transport = httpx.HTTPTransport(local_address="127.0.0.3")
        return httpx.Client(base_url=self.url, transport=transport, follow_redirects=True)


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    folder = tmp_path_factory.mktemp("proxied")
    port, gts_port = free_port(), free_port()
    url, data_dir, log = f"http://127.0.0.2:{port}", folder / "var", folder / "console"
    (folder / "nginx.conf").write_text(
        CONFIGURATION.format(folder=folder, port=port, gts_port=gts_port)
    )
    command = ("manage", "up", "--no-demo", "--port", str(gts_port))
    with process(environment(data_dir, GTS_LOG_LEVEL="DEBUG"), log, *command):
        nginx = subprocess.Popen(
            [NGINX_PROGRAM, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"],
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

        def answers() -> bool:
            try:
                return httpx.get(f"{url}/health/ready", timeout=2).status_code == 200
            except httpx.TransportError:
                return False

        try:
            wait_until(answers, "the proxy answers")
            yield Proxied(url, data_dir, log)
        finally:
            kill(nginx)


def is_logged_in(client: httpx.Client) -> bool:
    return client.get("/api/v1/me/").status_code != 401


@pytest.mark.parametrize("token", [None, "", "x", "x" * 43, "\x00", "é", "%00", "../secret_key"])
def test_a_stranger_gets_no_session_without_the_token(proxied: Proxied, token: str | None) -> None:
    given = {} if token is None else {"token": token}
    with proxied.stranger() as stranger:
        assert "Use this machine" in stranger.get("/login/").text  # they do look local
        form = {"csrfmiddlewaretoken": stranger.cookies["csrftoken"], **given}
        for answer in (
            stranger.post("/login/local/", data=form),
            stranger.get("/login/link/", params=given),
        ):
            assert answer.status_code == 200
            assert "This token is wrong, or was used before" in answer.text
            assert not is_logged_in(stranger)
        assert stranger.get("/admin/").url.path == "/admin/login/"
        assert stranger.post("/api/v1/auth/token/").status_code == 401


def test_the_token_is_good_once_and_leaks_nowhere(proxied: Proxied) -> None:
    path, token = owner_path(proxied.data_dir), owner_token(proxied.data_dir)
    with proxied.stranger() as owner, proxied.stranger() as stranger:
        answer = owner.get(path, follow_redirects=False)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/")
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert is_logged_in(owner)
        stranger.get(path)
        assert not is_logged_in(stranger)
        assert owner_token(proxied.data_dir) != token
        assert owner.get(path).url.path == "/"  # once more, in the same browser: they are in
    said = (proxied.data_dir / "log" / "gts.log").read_text()
    assert "django.request" in said
    assert token not in said
