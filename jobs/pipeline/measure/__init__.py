"""Loudness, alignment, onsets, spectra, reports of DI tracks and of differences."""
