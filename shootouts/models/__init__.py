from shootouts.models.cache import CachedAudio, CachedInput
from shootouts.models.di_track import DITrack
from shootouts.models.media import RenderedFile
from shootouts.models.preview import ChainPreview
from shootouts.models.shootout import Contender, Manifest, Render, Segment, Shootout, ShootoutDI
from shootouts.models.social import Comment

__all__ = [
    "CachedAudio",
    "CachedInput",
    "ChainPreview",
    "Comment",
    "Contender",
    "DITrack",
    "Manifest",
    "Render",
    "RenderedFile",
    "Segment",
    "Shootout",
    "ShootoutDI",
]
