"""The manifest: what a finished shootout is, as versioned JSON. See docs/manifest.md."""

from jobs.pipeline.formats.manifest.blocks import (
    BlockFacts,
    CabFacts,
    NamFacts,
    ProcessorFacts,
    SpaceFacts,
)
from jobs.pipeline.formats.manifest.document import (
    MANIFEST_SCHEMA_VERSION,
    ChapterMark,
    Fairness,
    Manifest,
    ManifestContender,
    ManifestDI,
    Montage,
    SourceFile,
    YouTube,
    YouTubeChapter,
    manifest_as_json,
    manifest_text,
    read_manifest,
)
from jobs.pipeline.formats.manifest.metrics import SegmentMetrics
from jobs.pipeline.formats.manifest.recipe import RecordedRecipe
from jobs.pipeline.formats.manifest.segment import (
    AlignmentFacts,
    Descriptor,
    FailedSegment,
    InputStaging,
    Segment,
)

__all__ = [
    "MANIFEST_SCHEMA_VERSION",
    "AlignmentFacts",
    "BlockFacts",
    "CabFacts",
    "ChapterMark",
    "Descriptor",
    "FailedSegment",
    "Fairness",
    "InputStaging",
    "Manifest",
    "ManifestContender",
    "ManifestDI",
    "Montage",
    "NamFacts",
    "ProcessorFacts",
    "RecordedRecipe",
    "Segment",
    "SegmentMetrics",
    "SourceFile",
    "SpaceFacts",
    "YouTube",
    "YouTubeChapter",
    "manifest_as_json",
    "manifest_text",
    "read_manifest",
]
