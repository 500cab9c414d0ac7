"""Audio as samples: decode, resample, convolve, encode."""
