"""What is made from the vocabulary: the tables of docs/shootout-file.md.

``python -m tools.shootout_documents`` writes them; a test fails while they say something else.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from jobs.pipeline.effects.parameters import (
    CAB_PARAMETERS,
    IR_PARAMETERS,
    NAM_PARAMETERS,
    SPACE_PARAMETERS,
    CaptureParameters,
)
from jobs.pipeline.formats.shootout_file import (
    CHANNEL_CHOICES,
    DI_KEYS,
    DI_SOURCE_KEYS,
    FILE_KEYS,
    GEAR_KEYS,
    IR_KEYS_OF_KIND,
)
from jobs.pipeline.recipe import CHANNEL_RULES, MAX_CAB_IRS
from jobs.pipeline.vocabulary.gear import GearKind, Slot
from jobs.pipeline.vocabulary.options import (
    SHOOTOUT_OPTIONS,
    ChoiceOption,
    NumberOption,
    ShootoutOption,
    SwitchOption,
)
from tools.made_tables import table, with_tables

DOCUMENT: Final = Path(__file__).parents[1] / "docs" / "shootout-file.md"


def document(text: str) -> str:
    return with_tables(
        text, {"keys": _keys(), "options": _options(), "gear": _gear(), "slots": _slots()}
    )


def _keys() -> str:
    lasts = _words(key for key in IR_KEYS_OF_KIND[GearKind.SPACE])
    rows = [
        ("top", _words(FILE_KEYS)),
        ("`[options]`", _words(option.key for option in SHOOTOUT_OPTIONS)),
        (
            "`[[di]]`, 1 to 8",
            f"{_words([*DI_KEYS, *DI_SOURCE_KEYS])}; "
            f"`channel_rule` is one of {_words(CHANNEL_CHOICES)}",
        ),
        (
            "`[[gear]]`",
            f"{_words(GEAR_KEYS)}; of a cab and a space also {lasts}; "
            f"of a cab `channel_rule` ({_words(CHANNEL_RULES)})",
        ),
        ("`[[chain]]`, 2 to 27", "`label`"),
        ("`[[chain.block]]`", "`slot`, and `gear` or `processor` with `parameters`"),
        ("… of a network", _parameters(NAM_PARAMETERS)),
        ("… of a cab", _parameters(CAB_PARAMETERS)),
        ("… of a space", _parameters(SPACE_PARAMETERS)),
        (
            f"`[[chain.block.extra_irs]]` of a cab, up to {MAX_CAB_IRS - 1}",
            f"`gear`, {_parameters(IR_PARAMETERS)}",
        ),
    ]
    return table(["table", "keys"], rows)


def _parameters(parameters: CaptureParameters) -> str:
    numbers = [
        f"`{number.name}` ({_number(number.minimum)} to {_number(number.maximum)}; "
        f"{_number(number.default)})"
        for number in parameters.numbers
    ]
    return ", ".join([*numbers, *(f"`{switch.key}`" for switch in parameters.switches)])


def _options() -> str:
    rows = [
        (f"`{option.key}`", option.label, *_values(option), option.help)
        for option in SHOOTOUT_OPTIONS
    ]
    return table(["key", "what it is", "values", "default", ""], rows)


def _values(option: ShootoutOption) -> tuple[str, str]:
    """What there is to choose, and the default."""
    match option:
        case NumberOption():
            bounds = f"{_number(option.minimum)} to {_number(option.maximum)} {option.unit}"
            return bounds, _number(option.default)
        case SwitchOption():
            return "`true`, `false`", f"`{str(option.default).lower()}`"
        case ChoiceOption():
            return _words(option.choices), f"`{option.default}`"


def _gear() -> str:
    rows = [
        (f"`{kind}`", kind.label, "impulse response" if kind.is_ir else ".nam") for kind in GearKind
    ]
    return table(["kind", "what it is", "file"], rows)


def _slots() -> str:
    rows = [
        (
            f"`{slot}`",
            slot.label,
            f"{_words(slot.kinds)}{', built-in processors' if slot.takes_processors else ''}",
        )
        for slot in Slot
    ]
    return table(["slot", "what it is", "what may stand there"], rows)


def _words(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _number(value: float) -> str:
    return f"{value:g}".replace("-", "−")


if __name__ == "__main__":
    DOCUMENT.write_text(document(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
