"""Files made to hurt: refused with little memory, whatever they announce."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from accounts.tests import needs
from jobs.pipeline.errors import PipelineError
from jobs.pipeline.nam.document import (
    MAX_COMMAS,
    MAX_CONTAINERS,
    MAX_FILE_BYTES,
    MAX_QUOTES,
)
from jobs.pipeline.nam.engine import build_engine, choose_submodel
from jobs.pipeline.nam.file import parse_nam
from jobs.pipeline.nam.tests import backends, own_models
from jobs.pipeline.nam.tests.own_models import document, parse_document

# What a text generator would seldom hit upon.
PIECES = [
    b"-",
    b"0",
    b"99999999",
    b"1e308",
    b"null",
    b"[[",
    b"]",
    b'","',
    b"{}",
    b"\\u0000",
    b"NaN",
]

MEBIBYTE = 1024 * 1024
MAX_RESIDENT_BYTES = 300 * MEBIBYTE
MAX_CPU_S = 2

# Reads a file, and plays what can be read, in a process of its own, so that the memory it took can
# be told; the limit of processor time is for the machine's sake, should a bound ever be lost.
READ_IN_CHILD = """
import resource, sys
from pathlib import Path
import numpy as np
from jobs.pipeline.nam.engine import build_engine
from jobs.pipeline.nam.file import read_nam
from jobs.pipeline.errors import PipelineError
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
imported_s = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
try:
    nam = read_nam(Path(sys.argv[1]))
    code = "accepted"
except PipelineError as error:
    code = error.code
cpu_s = sum(resource.getrusage(resource.RUSAGE_SELF)[:2]) - imported_s
if code == "accepted":
    build_engine(nam).start().process(np.zeros((1, 2000), np.float32))
