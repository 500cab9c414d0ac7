"""The TOML file that describes a shootout together with the media beside it.

Format version 1. Paths are relative to the file and may not leave its folder.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from jobs.pipeline.audio.blocks import describe_parameters, validate_parameters
from jobs.pipeline.audio.cab_mix import describe_ir
from jobs.pipeline.audio.decode import open_audio
from jobs.pipeline.audio.probe import probe_di
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.files import sha256_of
from jobs.pipeline.recipe import (
    CHANNEL_RULES,
    DEFAULT_IR_SETTINGS,
    MAX_CAB_DELAY_MS,
    MAX_CAB_IRS,
    MAX_TAIL_END_DB,
    MIN_TAIL_END_DB,
    BlockRecipe,
    CabBlock,
    CabIR,
    ChannelChoice,
    DISource,
    IRSettings,
    NamBlock,
    ProcessorBlock,
)
from jobs.pipeline.shootout import (
    ContenderInfo,
    DIInfo,
    GearLine,
    ShootoutInfo,
    ShootoutOptions,
)

_FILE_KEYS = {"title", "description", "options", "di", "gear", "chain"}
_DI_TEXT_KEYS = {"file", "name", "guitar", "pickup", "tuning", "bpm", "notes"}
# Named as in ``DISource``, all of it.
DI_SOURCE_KEYS = {"channel_rule", "input_level_dbu", "start_s", "end_s"}
CHANNEL_CHOICES: tuple[ChannelChoice, ...] = ("auto", "mix", "left", "right")
_GEAR_KEYS = {"id", "file", "kind", "name", "make", "creator", "licence", "url", "description"}
# How an impulse response is read: its keys in the file, and their names in the recipe.
IR_KEYS = {
    "channel_rule": "channel_rule",
    "tail_end_db": "tail_end_db",
    "trim_lead": "is_lead_trimmed",
}
OPTION_KEYS = {
    "order": "playback_order",
    "slice_s": "slice_s",
    "target_loudness_lufs": "target_loudness_lufs",
    "input_mode": "input_mode",
    "video": "has_video",
    "theme": "theme",
    "align": "is_aligned",
}
# Lowest and highest value of the numbers that are not parameters of a processor.
_RANGES = {
    "slice_s": (1.0, 60.0),
    "target_loudness_lufs": (-40.0, -6.0),
    "bpm": (20.0, 400.0),
    "input_level_dbu": (-60.0, 60.0),
    "start_s": (0.0, 600.0),
    "end_s": (0.0, 600.0),
    "slim_size": (0.0, 1.0),
    "tail_end_db": (MIN_TAIL_END_DB, MAX_TAIL_END_DB),
    "gain_db": (-24.0, 24.0),
    "delay_ms": (0.0, MAX_CAB_DELAY_MS),
}
KINDS = ("amp", "full_rig", "pedal", "outboard", "cab", "space")
# How the switches of a cabinet are called in the file.
_IR_SWITCHES = {"inverted": "is_inverted"}
CAB_SWITCHES = {**_IR_SWITCHES, "align": "is_aligned"}
SLOTS = ("pre", "amp", "loop", "cab", "post")


@dataclass(frozen=True, slots=True)
class FileDI:
    """``channel_rule``: as it was asked for. What ``auto`` means takes a look at the sound, so
    ``source`` has it only after ``resolved``."""

    info: DIInfo
    source: DISource
    path: Path
    channel_rule: ChannelChoice = "auto"

    def resolved(self) -> DISource:
        """With the channel that is used. Raises as ``probe_di``."""
        if self.channel_rule != "auto" or open_audio(self.path).num_channels == 1:
            return self.source
        return replace(self.source, channel_rule=probe_di(self.path, math.inf).channel_rule)


@dataclass(frozen=True, slots=True)
class FileGear:
    id: str
    kind: str
    name: str
    make: str
    creator: str
    licence: str
    url: str
    description: str
    path: Path
    sha256: str
    ir_settings: IRSettings = DEFAULT_IR_SETTINGS


@dataclass(frozen=True, slots=True)
class FileIR:
    """One more impulse response of a cabinet. ``parameters``: of ``CabIR``."""

    gear: FileGear
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FileBlock:
    """``gear`` is set for a captured block, ``processor`` for a built-in one.

    ``extra_irs``: what a cabinet is heard through besides its ``gear``.
    """

    slot: str
    gear: FileGear | None
    processor: str
    parameters: Mapping[str, Any]
    extra_irs: tuple[FileIR, ...] = ()

    def recipe(self) -> BlockRecipe:
        if self.gear is None:
            return ProcessorBlock(self.processor, self.parameters)
        if self.gear.kind == "cab":
            first = {key: self.parameters[key] for key in self.parameters if key != "is_aligned"}
            extra = (_cab_ir(ir.gear, ir.parameters) for ir in self.extra_irs)
            return CabBlock(
                (_cab_ir(self.gear, first), *extra),
                is_aligned=self.parameters.get("is_aligned", False),
            )
        return NamBlock(self.gear.sha256, **self.parameters)

    def lines(self) -> list[GearLine]:
        """The block, and one line for each further impulse response: all are credited."""
        if self.gear is None:
            settings = describe_parameters(self.processor, self.parameters)
            return [GearLine(self.slot, "processor", self.processor, settings=settings)]
        is_cab = self.gear.kind == "cab"
        settings = describe_ir(self.parameters) if is_cab else ""
        return [
            self._line(self.gear, settings),
            *(self._line(ir.gear, describe_ir(ir.parameters)) for ir in self.extra_irs),
        ]

    def _line(self, gear: FileGear, settings: str) -> GearLine:
        return GearLine(
            self.slot,
            gear.kind,
            gear.name,
            gear.make,
            gear.creator,
            gear.licence,
            gear.url,
            settings=settings,
        )


def _cab_ir(gear: FileGear, parameters: Mapping[str, Any]) -> CabIR:
    return CabIR(gear.sha256, **parameters, **asdict(gear.ir_settings))


@dataclass(frozen=True, slots=True)
class FileChain:
    label: str
    blocks: tuple[FileBlock, ...]

    def lines(self) -> tuple[GearLine, ...]:
        return tuple(line for block in self.blocks for line in block.lines())


@dataclass(frozen=True, slots=True)
class ShootoutFile:
    title: str
    description: str
    options: ShootoutOptions
    dis: tuple[FileDI, ...]
    gear: tuple[FileGear, ...]
    chains: tuple[FileChain, ...]

    def info(self) -> ShootoutInfo:
        return ShootoutInfo(
            title=self.title,
            description=self.description,
            options=self.options,
            dis=tuple(di.info for di in self.dis),
            contenders=tuple(ContenderInfo(chain.label, chain.lines()) for chain in self.chains),
        )

    def sources(self) -> dict[str, Path]:
        """Every input file by its SHA-256."""
        return {di.source.sha256: di.path for di in self.dis} | {
            gear.sha256: gear.path for gear in self.gear
        }


def read_shootout_file(path: Path) -> ShootoutFile:
    """Raises ``PipelineError`` SHOOTOUT_FILE_INVALID, or SPACE_NOT_SUPPORTED, naming the place."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _invalid(f"The file cannot be read: {error}") from error
    except RecursionError as error:
        raise _invalid("The file is nested too deeply.") from error
    _no_unknown(data, _FILE_KEYS, "The file")
    folder = path.resolve().parent
    dis = tuple(_read_di(item, folder, n) for n, item in enumerate(_tables(data, "di")))
    gear = _by_id([_read_gear(item, folder, n) for n, item in enumerate(_tables(data, "gear"))])
    chains = tuple(_read_chain(item, gear, n) for n, item in enumerate(_tables(data, "chain")))
    if not dis:
        raise _invalid("There is no [[di]].")
    if not chains:
        raise _invalid("There is no [[chain]].")
    return ShootoutFile(
        title=_text(data, "title", "the file", required=True),
        description=_text(data, "description", "the file"),
        options=_read_options(_table(data, "options", "the file")),
        dis=dis,
        gear=tuple(gear.values()),
        chains=chains,
    )


