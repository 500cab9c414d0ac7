from __future__ import annotations

from django.urls import path

from shootouts.api import (
    comments,
    di_tracks,
    drafts,
    media,
    previews,
    renders,
    shootouts,
    uploads,
)

urlpatterns = [
    path(
        "audio-interfaces/",
        di_tracks.AudioInterfaceListView.as_view(),
        name="api-audio-interface-list",
    ),
    path("di-tracks/", di_tracks.DITrackListView.as_view(), name="api-di-track-list"),
    path("di-tracks/<uuid:uuid>/", di_tracks.DITrackDetailView.as_view(), name="api-di-track"),
    path(
        "di-tracks/<uuid:uuid>/audio/",
        di_tracks.DITrackAudioView.as_view(),
        name="api-di-track-audio",
    ),
    path(
        "di-tracks/<uuid:uuid>/preview/",
        di_tracks.DITrackPreviewView.as_view(),
        name="api-di-track-preview",
    ),
    path(
        "di-tracks/<uuid:uuid>/waveform/",
        di_tracks.DITrackWaveformView.as_view(),
        name="api-di-track-waveform",
    ),
    path("uploads/", uploads.UploadListView.as_view(), name="api-upload-list"),
    path("uploads/<uuid:uuid>/", uploads.UploadDetailView.as_view(), name="api-upload"),
    path(
        "uploads/<uuid:uuid>/content/",
        uploads.UploadContentView.as_view(),
        name="api-upload-content",
    ),
    path(
        "chains/<uuid:uuid>/preview/",
        previews.ChainPreviewRequestView.as_view(),
        name="api-chain-preview",
    ),
    path(
        "captures/<uuid:uuid>/preview/",
        previews.IRPreviewView.as_view(),
        name="api-capture-preview",
    ),
    path("previews/", previews.PassagePreviewView.as_view(), name="api-preview-list"),
    path(
        "previews/readiness/",
        previews.PreviewReadinessView.as_view(),
        name="api-preview-readiness",
    ),
    path("previews/<uuid:uuid>/", previews.ChainPreviewView.as_view(), name="api-preview"),
    path(
        "previews/<uuid:uuid>/audio/",
        previews.ChainPreviewAudioView.as_view(),
        name="api-preview-audio",
    ),
    path("drafts/", drafts.DraftListView.as_view(), name="api-draft-list"),
    path("drafts/expansion/", drafts.DraftExpansionView.as_view(), name="api-draft-expansion"),
    path("drafts/<uuid:uuid>/", drafts.DraftDetailView.as_view(), name="api-draft"),
    path(
        "drafts/<uuid:uuid>/shootout/",
        drafts.DraftShootoutView.as_view(),
        name="api-draft-shootout",
    ),
    path("shootouts/", shootouts.ShootoutListView.as_view(), name="api-shootout-list"),
    path("shootouts/import/", media.ShootoutImportView.as_view(), name="api-shootout-import"),
    path(
        "shootouts/<uuid:uuid>/export/",
        media.ShootoutExportView.as_view(),
        name="api-shootout-export",
    ),
    path("shootouts/<uuid:uuid>/", shootouts.ShootoutDetailView.as_view(), name="api-shootout"),
    path(
        "shootouts/<uuid:uuid>/render/",
        shootouts.ShootoutRenderView.as_view(),
        name="api-shootout-render",
    ),
    path(
        "shootouts/<uuid:uuid>/retry/",
        shootouts.ShootoutRetryView.as_view(),
        name="api-shootout-retry",
    ),
    path(
        "shootouts/<uuid:uuid>/cancel/",
        shootouts.ShootoutCancelView.as_view(),
        name="api-shootout-cancel",
    ),
    path(
        "shootouts/<uuid:uuid>/manifest/",
        shootouts.ShootoutManifestView.as_view(),
        name="api-shootout-manifest",
    ),
    path(
        "shootouts/<uuid:uuid>/renders/",
        renders.ShootoutRendersView.as_view(),
        name="api-shootout-renders",
    ),
    path(
        "shootouts/<uuid:uuid>/renders/<int:version>/manifest/",
        renders.RenderManifestView.as_view(),
        name="api-shootout-render-manifest",
    ),
    path(
        "manifest-schemas/<int:version>/",
        renders.ManifestSchemaView.as_view(),
        name="api-manifest-schema",
    ),
    path(
        "shootouts/<uuid:uuid>/metrics/",
        renders.ShootoutMetricsView.as_view(),
        name="api-shootout-metrics",
    ),
    path(
        "shootouts/<uuid:uuid>/comparison/",
        renders.ShootoutComparisonView.as_view(),
        name="api-shootout-comparison",
    ),
    path(
        "shootouts/<uuid:uuid>/comparison/residual.flac",
        renders.ShootoutResidualView.as_view(),
        name="api-shootout-residual",
    ),
    path(
        "shootouts/<uuid:uuid>/segments/",
        shootouts.ShootoutSegmentsView.as_view(),
        name="api-shootout-segments",
    ),
    path(
        "shootouts/<uuid:uuid>/video/",
        shootouts.ShootoutVideoView.as_view(),
        name="api-shootout-video",
    ),
    path(
        "shootouts/<uuid:uuid>/montage/",
        shootouts.ShootoutMontageView.as_view(),
        name="api-shootout-montage",
    ),
    path(
        "shootouts/<uuid:uuid>/chapters.txt",
        shootouts.ShootoutChaptersView.as_view(),
        name="api-shootout-chapters",
    ),
    path(
        "shootouts/<uuid:uuid>/comments/",
        comments.CommentListView.as_view(),
        name="api-shootout-comments",
    ),
    path("comments/<uuid:uuid>/", comments.CommentDetailView.as_view(), name="api-comment"),
    path("comments/<uuid:uuid>/hide/", comments.CommentHideView.as_view(), name="api-comment-hide"),
    path(
        "comments/<uuid:uuid>/unhide/",
        comments.CommentUnhideView.as_view(),
        name="api-comment-unhide",
    ),
    path("media/<uuid:uuid>/", media.MediaView.as_view(), name="media"),
]
