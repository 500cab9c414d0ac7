"""Export and import on the pages."""

from __future__ import annotations

import io

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from gear.models import SignalChain
from jobs.tests.running import run_until_idle
from shootouts.archive.tests.archives import exported, files_of, read
from shootouts.models import Shootout
from shootouts.pages.tests.pages import detail_url
from shootouts.tests.factories import make_shootout

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_shootout_goes_out_and_comes_in(client: Client, alice: User, charlie: User) -> None:
    shootout = make_shootout(alice)
    url = reverse("shootout-export", args=[shootout.uuid])
    assert client.get(url)["Location"].startswith("/login")
    client.force_login(charlie)
    assert client.get(url).status_code == 404
    client.force_login(alice)
    assert url in client.get(detail_url(shootout)).content.decode()
    answer = client.get(url)
    assert answer["Content-Disposition"] == 'attachment; filename="amps.gts.zip"'
    archive = read(answer)
    assert "shootout.toml" in files_of(archive)

    client.force_login(charlie)
    url = reverse("shootout-import")
    assert url in client.get(reverse("shootout-mine")).content.decode()
    file = io.BytesIO(archive)
    file.name = "amps.zip"
    answer = client.post(url, {"file": file}, follow=True)
    assert "amps.zip is being unpacked" in answer.content.decode()
    run_until_idle()
    assert Shootout.objects.get(owner=charlie).title == "Amps"


def test_what_keeps_it_from_being_exported_is_told_on_its_page(client: Client, alice: User) -> None:
    shootout = make_shootout(alice)
    assert exported(shootout)
    SignalChain.objects.filter(name="Loud").delete()
    client.force_login(alice)
    answer = client.get(reverse("shootout-export", args=[shootout.uuid]), follow=True)
    assert answer.redirect_chain == [(detail_url(shootout), 302)]
    assert "This chain was deleted." in answer.content.decode()


def test_a_file_that_is_no_archive_is_refused_in_words(client: Client, alice: User) -> None:
    client.force_login(alice)
    url = reverse("shootout-import")
    for content, words in ((b"nonsense", "not a zip archive"), (b"", "empty")):
        file = io.BytesIO(content)
        file.name = "amps.zip"
        assert words in client.post(url, {"file": file}, follow=True).content.decode()
    assert "Choose an archive." in client.post(url, follow=True).content.decode()
    assert client.get(url).status_code == 405