def _read_options(data: Mapping[str, Any]) -> ShootoutOptions:
    _no_unknown(data, set(OPTION_KEYS), "[options]")
    for key in ("slice_s", "target_loudness_lufs"):
        _number(data, key, "[options]")
    options = ShootoutOptions(**{OPTION_KEYS[key]: value for key, value in data.items()})
    for key, switch in (("video", options.has_video), ("align", options.is_aligned)):
        if not isinstance(switch, bool):
            raise _invalid(f"[options]: {key} must be true or false.")
    choices = {
        "order": (options.playback_order, ("sequential", "alternating")),
        "input_mode": (options.input_mode, ("auto", "calibrated", "normalized", "raw")),
        "theme": (options.theme, ("dark", "light")),
    }
    for key, (value, allowed) in choices.items():
        if value not in allowed:
            raise _invalid(f"[options]: {key} must be one of {', '.join(allowed)}.")
    return options


def _by_id(gear: Sequence[FileGear]) -> dict[str, FileGear]:
    found: dict[str, FileGear] = {}
    for number, item in enumerate(gear):
        if item.id in found:
            raise _invalid(f"[[gear]] {number + 1}: there is another with the id {item.id!r}.")
        found[item.id] = item
    return found


def _read_di(data: Mapping[str, Any], folder: Path, number: int) -> FileDI:
    name = data.get("name") or data.get("file")
    where = f"[[di]] {number + 1} {name}" if isinstance(name, str) else f"[[di]] {number + 1}"
    _no_unknown(data, _DI_TEXT_KEYS | DI_SOURCE_KEYS, where)
    file = _media(data, folder, where)
    sha256 = sha256_of(file)
    choice = _text(data, "channel_rule", where) or "auto"
    if choice not in CHANNEL_CHOICES:
        raise _invalid(f"{where}: channel_rule must be one of {', '.join(CHANNEL_CHOICES)}.")
    start_s, end_s = _number(data, "start_s", where) or 0.0, _number(data, "end_s", where)
    if end_s is not None and end_s <= start_s:
        raise _invalid(f"{where}: end_s must be after start_s.")
    return FileDI(
        info=DIInfo(
            name=_text(data, "name", where) or file.stem,
            sha256=sha256,
            guitar=_text(data, "guitar", where),
            pickup=_text(data, "pickup", where),
            tuning=_text(data, "tuning", where),
            bpm=_number(data, "bpm", where),
            notes=_text(data, "notes", where),
        ),
        source=DISource(
            sha256,
            channel_rule="mix" if choice == "auto" else choice,
            input_level_dbu=_number(data, "input_level_dbu", where),
            start_s=start_s,
            end_s=end_s,
        ),
        path=file,
        channel_rule=choice,
    )


