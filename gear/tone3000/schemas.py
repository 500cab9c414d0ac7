"""What Tone 3000 answers, as GTS understands it. Only ids are needed; everything else may lack.

Their lists of values grow (a closed list broke others on ``amp-cab``), newest fields are missing in
older answers, arrays come as null. So values are text, known or not, and what is not usable is
``None``, never an exception. An answer that is unusable as a whole is an ``UnreadableAnswerError``,
nothing else ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlsplit, urlunsplit

import msgspec

from gear.text import clean_text
from gear.tone3000.access import UNREADABLE, UnreadableAnswerError

ARCHITECTURES: Final = ("1", "2", "custom")
NAM: Final = "nam"
IR: Final = "ir"

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SLASHES: Final = re.compile(r"/{2,}")
_URL_CHARACTERS: Final = re.compile(r"[\x21-\x7e]{1,2000}")
_MOST: Final = 2**53
_MAX_ITEMS: Final = 200
_MAX_PARAGRAPHS: Final = 100

T = TypeVar("T")
R = TypeVar("R", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class ToneUser:
    """Someone at Tone 3000. ``id`` is opaque: both UUIDs and numbers have been seen."""

    id: str
    username: str | None = None
    display_name: str | None = None
    is_verified: bool | None = None
    avatar_url: str | None = None
    url: str | None = None

    @property
    def name(self) -> str:
        return self.display_name or self.username or "someone"


@dataclass(frozen=True, slots=True)
class Tone:
    """``gear``, ``format``, ``licence``, ``sizes``: their words, of lists that grow."""

    id: str
    title: str
    creator: ToneUser | None = None
    description: str | None = None
    gear: str | None = None
    format: str | None = None
    licence: str | None = None
    images: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    models_count: int | None = None
    a1_models_count: int | None = None
    a2_models_count: int | None = None
    custom_models_count: int | None = None
    irs_count: int | None = None
    downloads_count: int | None = None
    favorites_count: int | None = None
    is_public: bool | None = None
    is_favorite: bool | None = None
    url: str | None = None
    created_at: datetime | None = None

    @property
    def is_nam(self) -> bool:
        """Also where the format is not told, but models of an architecture are counted."""
        if self.format is not None:
            return self.format == NAM
        return any(self._counts)

    @property
    def architectures(self) -> tuple[str | None, ...]:
        """With which filters its models must be asked for, so that none is missed.

        There is no "all", and without a filter A2 models are left out. A count that is not
        known is asked for. ``None`` stands for asking without a filter.
        """
        if not self.is_nam:
            return (None,)
        counts = zip(ARCHITECTURES, self._counts, strict=True)
        wanted = tuple(name for name, count in counts if count is None or count > 0)
        return wanted or ARCHITECTURES

    @property
    def _counts(self) -> tuple[int | None, int | None, int | None]:
        return self.a1_models_count, self.a2_models_count, self.custom_models_count


@dataclass(frozen=True, slots=True)
class Model:
    """One file of a tone. ``url`` None: there is no file. ``architecture`` None: no NAM."""

    id: str
    tone_id: str | None = None
    name: str | None = None
    url: str | None = None
    size: str | None = None
    architecture: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows of one page. Totals are ``None`` where they are not told."""

    rows: tuple[T, ...]
    page: int
    page_size: int
    total: int | None
    total_pages: int | None

    @property
    def has_next(self) -> bool:
        if self.total_pages is not None:
            return self.page < self.total_pages
        return len(self.rows) >= self.page_size

    @property
    def is_past_the_end(self) -> bool:
        return not self.rows and self.page > 1


# As they come: anything may be missing, null or of another type, and what they add is left out.


class _UserResponse(msgspec.Struct):
    id: Any = None
    username: Any = None
    display_name: Any = None
    is_verified: Any = None
    avatar_url: Any = None
    url: Any = None


class _Named(msgspec.Struct):
    name: Any = None


class _ToneResponse(msgspec.Struct):
    id: Any = None
    title: Any = None
    user: Any = None
    user_id: Any = None
    description: Any = None
    gear: Any = None
    format: Any = None
    license: Any = None
    images: Any = None
    makes: Any = None
    tags: Any = None
    sizes: Any = None
    models_count: Any = None
    a1_models_count: Any = None
    a2_models_count: Any = None
    custom_models_count: Any = None
    irs_count: Any = None
    downloads_count: Any = None
    favorites_count: Any = None
    is_public: Any = None
    is_favorite: Any = None
    url: Any = None
    created_at: Any = None


class _ModelResponse(msgspec.Struct):
    id: Any = None
    tone_id: Any = None
    name: Any = None
    model_url: Any = None
    size: Any = None
    architecture_version: Any = None


class _ListResponse(msgspec.Struct):
    data: Any = msgspec.UNSET
    page: Any = None
    page_size: Any = None
    total: Any = None
    total_pages: Any = None


