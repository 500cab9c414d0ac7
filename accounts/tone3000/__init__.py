"""Who one is at Tone 3000: OAuth, the pair of tokens and its renewal."""
