"""Pages of gear, chains and Tone 3000's tones, and the form in which a chain is built."""
