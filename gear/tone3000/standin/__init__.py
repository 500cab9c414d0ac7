"""A stand-in for Tone 3000: one small server in memory, for tests and for working offline.

It knows invented people and tones, speaks the same OAuth and the same API, and goes wrong on
request. ``running_standin`` starts it in a thread; ``manage.py tone3000_standin`` as a process.
It keeps no real secret and listens on loopback only.
"""

from gear.tone3000.standin.handle import StandIn
from gear.tone3000.standin.options import CLIENT_ID
from gear.tone3000.standin.server import HOST, make_server, running_standin

__all__ = ["CLIENT_ID", "HOST", "StandIn", "make_server", "running_standin"]
