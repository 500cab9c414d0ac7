from __future__ import annotations

from django.urls import path

from gear.api import views

urlpatterns = [
    path("gear/", views.GearListView.as_view(), name="api-gear-list"),
    path("gear/<uuid:uuid>/", views.GearView.as_view(), name="api-gear"),
    path("captures/", views.CaptureListView.as_view(), name="api-capture-list"),
    path("captures/<uuid:uuid>/", views.CaptureView.as_view(), name="api-capture"),
    path("block-types/", views.BlockTypeListView.as_view(), name="api-block-type-list"),
    path("chains/", views.ChainListView.as_view(), name="api-chain-list"),
    path("chains/<uuid:uuid>/", views.ChainView.as_view(), name="api-chain"),
]
