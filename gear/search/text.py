"""Finding rows by words as people type them: one door, two databases behind it.

First come rows that have every word: whole, the last one also as the beginning of a longer one, or
as the letters or the digits of one (*jcm*, *800* and *JCM 800* all find JCM800). Only where no row
has them all, rows with parts of words and with typos. The best first.

SQLite finds typos in words of more than five letters that leave three in a row as they were.

What is typed is never syntax: it is cut into words of letters and digits, and nothing else of it
reaches the database.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import reduce
from operator import and_, or_
from typing import Any, Final, TypeVar, cast

from django.contrib.postgres.search import (
    SearchQuery,
    SearchRank,
    SearchVectorField,
    TrigramSimilarity,
)
from django.db import connections, models
from django.db.models import (
    BooleanField,
    Case,
    F,
    Func,
    IntegerField,
    Q,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Concat, Lower

from gear.search.index import MAX_WORD_CHARACTERS, SearchIndex
from gts.web.paging import RANK, RANK_ORDER

MAX_CHARACTERS: Final = 200
MAX_WORDS: Final = 8
_TRIGRAM: Final = 3
_SHORT: Final = 5
# The share of its trigrams that a word must have in common with the text it may be a typo of: two
# letters may have changed places in a word of eight. PostgreSQL counts more strictly than we do.
_MIN_SHARE: Final = 0.45
_MIN_WORD_SIMILARITY: Final = "0.38"
# Of all words that one may be a typo or a part of, so many are looked for, the nearest first.
_MAX_NEAR_WORDS: Final = 32

_WORD = re.compile(r"[^\W_]+")
_PART = re.compile(r"\d+|[^\W\d_]+")

Rows = TypeVar("Rows", bound=models.QuerySet[Any])
Elsewhere = Callable[[str], Q]


def words_of(text: str) -> list[str]:
    """In lower case, each once."""
    plain = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]).lower()
    words = (word[:MAX_WORD_CHARACTERS] for word in _WORD.findall(plain))
    return list(dict.fromkeys(words))[:MAX_WORDS]


def search(
    rows: Rows, index: SearchIndex, text: str, *, path: str = "", also: Elsewhere | None = None
) -> Rows:
    """The rows that ``text`` finds, the best first, with ``search_rank``. Blank: all of them.

    Narrow ``rows`` by everything else before: whether anything is found as it was typed is asked
    at once. ``gts.web.paging`` reads pages of it, and ranks no more of very many than it must.
    ``path``: how a row leads to the one with the words, ``gear__`` of a capture. ``also``: where
    else a word may be.
    """
    words = words_of(text)
    if not words:
        return rows.none() if text.strip() else rows
    how = _how(rows, index, words, path)
    exact = how.exact(rows, also)
    found = exact if exact.exists() else how.typos(rows, also)
    order = rows.query.order_by or rows.model._meta.ordering
    return found.annotate(**{RANK: how.rank()}).order_by(RANK_ORDER, *order)


def finding(rows: Rows, index: SearchIndex, text: str) -> Rows:
    """All rows that ``search`` finds, without a rank: to narrow lists of what belongs to them."""
    words = words_of(text)
    if not words:
        return rows.none()
    how = _how(rows, index, words)
    exact = how.exact(rows, None)
    return exact if exact.exists() else how.typos(rows, None)


def _how(
    rows: models.QuerySet[Any], index: SearchIndex, words: list[str], path: str = ""
) -> _Postgres | _SQLite:
    is_postgres = connections[rows.db].vendor == "postgresql"
    return _Postgres(index, words, path) if is_postgres else _SQLite(index, words, path)


def named(rows: Rows, text: str) -> Rows:
    """Those whose name has every word in it. For lists that are someone's own: it reads them."""
    for word in words_of(text):
        rows = rows.filter(name__icontains=word)
    return rows


def _parts(word: str) -> list[str]:
    """Letters and digits by themselves, if the word has both."""
    parts = _PART.findall(word)
    return parts if len(parts) > 1 else []


def _may_have_typos(word: str) -> bool:
    """Another number is another amp, and next to nothing is like many things."""
    return len(word) > _TRIGRAM and not word.isdecimal()


