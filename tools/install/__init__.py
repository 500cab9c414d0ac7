"""Make .venv whole, with nothing but the standard library: nothing else is there yet.

`make` calls it through ``tools/install.sh``, before whatever needs GTS installed.
"""
