"""`manage.py seed_demo`: the bundled pack becomes rows, once, and its render is queued."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.personal_data import user_erase
from accounts.services import DEMO_USERNAME
from gear.models import Capture, SignalChain
from gear.selectors import capture_list
from gts.web.errors import ConflictError
from jobs.files.storage import stored_name
from jobs.models import Job
from jobs.pipeline.formats.shootout_file import ShootoutFile, read_shootout_file
from jobs.pipeline.recipe import block_recipe_as_json
from jobs.queue.runner import run_job
from shootouts.management.commands.seed_demo import DEMO_FILE
from shootouts.models import DITrack, Shootout

pytestmark = pytest.mark.django_db(transaction=True)


def seed() -> str:
    out = StringIO()
    call_command("seed_demo", stdout=out)
    return out.getvalue()


@pytest.fixture(scope="module")
def pack() -> ShootoutFile:
    return read_shootout_file(DEMO_FILE)


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_render_that_did_not_end_well_is_tried_at_the_next_start(state: str) -> None:
    """Issue 11: after a full disk the demo never came, and its owner cannot log in."""
    seed()
    Job.objects.update(state=state, finished_at=timezone.now())
    Shootout.objects.update(state=state)
    assert seed().endswith("its render did not end well, and is queued again.\n")
    assert Shootout.objects.get().state == "queued"
    assert seed().endswith("is there already.\n")


def test_it_takes_nobodys_account() -> None:
    User.objects.create_user(username=DEMO_USERNAME, password="correct horse battery")
    with pytest.raises(ConflictError):
        call_command("seed_demo")
    assert not Shootout.objects.exists()


def test_its_owner_is_the_demo_user_who_stays(pack: ShootoutFile) -> None:
    seed()
    owner = Shootout.objects.get(title=pack.title).owner
    with pytest.raises(ConflictError, match="belongs to this server"):
        user_erase(user=owner, confirm=owner.username)


def test_the_pack_is_there_inspected_and_queued(pack: ShootoutFile, media_root: Path) -> None:
    assert seed() == f"{pack.title}: added, its render is queued.\n"
    owner = User.objects.get(username=DEMO_USERNAME)
    assert set(DITrack.objects.values_list("owner", "state")) == {(owner.pk, "ready")}
    assert DITrack.objects.count() == len(pack.dis) >= 2
    captures = Capture.objects.select_related("gear")
    assert {capture.sha256 for capture in captures} == {gear.sha256 for gear in pack.gear}
    for capture in captures:
        assert (capture.state, capture.unsupported_reason) == ("ready", "")
        assert (capture.gear.is_shared, capture.gear.source) == (True, "demo")
        assert capture.gear.licence
        assert default_storage.exists(stored_name(capture.file))

    shootout = Shootout.objects.get()
    assert (shootout.title, shootout.state, shootout.visibility) == (pack.title, "queued", "public")
    labels = shootout.contenders.order_by("position").values_list("label", flat=True)
    assert list(labels) == [chain.label for chain in pack.chains]
    assert len(labels) >= 3
    waiting = Job.objects.exclude(state="completed")
    assert [(job.kind, job.state) for job in waiting] == [("shootouts.render_shootout", "queued")]


def test_what_is_to_be_rendered_is_what_the_command_line_renders(pack: ShootoutFile) -> None:
    seed()
    render = Shootout.objects.get().latest_render
    assert render is not None
    described = [
        (contender["label"], [line["settings"] for line in contender["gear"]])
        for contender in render.info["contenders"]
    ]
    assert [label for label, _ in described] == [chain.label for chain in pack.chains]
    recipes = [segment.recipe["blocks"] for segment in render.segments.filter(di_index=0)]
    wanted = [[block.recipe() for block in chain.blocks] for chain in pack.chains]
    assert [[block["kind"] for block in recipe] for recipe in recipes] == [
        [block_recipe_as_json(block)["kind"] for block in blocks] for blocks in wanted
    ]


def test_seeding_twice_changes_nothing(pack: ShootoutFile, media_root: Path) -> None:
    seed()
    models = (User, DITrack, Capture, SignalChain, Shootout, Job)
    before = [list(model.objects.order_by("pk").values_list("pk")) for model in models]
    files = sorted(path for path in media_root.rglob("*") if path.is_file())
    assert seed() == f"{pack.title}: is there already.\n"
    assert [list(model.objects.order_by("pk").values_list("pk")) for model in models] == before
    assert sorted(path for path in media_root.rglob("*") if path.is_file()) == files


def test_what_is_missing_is_added_again(pack: ShootoutFile) -> None:
    seed()
    Shootout.objects.all().delete()
    Job.objects.all().delete()
    seed()
    assert Shootout.objects.get().state == "queued"
    assert DITrack.objects.count() == len(pack.dis)
    assert Capture.objects.count() == len(pack.gear)
    assert SignalChain.objects.count() == len(pack.chains)


def test_a_seed_that_was_cut_short_is_finished_by_the_next(
    pack: ShootoutFile, monkeypatch: pytest.MonkeyPatch, media_root: Path
) -> None:
    """Ctrl+C during the first start must not keep every later one from starting."""
    with monkeypatch.context() as patched:
        for num_done in (0, len(pack.dis)):  # in the first check, and in that of the first capture
            patched.setattr("shootouts.services.demo.run_job", interrupted_after(num_done))
            with pytest.raises(KeyboardInterrupt):
                seed()
    seed()
    assert Shootout.objects.get().state == "queued"
    statuses = [*DITrack.objects.values_list("state"), *Capture.objects.values_list("state")]
    assert set(statuses) == {("ready",)}
    left = Job.objects.filter(state="queued").exclude(kind="shootouts.render_shootout")
    assert len(left) == 2
    for job in left:  # they find nothing to do
        run_job(job.uuid)
    num_files = len(pack.dis) + len(pack.gear)
    assert len([path for path in media_root.rglob("*") if path.is_file()]) == num_files


def interrupted_after(num_done: int) -> Callable[[UUID], object]:
    left = iter(range(num_done))

    def check(uuid: UUID) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        run_job(uuid)

    return check


def test_everybody_may_play_through_the_demo_gear_but_no_one_is_its_owner(alice: User) -> None:
    seed()
    assert capture_list(alice).count() == Capture.objects.count()
    assert not User.objects.get(username=DEMO_USERNAME).has_usable_password()
    client = Client()
    assert not client.login(username=DEMO_USERNAME, password="")
    assert not client.login(username=DEMO_USERNAME, password=DEMO_USERNAME)


def test_it_can_be_silent() -> None:
    out = StringIO()
    call_command("seed_demo", verbosity=0, stdout=out)
    assert out.getvalue() == ""
    assert Shootout.objects.exists()
