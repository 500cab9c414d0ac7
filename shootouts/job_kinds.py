"""What the kinds of jobs of shootouts are called; ``shootouts.jobs`` has their handlers."""

from __future__ import annotations

from typing import Final

INSPECT_DI: Final = "shootouts.inspect_di"
RENDER_SHOOTOUT: Final = "shootouts.render_shootout"
RENDER_PREFIX: Final = "shootouts.render_prefix"
RENDER_SEGMENT: Final = "shootouts.render_segment"
FINALIZE_SHOOTOUT: Final = "shootouts.finalize_shootout"
MAKE_VIDEO: Final = "shootouts.make_video"
RENDER_PREVIEW: Final = "shootouts.render_preview"
RENDER_PASSAGE: Final = "shootouts.render_passage"
COMPARE_SEGMENTS: Final = "shootouts.compare_segments"
IMPORT_SHOOTOUT: Final = "shootouts.import_shootout"
SORT_UPLOAD: Final = "shootouts.sort_upload"
