"""Performs the instructions of a Dockerfile's stages."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import translate
from pathlib import Path
from typing import Final

from tools.image_check.documents import Instruction, Stage, find_stage, substitute
from tools.image_check.report import CheckError, step
from tools.image_check.root import (
    Container,
    HostAccess,
    Image,
    cache_folder,
    find_user,
    fresh_root,
    keep,
    mount_layers,
    stand_in,
    unmount,
)

_STEP_TIMEOUT_S: Final = 600


class Context:
    """The folder that is sent to the engine, without what ``.dockerignore`` names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        text = (folder / ".dockerignore").read_text()
        lines = [line.strip() for line in text.splitlines()]
        self._rules = [
            (not line.startswith("!"), _pattern(line.lstrip("!")))
            for line in lines
            if line and not line.startswith("#")
        ]

    def is_ignored(self, path: str) -> bool:
        """The last rule that fits decides."""
        is_ignored = False
        for ignores, pattern in self._rules:
            if pattern.fullmatch(path):
                is_ignored = ignores
        return is_ignored

    def files(self, source: str) -> Iterator[tuple[Path, str]]:
        """Each file with its path below ``source``; of a file itself, its name."""
        top = self.folder / source
        if top.is_file():
            yield top, top.name
            return
        if not top.is_dir():
            raise CheckError(f"COPY {source}: there is no such file")
        for folder, folders, names in os.walk(top):
            here = Path(folder)
            folders[:] = [name for name in folders if not self.is_ignored(self._name(here / name))]
            for name in names:
                if not self.is_ignored(self._name(here / name)):
                    yield here / name, str((here / name).relative_to(top))

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self.folder))


def _pattern(line: str) -> re.Pattern[str]:
    parts = [".*" if part == "**" else _within(part) for part in line.strip("/").split("/")]
    return re.compile("/".join(parts).replace(".*/", "(?:.*/)?"))


def _within(part: str) -> str:
    """A shell's pattern that does not reach over a slash."""
    return translate(part).removeprefix("(?s:").removesuffix(r")\Z").replace(".*", "[^/]*")


class Builder:
    def __init__(self, stages: list[Stage], context: Context, folder: Path) -> None:
        self._stages = stages
        self._context = context
        self._folder = folder
        self._host = HostAccess(folder)
        self._done: dict[int, Image] = {}
        self._num_layers = 0

    def build(self, target: str | None) -> Image:
        return self._build(find_stage(self._stages, target))

    def _build(self, stage: Stage) -> Image:
        number = self._stages.index(stage)
        if number not in self._done:
            earlier = [other for other in self._stages[:number] if other.name == stage.base]
            image = self._build(earlier[0]) if earlier else self._image_of(stage.base)
            self._done[number] = self._perform(stage, image)
        return self._done[number]

    def _image_of(self, name: str) -> Image:
        found = stand_in(name)
        with step(f"FROM {name}, of {', '.join(found.packages)}"):
            root = fresh_root(found)
        return Image(
            (root,), found.environment, key=root.name, user=found.user, command=found.command
        )

    def _perform(self, stage: Stage, image: Image) -> Image:
        arguments: dict[str, str] = {}
        for instruction in stage.instructions:
            with step(f"{instruction.name} {instruction.text[:90]}"):
                image = self._do(instruction, image, arguments)
        return image

    def _do(self, instruction: Instruction, image: Image, arguments: dict[str, str]) -> Image:
        known = {**arguments, **image.environment}
        match instruction.name:
            case "ARG":
                name, _, value = instruction.text.partition("=")
                arguments[name] = substitute(value, known)
            case "ENV":
                pairs = (word.partition("=") for word in instruction.words)
                new = {name: substitute(value, known) for name, _, value in pairs}
                return image.changed(environment={**image.environment, **new})
            case "WORKDIR":
                workdir = os.path.join(image.workdir, substitute(instruction.text, known))
                with self._layer_above(image) as (root, layer):
                    (root / workdir.lstrip("/")).mkdir(parents=True, exist_ok=True)
                return image.changed(workdir=workdir, layers=(layer, *image.layers))
            case "USER":
                return image.changed(user=substitute(instruction.text, known))
            case "COPY":
                words = [substitute(word, known) for word in instruction.words]
                with self._layer_above(image) as (root, layer):
                    digest = self._copy(words, image, root)
                key = _digest(image.key, instruction.text, digest)
                return image.changed(key=key, layers=(layer, *image.layers))
            case "RUN":
                key = _digest(image.key, instruction.text, repr((image, arguments)))
                layer = self._kept_layer(key) or self._run(instruction, image, arguments, key)
                return image.changed(key=key, layers=(layer, *image.layers))
            case "CMD":
                return image.changed(command=tuple(instruction.command))
            case "ENTRYPOINT":
                return image.changed(entrypoint=tuple(instruction.command))
        return image

    @contextmanager
    def _layer_above(self, image: Image) -> Iterator[tuple[Path, Path]]:
        """A root to be changed, and the folder in which the changes are."""
        self._num_layers += 1
        layer, root = self._folder / f"layer-{self._num_layers}", self._folder / "build.root"
        mount_layers(image.layers, layer, root)
        try:
            yield root, layer
        finally:
            unmount(root)

    def _kept_layer(self, key: str) -> Path | None:
        kept = cache_folder() / key
        return kept if kept.exists() else None

    def _run(
        self, instruction: Instruction, image: Image, arguments: dict[str, str], key: str
    ) -> Path:
        environment = {**self._host.environment, **arguments, **image.environment}
        with self._layer_above(image) as (root, layer):
            self._host.lend_to(root)
            container = Container("build", root, image.changed(environment=environment))
            status, said = container.run(instruction.command, _STEP_TIMEOUT_S)
        if status != 0:
            raise CheckError(f"Dockerfile:{instruction.line}: RUN ended with {status}", said)
        return keep(layer, key)

    def _copy(self, words: list[str], image: Image, root: Path) -> str:
        """Returns a digest of what was copied."""
        digest = hashlib.sha256()
        owner = (0, 0)
        flags = [word for word in words if word.startswith("--")]
        for flag in flags:
            name, _, value = flag.partition("=")
            if name != "--chown":
                raise CheckError(f"the check cannot perform COPY {flag}")
            user = find_user(root, value.partition(":")[0])
            owner = (user.uid, user.gid)
        *sources, target = words[len(flags) :]
        place = root / os.path.join(image.workdir, target).lstrip("/")
        if not (place.is_dir() or target.endswith("/")):
            raise CheckError(f"the check copies into folders only, not to {target}")
        for source in sources:
            for file, name in self._context.files(source):
                copied = place / name
                missing = [above for above in copied.parents if not above.exists()]
                copied.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, copied, follow_symlinks=False)
                for path in (*missing, copied):
                    os.chown(path, *owner, follow_symlinks=False)
                if file.is_file():
                    digest.update(f"{name}\0".encode() + file.read_bytes())
        return digest.hexdigest()


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
