"""Who asks for what, with everything a resource needs to answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from tools.tone3000_server.catalog import FakeTone
from tools.tone3000_server.messages import Request, Response, error
from tools.tone3000_server.world import World


@dataclass(slots=True)
class Visitor:
    world: World
    request: Request
    user: str
    client_id: str
    deprecated: list[str] = field(default_factory=list)

    @property
    def query(self) -> dict[str, str]:
        return self.request.query

    @property
    def page(self) -> int:
        return self._number("page", 1)

    def page_size(self, most: int) -> int:
        return min(self._number("page_size", 10), most)

    def _number(self, name: str, default: int) -> int:
        """What is no number, or below 1, is taken for the default, as the real one does."""
        text = self.query.get(name, "")
        return max(int(text), 1) if text.isdecimal() and len(text) < 10 else default

    def expects(self, *names: str) -> None:
        """Other parameters are ignored, but noted: the caller means something by them."""
        for name in self.query:
            if name not in names:
                self.world.note("unknown_params", f"{self.request.path} {name}")

    def deprecate(self, name: str) -> None:
        self.deprecated.append(name)
        self.world.note("deprecated_params", f"{self.request.path} {name}")

    def mark_deprecated(self, answer: Response) -> None:
        if self.deprecated:
            answer.headers["deprecation"] = "true"
            base = self.world.options.public_base
            answer.headers["link"] = f'<{base}/docs/api>; rel="deprecation"'
            answer.headers["x-tone3000-deprecations"] = ",".join(self.deprecated)

    def tone(self, tone_id: int) -> FakeTone | Response:
        """The tone, or why it is not to be had."""
        found = self.world.catalog.visible(tone_id, self.user)
        return found if found is not None else self.gone(tone_id)

    def gone(self, tone_id: int | None) -> Response:
        """What is deleted is a 404; what is private is as the options say."""
        if tone_id in self.world.catalog.tones and self.world.options.private_status == 403:
            return error(403, "forbidden", "This tone is private.")
        return error(404, "not_found")
