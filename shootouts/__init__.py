"""Comparisons: DI tracks, contenders, renders, what is published."""