def _read_gear(data: Mapping[str, Any], folder: Path, number: int) -> FileGear:
    where = f"[[gear]] {number + 1}"
    kind = _text(data, "kind", where, required=True)
    if kind not in KINDS:
        raise _invalid(f"{where}: kind must be one of {', '.join(KINDS)}.")
    if kind == "space":
        raise PipelineError(
            "SPACE_NOT_SUPPORTED",
            f"{where}: spaces (reverb impulse responses) cannot be played. "
            "Leave it out, or use the built-in reverb.",
        )
    _no_unknown(data, _GEAR_KEYS | (set(IR_KEYS) if kind == "cab" else set()), where)
    file = _media(data, folder, where)
    return FileGear(
        id=_text(data, "id", where, required=True),
        kind=kind,
        name=_text(data, "name", where) or file.stem,
        make=_text(data, "make", where),
        creator=_text(data, "creator", where),
        licence=_text(data, "licence", where),
        url=_text(data, "url", where),
        description=_text(data, "description", where),
        path=file,
        sha256=sha256_of(file),
        ir_settings=_read_ir_settings(data, where),
    )


def _read_ir_settings(data: Mapping[str, Any], where: str) -> IRSettings:
    rule = data.get("channel_rule", "mix")
    if rule not in CHANNEL_RULES:
        raise _invalid(f"{where}: channel_rule must be one of {', '.join(CHANNEL_RULES)}.")
    switches = _values(data, (), {"trim_lead": "is_lead_trimmed"}, where)
    return IRSettings(
        channel_rule=rule,
        tail_end_db=_number(data, "tail_end_db", where),
        is_lead_trimmed=bool(switches.get("is_lead_trimmed", False)),
    )


def _read_chain(data: Mapping[str, Any], gear: Mapping[str, FileGear], number: int) -> FileChain:
    where = f"[[chain]] {number + 1}"
    _no_unknown(data, {"label", "block"}, where)
    blocks = tuple(
        _read_block(item, gear, f"{where} block {n + 1}")
        for n, item in enumerate(_tables(data, "block"))
    )
    if not blocks:
        raise _invalid(f"{where}: there is no [[chain.block]].")
    return FileChain(label=_text(data, "label", where, required=True), blocks=blocks)


