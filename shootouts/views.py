"""Pages of shootouts and DI tracks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.errors import AppError, InvalidInputError, NotFoundError
from accounts.forms import add_app_error
from accounts.views import PageView
from gear.board import empty_board
from gear.forms import GearUploadForm
from gear.selectors import chain_list
from gear.views import asked_job, described, embedded_board_context
from jobs.events import describe
from jobs.models import Job
from jobs.selectors import job_tree
from shootouts import player
from shootouts.forms import DIUploadForm, ShootoutForm, ShootoutSettingsForm
from shootouts.models import DITrack, Shootout
from shootouts.models.media import RenderedFileKind
from shootouts.querysets import ShootoutQuerySet
from shootouts.selectors import (
    di_track_get,
    di_track_list,
    manifest_get,
    rendered_file_list,
    shootout_get,
    shootout_get_owned,
    shootout_list_owned,
    shootout_list_public,
)
from shootouts.services.di_tracks import di_track_delete, di_track_upload
from shootouts.services.shootouts import (
    OPTIONS,
    shootout_cancel,
    shootout_create,
    shootout_delete,
    shootout_render,
    shootout_update,
)

_PAGE_SIZE = 24
_NUM_LATEST = 6


class HomeView(PageView):
    """What GTS is, and the newest public shootout to try it on at once."""

    is_public = True

    def get(self, request: HttpRequest) -> HttpResponse:
        newest = list(shootout_list_public()[: _NUM_LATEST + 1])
        context: dict[str, Any] = {"latest": newest[1:]}
        if newest:
            featured = shootout_get(request.user, newest[0].uuid)
            context |= {"featured": featured, **_result_context(featured)}
        template = "shootouts/_stage.html" if self.is_partial else "shootouts/home.html"
        return render(request, template, context)


class ShootoutPublicView(PageView):
    is_public = True

    def get(self, request: HttpRequest) -> HttpResponse:
        context = {"page": _page(request, shootout_list_public())}
        return render(request, "shootouts/shootout_public.html", context)


class ShootoutMineView(PageView):
    def get(self, request: HttpRequest) -> HttpResponse:
        context = {"page": _page(request, shootout_list_owned(self.user))}
        return render(request, "shootouts/shootout_mine.html", context)


class ShootoutNewView(PageView):
    """The workbench: pick or upload tracks, pick or build chains, render."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, ShootoutForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ShootoutForm(request.POST)
        shootout = self._create(form) if form.is_valid() else None
        if shootout is None:
            return self._page(request, form, status=422)
        return redirect("shootout-detail", shootout.uuid)

    def _create(self, form: ShootoutForm) -> Shootout | None:
        chains = _picked(self.request, "chain_ids", "chain_order")
        values = form.cleaned_data
        try:
            shootout = shootout_create(
                owner=self.user,
                title=values["title"].strip() or self._title(chains),
                description=values["description"],
                visibility=values["visibility"],
                di_track_ids=_picked(self.request, "di_track_ids"),
                chain_ids=chains,
                options={name: values[name] for name in OPTIONS},
            )
        except AppError as error:
            add_app_error(form, error)
            return None
        try:
            shootout_render(shootout=shootout)
        except AppError as error:
            # It exists, as a draft; its page says what keeps it from rendering.
            _show_error(self.request, error)
        return shootout

    def _title(self, chains: list[UUID]) -> str:
        names = dict(chain_list(self.user).filter(uuid__in=chains).values_list("uuid", "name"))
        title = " vs ".join(names[uuid] for uuid in chains if uuid in names)
        return title if len(title) <= 200 else f"{title[:199]}…"

    def _page(self, request: HttpRequest, form: ShootoutForm, status: int = 200) -> HttpResponse:
        context = {
            "form": form,
            "tracks": di_track_list(self.user),
            "chains": described(chain_list(self.user)),
            "picked_tracks": request.POST.getlist("di_track_ids"),
            "picked_chains": request.POST.getlist("chain_ids"),
            "chain_order": request.POST.get("chain_order", ""),
            "di_form": DIUploadForm(),
            "upload_form": GearUploadForm(),
            "max_contenders": settings.GTS_MAX_CONTENDERS,
            "max_tracks": settings.GTS_MAX_DI_TRACKS,
            **embedded_board_context(request, empty_board()),
        }
        return render(request, "shootouts/shootout_new.html", context, status=status)


