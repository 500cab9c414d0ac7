"""Pages of shootouts and DI tracks."""

from __future__ import annotations

from django.urls import path

from shootouts.pages import (
    builder_views,
    edit_views,
    published_page,
    uses_views,
    views,
    workbench_views,
)

urlpatterns = [
    path("uses/<str:kind>/<uuid:uuid>/", uses_views.UsesView.as_view(), name="uses"),
    path("", views.HomeView.as_view(), name="home"),
    path("shootouts/", views.ShootoutPublicView.as_view(), name="shootout-public"),
    path("shootouts/mine/", views.ShootoutMineView.as_view(), name="shootout-mine"),
    path("shootouts/new/", builder_views.ShootoutNewView.as_view(), name="shootout-new"),
    path("shootouts/new/demo/", builder_views.DemoMaterialView.as_view(), name="demo-material"),
    path("shootouts/import/", views.ShootoutImportView.as_view(), name="shootout-import"),
    path(
        "shootouts/<uuid:uuid>/export/",
        views.ShootoutExportView.as_view(),
        name="shootout-export",
    ),
    path("shootouts/<uuid:uuid>/", views.ShootoutDetailView.as_view(), name="shootout-detail"),
    path(
        "shootouts/<uuid:uuid>/parts/<slug:part>/",
        views.ShootoutPartView.as_view(),
        name="shootout-part",
    ),
    path(
        "shootouts/<uuid:uuid>/snapshot/",
        views.ShootoutSnapshotView.as_view(),
        name="shootout-snapshot",
    ),
    path(
        "shootouts/<uuid:uuid>/render/",
        views.ShootoutRenderView.as_view(),
        name="shootout-render",
    ),
    path(
        "shootouts/<uuid:uuid>/retry/",
        views.ShootoutRetryView.as_view(),
        name="shootout-retry",
    ),
    path(
        "shootouts/<uuid:uuid>/cancel/",
        views.ShootoutCancelView.as_view(),
        name="shootout-cancel",
    ),
    path(
        "shootouts/<uuid:uuid>/edit/",
        edit_views.ShootoutEditView.as_view(),
        name="shootout-edit",
    ),
    path(
        "shootouts/<uuid:uuid>/settings/",
        views.ShootoutSettingsView.as_view(),
        name="shootout-settings",
    ),
    path(
        "shootouts/<uuid:uuid>/delete/",
        views.ShootoutDeleteView.as_view(),
        name="shootout-delete",
    ),
    path(
        "shootouts/<uuid:uuid>/comments/",
        published_page.CommentListView.as_view(),
        name="comment-list",
    ),
    path("comments/<uuid:uuid>/", published_page.CommentEditView.as_view(), name="comment-edit"),
    path(
        "comments/<uuid:uuid>/delete/",
        published_page.CommentDeleteView.as_view(),
        name="comment-delete",
    ),
    path(
        "comments/<uuid:uuid>/hide/", published_page.CommentHideView.as_view(), name="comment-hide"
    ),
    path(
        "comments/<uuid:uuid>/unhide/",
        published_page.CommentUnhideView.as_view(),
        name="comment-unhide",
    ),
    path("tracks/", views.DIListView.as_view(), name="di-list"),
    path("tracks/record/", views.DIRecordView.as_view(), name="di-record"),
    path("tracks/upload/", views.DIUploadView.as_view(), name="di-upload"),
    path("tracks/<uuid:uuid>/", workbench_views.DIDetailView.as_view(), name="di-detail"),
    path("tracks/<uuid:uuid>/row/", views.DIRowView.as_view(), name="di-row"),
    path("tracks/<uuid:uuid>/delete/", views.DIDeleteView.as_view(), name="di-delete"),
]
