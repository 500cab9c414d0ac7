"""The lists of presets, tags and chain groups: renaming and deleting."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from gear.models import ChainGroup, Preset, Tag
from gear.services.chain_groups import SlotInput, chain_group_create
from gear.services.chains import preset_create
from gear.services.library import gear_tags_set, tag_create
from gear.tests.factories import block, make_capture

pytestmark = pytest.mark.django_db


def text_of(client: Client, name: str) -> str:
    return client.get(reverse(name)).content.decode()


def test_presets(client: Client, alice: User) -> None:
    preset = preset_create(owner=alice, processor="gain", name="Boost", parameters={"gain_db": 3.0})
    preset_create(owner=alice, processor="gain", name="Cut", parameters={"gain_db": -3.0})
    client.force_login(alice)
    listed = text_of(client, "preset-list")
    assert "Boost" in listed
    assert "+3" in listed
    rename = reverse("preset-rename", args=[preset.uuid])
    client.post(rename, {"name": "Lead"})
    assert set(Preset.objects.values_list("name", flat=True)) == {"Lead", "Cut"}
    answer = client.post(rename, {"name": "Cut"}, follow=True)
    assert "You have a preset of this name" in answer.content.decode()
    client.post(reverse("preset-delete", args=[preset.uuid]))
    assert [preset.name for preset in Preset.objects.all()] == ["Cut"]


def test_tags(client: Client, alice: User) -> None:
    gear = make_capture(alice).gear
    gear_tags_set(user=alice, item=gear, names=["crunch"])
    tag, _ = Tag.objects.get(), tag_create(owner=alice, name="clean")
    client.force_login(alice)
    listed = text_of(client, "tag-list")
    assert "1 piece of gear" in listed
    assert "0 pieces of gear" in listed
    assert f'href="{reverse("gear-list")}?tag=crunch"' in listed
    rename = reverse("tag-rename", args=[tag.uuid])
    client.post(rename, {"name": "dirty"})
    assert set(Tag.objects.values_list("name", flat=True)) == {"dirty", "clean"}
    assert (
        "You have this tag" in client.post(rename, {"name": "CLEAN"}, follow=True).content.decode()
    )
    client.post(reverse("tag-delete", args=[tag.uuid]))
    assert [tag.name for tag in Tag.objects.all()] == ["clean"]


def test_chain_groups(client: Client, alice: User) -> None:
    amps = [make_capture(alice, name=name) for name in ("Plexi", "Deluxe")]
    cab = make_capture(alice, "cab", name="V30")
    slots = [
        SlotInput("amp", [block("amp", amp) for amp in amps]),
        SlotInput("cab", [block("cab", cab)]),
        SlotInput("post", [None, block("post", processor="gain", gain_db=2.0)]),
    ]
    group = chain_group_create(owner=alice, name="Amps", slots=slots)
    client.force_login(alice)
    listed = text_of(client, "chain-group-list")
    assert "Amp: Plexi, Deluxe" in listed
    assert "none, " in listed
    client.post(reverse("chain-group-rename", args=[group.uuid]), {"name": "Two amps"})
    assert ChainGroup.objects.get().name == "Two amps"
    answer = client.post(
        reverse("chain-group-rename", args=[group.uuid]), {"name": " "}, follow=True
    )
    assert "notice--error" in answer.content.decode()
    client.post(reverse("chain-group-delete", args=[group.uuid]))
    assert not ChainGroup.objects.exists()
