"""Captures in the .nam format (Neural Amp Modeler), read safely and run exactly.

nam = read_nam(path)
stage = build_engine(nam).start()
wet = stage.process(dry)            # (1, n) float32, as often as there are blocks
"""

from jobs.pipeline.audio.nam.backend import default_backend
from jobs.pipeline.audio.nam.engine import ENGINE_VERSION, NamEngine, NamStage, build_engine
from jobs.pipeline.audio.nam.file import NamFile, NamMetadata, Submodel, parse_nam, read_nam
from jobs.pipeline.audio.nam.foreign import foreign_format_of, foreign_message
from jobs.pipeline.audio.nam.self_test import SelfTest, self_test, self_test_report

__all__ = [
    "ENGINE_VERSION",
    "NamEngine",
    "NamFile",
    "NamMetadata",
    "NamStage",
    "SelfTest",
    "Submodel",
    "build_engine",
    "default_backend",
    "foreign_format_of",
    "foreign_message",
    "parse_nam",
    "read_nam",
    "self_test",
    "self_test_report",
]