class ShootoutDetailView(PageView):
    is_public = True

    def get(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        shootout = shootout_get(request.user, uuid)
        context = _detail_context(request, shootout)
        if context["is_owner"]:
            context["settings_form"] = ShootoutSettingsForm(
                initial={name: getattr(shootout, name) for name in ShootoutSettingsForm.base_fields}
            )
        return render(request, "shootouts/shootout_detail.html", context)


class ShootoutPartView(PageView):
    """A part of the shootout page by itself: what htmx and the socket's script put in place."""

    is_public = True
    parts: ClassVar[dict[str, str]] = {
        "progress": "shootouts/_progress.html",
        "result": "shootouts/_result.html",
        "film": "shootouts/_film.html",
        "toolbar": "shootouts/_toolbar.html",
    }

    def get(self, request: HttpRequest, uuid: UUID, part: str) -> HttpResponse:
        if part not in self.parts:
            raise Http404
        context = _detail_context(request, shootout_get(request.user, uuid))
        return render(request, self.parts[part], context)


class ShootoutActionView(PageView):
    """One thing that the owner may ask for; a refusal is shown on the shootout's page."""

    http_method_names = ["post"]
    action: ClassVar[Callable[..., object]]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        shootout = shootout_get_owned(self.user, uuid)
        try:
            type(self).action(shootout=shootout)
        except AppError as error:
            _show_error(request, error)
        return redirect("shootout-detail", uuid)


class ShootoutRenderView(ShootoutActionView):
    action = shootout_render


class ShootoutCancelView(ShootoutActionView):
    action = shootout_cancel


class ShootoutSettingsView(PageView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        shootout = shootout_get_owned(self.user, uuid)
        form = ShootoutSettingsForm(request.POST)
        if form.is_valid():
            try:
                shootout_update(shootout=shootout, **form.cleaned_data)
            except AppError as error:
                add_app_error(form, error)
            else:
                messages.success(request, "Saved.")
                return redirect("shootout-detail", uuid)
        context = _detail_context(request, shootout) | {"settings_form": form}
        return render(request, "shootouts/shootout_detail.html", context, status=422)


class ShootoutDeleteView(PageView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        shootout = shootout_get_owned(self.user, uuid)
        try:
            shootout_delete(shootout=shootout)
        except AppError as error:
            _show_error(request, error)
            return redirect("shootout-detail", uuid)
        messages.success(request, f"{shootout.title} is deleted.")
        return redirect("shootout-mine")


class DIListView(PageView):
    def get(self, request: HttpRequest) -> HttpResponse:
        return _di_page(request, DIUploadForm())


class DIUploadView(PageView):
    """Takes one recording. Inside another page (htmx) it answers with the form and the new row."""

    def post(self, request: HttpRequest) -> HttpResponse:
        form = DIUploadForm(request.POST, request.FILES)
        context: dict[str, Any] = {"di_form": form, "pick": "pick" in request.POST}
        if form.is_valid():
            values = form.cleaned_data
            try:
                track, job = di_track_upload(owner=self.user, upload=values.pop("file"), **values)
            except AppError as error:
                add_app_error(form, error)
            else:
                if not self.is_partial:
                    messages.success(request, f"{track.name} is being checked.")
                    return redirect("di-list")
                # Guitar and tuning are most often those of the next take too.
                kept = {name: values[name] for name in ("guitar", "pickup", "tuning")}
                context |= {
                    "di_form": DIUploadForm(initial=kept),
                    "new_track": track,
                    "job": job,
                }
                return render(request, "shootouts/_di_upload.html", context)
        if self.is_partial:
            return render(request, "shootouts/_di_upload.html", context, status=422)
        return _di_page(request, form, status=422)


class DIRowView(PageView):
    """One track in a list, asked for again and again until its check has ended."""

    def get(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        job = asked_job(request)
        try:
            track = di_track_get(self.user, uuid)
        except NotFoundError:
            if job is None:
                raise
            return render(request, "partials/rejected.html", {"job": job, "uuid": uuid})
        context = {"track": track, "job": job, "pick": "pick" in request.GET, "checked": True}
        return render(request, "shootouts/_di_row.html", context)


class DIDeleteView(PageView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        track = di_track_get(self.user, uuid)
        di_track_delete(track=track)
        messages.success(request, f"{track.name} is deleted. What was rendered from it stays.")
        return redirect("di-list")


def _detail_context(request: HttpRequest, shootout: Shootout) -> dict[str, Any]:
    is_owner = shootout.owner_id == request.user.pk
    render_row = shootout.latest_render
    job = render_row.job if render_row is not None else None
    context: dict[str, Any] = {"shootout": shootout, "is_owner": is_owner, "job": job}
    if job is not None and (not job.is_finished or is_owner):
        context["snapshot"] = snapshot = _snapshot(job, is_owner=is_owner)
        context["failures"] = [child for child in snapshot["children"] if child["error"]]
    return context | _result_context(shootout)


def _snapshot(job: Job, *, is_owner: bool) -> dict[str, Any]:
    """The job and all below it, as the socket tells them too."""
    root, *below = [describe(node) for node in job_tree(job)]
    if not is_owner:  # what went wrong is between the owner and the machine
        below = [{**child, "error": None, "message": ""} for child in below]
    return {**root, "children": below}


def _result_context(shootout: Shootout) -> dict[str, Any]:
    manifest = manifest_get(shootout)
    if manifest is None:
        return {"manifest": None}
    files = rendered_file_list(shootout)
    by_kind = {file.kind: file for file in files if file.segment_id is None}
    return {
        "manifest": manifest,
        "data": manifest.data,
        "player_data": player.player_data(manifest),
        "performances": player.performances(manifest),
        "downloads": player.downloads(manifest, files),
        "video": by_kind.get(RenderedFileKind.VIDEO),
        "poster": by_kind.get(RenderedFileKind.THUMBNAIL),
        "subtitles": by_kind.get(RenderedFileKind.SUBTITLES_VTT),
    }


def _di_page(request: HttpRequest, form: DIUploadForm, status: int = 200) -> HttpResponse:
    page = Paginator[DITrack](di_track_list(request.user), _PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    context = {"page": page, "tracks": page.object_list, "di_form": form}
    return render(request, "shootouts/di_list.html", context, status=status)


def _page(request: HttpRequest, query: ShootoutQuerySet) -> Page[Shootout]:
    return Paginator(query, _PAGE_SIZE).get_page(request.GET.get("page"))


def _picked(request: HttpRequest, name: str, order_name: str = "") -> list[UUID]:
    """The ids that are ticked, in the order of the line-up where the page sends one."""
    ticked = list(dict.fromkeys(request.POST.getlist(name)))
    order = request.POST.get(order_name, "").split(",") if order_name else []
    wanted = [text for text in order if text in ticked]
    found = []
    for text in [*wanted, *(text for text in ticked if text not in wanted)]:
        try:
            found.append(UUID(text))
        except ValueError as error:
            raise Http404("There is no such id.") from error
    return found


def _show_error(request: HttpRequest, error: AppError) -> None:
    if isinstance(error, InvalidInputError) and error.details:
        for detail in error.details:
            messages.error(request, detail.message)
    else:
        messages.error(request, error.message)
