from shootouts.models.di_track import DITrack
from shootouts.models.media import RenderedFile
from shootouts.models.shootout import Contender, Manifest, Render, Segment, Shootout, ShootoutDI

__all__ = [
    "Contender",
    "DITrack",
    "Manifest",
    "Render",
    "RenderedFile",
    "Segment",
    "Shootout",
    "ShootoutDI",
]
