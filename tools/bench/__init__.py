"""Figures of GTS on this machine: sound and video, lists at size. ``tools.bench_web``: pages."""
