"""Files of every kind, spoilt in many ways: each is read, or refused by name, soon and in little
memory.

A fast look in every run; ``GTS_FUZZ_EXAMPLES=4000`` looks hard, and with ``-s`` prints the figures.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from pathlib import Path

from jobs.pipeline.errors import PipelineError
from jobs.pipeline.gate import Gate
from jobs.pipeline.gate.limits import MEBIBYTE
from jobs.tests.pipeline.gate.bad_readers import task
from jobs.tests.pipeline.gate.mutations import arguments_for, spoilt_files

NUM_FILES = int(os.environ.get("GTS_FUZZ_EXAMPLES", "64"))
MAX_TOOK_S = 2.0
MAX_BYTES = 500 * MEBIBYTE
# What a reader says of a file for which no reader of ours has a word.
UNTYPED = {"FILE_UNREADABLE", "FILE_READER_LOST"}


def test_spoilt_files_are_read_or_refused_by_name(tmp_path: Path) -> None:
    gate = Gate()
    gate.warm_up()
    codes: Counter[str] = Counter()
    slowest_s, largest_bytes, wrong = 0.0, 0, []
    folder = tmp_path / "files"
    gate.read(task("echo"), {})  # a reader is up then: its start is no part of what a file takes
    for spoilt in spoilt_files(NUM_FILES):
        folder.mkdir()
        arguments = arguments_for(spoilt, folder)
        what = spoilt.task.writing(4 * MEBIBYTE) if "folder" in arguments else spoilt.task
        began_s, peak_bytes, cpu_s = time.monotonic(), 0, 0.0
        try:
            reading = gate.measure(what, arguments)
        except PipelineError as error:
            code = error.code
        else:
            peak_bytes, cpu_s = reading.peak_bytes or 0, reading.cpu_s
            error = reading.error
            code = error.code if isinstance(error, PipelineError) else repr(error or "read")
        # Of the processor, where a reader has lived to tell it: a busy machine is no fault.
        took_s = cpu_s or time.monotonic() - began_s
        codes[code] += 1
        is_typed = code == "'read'" or (code.isupper() and code not in UNTYPED)
        if not is_typed or took_s > MAX_TOOK_S or peak_bytes > MAX_BYTES:
            wrong.append((spoilt.name, code, round(took_s, 2), peak_bytes // MEBIBYTE))
        slowest_s, largest_bytes = max(slowest_s, took_s), max(largest_bytes, peak_bytes)
        shutil.rmtree(folder)
    gate.close()
    print(f"\n{NUM_FILES} files, slowest {slowest_s:.2f} s, largest {largest_bytes // MEBIBYTE} MB")
    print(dict(codes.most_common()))
    assert wrong == []
