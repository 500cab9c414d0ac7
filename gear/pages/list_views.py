"""What helps to build chains and to find gear: presets, tags and chain groups, each in a list of
its own, where it is renamed and deleted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.models import User
from accounts.page_kit import PageView
from gear.chains.grammar import describe_settings
from gear.models import ChainGroup, Preset
from gear.selectors import (
    chain_group_get,
    chain_group_list,
    preset_get,
    preset_list,
    tag_get,
    tag_list,
)
from gear.services.chain_groups import chain_group_delete, chain_group_update
from gear.services.chains import preset_delete, preset_update
from gear.services.group_slots import captures_of, slots_of
from gear.services.library import tag_delete, tag_rename
from gts.web.errors import AppError, NotFoundError
from gts.web.paging import BoundedPaginator
from jobs.pipeline.effects.blocks import BLOCK_TYPES
from jobs.pipeline.vocabulary.gear import Slot

_PAGE_SIZE = 24


class OwnListView(PageView):
    """A list; ``rows`` makes of a page of it what the template shows."""

    template: ClassVar[str]
    found: ClassVar[Callable[[User], QuerySet[Any]]]

    def get(self, request: HttpRequest) -> HttpResponse:
        query = type(self).found(self.user)
        page = BoundedPaginator(query, _PAGE_SIZE).get_page(request.GET.get("page"))
        context = {"page": page, "rows": self.rows(page.object_list)}
        return render(request, self.template, context)

    def rows(self, found: Any) -> Any:
        return found


class RenameView(PageView, ABC):
    """``name`` for one of them; a refusal is shown on the list."""

    http_method_names = ["post"]
    listed: ClassVar[str]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        try:
            self.rename(uuid, request.POST.get("name", ""))
        except NotFoundError:
            raise
        except AppError as error:
            self.show_error(error)
        else:
            messages.success(request, "Saved.")
        return redirect(self.listed)

    @abstractmethod
    def rename(self, uuid: UUID, name: str) -> None: ...


class DeleteView(PageView, ABC):
    http_method_names = ["post"]
    listed: ClassVar[str]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        messages.success(request, f"{self.delete(uuid)} is deleted.")
        return redirect(self.listed)

    @abstractmethod
    def delete(self, uuid: UUID) -> str:
        """Returns its name."""


class PresetListView(OwnListView):
    template = "gear/preset_list.html"
    found = preset_list

    def rows(self, found: Any) -> Any:
        return [(preset, _title(preset), _settings(preset)) for preset in found]


class PresetRenameView(RenameView):
    listed = "preset-list"

    def rename(self, uuid: UUID, name: str) -> None:
        preset_update(preset=preset_get(self.user, uuid), name=name)


class PresetDeleteView(DeleteView):
    listed = "preset-list"

    def delete(self, uuid: UUID) -> str:
        preset = preset_get(self.user, uuid)
        preset_delete(preset=preset)
        return preset.name


class TagListView(OwnListView):
    template = "gear/tag_list.html"
    found = tag_list


class TagRenameView(RenameView):
    listed = "tag-list"

    def rename(self, uuid: UUID, name: str) -> None:
        tag_rename(tag=tag_get(self.user, uuid), name=name)


class TagDeleteView(DeleteView):
    listed = "tag-list"

    def delete(self, uuid: UUID) -> str:
        tag = tag_get(self.user, uuid)
        tag_delete(tag=tag)
        return tag.name


class ChainGroupListView(OwnListView):
    template = "gear/chain_group_list.html"
    found = chain_group_list

    def rows(self, found: Any) -> Any:
        captures = captures_of(self.user, found)
        return [(group, _slots(group, captures)) for group in found]


class ChainGroupRenameView(RenameView):
    listed = "chain-group-list"

    def rename(self, uuid: UUID, name: str) -> None:
        chain_group_update(group=chain_group_get(self.user, uuid), name=name)


class ChainGroupDeleteView(DeleteView):
    listed = "chain-group-list"

    def delete(self, uuid: UUID) -> str:
        group = chain_group_get(self.user, uuid)
        chain_group_delete(group=group)
        return group.name


def _title(preset: Preset) -> str:
    block_type = BLOCK_TYPES.get(preset.processor)
    return block_type.title if block_type else preset.processor


def _settings(preset: Preset) -> str:
    return describe_settings(preset.processor, None, preset.parameters)


def _slots(group: ChainGroup, captures: Any) -> list[tuple[str, list[str]]]:
    """Each slot with the names of its options."""
    return [
        (
            Slot(slot.slot).label,
            ["none" if option is None else option.name for option in slot.options],
        )
        for slot in slots_of(group, captures)
    ]
