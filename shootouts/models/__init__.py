"""DI tracks, shootouts, renders, segments, media, comments as rows."""

from shootouts.models.di_track import DITrack, DITrackQuerySet
from shootouts.models.draft import Draft, DraftQuerySet
from shootouts.models.media import (
    CachedAudio,
    CachedInput,
    ChainPreview,
    ChainPreviewQuerySet,
    RenderedFile,
    RenderedFileQuerySet,
)
from shootouts.models.shootout import (
    Contender,
    Manifest,
    ManifestIsImmutableError,
    ManifestQuerySet,
    Render,
    RenderQuerySet,
    Segment,
    SegmentQuerySet,
    Shootout,
    ShootoutDI,
    ShootoutQuerySet,
)
from shootouts.models.social import Comment, CommentQuerySet
from shootouts.models.upload import Upload, UploadPart, UploadQuerySet

__all__ = [
    "CachedAudio",
    "CachedInput",
    "ChainPreview",
    "ChainPreviewQuerySet",
    "Comment",
    "CommentQuerySet",
    "Contender",
    "DITrack",
    "DITrackQuerySet",
    "Draft",
    "DraftQuerySet",
    "Manifest",
    "ManifestIsImmutableError",
    "ManifestQuerySet",
    "Render",
    "RenderQuerySet",
    "RenderedFile",
    "RenderedFileQuerySet",
    "Segment",
    "SegmentQuerySet",
    "Shootout",
    "ShootoutDI",
    "ShootoutQuerySet",
    "Upload",
    "UploadPart",
    "UploadQuerySet",
]
