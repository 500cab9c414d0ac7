"""Pages of captures and chains."""

from __future__ import annotations

from django.urls import path

from gear.pages import chain_views, gear_views, list_views, views
from gear.pages import tone3000_views as tone3000

urlpatterns = [
    path("gear/", views.GearListView.as_view(), name="gear-list"),
    path("gear/upload/", views.GearUploadView.as_view(), name="gear-upload"),
    path("gear/<uuid:uuid>/", gear_views.GearItemView.as_view(), name="gear-item"),
    path("gear/<uuid:uuid>/note/", gear_views.GearNoteView.as_view(), name="gear-note"),
    path("gear/<uuid:uuid>/delete/", gear_views.GearDeleteView.as_view(), name="gear-delete"),
    path("gear/captures/<uuid:uuid>/row/", views.CaptureRowView.as_view(), name="capture-row"),
    path("chains/", views.ChainListView.as_view(), name="chain-list"),
    path("chains/new/", views.ChainNewView.as_view(), name="chain-new"),
    path("chains/block/", views.ChainBlockView.as_view(), name="chain-block"),
    path("chains/ir/", views.ChainIRView.as_view(), name="chain-ir"),
    path("chains/options/", views.ChainOptionsView.as_view(), name="chain-options"),
    path("chains/<uuid:uuid>/", chain_views.ChainDetailView.as_view(), name="chain-detail"),
    path(
        "chains/<uuid:uuid>/duplicate/",
        chain_views.ChainDuplicateView.as_view(),
        name="chain-duplicate",
    ),
    path("chains/<uuid:uuid>/delete/", views.ChainDeleteView.as_view(), name="chain-delete"),
    path("chain-groups/", list_views.ChainGroupListView.as_view(), name="chain-group-list"),
    path(
        "chain-groups/<uuid:uuid>/rename/",
        list_views.ChainGroupRenameView.as_view(),
        name="chain-group-rename",
    ),
    path(
        "chain-groups/<uuid:uuid>/delete/",
        list_views.ChainGroupDeleteView.as_view(),
        name="chain-group-delete",
    ),
    path("presets/", list_views.PresetListView.as_view(), name="preset-list"),
    path(
        "presets/<uuid:uuid>/rename/", list_views.PresetRenameView.as_view(), name="preset-rename"
    ),
    path(
        "presets/<uuid:uuid>/delete/", list_views.PresetDeleteView.as_view(), name="preset-delete"
    ),
    path("tags/", list_views.TagListView.as_view(), name="tag-list"),
    path("tags/<uuid:uuid>/rename/", list_views.TagRenameView.as_view(), name="tag-rename"),
    path("tags/<uuid:uuid>/delete/", list_views.TagDeleteView.as_view(), name="tag-delete"),
    path("gear/tone3000/", tone3000.LibraryView.as_view(), name="tone3000"),
    path("gear/tone3000/search/", tone3000.SearchView.as_view(), name="tone3000-search"),
    path("gear/tone3000/picked/", tone3000.PickedView.as_view(), name="tone3000-picked"),
    path("gear/tone3000/pick/<uuid:pick_id>/", tone3000.PickView.as_view(), name="tone3000-pick"),
    path(
        "gear/tone3000/pick/<uuid:pick_id>/state/",
        tone3000.PickStateView.as_view(),
        name="tone3000-pick-state",
    ),
    path("gear/tone3000/tones/<str:tone_id>/", tone3000.ToneView.as_view(), name="tone3000-tone"),
    path(
        "gear/tone3000/tones/<str:tone_id>/<str:model_id>/",
        tone3000.CaptureAddView.as_view(),
        name="tone3000-add",
    ),
    path(
        "gear/tone3000/tones/<str:tone_id>/<str:model_id>/state/",
        tone3000.CaptureStateView.as_view(),
        name="tone3000-adding",
    ),
    path("gear/tone3000/<str:tab>/", tone3000.LibraryView.as_view(), name="tone3000-tab"),
]
