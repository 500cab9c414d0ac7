"""The API of gear, chains, groups, tags, presets and of Tone 3000's tones."""
