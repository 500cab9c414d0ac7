"""Starts services as ``docker compose up`` does, and asks each by its health check."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tools.image_check.build import Builder
from tools.image_check.documents import HealthCheck, Service
from tools.image_check.report import CheckError, step
from tools.image_check.root import Container, Image, fresh_root, mount, mount_layers, stand_in

_PAUSE_S: Final = 0.3
_ONE_SHOT_TIMEOUT_S: Final = 180
_LOG_CHARS: Final = 4000
# What is healthy is used at once, by what waited for that: by name and port, as it does.
PORTS: Final = {"postgres": 5432, "redis": 6379, "web": 8000, "caddy": 443}


class Running:
    def __init__(
        self, container: Container, service: Service, log: Path, command: list[str]
    ) -> None:
        self.container = container
        self.service = service
        self.log = log
        self.is_healthy = False
        with log.open("wb") as output:
            self.process = container.start(command, output)

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-_LOG_CHARS:]

    def wait_until_healthy(self, check: HealthCheck) -> None:
        deadline_s = time.monotonic() + check.patience_s
        said = ""
        while time.monotonic() < deadline_s:
            if self.process.poll() is not None:
                raise CheckError(f"{self.service.name} ended", self.said())
            status, said = self.container.run(check.command, check.timeout_s)
            if status == 0:
                self.is_healthy = True
                return
            time.sleep(_PAUSE_S)
        raise CheckError(
            f"the health check of {self.service.name} did not succeed within "
            f"{check.patience_s:g} s: {said.strip()[-500:]}",
            self.said(),
        )

    def stop(self) -> None:
        """As ``docker stop``: what does not end in time would be killed, with its work undone."""
        self.process.terminate()
        try:
            self.process.wait(self.service.stop_grace_s)
        except subprocess.TimeoutExpired:
            grace_s = self.service.stop_grace_s
            raise CheckError(
                f"{self.service.name} did not stop within {grace_s:g} s of SIGTERM", self.said()
            ) from None


class Project:
    """The services of one ``docker-compose.yml``, on one network."""

    def __init__(
        self, builder: Builder, services: Mapping[str, Service], repository: Path, folder: Path
    ) -> None:
        self._builder = builder
        self._repository = repository
        self._folder = folder
        # An address of its own for each: who listens on 127.0.0.1 alone is not reached there.
        self.addresses = {name: f"127.0.1.{number}" for number, name in enumerate(services, 1)}
        self._hosts = folder / "hosts"
        names = [f"{address} {name}\n" for name, address in self.addresses.items()]
        self._hosts.write_text("".join(["127.0.0.1 localhost\n", *names]))
        self._images = {service.image: self._image(service) for service in services.values()}
        self._running: dict[str, Running] = {}

    def command_of(self, service: Service) -> list[str]:
        image = self._images[service.image]
        return [*image.entrypoint, *(service.command or image.command)]

    def start(self, service: Service) -> Running:
        log = self._folder / f"{service.name}.log"
        return Running(self._container(service), service, log, self.command_of(service))

    def _container(self, service: Service) -> Container:
        image = self._images[service.image]
        environment = {**image.environment, **service.environment}
        image = image.changed(environment=environment, user=service.user or image.user)
        root = self._folder / f"{service.name}.root"
        mount_layers(image.layers, self._folder / f"{service.name}.changes", root)
        mount("--bind", "-o", "ro", self._hosts, root / "etc/hosts")
        for source, target in service.volumes:
            self._mount_volume(source, root / target.lstrip("/"))
        return Container(service.name, root, image)

    def up(self, services: Sequence[Service]) -> None:
        """Each as soon as what it needs is there; at the end all are healthy."""
        for service in services:
            for other, condition in service.depends_on.items():
                if condition == "service_healthy":
                    self._see_healthy(other)
            with step(f"{service.name}: {' '.join(self.command_of(service))[:90]}"):
                running = self.start(service)
                if service.is_one_shot:
                    if running.process.wait(_ONE_SHOT_TIMEOUT_S) != 0:
                        raise CheckError(f"{service.name} failed", running.said())
                else:
                    self._running[service.name] = running
        for name in self._running:
            self._see_healthy(name)

    def _see_healthy(self, name: str) -> None:
        running = self._running[name]
        check = running.service.healthcheck
        if check is None:
            raise CheckError(f"{name} has no health check")
        if not running.is_healthy:
            with step(f"{name}: health check {' '.join(check.command)[:70]}"):
                running.wait_until_healthy(check)
                self._use(running)

    def down(self) -> None:
        for name, running in reversed(self._running.items()):
            with step(f"{name}: SIGTERM"):
                running.stop()
        self._running.clear()

    def _use(self, running: Running) -> None:
        name = running.service.name
        if name not in PORTS:
            return
        try:
            socket.create_connection((self.addresses[name], PORTS[name]), timeout=5).close()
        except OSError as error:
            raise CheckError(
                f"the health check of {name} succeeds, but no one answers at {name}:{PORTS[name]}: "
                "what waits for it would start too early",
                running.said(),
            ) from error

    def _image(self, service: Service) -> Image:
        if service.is_built:
            return self._builder.build(service.target)
        found = stand_in(service.image)
        with step(f"{service.image}, of {', '.join(found.packages)}"):
            root = fresh_root(found)
        layers: tuple[Path, ...] = (root,)
        if found.script is not None:
            extra = self._folder / f"{service.name}.script"
            extra.mkdir()
            shutil.copy(found.script, extra / found.script.name)
            layers = (extra, root)
        return Image(layers, found.environment, user=found.user, command=found.command)

    def _mount_volume(self, source: str, target: Path) -> None:
        """A new volume has what the image has there, with its owner; a file of the repository."""
        if source.startswith("."):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
            mount("--bind", "-o", "ro", self._repository / source, target)
            return
        volume = self._folder / "volumes" / source
        target.mkdir(parents=True, exist_ok=True)
        if not volume.exists():
            shutil.copytree(target, volume)
            owner = target.stat()
            shutil.chown(volume, owner.st_uid, owner.st_gid)
        mount("--bind", volume, target)
