"""How large a capture may be before it is refused.

Real captures are far below every one of these: an A1 standard file is 0.4 MB with 13,802
weights, an A2 container 0.7 MB with 14,017; the largest hand-made ones reach a few megabytes.
The limits keep the cost of a hostile file small and known: everything here is compared with
what a file *announces*, before anything of that size is allocated.
"""

from __future__ import annotations

from typing import Final

# The text of a file may take four bytes a character, and one long string in it as much again.
MAX_FILE_BYTES: Final = 16 * 1024 * 1024
# Commas in the whole file, one less than values: a number costs 40 bytes however short it is
# written. With these four, reading stays under 250 MB whatever a file holds.
MAX_COMMAS: Final = 1_200_000
# Lists and objects, and quotation marks, in the whole file: what they begin costs some 60 bytes
# however short it is written. Real files have a few hundred of each.
MAX_CONTAINERS: Final = 20_000
MAX_QUOTES: Final = 200_000
# Lists and objects within each other; real files have a dozen. Python's own limit is a thousand.
MAX_DEPTH: Final = 64
MAX_WEIGHTS: Final = 1_000_000
MAX_CHANNELS: Final = 512
# An LSTM goes sample by sample, so its layers cost far more than their numbers; captures have one
# to three, of up to some forty.
MAX_LSTM_LAYERS: Final = 8
MAX_LSTM_HIDDEN: Final = 256
MAX_KERNEL: Final = 131_072
MAX_DILATION: Final = 131_072
# A2 needs 6,347 frames; 131,072 is 2.7 s at 48 kHz.
MAX_RECEPTIVE_FIELD_FRAMES: Final = 131_072
MAX_LAYERS: Final = 256
MAX_LAYER_ARRAYS: Final = 16
MAX_SUBMODELS: Final = 16
# A condition network may have one of its own; no one has needed a third.
MAX_NESTING: Final = 4
# Numbers a laid-out engine may hold, with groups spelled out as full matrices. Each costs a
# multiplication per frame: this many run at about real time. A1 standard holds 28,000.
MAX_ENGINE_FLOATS: Final = 1_200_000
# Numbers one signal's state may hold (64 MB).
MAX_STATE_FLOATS: Final = 16_000_000

MIN_SAMPLE_RATE_HZ: Final = 8_000
MAX_SAMPLE_RATE_HZ: Final = 192_000
DEFAULT_SAMPLE_RATE_HZ: Final = 48_000
