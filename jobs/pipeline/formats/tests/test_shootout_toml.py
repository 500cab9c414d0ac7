"""What is written of a shootout is what is read back."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from jobs.pipeline.files import sha256_of
from jobs.pipeline.formats.shootout_file import (
    FileBlock,
    FileChain,
    FileDI,
    FileGear,
    FileIR,
    ShootoutFile,
    read_shootout_file,
)
from jobs.pipeline.formats.shootout_info import DIInfo
from jobs.pipeline.formats.shootout_toml import shootout_toml
from jobs.pipeline.recipe import DISource
from jobs.pipeline.vocabulary.options import ShootoutOptions

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=40).map(
    str.strip
)


def sample(folder: Path) -> ShootoutFile:
    """Everything that a file can say, over media of a few bytes."""
    media = {}
    for name in ("di/riff.wav", "gear/amp.nam", "gear/cab.wav", "gear/room.wav"):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
        media[name] = path
    sha256 = {name: sha256_of(path) for name, path in media.items()}

    def gear(id: str, kind: str, name: str) -> FileGear:
        path = media[name]
        return FileGear(
            id, kind, "Röck “50”", "Mäke", "bob", "CC0-1.0", "https://x/", "\\", path, sha256[name]
        )

    amp, cab = gear("amp", "amp", "gear/amp.nam"), gear("cab", "cab", "gear/cab.wav")
    room = gear("room", "cab", "gear/room.wav")
    info = DIInfo("Riff", sha256["di/riff.wav"], "Solid", "Bridge", "E", 120.5, 'A "note"\nor two')
    parameters = {"bypass": False, "gain_db": -6.25}
    ir = {"gain_db": 1e-05, "delay_ms": 0.1, "is_inverted": True}
    return ShootoutFile(
        title="Two amps = [one]",
        description="Line one\n\tand two\x7f",
        options=ShootoutOptions(
            playback_order="alternating",
            slice_s=3.5,
            target_loudness_lufs=-16.0,
            input_mode="raw",
            has_video=False,
            theme="light",
            is_aligned=False,
        ),
        dis=(
            FileDI(
                info,
                DISource(info.sha256, "left", input_level_dbu=13.5, start_s=0.25, end_s=2.125),
                media["di/riff.wav"],
                "left",
            ),
        ),
        gear=(amp, cab, room),
        chains=(
            FileChain(
                "A",
                (
                    FileBlock("pre", None, "gain", parameters),
                    FileBlock("amp", amp, "", {"slim_size": 0.5}),
                    FileBlock("cab", cab, "", {**ir, "is_aligned": True}, (FileIR(room, ir),)),
                ),
            ),
            FileChain("B", (FileBlock("amp", amp, "", {}), FileBlock("cab", room, "", {}))),
        ),
    )


def relative(shootout: ShootoutFile, folder: Path) -> ShootoutFile:
    """With paths as they are in an archive. Blocks are written by the ids of their gear."""
    return replace(
        shootout,
        dis=tuple(replace(di, path=di.path.relative_to(folder)) for di in shootout.dis),
        gear=tuple(replace(gear, path=gear.path.relative_to(folder)) for gear in shootout.gear),
    )


def test_everything_comes_back(tmp_path: Path) -> None:
    folder = tmp_path.resolve()
    shootout = sample(folder)
    text = shootout_toml(relative(shootout, folder), remark="Two lines\nof remarks")
    assert text.startswith("# Two lines\n# of remarks\n")
    (folder / "shootout.toml").write_text(text, encoding="utf-8")
    assert read_shootout_file(folder / "shootout.toml") == shootout


@given(title=TEXTS, description=TEXTS, label=TEXTS, bpm=st.none() | st.floats(20, 400))
def test_any_text_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
    title: str,
    description: str,
    label: str,
    bpm: float | None,
) -> None:
    folder = tmp_path_factory.getbasetemp().resolve() / "toml"
    folder.mkdir(exist_ok=True)
    shootout = sample(folder)
    (di,) = shootout.dis
    shootout = replace(
        shootout,
        title=title or "x",
        description=description,
        dis=(replace(di, info=structs.replace(di.info, bpm=bpm, notes=description)),),
        chains=(replace(shootout.chains[0], label=label or "x"),),
    )
    text = shootout_toml(relative(shootout, folder))
    tomllib.loads(text)
    path = folder / "shootout.toml"
    path.write_text(text, encoding="utf-8", newline="")
    assert read_shootout_file(path) == shootout