def parse_tone(data: object) -> Tone:
    found = _read(data, _ToneResponse)
    tone_id = _id(found.id)
    return Tone(
        id=tone_id,
        title=text(found.title) or f"Tone {tone_id}",
        creator=_creator(found),
        description=paragraphs(found.description),
        gear=word(found.gear),
        format=word(found.format),
        licence=word(found.license),
        images=each(found.images, web_url),
        makes=each(found.makes, _name),
        tags=each(found.tags, _name),
        sizes=each(found.sizes, _size),
        models_count=count(found.models_count),
        a1_models_count=count(found.a1_models_count),
        a2_models_count=count(found.a2_models_count),
        custom_models_count=count(found.custom_models_count),
        irs_count=count(found.irs_count),
        downloads_count=count(found.downloads_count),
        favorites_count=count(found.favorites_count),
        is_public=flag(found.is_public),
        is_favorite=flag(found.is_favorite),
        url=web_url(found.url),
        created_at=moment(found.created_at),
    )


def parse_model(data: object) -> Model:
    found = _read(data, _ModelResponse)
    return Model(
        id=_id(found.id),
        tone_id=identifier(found.tone_id),
        name=text(found.name),
        url=web_url(found.model_url),
        size=word(found.size),
        architecture=word(found.architecture_version),
    )


def parse_page(
    data: object, parse_row: Callable[[object], T], *, page: int, page_size: int
) -> Page[T]:
    """``page`` and ``page_size`` as they were asked for, where the answer does not say."""
    found = _read(data, _ListResponse)
    size = count(found.page_size) or page_size
    total, total_pages = count(found.total), count(found.total_pages)
    if total_pages is None and total is not None:
        total_pages = -(-total // size)
    return Page(
        rows=_rows(found, parse_row),
        page=count(found.page) or page,
        page_size=size,
        total=total,
        total_pages=total_pages,
    )


def parse_feed(data: object, parse_row: Callable[[object], T]) -> tuple[T, ...]:
    """A feed has no pages: ``{data: […]}``."""
    return _rows(_read(data, _ListResponse), parse_row)


def _rows(found: _ListResponse, parse_row: Callable[[object], T]) -> tuple[T, ...]:
    """The rows that can be used; null stands for none."""
    rows = found.data
    if rows is msgspec.UNSET:
        raise UnreadableAnswerError(UNREADABLE, detail="a list without data")
    if rows is None:
        return ()
    if not isinstance(rows, list):
        raise UnreadableAnswerError(UNREADABLE, detail=f"data is {type(rows).__name__}")
    parsed = []
    for row in rows:
        try:
            parsed.append(parse_row(row))
        except UnreadableAnswerError:
            continue
    return tuple(parsed)


def _creator(tone: _ToneResponse) -> ToneUser | None:
    """Anyone who made it is named wherever it is shown: here a name is worth more than an id."""
    owner_id = identifier(tone.user_id)
    if not isinstance(tone.user, dict):
        return ToneUser(id=owner_id) if owner_id else None
    found = _read(tone.user, _UserResponse)
    return ToneUser(
        id=identifier(found.id) or owner_id or "",
        username=text(found.username, 100),
        display_name=text(found.display_name, 100),
        is_verified=flag(found.is_verified),
        avatar_url=web_url(found.avatar_url),
        url=web_url(found.url),
    )


def _name(item: object) -> str | None:
    """Of an object that has one."""
    return text(_read(item, _Named).name, 100) if isinstance(item, dict) else None


def _size(item: object) -> str | None:
    return text(item, 40)


def _read(data: object, response: type[R]) -> R:
    if not isinstance(data, dict):
        raise UnreadableAnswerError(UNREADABLE, detail=f"not an object: {type(data).__name__}")
    return msgspec.convert(data, response)


def _id(value: object) -> str:
    found = identifier(value)
    if found is None:
        raise UnreadableAnswerError(UNREADABLE, detail="an object without a usable id")
    return found


# Single fields: what cannot be used is ``None``.


def identifier(value: object) -> str | None:
    """Ids are opaque text, whatever they came as; only what is safe in an address."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _MOST:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MOST:
        value = str(value)
    return value if isinstance(value, str) and is_identifier(value) else None


def text(value: object, max_chars: int = 200) -> str | None:
    """One printable line."""
    if not isinstance(value, str):
        return None
    return clean_text(value[: 4 * max_chars])[:max_chars].strip() or None


def word(value: object) -> str | None:
    """A value of a list that may grow: any short word, known or not."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < _MOST else None
    return text(value, 40)


def paragraphs(value: object, max_chars: int = 4000) -> str | None:
    if not isinstance(value, str):
        return None
    lines = value[: 4 * max_chars].splitlines()[:_MAX_PARAGRAPHS]
    return "\n".join(clean_text(line) for line in lines).strip()[:max_chars] or None


def count(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 16:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Also says no to what is not finite.
    return int(value) if 0 <= value < _MOST and value == int(value) else None


def flag(value: object) -> bool | None:
    """Three states: what is neither true nor false is not known."""
    return value if isinstance(value, bool) else None


def moment(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def each(value: object, read: Callable[[object], str | None]) -> tuple[str, ...]:
    """Of a list what can be read."""
    found = (read(item) for item in (value[:_MAX_ITEMS] if isinstance(value, list) else ()))
    return tuple(one for one in found if one is not None)


def is_identifier(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def web_url(value: object) -> str | None:
    """An absolute address of the web, with the double slashes in its path made single ones."""
    if not isinstance(value, str) or not _URL_CHARACTERS.fullmatch(value):
        return None
    try:
        parts = urlsplit(value)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
        if not is_web or "@" in parts.netloc or parts.port == 0:
            return None
    except ValueError:
        return None
    return urlunsplit(parts._replace(path=_SLASHES.sub("/", parts.path)))
