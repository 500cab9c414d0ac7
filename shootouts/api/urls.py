from __future__ import annotations

from django.urls import path

from shootouts.api import di_tracks, media, metrics, shootouts

urlpatterns = [
    path("di-tracks/", di_tracks.DITrackListView.as_view(), name="api-di-track-list"),
    path("di-tracks/<uuid:uuid>/", di_tracks.DITrackDetailView.as_view(), name="api-di-track"),
    path(
        "di-tracks/<uuid:uuid>/audio/",
        di_tracks.DITrackAudioView.as_view(),
        name="api-di-track-audio",
    ),
    path(
        "di-tracks/<uuid:uuid>/waveform/",
        di_tracks.DITrackWaveformView.as_view(),
        name="api-di-track-waveform",
    ),
    path("shootouts/", shootouts.ShootoutListView.as_view(), name="api-shootout-list"),
    path("shootouts/<uuid:uuid>/", shootouts.ShootoutDetailView.as_view(), name="api-shootout"),
    path(
        "shootouts/<uuid:uuid>/render/",
        shootouts.ShootoutRenderView.as_view(),
        name="api-shootout-render",
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
        "shootouts/<uuid:uuid>/metrics/",
        metrics.ShootoutMetricsView.as_view(),
        name="api-shootout-metrics",
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
    path("media/<uuid:uuid>/", media.MediaView.as_view(), name="media"),
]
