"""The builder: a chain with several options for each slot becomes the line-up of a shootout.

The page itself is a script over the API (``static/js/builder/``); here is what it is given to start
with. Its state is a draft, which the script reads and saves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.models import User
from accounts.page_kit import PageView
from accounts.selectors import tone3000_connection_get
from gear.selectors import library_list
from jobs.pipeline.effects.parameters import (
    CAB_PARAMETERS,
    IR_PARAMETERS,
    NAM_PARAMETERS,
    SPACE_PARAMETERS,
    CaptureParameters,
    Parameter,
)
from jobs.pipeline.vocabulary.gear import GearKind, Slot
from shootouts.pages.forms import ShootoutForm
from shootouts.selectors import di_track_list
from shootouts.services.demo_material import demo_material_take, has_demo_material

_SWITCH_LABELS: Final = {"is_inverted": "Invert polarity (Ø)", "is_aligned": "Phase-align"}


class ShootoutNewView(PageView):
    def get(self, request: HttpRequest) -> HttpResponse:
        context = {
            "form": ShootoutForm(),
            "builder": _builder_data(self.user),
            "has_tone3000": bool(settings.GTS_TONE3000_KEY),
            "is_connected": tone3000_connection_get(self.user).is_usable,
            "has_demo": has_demo_material(),
            "max_contenders": settings.GTS_MAX_CONTENDERS,
            "max_tracks": settings.GTS_MAX_DI_TRACKS,
        }
        return render(request, "shootouts/shootout_new.html", context)


class DemoMaterialView(PageView):
    """Puts a DI track of the demo among one's own, and names the amps and cabs to try it on."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        material = demo_material_take(user=self.user)
        return JsonResponse(
            {
                "di_track_id": str(material.track.uuid),
                "capture_ids": [str(capture.uuid) for capture in material.captures],
            }
        )


def _builder_data(user: User) -> dict[str, Any]:
    """What the script cannot ask the API for."""
    return {
        "slots": [
            {
                "name": slot.value,
                "label": slot.label,
                "help": slot.help,
                "kinds": [kind.value for kind in slot.kinds],
                "takes_processors": slot.takes_processors,
            }
            for slot in Slot
        ],
        "kinds": dict(GearKind.choices),
        "parameters": {
            "cab": _described(CAB_PARAMETERS),
            "space": _described(SPACE_PARAMETERS),
            "model": _described(NAM_PARAMETERS),
            "extra_ir": _described(IR_PARAMETERS),
        },
        "max_contenders": settings.GTS_MAX_CONTENDERS,
        "max_di_tracks": settings.GTS_MAX_DI_TRACKS,
        "has_material": di_track_list(user).exists() or library_list(user).exists(),
        "demo_url": reverse("demo-material"),
        "page_url": reverse("shootout-new"),
        "login_url": reverse("login"),
    }


def _described(parameters: CaptureParameters) -> dict[str, Any]:
    return {
        "numbers": list(_numbers(parameters.numbers)),
        "switches": [
            {"name": switch.name, "label": _SWITCH_LABELS[switch.name]}
            for switch in parameters.switches
        ],
    }


def _numbers(parameters: Iterable[Parameter]) -> Iterable[dict[str, Any]]:
    """As the API gives those of block types."""
    names = ("name", "label", "unit", "minimum", "maximum", "default")
    return ({name: getattr(each, name) for name in names} for each in parameters)
