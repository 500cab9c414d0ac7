"""Captures of other programs, known by what is in them, so that errors can name them."""

from __future__ import annotations

from collections.abc import Mapping

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.nam.json_text import read_json_object


def foreign_format(document: Mapping[str, object]) -> str:
    """The name of the format that a JSON object is in; empty for NAM, and where it is not known.

    AIDA-X writes RTNeural's layers beside their shape of input; Proteus (GuitarML) a state
    dictionary of PyTorch beside ``model_data``; of AA-Snapshots only the word is public.
    """
    keys = document.keys()
    if {"architecture", "weights"} & keys:
        return ""
    if "layers" in keys and {"in_shape", "in_skip"} & keys:
        return "AIDA-X"
    if {"model_data", "state_dict"} <= keys:
        return "Proteus (GuitarML)"
    if any("snapshot" in key.casefold() for key in keys):
        return "AA-Snapshot"
    return ""


def foreign_message(name: str) -> str:
    """What it is, what GTS reads, and what to do."""
    return (
        f"This is a capture of {name}; GTS reads NAM models. "
        "Look for the same gear as a .nam file, or capture it again with the NAM trainer."
    )


def refuse_foreign(document: Mapping[str, object]) -> None:
    """Raises ``PipelineError`` CAPTURE_FORMAT_UNSUPPORTED for a format that is known."""
    name = foreign_format(document)
    if name:
        raise PipelineError("CAPTURE_FORMAT_UNSUPPORTED", foreign_message(name))


def foreign_format_of(data: bytes) -> str:
    """As ``foreign_format``, for a file of any kind."""
    try:
        return foreign_format(read_json_object(data))
    except PipelineError:  # what is no JSON at all is none of these
        return ""
