"""Cabinets and spaces, whose sound is a file: their settings for people."""

from __future__ import annotations

from collections.abc import Mapping

from jobs.pipeline.recipe import DEFAULT_SPACE_MIX_PCT


def describe_ir(parameters: Mapping[str, object]) -> str:
    """The settings of a response for people; empty where all is as it comes."""
    parts = []
    gain_db, delay_ms = parameters.get("gain_db", 0.0), parameters.get("delay_ms", 0.0)
    if gain_db:
        parts.append(f"Gain {gain_db:+g} dB")
    if parameters.get("is_inverted"):
        parts.append("inverted")
    if delay_ms:
        parts.append(f"{delay_ms:g} ms later")
    if parameters.get("is_aligned"):
        parts.append("aligned")
    return ", ".join(parts)


def describe_space(parameters: Mapping[str, float | bool]) -> str:
    """The settings of a space for people: "Mix 20 %"."""
    return f"Mix {parameters.get('mix_pct', DEFAULT_SPACE_MIX_PCT):g} %"
