"""What the tenancy matrix asks for: everything of Alice's once, private and published.

In an address of the table ``di`` means the id of ``World["di"]``, and ``=word`` the word itself.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from accounts.models import TokenScope, User
from accounts.sessions.logins import CurrentLogin, logins_list
from accounts.tests.factories import make_user
from accounts.tokens.families import token_pair_create
from accounts.tokens.personal import personal_token_create
from gear.models import LibraryEntry, SignalChain
from gear.services.chain_groups import SlotInput, chain_group_create
from gear.services.chains import BlockInput, preset_create
from gear.services.library import tag_create
from gear.tests.factories import make_capture
from gear.tone3000.picking import pick_begin
from jobs.models import Job, Notification
from jobs.tests.running import run_until_idle
from shootouts.models import ChainPreview, Comment, DITrack, RenderedFile, Shootout
from shootouts.models.media import RenderedFileKind
from shootouts.services.comments import comment_create, comment_hide
from shootouts.services.drafts import draft_of_shootout
from shootouts.services.previews import chain_preview_request
from shootouts.services.renders import rendered_file_store
from shootouts.services.shootouts import shootout_create, shootout_update
from shootouts.services.uploads import upload_create, upload_wish
from shootouts.tests.factories import contenders_of, make_shootout, render

World: TypeAlias = dict[str, Any]


def make_people() -> World:
    return {
        "alice": make_user("alice"),
        "charlie": make_user("charlie"),
        "root": make_user("root", is_staff=True, is_superuser=True),
    }


def make_world(folder: Path) -> World:
    """Alice has everything, Charlie is a stranger, and Root an operator."""
    people = make_people()
    alice = people["alice"]
    private = render(make_shootout(alice))
    public = render(_another_of(private))
    for shootout in (private, public):
        _film(shootout, folder)
    shootout_update(shootout=public, visibility="public")
    comment = comment_create(shootout=public, author=alice, text="Which one would you take?")
    chain = alice.signal_chains.all()[0]
    captures = {block.slot: block.capture for block in chain.blocks.all() if block.capture}
    amp, cab = captures["amp"], captures["cab"]
    entry = LibraryEntry.objects.filter(user=alice, capture=amp).get()
    pick = uuid4()
    pick_begin(user=alice, pick_id=pick, redirect_uri="http://localhost/gear/tone3000/picked/")
    return {
        **people,
        "shootout": private.uuid,
        "public": public.uuid,
        "file": _file_of(private).uuid,
        "public_file": _file_of(public).uuid,
        "comment": comment.uuid,
        "job": Job.objects.filter(renders__shootout=private).get().uuid,
        "notification": Notification.objects.filter(owner=alice)[0].uuid,
        "di": alice.di_tracks.get().uuid,
        "chain": chain.uuid,
        "group": _group_of(alice, amp, cab).uuid,
        "capture": amp.uuid,
        "cab": cab.uuid,
        "gear": amp.gear.uuid,
        "shared_gear": make_capture(alice, name="Shared", is_shared=True).gear.uuid,
        "entry": entry.uuid,
        "tag": tag_create(owner=alice, name="crunchy").uuid,
        "preset": preset_create(
            owner=alice, processor="gain", name="Boost", parameters={"gain_db": 3.0}
        ).uuid,
        "pick": pick,
        "preview": _preview_of(chain, alice.di_tracks.get()).uuid,
        "upload": _upload_of(alice),
        "hidden_comment": _hidden(public, alice).uuid,
        "token": _token_of(alice),
        "session": _session_of(alice),
        "draft": draft_of_shootout(shootout=private)[0].uuid,
    }


def _token_of(user: User) -> UUID:
    token, _ = personal_token_create(
        user=user, name="Script", scope=TokenScope.READ, lifetime=timedelta(days=1)
    )
    return token.uuid


def _session_of(user: User) -> UUID:
    """Of a program: what is ended once is gone, and browsers of the tests are logged in too."""
    token_pair_create(user=user, program="Script")
    return next(login.id for login in logins_list(user, CurrentLogin()) if login.name == "Script")


def _upload_of(owner: User) -> UUID:
    wish = upload_wish({"filename": "riff.wav"})
    return upload_create(owner=owner, length_bytes=1000, wish=wish).uuid


def _hidden(shootout: Shootout, author: User) -> Comment:
    comment = comment_create(shootout=shootout, author=author, text="Not nice")
    return comment_hide(comment=comment, by=author)


def _another_of(shootout: Shootout) -> Shootout:
    """Made of the same tracks and chains."""
    return shootout_create(
        owner=shootout.owner,
        title="Published",
        di_track_ids=list(shootout.dis.values_list("di_track__uuid", flat=True)),
        contenders=contenders_of(each.chain for each in shootout.contenders.all()),
        options={"has_video": False},
    )


def _film(shootout: Shootout, folder: Path) -> None:
    """Files in the place of a video and its chapters, which would take half a minute."""
    run = shootout.published_render
    assert run is not None
    for kind, name in ((RenderedFileKind.VIDEO, "f.mp4"), (RenderedFileKind.CHAPTERS, "f.txt")):
        path = folder / name
        path.write_bytes(b"film")
        rendered_file_store(render=run, kind=kind, path=path, name=name)


def _file_of(shootout: Shootout) -> RenderedFile:
    return RenderedFile.objects.get(render=shootout.published_render, kind=RenderedFileKind.MONTAGE)


def _preview_of(chain: SignalChain, track: DITrack) -> ChainPreview:
    preview = chain_preview_request(chain=chain, di_track_id=track.uuid)
    run_until_idle()
    return preview


def _group_of(owner: User, amp: Any, cab: Any) -> Any:
    slots = [
        SlotInput("amp", [BlockInput(slot="amp", capture_id=amp.uuid)]),
        SlotInput("cab", [BlockInput(slot="cab", capture_id=cab.uuid)]),
    ]
    return chain_group_create(owner=owner, name="Group", slots=slots)