# PostgreSQL ---------------------------------------------------------------------------------------


class _Generated(Func):
    """A generated column of the row, which Django's models do not know. ``beside``: a column of the
    same table that they know."""

    def __init__(self, column: str, output_field: models.Field[Any, Any], beside: str) -> None:
        super().__init__(F(beside), output_field=output_field)
        self.column = column

    def as_sql(  # type: ignore[override]
        self, compiler: Any, connection: Any, **_: Any
    ) -> tuple[str, list[Any]]:
        [key] = cast(list[Any], self.source_expressions)
        table = compiler.quote_name_unless_alias(key.alias)
        return f"{table}.{connection.ops.quote_name(self.column)}", []


# How much alike ``<%`` asks for, in this statement: set once, before any word is read.
_NEAR_SQL: Final = """
    SELECT word FROM {table}
    WHERE (SELECT set_config('pg_trgm.word_similarity_threshold', %(least)s, true)) <> ''
    AND %(word)s <%% word ORDER BY word_similarity(%(word)s, word) DESC, word LIMIT %(limit)s
"""
_WITH_PART_SQL: Final = """
    SELECT word FROM {table}
    WHERE word LIKE '%%' || %(word)s || '%%' ORDER BY length(word), word LIMIT %(limit)s
"""


class _Postgres:
    def __init__(self, index: SearchIndex, words: Sequence[str], path: str) -> None:
        self.index, self.words = index, words
        beside = f"{path}{index.columns[0]}"
        self.vector = _Generated("search_vector", SearchVectorField(), beside)
        self.text = _Generated("search_text", models.TextField(), beside)
        *whole, last = words
        self.lexemes = [*(_lexemes(word, "") for word in whole), _lexemes(last, ":*")]

    def exact(self, rows: Rows, also: Elsewhere | None) -> Rows:
        return self._with_words(rows, self.lexemes, also)

    def typos(self, rows: Rows, also: Elsewhere | None) -> Rows:
        near = (self._near_words(word, using=rows.db) for word in self.words)
        return self._with_words(rows, [f"({' | '.join(words)})" for words in near], also)

    def rank(self) -> Combinable:
        """In whole thousandths, so that pages can begin after a rank."""
        likeness = TrigramSimilarity(self.text, " ".join(self.words))
        return Cast(
            1000 * (SearchRank(self.vector, _all_of(self.lexemes)) + likeness), IntegerField()
        )

    def _with_words(self, rows: Rows, lexemes: Sequence[str], also: Elsewhere | None) -> Rows:
        rows = rows.alias(search_vector=self.vector)
        if also is None:
            return rows.filter(search_vector=_all_of(lexemes))
        for word, one in zip(self.words, lexemes, strict=True):
            rows = rows.filter(Q(search_vector=_all_of([one])) | also(word))
        return rows

    def _near_words(self, word: str, *, using: str) -> list[str]:
        """The lexemes of ``word``, and of the words that it may be a typo or a part of."""
        if len(word) < _TRIGRAM:
            return [_lexemes(word, ":*")]
        sql = _NEAR_SQL if _may_have_typos(word) else _WITH_PART_SQL
        with connections[using].cursor() as cursor:
            cursor.execute(
                sql.format(table=self.index.words_table),
                {"word": word, "least": _MIN_WORD_SIMILARITY, "limit": _MAX_NEAR_WORDS},
            )
            found = [row[0] for row in cursor.fetchall()]
        return [_lexemes(word, ""), *(f"'{known}'" for known in found)]


def _all_of(lexemes: Sequence[str]) -> SearchQuery:
    return SearchQuery(" & ".join(lexemes), config="simple", search_type="raw")


def _lexemes(word: str, ending: str) -> str:
    """Words are letters and digits; the quotes are for those that the parser might split.

    With ``:*`` the word may be the beginning of one. All words with that beginning are collected
    for it, so it is asked for the last word alone, which may still be being typed.
    """
    whole = f"'{word}'{ending}"
    parts = " & ".join(f"'{part}'{ending}" for part in _parts(word))
    return f"({whole} | ({parts}))" if parts else whole


