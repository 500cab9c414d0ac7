"""The page of one DI track: its report, what of it is played, and what is written about it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.errors import AppError
from accounts.forms import add_app_error
from accounts.views import PageView
from shootouts.forms import DITrackForm
from shootouts.models import DITrack
from shootouts.rendering import used_channel
from shootouts.selectors import di_track_get
from shootouts.services.di_tracks import di_track_update, silence_cut


class DIDetailView(PageView):
    def get(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        track = di_track_get(self.user, uuid)
        return _page(request, track, _form_of(track))

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
        return _page(request, di_track_get(self.user, uuid), form, status=422)


def _form_of(track: DITrack) -> DITrackForm:
    return DITrackForm(initial={name: getattr(track, name) for name in DITrackForm.base_fields})


def _page(
    request: HttpRequest, track: DITrack, form: DITrackForm, status: int = 200
) -> HttpResponse:
    channels = track.info.get("channels") or {}
    is_stereo = channels.get("layout", "mono") not in ("mono", "identical")
    context = {
        "track": track,
        "form": form,
        "silence": silence_cut(track),
        "used_channel": used_channel(track, track.channel_rule),  # type: ignore[arg-type]  # the same words
        "channel_choices": [
            (rule, name, channels.get(f"{rule}_dbfs"))
            for rule, name in (("left", "Left"), ("right", "Right"), ("mix", "Mix"))
            if is_stereo
        ],
    }
    return render(request, "shootouts/di_detail.html", context, status=status)
