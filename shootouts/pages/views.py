"""Pages of shootouts and DI tracks, and shootouts as archives: to download, and to take in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from accounts.page_kit import PageView, add_app_error
from gts.web.errors import (
    AppError,
    NotFoundError,
    PreconditionFailedError,
)
from gts.web.headers import permissions_policy
from gts.web.paging import BoundedPage, BoundedPaginator
from jobs.selectors import job_about
from shootouts.archive.export import export_response, shootout_export
from shootouts.job_kinds import INSPECT_DI
from shootouts.models import Shootout, ShootoutQuerySet
from shootouts.pages.forms import (
    DIRecordForm,
    DIUploadForm,
    ShootoutImportForm,
    ShootoutSettingsForm,
)
from shootouts.pages.published_page import comments_context, published_page
from shootouts.published.result import PublishedResult, job_snapshot, render_snapshot
from shootouts.selectors import (
    di_track_get,
    di_track_list,
    manifest_get,
    shootout_get,
    shootout_get_owned,
    shootout_list_owned,
    shootout_list_public,
)
from shootouts.services.di_tracks import di_track_delete, di_track_upload
from shootouts.services.imports import shootout_import
from shootouts.services.render_plan import render_plan
from shootouts.services.shootouts import (
    shootout_cancel,
    shootout_delete,
    shootout_render,
    shootout_retry,
    shootout_update,
)

_PAGE_SIZE = 24
_NUM_LATEST = 6

SETTINGS_CHANGED = (
    "This was changed in another window after you opened the page. What you typed is still here: "
    "save again to put it in place, or reload the page to see what is there now."
)


class HomeView(PageView):
    """What GTS is, and the newest public shootout to try it on at once."""

    is_public = True

    def get(self, request: HttpRequest) -> HttpResponse:
        newest = list(shootout_list_public().for_pages()[: _NUM_LATEST + 1])
        context: dict[str, Any] = {"latest": newest[1:]}
        if newest:
            featured = shootout_get(request.user, newest[0].uuid)
            context |= {"featured": featured, **_result_context(featured)}
        template = "shootouts/_stage.html" if self.is_partial else "shootouts/home.html"
        return render(request, template, context)


class ShootoutPublicView(PageView):
    is_public = True

    def get(self, request: HttpRequest) -> HttpResponse:
        context = {"page": _page(request, shootout_list_public().for_pages())}
        return render(request, "shootouts/shootout_public.html", context)


class ShootoutMineView(PageView):
    def get(self, request: HttpRequest) -> HttpResponse:
        page = _page(request, shootout_list_owned(self.user).for_pages())
        context = {"page": page, "import_form": ShootoutImportForm()}
        return render(request, "shootouts/shootout_mine.html", context)


class ShootoutDetailView(PageView):
    is_public = True

    def get(self, request: HttpRequest, uuid: UUID) -> HttpResponseBase:
        return published_page(request, uuid, partial(self._page, request, uuid))

    def _page(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        shootout = shootout_get(request.user, uuid)
        context = _page_context(request, shootout)
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
        "listen": "shootouts/_listen.html",
        "steps": "shootouts/_steps.html",
        "result": "shootouts/_result.html",
        "film": "shootouts/_film.html",
        "toolbar": "shootouts/_toolbar.html",
    }

    def get(self, request: HttpRequest, uuid: UUID, part: str) -> HttpResponse:
        if part not in self.parts:
            raise Http404
        if request.headers.get("X-Poll") == "true":
            shootout = _shootout_or_none(request, uuid)
            if shootout is None:
                return HttpResponse(status=401)
        else:
            shootout = shootout_get(request.user, uuid)
        return render(request, self.parts[part], _detail_context(request, shootout))


class ShootoutSnapshotView(PageView):
    """How the newest render stands, as JSON: what the socket tells its owner, for those who ask.

    Who is logged out gets 401, whether there is such a shootout or not.
    """

    is_public = True

    def get(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        shootout = _shootout_or_none(request, uuid)
        if shootout is None:
            return JsonResponse({"code": "NOT_AUTHENTICATED"}, status=401)
        return JsonResponse(render_snapshot(shootout, request.user))


class ShootoutActionView(PageView):
    """One thing that the owner may ask for; a refusal is shown on the shootout's page."""

    http_method_names = ["post"]
    action: ClassVar[Callable[..., object]]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        shootout = shootout_get_owned(self.user, uuid)
        try:
            type(self).action(shootout=shootout)
        except AppError as error:
            self.show_error(error)
        return redirect("shootout-detail", uuid)


