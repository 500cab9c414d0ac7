from __future__ import annotations

from django.urls import path

from gear.api import captures, chain_building, chain_groups, library, tone3000, views

urlpatterns = [
    path("gear/", views.GearListView.as_view(), name="api-gear-list"),
    path("gear/<uuid:uuid>/", views.GearView.as_view(), name="api-gear"),
    path("gear/<uuid:uuid>/tags/", library.GearTagsView.as_view(), name="api-gear-tags"),
    path("tags/", library.TagListView.as_view(), name="api-tag-list"),
    path("tags/<uuid:uuid>/", library.TagView.as_view(), name="api-tag"),
    path("presets/", chain_building.PresetListView.as_view(), name="api-preset-list"),
    path("presets/<uuid:uuid>/", chain_building.PresetView.as_view(), name="api-preset"),
    path("captures/", captures.CaptureListView.as_view(), name="api-capture-list"),
    path("captures/facets/", captures.CaptureFacetsView.as_view(), name="api-capture-facets"),
    path("captures/<uuid:uuid>/", views.CaptureView.as_view(), name="api-capture"),
    path("library/", library.LibraryListView.as_view(), name="api-library-list"),
    path("library/<uuid:uuid>/", library.LibraryEntryView.as_view(), name="api-library-entry"),
    path("block-types/", views.BlockTypeListView.as_view(), name="api-block-type-list"),
    path("chains/", views.ChainListView.as_view(), name="api-chain-list"),
    path("chains/guidance/", chain_building.ChainGuidanceView.as_view(), name="api-chain-guidance"),
    path("chains/<uuid:uuid>/", views.ChainView.as_view(), name="api-chain"),
    path("chain-groups/", chain_groups.ChainGroupListView.as_view(), name="api-chain-group-list"),
    path(
        "chain-groups/<uuid:uuid>/", chain_groups.ChainGroupView.as_view(), name="api-chain-group"
    ),
    path(
        "chain-groups/<uuid:uuid>/permutations/",
        chain_groups.ChainGroupPermutationsView.as_view(),
        name="api-chain-group-permutations",
    ),
    path(
        "tone3000/captures/", tone3000.Tone3000CaptureView.as_view(), name="api-tone3000-captures"
    ),
    path("tone3000/picks/", tone3000.Tone3000PickListView.as_view(), name="api-tone3000-picks"),
    path(
        "tone3000/picks/<uuid:uuid>/",
        tone3000.Tone3000PickView.as_view(),
        name="api-tone3000-pick",
    ),
    path("tone3000/search/", tone3000.Tone3000SearchView.as_view(), name="api-tone3000-search"),
    path(
        "tone3000/tones/<str:tone_id>/",
        tone3000.Tone3000ToneView.as_view(),
        name="api-tone3000-tone",
    ),
    path("tone3000/<str:tab>/", tone3000.Tone3000ListView.as_view(), name="api-tone3000-list"),
]
