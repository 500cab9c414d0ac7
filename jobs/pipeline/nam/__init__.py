"""Captures in the .nam format (Neural Amp Modeler), read safely and run exactly.

nam = read_nam(path)                # .file
stage = build_engine(nam).start()   # .engine
wet = stage.process(dry)            # (1, n) float32, as often as there are chunks

Nothing is imported here: ``.document`` and what it needs work without NumPy.
"""
