"""What a capture is called, and what kind of gear it is."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from accounts.tests.factories import api_client, make_user
from gear.captures.inspection import distinct_name, is_placeholder, kind_of_gear_type, name_of_file
from gear.models import Capture, GearItem
from gear.services.captures import gear_upload
from gear.tests.factories import nam_bytes, upload_of, wav_bytes
from jobs.tests.running import run_until_idle


def upload(owner: User, file_name: str, number: int = 0, **metadata: Any) -> Capture:
    # Files of one pack differ in their weights.
    content = nam_bytes(**metadata).replace(b"0.25", f"0.25{number:03}".encode())
    capture, _ = gear_upload(owner=owner, upload=upload_of(content, file_name))
    return capture


def names() -> list[str]:
    return list(GearItem.objects.order_by("pk").values_list("name", flat=True))


@pytest.mark.parametrize(
    "text", ["tz-model", "TZ-Make", "model", "My Model", "Unknown", "N/A", "--", "", "null"]
)
def test_placeholders_say_nothing(text: str) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize("text", ["Model T", "5150", "Amp 1", "JCM800", "Unknown Pleasures"])
def test_names_of_gear_are_no_placeholders(text: str) -> None:
    assert not is_placeholder(text)


def test_marks_that_stand_for_spaces_are_spaces() -> None:
    assert name_of_file("JCM800__crunch_%20g5.nam") == "JCM800 crunch g5"
    assert name_of_file("5150 III - red.v2.nam") == "5150 III - red.v2"


def test_a_number_goes_behind_a_name_that_is_taken() -> None:
    taken = ["Plexi", "PLEXI (2)", "x" * 200]
    assert distinct_name("plexi", taken) == "plexi (3)"
    assert distinct_name("x" * 200, taken) == "x" * 196 + " (2)"


@pytest.mark.parametrize(
    ("gear_type", "kind"),
    [
        ("amp", "amp"),
        ("amp_cab", "full_rig"),
        ("Amp-Cab", "full_rig"),
        ("amp_pedal_cab", "full_rig"),
        ("pedal", "pedal"),
        ("pedal_amp", "amp"),
        ("preamp", "amp"),
        ("studio", "outboard"),
        ("banjo", None),
        (None, None),
    ],
)
def test_the_trainers_words_for_gear_are_kinds(gear_type: str | None, kind: str | None) -> None:
    assert kind_of_gear_type(gear_type) == kind


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        ({"name": "Lead", "gear_make": "Park", "gear_model": "75"}, "Park Lead"),
        ({"name": "tz-model", "gear_make": "Park", "gear_model": "75"}, "Park 75"),
        ({"gear_make": "Park", "gear_model": "Park 75"}, "Park 75"),
        ({"gear_make": "tz-make", "gear_model": "tz-model"}, "crunch g5"),
        ({}, "crunch g5"),
    ],
)
def test_the_most_telling_name_wins(metadata: dict[str, Any], name: str) -> None:
    upload(make_user(), "crunch_g5.nam", **metadata)
    run_until_idle()
    assert str(GearItem.objects.get()) == name


@pytest.mark.django_db(transaction=True)
def test_a_pack_of_twenty_with_placeholders_gets_twenty_names_and_its_kinds() -> None:
    """Nineteen of them say the same; two come from folders with the same file name."""
    owner = make_user()
    types = ["amp", "amp_cab", "pedal", "pedal_amp", "preamp", "studio", None]
    kinds = ["amp", "full_rig", "pedal", "amp", "amp", "outboard", "amp"]
    for number in range(20):
        upload(
            owner,
            f"JCM800_{'crunch' if number > 17 else f'gain_{number}'}.nam",
            number,
            name="Second Channel" if number == 7 else None,
            gear_make="tz-make" if number % 2 else "Marshall",
            gear_model="tz-model" if number % 2 else "JCM800",
            gear_type=types[number % 7],
        )
    run_until_idle()
    expected = [f"JCM800 gain {number}" for number in range(18)]
    expected[7] = "Second Channel"
    assert names() == [*expected, "JCM800 crunch", "JCM800 crunch (2)"]
    found = list(GearItem.objects.order_by("pk").values_list("kind", flat=True))
    assert found == [kinds[number % 7] for number in range(20)]
    makes = list(GearItem.objects.order_by("pk").values_list("make", flat=True))
    assert makes == ["" if number % 2 else "Marshall" for number in range(20)]


@pytest.mark.django_db(transaction=True)
def test_a_name_that_someone_chose_stays_when_the_rest_of_the_pack_comes() -> None:
    owner = make_user()
    content = nam_bytes(gear_model="75")
    gear_upload(owner=owner, upload=upload_of(content, "a1.nam"), name="75")
    run_until_idle()
    upload(owner, "a2.nam", 2, gear_model="75")
    run_until_idle()
    assert names() == ["75", "a2"]


@pytest.mark.django_db(transaction=True)
def test_a_kind_that_was_chosen_wins_and_the_contradiction_is_told() -> None:
    owner = make_user()
    content = nam_bytes(gear_type="amp_cab")
    capture, _ = gear_upload(owner=owner, upload=upload_of(content, "a.nam"), kind="amp")
    run_until_idle()
    client = api_client(owner)
    item = client.get(f"/api/v1/gear/{capture.gear.uuid}/").json()
    assert item["kind"] == "amp"
    [warning] = item["captures"][0]["warnings"]
    assert "“amp_cab”" in warning
    assert "“Amp head”" in warning
    client.force_login(owner)
    assert "amp_cab" in client.get("/gear/").content.decode()
    # Its cabinet is in it: the grammar asks for no second one.
    blocks = [{"slot": "amp", "capture_id": str(capture.uuid)}]
    answer = client.post("/api/v1/chains/", {"name": "a", "blocks": blocks}, format="json")
    assert answer.status_code == 201
    answer = client.post("/api/v1/chains/guidance/", {"blocks": blocks}, format="json")
    assert answer.json()["is_complete"] is True


@pytest.mark.django_db(transaction=True)
def test_an_impulse_response_without_a_kind_is_a_cab() -> None:
    client = api_client(make_user())
    data = {"file": upload_of(wav_bytes(), "V30_off_axis.wav")}
    answer = client.post("/api/v1/gear/", data, format="multipart")
    assert (answer.status_code, answer.json()["kind"]) == (202, "cab")
    run_until_idle()
    assert names() == ["V30 off axis"]
