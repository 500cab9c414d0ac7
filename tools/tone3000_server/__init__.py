"""A fake Tone 3000: one small server in memory, for tests and for working offline.

It knows invented people and tones, speaks the same OAuth and the same API, and goes wrong on
request. ``running_fake_tone3000`` starts it in a thread, ``python -m tools.tone3000_server`` as a
process. It keeps no real secret and listens on loopback only.
"""

from tools.tone3000_server.control import FakeServer
from tools.tone3000_server.server import HOST, make_server, running_fake_tone3000
from tools.tone3000_server.state import CLIENT_ID

__all__ = ["CLIENT_ID", "HOST", "FakeServer", "make_server", "running_fake_tone3000"]
