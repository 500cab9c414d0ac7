"""The workbench: tracks and chains are picked or made, and become a shootout that is rendered.

And the page of one DI track: its report, what of it is played, and what is written about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.idempotency import make_once
from accounts.models import User
from accounts.page_kit import PageView, add_app_error
from gear.chains.describe import CHANNELS_TO_HEAR, ChannelToHear
from gear.pages.chain_form import empty_chain_form
from gear.pages.forms import GearUploadForm, described, embedded_chain_form_context
from gear.selectors import chain_list
from gts.web.display import number
from gts.web.errors import AppError
from gts.web.paging import choose
from jobs.pipeline.vocabulary.options import OPTION_NAMES
from shootouts.models import DITrack, Shootout
from shootouts.pages.forms import DITrackForm, DIUploadForm, ShootoutForm
from shootouts.rendering import used_channel
from shootouts.selectors import di_track_get, di_track_list, shootout_get_owned
from shootouts.services.assembly import ContenderInput
from shootouts.services.di_tracks import di_track_update, silence_cut
from shootouts.services.shootouts import shootout_create, shootout_render

_LISTS: dict[str, Callable[[User], Any]] = {"tracks": di_track_list, "chains": chain_list}
# In the form, of the ticks of each list.
_FIELDS = {"tracks": "di_track_ids", "chains": "chain_ids"}


class ShootoutNewView(PageView):
    """The workbench: pick or upload tracks, pick or build chains, render."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, ShootoutForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ShootoutForm(request.POST)
        if form.is_valid():
            try:
                made = make_once(request, lambda: str(self._create(form).uuid))
            except AppError as error:
                add_app_error(form, error)
            else:
                if made.is_new:
                    self._render(UUID(made.id))
                return redirect("shootout-detail", UUID(made.id))
        return self._page(request, form, status=422)

    def _create(self, form: ShootoutForm) -> Shootout:
        """Raises what ``shootout_create`` raises."""
        chains = _in_order(self.request.POST)
        values = form.cleaned_data
        return shootout_create(
            owner=self.user,
            title=values["title"].strip() or self._title(chains),
            description=values["description"],
            visibility=values["visibility"],
            di_track_ids=_picked(self.request.POST, "tracks"),
            contenders=[ContenderInput(uuid) for uuid in chains],
            options={name: values[name] for name in OPTION_NAMES},
        )

    def _render(self, uuid: UUID) -> None:
        try:
            shootout_render(shootout=shootout_get_owned(self.user, uuid))
        except AppError as error:
            # It exists, as a draft; its page says what keeps it from rendering.
            self.show_error(error)

    def _title(self, chains: list[UUID]) -> str:
        names = dict(chain_list(self.user).filter(uuid__in=chains).values_list("uuid", "name"))
        title = " vs ".join(names[uuid] for uuid in chains if uuid in names)
        return title if len(title) <= 200 else f"{title[:199]}…"

    def _page(self, request: HttpRequest, form: ShootoutForm, status: int = 200) -> HttpResponse:
        context = {
            "form": form,
            "tracks": _choices(self.user, "tracks", request.POST),
            "chains": _choices(self.user, "chains", request.POST),
            "chain_order": request.POST.get("chain_order", ""),
            "di_form": DIUploadForm(interface_key=self.user.audio_interface),
            "upload_form": GearUploadForm(),
            "has_tone3000": bool(settings.GTS_TONE3000_KEY),
            "max_contenders": settings.GTS_MAX_CONTENDERS,
            "max_tracks": settings.GTS_MAX_DI_TRACKS,
            **embedded_chain_form_context(request, empty_chain_form()),
        }
        return render(request, "shootouts/shootout_new.html", context, status=status)


class ShootoutChoicesView(PageView):
    """Tracks or chains to tick: ``?find=words``, and the ids of what is ticked already. With
    ``after``, the last row of the choices before, those that follow it."""

    def get(self, request: HttpRequest, kind: str) -> HttpResponse:
        if kind not in _LISTS:
            raise Http404("List not found.")
        context = {"choices": _choices(self.user, kind, request.GET)}
        return render(request, "shootouts/_choices.html", context)


def _choices(user: User, kind: str, data: QueryDict) -> dict[str, Any]:
    """For ``_choices.html``."""
    rows = _LISTS[kind](user)
    picked, find = _picked(data, kind), data.get("find", "").strip()
    after = data.get("after")
    choices = choose(rows, rows.named(find), picked=picked, after=_uuid(after) if after else None)
    more = QueryDict(mutable=True)
    if choices.has_more:
        more["find"], more["after"] = find, str(choices.rows[-1].uuid)
        more.setlist(_FIELDS[kind], [str(uuid) for uuid in picked])
    return {
        "kind": kind,
        "find": find,
        "rows": described(choices.rows) if kind == "chains" else choices.rows,
        "picked": [str(uuid) for uuid in picked],
        "more_url": f"{reverse('shootout-choices', args=[kind])}?{more.urlencode()}"
        if more
        else "",
    }


def _picked(data: QueryDict, kind: str) -> list[UUID]:
    """What is ticked, each once."""
    return [_uuid(text) for text in dict.fromkeys(data.getlist(_FIELDS[kind]))]


def _in_order(data: QueryDict) -> list[UUID]:
    """The chains that are ticked, as they stand in the line-up."""
    picked = _picked(data, "chains")
    order = {text: place for place, text in enumerate(data.get("chain_order", "").split(","))}
    return sorted(picked, key=lambda uuid: order.get(str(uuid), len(order)))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404("Id not found.") from error


class DIDetailView(PageView):
    def get(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        track = di_track_get(self.user, uuid)
        return _di_page(request, track, _form_of(track, self.user))

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        track = di_track_get(self.user, uuid)
        cut = silence_cut(track)
        if "cut_silence" in request.POST and cut is not None:
            di_track_update(track=track, start_s=cut.start_s, end_s=cut.end_s)
            messages.success(request, "The silence at the ends is cut. The file is as it was.")
            return redirect("di-detail", uuid)
        form = DITrackForm(request.POST)
        if form.is_valid():
            try:
                di_track_update(track=track, **form.cleaned_data)
            except AppError as error:
                add_app_error(form, error)
            else:
                messages.success(request, "Saved. What was rendered before stays as it is.")
                return redirect("di-detail", uuid)
        return _di_page(request, di_track_get(self.user, uuid), form, status=422)


def _form_of(track: DITrack, user: User) -> DITrackForm:
    initial = {name: getattr(track, name) for name in DITrackForm.base_fields}
    return DITrackForm(initial=initial, interface_key=user.audio_interface)


def _di_page(
    request: HttpRequest, track: DITrack, form: DITrackForm, status: int = 200
) -> HttpResponse:
    context = {
        "track": track,
        "form": form,
        "silence": silence_cut(track),
        "channel_choices": list(_channel_choices(track)),
    }
    return render(request, "shootouts/di_detail.html", context, status=status)


def _channel_choices(track: DITrack) -> Iterator[ChannelToHear]:
    """Of a recording whose channels differ."""
    channels = track.info.get("channels") or {}
    if channels.get("layout", "mono") in ("mono", "identical"):
        return
    used = used_channel(track, track.channel_rule)  # type: ignore[arg-type]  # the same words
    for rule in CHANNELS_TO_HEAR:
        level_dbfs = channels.get(f"{rule}_dbfs")
        note = "silent" if level_dbfs is None else f"{number(level_dbfs)} dBFS"
        yield ChannelToHear(rule, note, is_used=rule == used)
