"""Rows in every table that people add to, in any number, for tests of lists."""

from __future__ import annotations

from uuid import uuid4

from django.utils import timezone

from accounts.models import AuditEntry, PersonalAccessToken, User
from accounts.tests.factories import make_user
from gear.models import (
    Block,
    Capture,
    ChainGroup,
    GearItem,
    GearTag,
    LibraryEntry,
    Preset,
    SignalChain,
    Tag,
)
from jobs.models import Job, Notification
from shootouts.models import (
    CachedAudio,
    Comment,
    Contender,
    DITrack,
    Draft,
    Manifest,
    Render,
    RenderedFile,
    Segment,
    Shootout,
    ShootoutDI,
    Upload,
)


def make_many(owner: User, num: int) -> None:
    """``num`` of each, all of ``owner``, each shootout with all that belongs to one."""
    for _ in range(num):
        _make_one(owner)


def _make_one(owner: User) -> None:
    other = make_user(f"other-{uuid4().hex}")
    AuditEntry.objects.create(action="login", user=other)
    PersonalAccessToken.objects.create(
        user=owner, name="x", scope="read", digest=uuid4().hex, expires_at=timezone.now()
    )
    item = GearItem.objects.create(owner=owner, kind="amp", name="Plexi", is_shared=True)
    digest = uuid4().hex * 2
    capture = Capture.objects.create(
        gear=item, format="nam", name="Plexi", sha256=digest, size_bytes=1, state="ready"
    )
    tag = Tag.objects.create(owner=owner, key=digest[:8], name=digest[:8])
    GearTag.objects.create(tag=tag, gear=item)
    LibraryEntry.objects.get_or_create(user=owner, capture=capture)
    Preset.objects.create(owner=owner, name=digest[:8], processor="gain", parameters={})
    ChainGroup.objects.create(owner=owner, name="Group", slots=[])
    chain = SignalChain.objects.create(owner=owner, name="Chain")
    Block.objects.create(chain=chain, position=0, slot="amp", capture=capture)
    root = Job.objects.create(
        owner=owner, kind="shootouts.render_shootout", label="Plexi", state="failed"
    )
    Job.objects.create(owner=owner, kind="shootouts.render_segment", parent=root, state="failed")
    Notification.objects.create(owner=owner, job=root, state="completed")
    track = DITrack.objects.create(
        owner=owner, name="Riff", file="di/x.wav", file_name="x.wav", sha256=digest, size_bytes=1
    )
    Upload.objects.create(
        owner=owner,
        file_name="x.wav",
        length_bytes=1,
        state="placed",
        expires_at=timezone.now(),
        di_track=track,
        capture=capture,
        job=root,
        archive=Upload.objects.first(),
    )
    _make_shootout(owner, other, track, chain, root)
    CachedAudio.objects.create(key=digest, file="cache/x", size_bytes=1, described={})


def _make_shootout(owner: User, other: User, track: DITrack, chain: SignalChain, job: Job) -> None:
    shootout = Shootout.objects.create(
        owner=owner,
        title="Plexi night",
        visibility="public",
        published_at=timezone.now(),
        state="completed",
    )
    ShootoutDI.objects.create(shootout=shootout, di_track=track, position=0)
    Contender.objects.create(shootout=shootout, chain=chain, position=0, label="Plexi")
    render = Render.objects.create(shootout=shootout, version=1, job=job, info={})
    Manifest.objects.create(render=render, schema_version=1, data={})
    segment = Segment.objects.create(
        render=render, di_index=0, contender_index=0, recipe={}, sources={}, render_key="x"
    )
    RenderedFile.objects.create(
        render=render, kind="segment", segment=segment, file="renders/x.flac", name="x.flac",
        content_type="audio/flac", size_bytes=1, sha256="x",
    )  # fmt: skip
    Shootout.objects.filter(pk=shootout.pk).update(latest_render=render, published_render=render)
    Comment.objects.create(shootout=shootout, author=other, text="Loud!")
    Draft.objects.create(owner=owner, title="Plexi", document={}, shootout=shootout)
