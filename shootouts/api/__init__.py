"""The API of DI tracks, shootouts, renders, comparisons, comments and media."""
