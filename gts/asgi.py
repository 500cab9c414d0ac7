"""The ASGI application: pages and API, static files, WebSockets, and the life of the process."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gts.settings")
# Sets Django up: everything below needs the models.
django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from gts.body_limit import BodyLimit  # noqa: E402
from gts.checks import refuse_bad_start  # noqa: E402
from gts.figures import counting_sockets  # noqa: E402
from gts.lifespan import lifespan  # noqa: E402
from gts.request_gate import RequestGate  # noqa: E402
from gts.server_errors import ServerErrors  # noqa: E402
from gts.static import StaticFiles  # noqa: E402
from gts.websocket_auth import WebSocketAuthentication  # noqa: E402
from jobs.routing import websocket_urlpatterns  # noqa: E402

try:
    refuse_bad_start()
except ImproperlyConfigured as error:
    raise SystemExit(f"GTS does not start: {error}") from None

application = ProtocolTypeRouter(
    {
        "http": ServerErrors(StaticFiles(RequestGate(BodyLimit(django_application)))),
        "websocket": counting_sockets(WebSocketAuthentication(URLRouter(websocket_urlpatterns))),
        "lifespan": lifespan,
    }
)
