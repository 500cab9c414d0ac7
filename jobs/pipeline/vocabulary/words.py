"""Words with a label, for lists of choices."""

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
