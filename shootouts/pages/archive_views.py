"""Shootouts as archives, from the pages: one to download, one to take in."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from accounts.page_kit.views import PageView
from gts.web.errors import AppError
from shootouts.archive.export import export_response, shootout_export
from shootouts.pages.forms import ShootoutImportForm
from shootouts.selectors import shootout_get_owned
from shootouts.services.imports import shootout_import


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
