"""The manifest as a whole, the one place where it is read and written, and its JSON Schema.

Everything that is published is read from here and from nowhere else, so deleting a chain, a capture
or a DI never changes a published page.

The schemas say to other programs what a manifest of each version is. The file of the newest is made
from the types (``python -m tools.manifest_documents``).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from jobs.pipeline.formats.manifest.segment import FailedSegment, Segment
from jobs.pipeline.formats.records import JSONObject, Position, Record, Sha256, about, builtins_of
from jobs.pipeline.formats.shootout_info import ContenderInfo, DIInfo
from jobs.pipeline.formats.timeline import Timeline
from jobs.pipeline.vocabulary.options import ShootoutOptions

MANIFEST_SCHEMA_VERSION: Final = 1

_MACHINE = "the machine and its arithmetic"
_PACKAGE = "a Python package"
_CODEC = "a codec library"


class ManifestDI(DIInfo, frozen=True, kw_only=True):
    position: Annotated[Position, about("a DI track's place in the shootout")]


class ManifestContender(ContenderInfo, frozen=True, kw_only=True):
    position: Annotated[Position, about("a chain's place in the shootout")]


class Fairness(Record, frozen=True, kw_only=True):
    target_lufs: Annotated[float, about("the target that was wished for")]
    common_target_lufs: Annotated[float, about("the target that was used for all")]
    is_target_lowered: Annotated[bool, about("a true peak would have passed −1 dBTP")]
    max_difference_lu: Annotated[
        float, about("between the loudest and the quietest published segment")
    ]


class Montage(Record, frozen=True, kw_only=True):
    media: Annotated[str, about("all segments in playing order, stereo FLAC; as of a segment")]
    duration_s: Annotated[float, about("its length")]


class SourceFile(Record, frozen=True, kw_only=True):
    sha256: Annotated[Sha256, about("a file that the segments were made from")]
    role: Annotated[str, about("`di` or the slot of its block")]
    name: Annotated[str, about("for people")]


class ChapterMark(Record, frozen=True, kw_only=True):
    start_s: Annotated[float, about("every change, for players")]
    title: Annotated[str, about("for people")]


class YouTubeChapter(Record, frozen=True, kw_only=True):
    start_s: Annotated[int, about("for the video's description, by YouTube's rules")]
    title: Annotated[str, about("for people")]


class YouTube(Record, frozen=True, kw_only=True):
    """No chapters where YouTube's rules cannot be kept."""

    chapters: tuple[YouTubeChapter, ...]
    note: Annotated[str, about("why there are none, or what was shortened")]


class Manifest(Record, frozen=True, kw_only=True):
    """What a finished shootout is. What older manifests lack has a default."""

    schema_version: Annotated[Literal[1], about("which keys there are, and what they mean")]
    render_version: Annotated[int, Meta(ge=1), about("counts the renders of one shootout, from 1")]
    created_at: Annotated[
        str,
        Meta(extra_json_schema={"format": "date-time"}),
        about("when the render was asked for"),
    ]
    title: Annotated[str, about("as it was then")]
    description: Annotated[str, about("as it was then")]
    options: ShootoutOptions
    dis: Annotated[tuple[ManifestDI, ...], Meta(min_length=1)]
    contenders: Annotated[tuple[ManifestContender, ...], Meta(min_length=1)]
    segments: Annotated[tuple[Segment, ...], Meta(min_length=1)]
    failed_segments: Annotated[tuple[FailedSegment, ...], about("", is_later=True)] = ()
    fairness: Fairness
    montage: Montage
    timeline: Timeline
    inputs: Annotated[tuple[SourceFile, ...], about("", is_later=True)] = ()
    engine: Annotated[
        dict[str, str],
        about(
            "what matched the levels and wrote the files",
            {
                "gts": "the version of GTS; not in manifests from before there was one",
                "nam": "version of our engine",
                "renderer": "version of our chain",
                "meter": "version of our meter",
                "recipe": "version of our recipes",
                **dict.fromkeys(
                    ["platform", "python", "nam_backend", "blas", "blas_kernel"], _MACHINE
                ),
                **dict.fromkeys(
                    ["numpy", "scipy", "soxr", "soundfile", "pedalboard", "av", "resvg-py"],
                    _PACKAGE,
                ),
                "llvmlite": f"{_PACKAGE}, where it is installed",
                **dict.fromkeys(
                    [
                        "libsndfile",
                        "libsoxr",
                        "libavcodec",
                        "libavdevice",
                        "libavfilter",
                        "libavformat",
                        "libavutil",
                        "libswresample",
                        "libswscale",
                    ],
                    _CODEC,
                ),
            },
        ),
    ]
    chapters: tuple[ChapterMark, ...]
    youtube: Annotated[YouTube | None, about("", is_later=True)] = None


def read_manifest(data: JSONObject) -> Manifest:
    """A stored manifest. Raises ``msgspec.ValidationError`` for what is none."""
    return msgspec.convert(data, Manifest)


def manifest_as_json(manifest: Manifest) -> dict[str, Any]:
    """As it is stored. Raises ``ValueError`` for a number that JSON does not have."""
    stored: dict[str, Any] = json.loads(manifest_text(manifest))
    return stored


def manifest_text(manifest: Manifest) -> str:
    """As a file. Raises ``ValueError`` for a number that JSON does not have."""
    return json.dumps(builtins_of(manifest), indent=1, ensure_ascii=False, allow_nan=False)


@cache
def manifest_schema(version: int) -> JSONObject:
    """The JSON Schema (2020-12) of a schema version. Raises ``KeyError`` if there never was one."""
    if not 1 <= version <= MANIFEST_SCHEMA_VERSION:
        raise KeyError(version)
    schema: dict[str, Any] = json.loads(schema_path(version).read_text(encoding="utf-8"))
    return schema


def schema_path(version: int) -> Path:
    return Path(__file__).with_name(f"schema-v{version}.json")