# Not ru_maxrss: that begins with what the parent process had.
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(code, int(status["VmHWM"].split()[0]) * 1024, cpu_s)
"""


def read_in_child(path: Path) -> tuple[str, int, float]:
    """Error code, largest resident memory in bytes, processor time of the reading in seconds."""
    result = subprocess.run(
        [sys.executable, "-c", READ_IN_CHILD, str(path)],
        cwd=Path(__file__).resolve().parents[4],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    code, resident, cpu_s = result.stdout.split()
    return code, int(resident), float(cpu_s)


needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason=needs.PROC)


LINEAR_HEAD = (
    b'{"version":"0.5.4","architecture":"Linear","config":{"receptive_field":2,"bias":false},'
)


def around_weights(body: bytes) -> bytes:
    return LINEAR_HEAD + b'"weights":[' + body + b"0]}"


def filled(piece: bytes, most: int = MAX_FILE_BYTES) -> bytes:
    """As many pieces as the largest file that is read at all can hold."""
    return piece * min(most, (MAX_FILE_BYTES - 400) // len(piece))


def wide_text_among_numbers() -> bytes:
    """As many numbers as are let in, and one character that makes the text four bytes wide."""
    numbers = filled(b"123456,", MAX_COMMAS - 10)
    room = MAX_FILE_BYTES - len(numbers) - 400
    text = b'"note":"' + b"a" * room + "\U0001f3b8".encode() + b'",'
    return LINEAR_HEAD + text + b'"weights":[' + numbers + b"1]}"


@needs_proc
@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: around_weights(filled(b"0,")), "NAM_TOO_LARGE"),
        (lambda: around_weights(filled(b"0.5,", MAX_COMMAS - 10)), "NAM_INVALID"),
        (lambda: around_weights(filled(b'"ab",')), "NAM_TOO_LARGE"),
        (lambda: around_weights(filled(b"[],")), "NAM_TOO_LARGE"),
        (lambda: around_weights(filled(b"{},")), "NAM_TOO_LARGE"),
        (lambda: around_weights(filled(b"9" * 4000 + b",")), "NAM_INVALID"),
        (lambda: around_weights(filled(b"0.12345678901234567,")), "NAM_WEIGHT_COUNT"),
        (lambda: around_weights(b"0,0." + filled(b"7") + b","), "NAM_WEIGHT_COUNT"),
        (lambda: around_weights(filled(b"[")), "NAM_TOO_LARGE"),
        (lambda: filled(b'{"a":', MAX_CONTAINERS), "NAM_NOT_JSON"),
        (lambda: b'{"a":"' + filled(b'\\"', MAX_QUOTES - 10) + b"[", "NAM_NOT_JSON"),
        (lambda: around_weights(b"[" * 65 + b"]" * 65 + b","), "NAM_NOT_JSON"),
        (lambda: around_weights(b"[" * 50 + b"]" * 50 + b","), "NAM_INVALID"),
        (
            lambda: b"{" + b",".join(b'"%d":1' % n for n in range(90_000)) + b',"7":2}',
            "NAM_INVALID",
        ),
        (lambda: LINEAR_HEAD + b'"x":"' + filled(b"\\u4e00") + b'"}', "NAM_INVALID"),
        (wide_text_among_numbers, "NAM_INVALID"),
    ],
    ids=[
        *("integers", "floats", "texts", "lists", "objects", "long integers", "weights"),
        *(
            "long float",
            "deep lists",
            "deep objects",
            "open text",
            "too deep",
            "deep",
            "repeated key",
            "escapes",
            "wide text",
        ),
    ],
)
def test_the_largest_files_take_little_memory(
    tmp_path: Path, make: Callable[[], bytes], code: str
) -> None:
    path = tmp_path / "hostile.nam"
    path.write_bytes(make())
    got, resident, cpu_s = read_in_child(path)
    assert got == code
    assert resident < MAX_RESIDENT_BYTES
    assert cpu_s < MAX_CPU_S


@needs_proc
def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.nam"
    with path.open("wb") as file:
        file.truncate(500 * MEBIBYTE)  # takes no room on the disk
    code, resident, cpu_s = read_in_child(path)
    assert code == "NAM_TOO_LARGE"
    assert resident < 150 * MEBIBYTE
    assert cpu_s < MAX_CPU_S


@needs_proc
@pytest.mark.parametrize(
    "layer",
    [
        {"channels": 100, "dilations": [120_000] + [1] * 8},
        {"kernel_size": 12_000, "dilations": [8]},
        {"channels": 30, "dilations": [4_000] * 30, "gating_mode": "blended"},
    ],
    ids=["history", "kernel", "layers"],
)
def test_the_largest_networks_that_are_let_in_run_in_little_memory(
    tmp_path: Path, layer: dict[str, Any]
) -> None:
    model = wavenet(0, wavenet_layer(activation="Tanh", **layer))
    model["weights"] = [0.001] * wanted_weights(model)
    path = tmp_path / "large.nam"
    path.write_text(json.dumps(model))
    code, resident, cpu_s = read_in_child(path)
    assert code == "accepted"
    assert resident < MAX_RESIDENT_BYTES
    assert cpu_s < MAX_CPU_S


def wavenet_layer(**more: Any) -> dict[str, Any]:
    return {
        "input_size": 1,
        "condition_size": 1,
        "channels": 1,
        "kernel_size": 2,
        "dilations": [1],
        "activation": "ReLU",
        "head_size": 1,
        "head_bias": False,
    } | more


def wavenet(weights: int, *layers: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": "0.7.0",
        "architecture": "WaveNet",
        "config": {"layers": list(layers), "head_scale": 1.0},
        "weights": [0.0] * weights,
    }


def wanted_weights(model: dict[str, Any]) -> int:
    with pytest.raises(PipelineError) as counted:
        parse_document(model)
    words = counted.value.message.split()
    return int(words[words.index("have") + 1])


@pytest.mark.parametrize(
    ("model", "code"),
    [
        # 10^9 weights announced, a handful there.
        (wavenet(8, wavenet_layer(channels=500, kernel_size=4000)), "NAM_WEIGHT_COUNT"),
        # Few weights, but a history of hours: each layer looks back as far as is allowed.
        (wavenet(1203, wavenet_layer(dilations=[131_072] * 200)), "NAM_TOO_LARGE"),
        # One weight per channel and tap, but full matrices once the groups are spelled out.
        (
            wavenet(
                512 * 4 * 9 + 512 + 1,
                wavenet_layer(
                    channels=512,
                    kernel_size=1,
                    dilations=[1] * 8,
                    groups_input=512,
                    layer1x1={"active": True, "groups": 512},
                ),
            ),
            None,
        ),
        (wavenet(8, wavenet_layer(dilations=[1] * 100_000)), "NAM_INVALID"),
        (wavenet(8, *[wavenet_layer()] * 1000), "NAM_INVALID"),
        (wavenet(8, wavenet_layer(kernel_size=10**30)), "NAM_INVALID"),
    ],
    ids=["weights", "history", "groups", "layers", "arrays", "kernel"],
)
def test_what_is_announced_is_not_allocated(model: dict[str, Any], code: str | None) -> None:
    if code is None:
        # The exact number of weights, so that nothing but the size can be wrong with it.
        model["weights"] = [0.0] * wanted_weights(model)
        code = "NAM_TOO_LARGE"
    text = json.dumps(model)
    tracemalloc.start()
    try:
        with pytest.raises(PipelineError) as caught:
            parse_document(json.loads(text))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.code == code
    assert peak_bytes < 40 * len(text) + MEBIBYTE


@pytest.mark.parametrize("backend", backends.NAMES)
@pytest.mark.parametrize("name", own_models.NAMES)
def test_a_signal_takes_no_more_memory_than_was_announced(name: str, backend: str) -> None:
    nam = own_models.load(name)
    engine = build_engine(nam, backend=backends.load(backend))
    engine.start()  # once before: imports and caches are not the signal's
    config = choose_submodel(nam).config
    assert config
    tracemalloc.start()
    try:
        stage = engine.start()
        kept_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert stage.finish().size == 0
    views_bytes = 300_000
    assert kept_bytes < 4 * config.num_state_floats + views_bytes


def test_documents_with_one_thing_wrong_give_typed_errors_only() -> None:
    """Every value of every model replaced by things that do not belong there."""
    strange: list[object] = [None, True, -1, 0, 1.5, 10**30, "", "Tanh", [], [[]], {}, {"type": 1}]
    codes = []
    for name in own_models.NAMES:
        original = document(name)
        for i, path in enumerate(value_paths(original)):
            before = put(original, path, None)
            for replacement in (strange[i % 12], strange[(i + 5) % 12]):
                put(original, path, replacement)
                try:
                    parse_document(original)
                except PipelineError as error:
                    codes.append(error.code)
            put(original, path, before)
    assert len(codes) > 500
    assert {code.split("_")[0] for code in codes} == {"NAM"}


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_spoilt_text_gives_typed_errors_only(data: st.DataObject) -> None:
    """Some bytes of a real file cut out, others put in."""
    name = data.draw(st.sampled_from(own_models.NAMES))
    text = own_models.model_path(name).read_bytes()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 40, len(text))))
    inserted = data.draw(st.one_of(st.binary(max_size=20), st.sampled_from(PIECES)))
    try:
        nam = parse_nam(text[:start] + inserted + text[end:])
    except PipelineError as error:
        event(error.code)
        return
    event("accepted")
    wet = build_engine(nam).start().process(np.zeros((1, 10), np.float32))
    assert wet.shape == (1, 10)


def value_paths(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where all values stand; of a list of numbers only the first."""
    paths = [path] if path else []
    if isinstance(value, dict):
        for key, item in value.items():
            paths += value_paths(item, (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            if i == 0 or not isinstance(item, int | float):
                paths += value_paths(item, (*path, i))
    return paths


def put(document: Any, path: tuple[str | int, ...], value: object) -> object:
    """Put ``value`` at ``path`` and return what was there."""
    for key in path[:-1]:
        document = document[key]
    before: object = document[path[-1]]
    document[path[-1]] = value
    return before
