"""What is true of all sound that GTS publishes."""

from __future__ import annotations

from typing import Final

OUTPUT_SAMPLE_RATE_HZ: Final = 48_000
