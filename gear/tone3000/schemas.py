"""What Tone 3000 answers, as GTS understands it. Only ids are needed; everything else may lack.

Their lists of values grow (a closed list broke others on ``amp-cab``), newest fields are missing in
older answers, arrays come as null. So values are text, known or not, and what is not usable is
``None``. An answer that is unusable as a whole is an ``UnreadableAnswerError``, nothing else ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from gear.tone3000.errors import UNREADABLE, UnreadableAnswerError
from gear.tone3000.fields import Fields

ARCHITECTURES: Final = ("1", "2", "custom")
NAM: Final = "nam"
IR: Final = "ir"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class User:
    """Somebody at Tone 3000. ``id`` is opaque: both UUIDs and numbers have been seen."""

    id: str
    username: str | None = None
    display_name: str | None = None
    is_verified: bool | None = None
    avatar_url: str | None = None
    url: str | None = None

    @property
    def name(self) -> str:
        return self.display_name or self.username or "somebody"


@dataclass(frozen=True, slots=True)
class Tone:
    """``gear``, ``format``, ``licence``, ``sizes``: their words, of lists that grow."""

    id: str
    title: str
    creator: User | None = None
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


def parse_tone(data: object) -> Tone:
    fields = Fields(_object(data))
    tone_id = _id(fields)
    return Tone(
        id=tone_id,
        title=fields.text("title") or f"Tone {tone_id}",
        creator=_creator(fields),
        description=fields.paragraphs("description"),
        gear=fields.word("gear"),
        format=fields.word("format"),
        licence=fields.word("license"),
        images=fields.urls("images"),
        makes=fields.names("makes"),
        tags=fields.names("tags"),
        sizes=fields.words("sizes"),
        models_count=fields.count("models_count"),
        a1_models_count=fields.count("a1_models_count"),
        a2_models_count=fields.count("a2_models_count"),
        custom_models_count=fields.count("custom_models_count"),
        irs_count=fields.count("irs_count"),
        downloads_count=fields.count("downloads_count"),
        favorites_count=fields.count("favorites_count"),
        is_public=fields.flag("is_public"),
        is_favorite=fields.flag("is_favorite"),
        url=fields.url("url"),
        created_at=fields.moment("created_at"),
    )


def parse_model(data: object) -> Model:
    fields = Fields(_object(data))
    return Model(
        id=_id(fields),
        tone_id=fields.identifier("tone_id"),
        name=fields.text("name"),
        url=fields.url("model_url"),
        size=fields.word("size"),
        architecture=fields.word("architecture_version"),
    )


def parse_page(
    data: object, parse_row: Callable[[object], T], *, page: int, page_size: int
) -> Page[T]:
    """``page`` and ``page_size`` as they were asked for, where the answer does not say."""
    document = _object(data)
    fields = Fields(document)
    size = fields.count("page_size") or page_size
    total, total_pages = fields.count("total"), fields.count("total_pages")
    if total_pages is None and total is not None:
        total_pages = -(-total // size)
    return Page(
        rows=_rows(document, parse_row),
        page=fields.count("page") or page,
        page_size=size,
        total=total,
        total_pages=total_pages,
    )


def parse_feed(data: object, parse_row: Callable[[object], T]) -> tuple[T, ...]:
    """A feed has no pages: ``{data: […]}``."""
    return _rows(_object(data), parse_row)


def _rows(document: Mapping[str, Any], parse_row: Callable[[object], T]) -> tuple[T, ...]:
    """The rows that can be used; null stands for none."""
    if "data" not in document:
        raise UnreadableAnswerError(UNREADABLE, detail="a list without data")
    rows = document["data"]
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


def _creator(fields: Fields) -> User | None:
    """Whoever made it is named wherever it is shown: here a name is worth more than an id."""
    embedded = fields.object("user")
    owner_id = fields.identifier("user_id")
    if embedded is None:
        return User(id=owner_id) if owner_id else None
    person = Fields(embedded)
    return _user(person, person.identifier("id") or owner_id or "")


def _user(fields: Fields, user_id: str) -> User:
    return User(
        id=user_id,
        username=fields.text("username", 100),
        display_name=fields.text("display_name", 100),
        is_verified=fields.flag("is_verified"),
        avatar_url=fields.url("avatar_url"),
        url=fields.url("url"),
    )


def _object(data: object) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise UnreadableAnswerError(UNREADABLE, detail=f"not an object: {type(data).__name__}")
    return data


def _id(fields: Fields) -> str:
    identifier = fields.identifier("id")
    if identifier is None:
        raise UnreadableAnswerError(UNREADABLE, detail="an object without a usable id")
    return identifier