def _read_block(data: Mapping[str, Any], gear: Mapping[str, FileGear], where: str) -> FileBlock:
    slot = _text(data, "slot", where, required=True)
    if slot not in SLOTS:
        raise _invalid(f"{where}: slot must be one of {', '.join(SLOTS)}.")
    if ("gear" in data) == ("processor" in data):
        raise _invalid(f"{where}: give either gear or processor.")
    if "processor" in data:
        _no_unknown(data, {"slot", "processor", "parameters"}, where)
        processor = _text(data, "processor", where)
        try:
            parameters = validate_parameters(processor, _table(data, "parameters", where))
        except PipelineError as error:
            raise _invalid(f"{where}: {error.message}") from error
        return FileBlock(slot, None, processor, parameters)
    item = gear.get(_text(data, "gear", where))
    if item is None:
        raise _invalid(f"{where}: there is no [[gear]] with the id {data['gear']!r}.")
    if item.kind == "cab":
        return _read_cab(data, slot, item, gear, where)
    _no_unknown(data, {"slot", "gear", "slim_size"}, where)
    return FileBlock(slot, item, "", _values(data, ("slim_size",), {}, where))


def _read_cab(
    data: Mapping[str, Any],
    slot: str,
    first: FileGear,
    gear: Mapping[str, FileGear],
    where: str,
) -> FileBlock:
    _no_unknown(data, {"slot", "gear", "gain_db", "delay_ms", *CAB_SWITCHES, "extra_irs"}, where)
    extra = []
    for number, ir in enumerate(_tables(data, "extra_irs")):
        place = f"{where} extra_irs {number + 1}"
        _no_unknown(ir, {"gear", "gain_db", "delay_ms", *_IR_SWITCHES}, place)
        item = gear.get(_text(ir, "gear", place, required=True))
        if item is None or item.kind != "cab":
            raise _invalid(f"{place}: there is no [[gear]] of kind cab with the id {ir['gear']!r}.")
        extra.append(FileIR(item, _values(ir, ("gain_db", "delay_ms"), _IR_SWITCHES, place)))
    if len(extra) >= MAX_CAB_IRS:
        raise _invalid(f"{where}: a cabinet has {MAX_CAB_IRS} impulse responses at most.")
    parameters = _values(data, ("gain_db", "delay_ms"), CAB_SWITCHES, where)
    return FileBlock(slot, first, "", parameters, tuple(extra))


def _values(
    data: Mapping[str, Any], numbers: Sequence[str], switches: Mapping[str, str], where: str
) -> dict[str, float | bool]:
    """What is given of ``numbers`` and ``switches``, by the names of the recipe."""
    values: dict[str, float | bool] = {}
    for key in numbers:
        number = _number(data, key, where)
        if number is not None:
            values[key] = number
    for key, name in switches.items():
        if key in data:
            if not isinstance(data[key], bool):
                raise _invalid(f"{where}: {key} must be true or false.")
            values[name] = data[key]
    return values


def _tables(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = data.get(key, [])
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    raise _invalid(f"{key} must be an array of tables, [[{key}]].")


def _table(data: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise _invalid(f"{where}: {key} must be a table.")
    return value


def _media(data: Mapping[str, Any], folder: Path, where: str) -> Path:
    name = _text(data, "file", where, required=True)
    if "\0" in name:
        raise _invalid(f"{where}: that is not the name of a file.")
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        raise _invalid(f"{where}: {name} is outside the folder of the file.")
    if not path.is_file():
        raise _invalid(f"{where}: there is no file {name}.")
    return path


def _text(data: Mapping[str, Any], key: str, where: str, *, required: bool = False) -> str:
    value = data.get(key, "")
    if not isinstance(value, str):
        raise _invalid(f"{where}: {key} must be text.")
    if required and not value.strip():
        raise _invalid(f"{where}: {key} is missing.")
    return value.strip()


def _number(data: Mapping[str, Any], key: str, where: str) -> float | None:
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _invalid(f"{where}: {key} must be a number.")
    low, high = _RANGES[key]
    if not low <= value <= high:  # NaN is neither
        raise _invalid(f"{where}: {key} must be between {low:g} and {high:g}.")
    return float(value)


def _no_unknown(data: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(data) - known)
    if unknown:
        raise _invalid(f"{where} does not know {', '.join(unknown)}.")


def _invalid(message: str) -> PipelineError:
    return PipelineError("SHOOTOUT_FILE_INVALID", message)
