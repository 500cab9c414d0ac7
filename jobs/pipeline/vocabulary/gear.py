"""Kinds of gear, and the slots of a chain: words with a label each, for lists of choices."""

from __future__ import annotations

from collections.abc import Iterable
from enum import EnumType, StrEnum


class WordType(EnumType):
    """Gives a list of words what forms, models and serializers ask of one."""

    @property
    def choices(cls) -> list[tuple[str, str]]:
        words: Iterable[Word] = cls.__members__.values()
        return [(word.value, word.label) for word in words]

    @property
    def values(cls) -> list[str]:
        return [value for value, _ in cls.choices]


class Word(StrEnum, metaclass=WordType):
    """One word. ``label``: for people."""

    label: str


class GearKind(Word):
    """What was captured. ``is_ir``: by an impulse response, not by a network."""

    AMP = "amp", "Amp head"
    FULL_RIG = "full_rig", "Full rig (cab baked in)"
    PEDAL = "pedal", "Pedal"
    OUTBOARD = "outboard", "Outboard"
    CAB = "cab", "Cabinet IR", True
    SPACE = "space", "Space (reverb IR)", True

    is_ir: bool

    def __new__(cls, value: str, label: str = "", is_ir: bool = False) -> GearKind:
        kind = str.__new__(cls, value)
        kind._value_ = value
        kind.label, kind.is_ir = label, is_ir
        return kind


_EFFECTS = (GearKind.PEDAL, GearKind.OUTBOARD)


class Slot(Word):
    """The places of a chain, in order: DI → pre* → amp → loop* → cab? → post* → out.

    ``help``: one line for people who build a chain. ``kinds``: of the gear that fits.
    ``takes_processors``: whether built-in processors may stand there.
    """

    PRE = "pre", "Pedals", "Before the amp", _EFFECTS, True
    AMP = "amp", "Amp", "Every chain needs one", (GearKind.AMP, GearKind.FULL_RIG)
    LOOP = "loop", "FX loop", "Not with a full rig", _EFFECTS, True
    CAB = "cab", "Cabinet", "A full rig has its own", (GearKind.CAB,)
    POST = "post", "Post FX", "After the cabinet", (*_EFFECTS, GearKind.SPACE), True

    help: str
    kinds: tuple[GearKind, ...]
    takes_processors: bool

    def __new__(
        cls,
        value: str,
        label: str = "",
        help: str = "",
        kinds: tuple[GearKind, ...] = (),
        takes_processors: bool = False,
    ) -> Slot:
        slot = str.__new__(cls, value)
        slot._value_ = value
        slot.label, slot.help = label, help
        slot.kinds, slot.takes_processors = kinds, takes_processors
        return slot
