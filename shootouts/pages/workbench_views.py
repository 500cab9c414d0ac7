"""The page of one DI track: its report, what of it is played, and what is written about it."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.models import User
from accounts.page_kit import PageView, add_app_error
from gear.chains.describe import CHANNELS_TO_HEAR, ChannelToHear
from gts.web.display import number
from gts.web.errors import AppError
from shootouts.models import DITrack
from shootouts.pages.forms import DITrackForm
from shootouts.rendering import used_channel
from shootouts.selectors import di_track_get
from shootouts.services.di_tracks import di_track_update, silence_cut


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
