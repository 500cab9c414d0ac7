"""A file of the package, which writes version 0.7.0, in the spelling of older versions.

Only the spelling differs: same network, same weights, same sound.
"""

# mypy: ignore-errors

from __future__ import annotations

from typing import Any

# Those of a usual audio interface.
LEVELS = {"input_level_dbu": 12.2, "output_level_dbu": 4.0}


def as_version(document: dict[str, Any], version: str) -> dict[str, Any]:
    """What ``document`` was when ``version`` was the newest."""
    document = {**document, "version": version}
    if document["architecture"] == "WaveNet":
        array = _array_0_6 if version == "0.6.0" else _array_0_5
        arrays = [array(one) for one in document["config"]["layers"]]
        document["config"] = {**document["config"], "layers": arrays}
    if version == "0.5.0":
        del document["metadata"]
        del document["sample_rate"]
    if version == "0.5.4":
        document["metadata"] = {**document["metadata"], **LEVELS}
    return document


def with_other_spelling(document: dict[str, Any]) -> dict[str, Any]:
    """The last of the activations that files spell in two ways in the other way."""
    activations = document["config"]["layers"][0]["activation"]
    last = [one for one in activations if one["type"] == "LeakyHardtanh"][-1]
    last["type"] = "LeakyHardTanh"
    return document


def _array_0_5(array: dict[str, Any]) -> dict[str, Any]:
    """One activation by its name, gated or not, and nothing else to choose."""
    gating = _one_of(array["gating_mode"])
    assert gating in ("none", "gated")
    assert _one_of(array["secondary_activation"]) in (None, {"type": "Sigmoid"})
    return {
        "input_size": array["input_size"],
        "condition_size": array["condition_size"],
        **_head(array),
        "channels": array["channels"],
        "kernel_size": _one_of(array["kernel_sizes"]),
        "dilations": array["dilations"],
        "activation": _one_of(array["activation"])["type"],
        "gated": gating == "gated",
    }


def _array_0_6(array: dict[str, Any]) -> dict[str, Any]:
    """The options of 0.7.0, but one kernel for all layers and a head of one tap."""
    array = dict(array)
    array |= _head({"head": array.pop("head")})
    array["kernel_size"] = _one_of(array.pop("kernel_sizes"))
    del array["slimmable"]
    for key in ("activation", "gating_mode", "secondary_activation"):
        array[key] = _one_of(array[key])
    for key, film in array.items():
        if key.endswith("_film") and not film["active"]:
            array[key] = False
    return array


def _head(array: dict[str, Any]) -> dict[str, Any]:
    head = array["head"]
    assert head["kernel_size"] == 1
    return {"head_size": head["out_channels"], "head_bias": head["bias"]}


def _one_of(values: list[Any]) -> Any:
    """The value that all layers have."""
    assert all(value == values[0] for value in values)
    return values[0]
