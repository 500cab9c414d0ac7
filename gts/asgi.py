"""The ASGI application: pages and API, static files, WebSockets, and the life of the process."""

from __future__ import annotations

import os

import django
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gts.settings")
# Everything below needs the models.
django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from gts.checks import refuse_bad_start  # noqa: E402
from gts.errors import ServerErrors, SocketErrors  # noqa: E402
from gts.handler import Handler  # noqa: E402
from gts.lifespan import lifespan  # noqa: E402
from gts.request_gate import RequestGate  # noqa: E402
from gts.shared_responses import SharedResponses  # noqa: E402
from gts.static import StaticFiles  # noqa: E402
from gts.web.bodies import BodyLimit  # noqa: E402
from gts.web.request_metrics import counting_sockets  # noqa: E402
from gts.websocket_auth import WebSocketAuthentication  # noqa: E402
from jobs.live.consumers import websocket_urlpatterns  # noqa: E402

try:
    refuse_bad_start()
except ImproperlyConfigured as error:
    raise SystemExit(f"GTS does not start: {error}") from None

application = ProtocolTypeRouter(
    {
        "http": ServerErrors(StaticFiles(RequestGate(SharedResponses(BodyLimit(Handler()))))),
        "websocket": counting_sockets(
            SocketErrors(WebSocketAuthentication(URLRouter(websocket_urlpatterns)))
        ),
        "lifespan": lifespan,
    }
)
