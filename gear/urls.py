"""Pages of captures and chains."""

from __future__ import annotations

from django.urls import path

from gear import views

urlpatterns = [
    path("gear/", views.GearListView.as_view(), name="gear-list"),
    path("gear/upload/", views.GearUploadView.as_view(), name="gear-upload"),
    path("gear/captures/<uuid:uuid>/row/", views.CaptureRowView.as_view(), name="capture-row"),
    path("chains/", views.ChainListView.as_view(), name="chain-list"),
    path("chains/new/", views.ChainNewView.as_view(), name="chain-new"),
    path("chains/block/", views.ChainBlockView.as_view(), name="chain-block"),
    path("chains/options/", views.ChainOptionsView.as_view(), name="chain-options"),
    path("chains/<uuid:uuid>/delete/", views.ChainDeleteView.as_view(), name="chain-delete"),
]