# SQLite -------------------------------------------------------------------------------------------


class _InFts(Func):
    output_field = BooleanField()

    def __init__(self, index: SearchIndex, match: str, path: str) -> None:
        super().__init__(F(f"{path}pk"))
        self.fts, self.match = index.fts_table, match

    def as_sql(  # type: ignore[override]
        self, compiler: Any, connection: Any, **_: Any
    ) -> tuple[str, list[Any]]:
        key, params = compiler.compile(self.source_expressions[0])
        table = connection.ops.quote_name(self.fts)
        sql = f"{key} IN (SELECT rowid FROM {table} WHERE {table} MATCH %s)"
        return sql, [*params, self.match]


class _Contains(Func):
    function = "INSTR"
    output_field = IntegerField()


class _SQLite:
    def __init__(self, index: SearchIndex, words: Sequence[str], path: str) -> None:
        self.index, self.words, self.path = index, words, path

    def exact(self, rows: Rows, also: Elsewhere | None) -> Rows:
        for word in self.words:
            found = self._has_word(word)
            rows = rows.filter(found | also(word) if also else found)
        return rows

    def typos(self, rows: Rows, also: Elsewhere | None) -> Rows:
        for number, word in enumerate(self.words):
            found = self._may_be(word)
            if _may_have_typos(word):
                rows = rows.alias(**{f"near_{number}": self._num_trigrams(word)})
                least = round(_MIN_SHARE * len(_trigrams(f" {word} ")))
                found &= Q(**{f"near_{number}__gte": least})
            rows = rows.filter(found | also(word) if also else found)
        return rows

    def rank(self) -> Combinable:
        first, text = f"{self.path}{self.index.columns[0]}", " ".join(self.words)
        best = Case(
            When(**{f"{first}__iexact": text}, then=Value(1000)),
            When(**{f"{first}__istartswith": text}, then=Value(500)),
            default=Value(0),
            output_field=IntegerField(),
        )
        return _sum([best, *(self._num_trigrams(word) for word in self.words)])

    def _has_word(self, word: str) -> Q:
        parts = _parts(word)
        whole = self._has_part(word)
        return whole | reduce(and_, map(self._has_part, parts)) if parts else whole

    def _has_part(self, part: str) -> Q:
        if len(part) >= _TRIGRAM:
            return Q(_InFts(self.index, f'"{part}"', self.path))
        # Too short for the index: read the columns.
        return reduce(or_, (Q(**{f"{name}__icontains": part}) for name in self._names))

    def _may_be(self, word: str) -> Q:
        if not _may_have_typos(word):
            return self._has_part(word)
        if len(word) <= _SHORT:  # one letter is wrong, and no three in a row are right
            return Q()
        match = " OR ".join(f'"{trigram}"' for trigram in _trigrams(word))
        return Q(_InFts(self.index, match, self.path))

    def _num_trigrams(self, word: str) -> Combinable:
        """How many trigrams of ``word`` are somewhere in the columns that find typos.

        Its beginning and its end count too.
        """
        columns: list[Any] = [Value(" ")]
        for name in self._names:
            columns += [F(name), Value(" ")]
        text = Lower(Concat(*columns, output_field=models.TextField()))
        hits = [
            Case(
                When(Q(_has(text, trigram)), then=Value(1)),
                default=Value(0),
                output_field=IntegerField(),
            )
            for trigram in _trigrams(f" {word} ")
        ]
        return _sum(hits)

    @property
    def _names(self) -> list[str]:
        """Of the columns that find typos."""
        return [f"{self.path}{name}" for name in self.index.columns[: self.index.num_for_typos]]


def _sum(numbers: Sequence[Combinable]) -> Combinable:
    first, *others = numbers
    for number in others:
        first = first + number
    return first


def _trigrams(word: str) -> list[str]:
    starts = range(max(len(word) - _TRIGRAM + 1, 1))
    return list(dict.fromkeys(word[start : start + _TRIGRAM] for start in starts))


class _Has(Func):
    template = "%(expressions)s > 0"
    output_field = BooleanField()


def _has(text: Combinable, part: str) -> _Has:
    return _Has(_Contains(text, Value(part)))