class ShootoutRenderView(ShootoutActionView):
    action = shootout_render


class ShootoutRetryView(ShootoutActionView):
    action = shootout_retry


class ShootoutCancelView(ShootoutActionView):
    action = shootout_cancel


class ShootoutSettingsView(PageView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        shootout = shootout_get_owned(self.user, uuid)
        data = request.POST.copy()
        form = ShootoutSettingsForm(data)
        if form.is_valid():
            values = form.cleaned_data
            seen = values.pop("revision")
            accepted = None if seen is None else [seen]
            try:
                shootout_update(shootout=shootout, accepted_revisions=accepted, **values)
            except PreconditionFailedError:
                # What was typed stays, and sending it once more is a decision.
                shootout = shootout_get_owned(self.user, uuid)
                data["revision"] = str(shootout.revision)
                form.add_error(None, SETTINGS_CHANGED)
            except AppError as error:
                add_app_error(form, error)
            else:
                messages.success(request, "Saved.")
                return redirect("shootout-detail", uuid)
        context = _page_context(request, shootout) | {"settings_form": form}
        return render(request, "shootouts/shootout_detail.html", context, status=422)


class ShootoutDeleteView(PageView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        shootout = shootout_get_owned(self.user, uuid)
        try:
            shootout_delete(shootout=shootout)
        except AppError as error:
            self.show_error(error)
            return redirect("shootout-detail", uuid)
        messages.success(request, f"{shootout.title} is deleted.")
        return redirect("shootout-mine")


class ShootoutExportView(PageView):
    """The archive; what keeps it from being made is told on the page of the shootout."""

    def get(self, request: HttpRequest, uuid: UUID) -> HttpResponseBase:
        shootout = shootout_get_owned(self.user, uuid)
        try:
            export = shootout_export(shootout, with_media="media" in request.GET)
        except AppError as error:
            for text in [detail.message for detail in error.details] or [error.message]:
                messages.error(request, text)
            return redirect("shootout-detail", uuid)
        return export_response(shootout, export)


class ShootoutImportView(PageView):
    """Takes an archive; the bell says what has become of it."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponseBase:
        form = ShootoutImportForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                job = shootout_import(owner=self.user, upload=form.cleaned_data["file"])
            except AppError as error:
                messages.error(request, error.message)
            else:
                messages.info(request, f"{job.label} is being unpacked. The bell will ring.")
        else:
            messages.error(request, "Choose an archive.")
        return redirect("shootout-mine")


class DIListView(PageView):
    def get(self, request: HttpRequest) -> HttpResponse:
        return _di_page(request, DIUploadForm(interface_key=self.user.audio_interface))


class DIUploadView(PageView):
    """Takes one recording. Inside another page (htmx) it answers with the form and the new row."""

    def post(self, request: HttpRequest) -> HttpResponse:
        interface_key = self.user.audio_interface
        form = DIUploadForm(request.POST, request.FILES, interface_key=interface_key)
        context: dict[str, Any] = {"di_form": form}
        if form.is_valid():
            values = form.cleaned_data
            try:
                track, job = di_track_upload(owner=self.user, upload=values.pop("file"), **values)
            except AppError as error:
                add_app_error(form, error)
            else:
                if not self.is_partial:
                    messages.info(request, f"{track.name} was uploaded and is being checked.")
                    return redirect("di-list")
                # Guitar and tuning are most often those of the next take too.
                kept = {name: values[name] for name in ("guitar", "pickup", "tuning")}
                context |= {
                    "di_form": DIUploadForm(initial=kept, interface_key=interface_key),
                    "new_track": track,
                    "job": job,
                }
                return render(request, "shootouts/_di_upload.html", context)
        if self.is_partial:
            return render(request, "shootouts/_di_upload.html", context, status=422)
        return _di_page(request, form, status=422)


class DIRecordView(PageView):
    """Where a DI track is played in. It is stored by the API, as every upload of a script."""

    def get(self, request: HttpRequest) -> HttpResponse:
        context = {
            "form": DIRecordForm(interface_key=self.user.audio_interface),
            "max_bytes": settings.GTS_DI_MAX_BYTES,
            "max_duration_s": settings.GTS_DI_MAX_DURATION_S,
        }
        response = render(request, "shootouts/di_record.html", context)
        response.headers["Permissions-Policy"] = permissions_policy(with_microphone=True)
        return response


class DIRowView(PageView):
    """One track in a list, asked for again and again until its check has ended."""

    def get(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        job = job_about(self.user, INSPECT_DI, di_track=uuid)
        try:
            track = di_track_get(self.user, uuid)
        except NotFoundError:
            if job is None:
                raise
            return render(request, "partials/rejected.html", {"job": job, "uuid": uuid})
        return render(request, "shootouts/_di_row.html", {"track": track, "job": job})


class DIDeleteView(PageView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        track = di_track_get(self.user, uuid)
        di_track_delete(track=track)
        messages.success(request, f"{track.name} is deleted. What was rendered from it stays.")
        return redirect("di-list")


def _shootout_or_none(request: HttpRequest, uuid: UUID) -> Shootout | None:
    """For what a page asks by itself. ``None``: who asks may have been logged out meanwhile.

    Raises ``NotFoundError`` for who is logged in.
    """
    try:
        return shootout_get(request.user, uuid)
    except NotFoundError:
        if request.user.is_authenticated:
            raise
        return None


def _detail_context(request: HttpRequest, shootout: Shootout) -> dict[str, Any]:
    is_owner = shootout.owner_id == request.user.pk
    render_row = shootout.latest_render
    job = render_row.job if render_row is not None else None
    context: dict[str, Any] = {"shootout": shootout, "is_owner": is_owner, "job": job}
    if is_owner and not shootout.is_rendering:
        context["render_plan"] = partial(render_plan, shootout)
    context["has_job_underway"] = job is not None and not job.is_finished
    context["lacks_video"] = is_owner and render_row is not None and render_row.lacks_video
    if job is not None and (not job.is_finished or is_owner):
        context["snapshot"] = snapshot = job_snapshot(job, is_owner=is_owner)
        context["failures"] = [child for child in snapshot["children"] if child["error"]]
    return context | _result_context(shootout)


def _page_context(request: HttpRequest, shootout: Shootout) -> dict[str, Any]:
    """What the whole page shows beyond its parts."""
    return _detail_context(request, shootout) | comments_context(request, shootout)


def _result_context(shootout: Shootout) -> dict[str, Any]:
    """What the published render shows, each worked out when a template first asks for it: most
    templates have kept what they made of it (``{% cache %}``)."""
    manifest = manifest_get(shootout)
    if manifest is None:
        return {"manifest": None}
    result = PublishedResult(shootout, manifest)
    return {name: partial(getattr, result, name) for name in PublishedResult.NAMES}


def _di_page(request: HttpRequest, form: DIUploadForm, status: int = 200) -> HttpResponse:
    page = BoundedPaginator(di_track_list(request.user), _PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    context = {"page": page, "tracks": page.object_list, "di_form": form}
    return render(request, "shootouts/di_list.html", context, status=status)


def _page(request: HttpRequest, query: ShootoutQuerySet) -> BoundedPage:
    return BoundedPaginator(query, _PAGE_SIZE).get_page(request.GET.get("page"))
