"""Many rows, as a busy installation has them, made by PostgreSQL itself within minutes.

They are for measuring lists, not for rendering: their files do not exist. What stands together in
time stands together in the tables, a few people own most, and history is long while little is under
way. Every run with the same numbers makes rows of the same kind, with other ids.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, models, transaction

from accounts.models import AuditEntry, User
from gear.models import (
    Block,
    Capture,
    ChainGroup,
    GearItem,
    GearTag,
    LibraryEntry,
    Preset,
    SignalChain,
    Tag,
)
from jobs.models import Job, Notification
from shootouts.models import (
    Comment,
    Contender,
    DITrack,
    Manifest,
    Render,
    RenderedFile,
    Segment,
    Shootout,
    ShootoutDI,
)

PREFIX: Final = "bench-"
HEAVIEST: Final = f"{PREFIX}1"
_NUM_ACTIVE_JOBS: Final = 200  # whatever has ended before
# At least: a page of the admin's is full.
_NUM_USERS: Final = 200
_NUM_GROUPS: Final = 120
_DAYS: Final = 700

_MAKES = (
    "Marshall Fender Vox Mesa Orange Peavey Soldano Friedman Bogner Diezel EVH Engl Hiwatt "
    "Matchless Dumble Supro Laney Randall Splawn Suhr Victory Revv Driftwood Carr Ibanez Boss"
)
_MODELS = (
    "JCM800 Plexi Twin AC30 Rectifier Rockerverb 5150 SLO BE100 Uberschall VH4 Powerball DR103 "
    "Princeton Deluxe Bassman Supersonic JVM Bluesbreaker Jubilee Mark Screamer Klone Rat Muff V30"
)
_INFO = {
    "self_test": {
        "outcome": "not_stated", "reason": "", "engine": "", "tolerance_db": 0.1, "networks": []
    }
}  # fmt: skip
_TRAITS = "crunch clean lead bright dark edge breakup modern vintage tight loose scooped boosted"


# SQL: the n-th capture that everybody may see, for no one saves what they do not.
_SHARED = """
JOIN (
  SELECT capture.id, row_number() OVER (ORDER BY capture.id) AS number
  FROM gear_capture capture
  JOIN gear_gearitem gear ON gear.id = capture.gear_id AND gear.is_shared
) seen ON seen.number = n
"""


def pick(words: str) -> str:
    """SQL: one of the words, each as likely as the others."""
    array = ", ".join(f"'{word}'" for word in words.split())
    return f"(ARRAY[{array}])[1 + floor(random() * {len(words.split())})::int]"


def weighted(**weights: int) -> str:
    """SQL: one of the names, as often as its weight says."""
    return pick(" ".join(" ".join([name] * weight) for name, weight in weights.items()))


def seed_rows(
    *, num_gear: int, num_shootouts: int, num_jobs: int, say: Callable[[str], None]
) -> None:
    """Fill the database. Of one that is empty but for migrations."""
    num_owners = max(20, num_gear // 100)
    num_users = max(_NUM_USERS, num_owners)
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.42)")
    tables = _Tables(say)
    users = tables.fill(
        User, num_users, {"username": f"'{PREFIX}' || n", "date_joined": _when(num_users)}
    )
    owner = f"{users} + 1 + floor({num_owners} * power(random(), 3))::int"
    _seed_gear(tables, num_gear, owner)
    _seed_library(tables, num_gear, owner)
    _seed_jobs(tables, num_jobs, owner)
    _seed_shootouts(tables, num_shootouts, owner)
    tables.fill(
        AuditEntry, num_users * 20,
        {"action": weighted(login=9, logout=6, connected=1), "user": owner,
         "user_uuid": "gen_random_uuid()", "at": _when(num_users * 20)},
    )  # fmt: skip


def _seed_gear(tables: _Tables, num_gear: int, owner: str) -> None:
    gear = tables.fill(
        GearItem, num_gear,
        {"owner": owner, "kind": weighted(amp=9, full_rig=5, pedal=4, cab=6, outboard=1),
         "name": f"{pick(_MODELS)} || ' ' || (n %% 9973) || ' ' || {pick(_TRAITS)}",
         "make": pick(_MAKES), "creator": f"'{PREFIX}' || (1 + n %% 997)",
         "description": f"'Recorded ' || {pick(_TRAITS)} || ' and ' || {pick(_TRAITS)}",
         "licence": pick("t3k t3k t3k t3k t3k t3k cc-by-4.0 cc-by-4.0 cc-by-4.0 mit"),
         "source": "CASE WHEN n %% 5 = 0 THEN 'tone3000' ELSE 'upload' END",
         "tone3000_id": "CASE WHEN n %% 5 = 0 THEN n::text ELSE '' END",
         "is_shared": "n %% 5 <> 0 AND random() < 0.7", "created_at": _when(num_gear)},
    )  # fmt: skip
    captures = {
        "gear": "gear.id", "name": "gear.name || '.nam'", "created_at": "gear.created_at",
        "format": "CASE WHEN gear.kind = 'cab' THEN 'ir' ELSE 'nam' END", "file": "'bench/x.nam'",
        "sha256": "md5('a' || n) || md5('b' || n)", "size_bytes": "100000", "state": "'ready'",
        "architecture": weighted(WaveNet=8, LSTM=2), "sample_rate_hz": "48000",
        "info": f"'{json.dumps(_INFO)}'::jsonb || jsonb_build_object('label', "
        "CASE WHEN n %% 50 = 0 THEN 'A2 Full' WHEN n %% 5 = 0 THEN '' ELSE 'A1 standard' END, "
        "'metadata', jsonb_build_object('gain', round(random()::numeric, 4)))",
        "input_level_dbu": "CASE WHEN n %% 40 = 0 THEN 12.5 END",
        "tone3000_id": "CASE WHEN gear.source = 'tone3000' THEN n::text ELSE '' END",
    }  # fmt: skip
    num_captures = num_gear * 13 // 10
    join = f"JOIN gear_gearitem gear ON gear.id = {gear} + 1 + n %% {num_gear}"
    first_capture = tables.fill(Capture, num_captures, captures, join=join)
    num_chains = num_gear // 10
    chains = tables.fill(
        SignalChain, num_chains,
        {"owner": owner, "name": f"{pick(_MODELS)} || ' + ' || {pick(_MODELS)}",
         "created_at": _when(num_chains)},
    )  # fmt: skip
    tables.fill(
        Block, num_chains * 3,
        {"chain": f"{chains} + 1 + (n - 1) / 3", "position": "(n - 1) %% 3",
         "slot": "(ARRAY['pre', 'amp', 'cab'])[1 + (n - 1) %% 3]",
         "capture": "CASE WHEN (n - 1) %% 3 > 0 THEN "
         f"{first_capture} + 1 + floor(random() * {num_captures})::int END",
         "processor": "CASE WHEN (n - 1) %% 3 = 0 THEN 'gain' ELSE '' END"},
    )  # fmt: skip
    num_groups = max(_NUM_GROUPS, num_chains // 5)
    tables.fill(
        ChainGroup, num_groups,
        {"owner": owner, "name": f"{pick(_MODELS)} || ' group'", "slots": "'[]'::jsonb",
         "created_at": _when(num_groups)},
    )  # fmt: skip


def _seed_library(tables: _Tables, num_gear: int, owner: str) -> None:
    """What people make of the gear. The numbers are those of ``_seed_gear``."""
    num_entries = num_gear // 3
    tables.fill(
        LibraryEntry, num_entries,
        {"user": owner, "capture": "seen.id", "nickname": pick(_TRAITS),
         "is_favorite": "n %% 10 = 0", "created_at": _when(num_entries)},
        join=_SHARED,
    )  # fmt: skip
    num_tags = num_gear // 30
    tags = tables.fill(
        Tag, num_tags,
        {"owner": owner, "name": "'tag ' || n", "key": "'tag ' || n",
         "created_at": _when(num_tags)},
    )  # fmt: skip
    tables.fill(GearTag, num_entries, {"tag": f"{tags} + 1 + n %% {num_tags}", "gear": "n"})
    num_presets = num_gear // 30
    tables.fill(
        Preset, num_presets,
        {"owner": owner, "name": "'preset ' || n", "processor": "'gain'",
         "parameters": "'{\"gain_db\": 3.0}'::jsonb", "created_at": _when(num_presets)},
    )  # fmt: skip


def _seed_jobs(tables: _Tables, num_jobs: int, owner: str) -> None:
    num_roots = max(1, num_jobs // 10)
    values: dict[str, str] = {
        "state": f"CASE WHEN n > {num_roots - _NUM_ACTIVE_JOBS // 2} THEN 'queued' ELSE "
        f"{weighted(completed=92, failed=5, cancelled=3)} END",
        "attempt": "1", "progress": "100", "request_id": "md5(n::text)",
    }  # fmt: skip
    roots = tables.fill(
        Job, num_roots,
        {**values, "kind": pick("shootouts.render_shootout gear.inspect_capture "
                                "shootouts.inspect_di gear.fetch_tone"),
         "owner": owner, "label": f"{pick(_MODELS)} || ' ' || n", "created_at": _when(num_roots)},
    )  # fmt: skip
    num_parts = num_jobs - num_roots
    parent_number = f"1 + (n - 1)::bigint * {num_roots} / {num_parts}"
    tables.fill(
        Job, num_parts,
        {**values, "kind": weighted(**{"shootouts.render_segment": 8, "shootouts.make_video": 1}),
         "state": "CASE WHEN root.state = 'queued' THEN 'pending' ELSE root.state END",
         "owner": "root.owner_id", "parent": "root.id", "parent_attempt": "1", "label": "'part'",
         "created_at": "root.created_at + n %% 10 * interval '1 second'"},
        join=f"JOIN jobs_job root ON root.id = {roots} + {parent_number}",
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_job SET started_at = created_at, finished_at = created_at + "
            "interval '30 seconds' WHERE state IN ('completed', 'failed', 'cancelled')"
        )
    tables.fill(
        Notification, num_roots,
        {"owner": "root.owner_id", "job": "root.id", "created_at": "root.created_at",
         "state": "CASE WHEN root.state = 'failed' THEN 'failed' ELSE 'completed' END",
         "read_at": "CASE WHEN random() < 0.9 THEN root.created_at END", "path": "'/'"},
        join=f"JOIN jobs_job root ON root.id = {roots} + n",
    )  # fmt: skip


def _seed_shootouts(tables: _Tables, num_shootouts: int, owner: str) -> None:
    num_tracks = num_shootouts
    tracks = tables.fill(
        DITrack, num_tracks,
        {"owner": owner, "name": f"{pick(_TRAITS)} || ' riff ' || n", "file": "'bench/x.wav'",
         "file_name": "'x.wav'", "sha256": "md5('c' || n) || md5('d' || n)",
         "size_bytes": "1000000", "state": "'ready'", "created_at": _when(num_tracks)},
    )  # fmt: skip
    is_public = "n %% 2 = 0"
    shootouts = tables.fill(
        Shootout, num_shootouts,
        {"owner": owner, "title": f"{pick(_MODELS)} || ' vs ' || {pick(_MODELS)} || ' ' || n",
         "description": f"'All of it ' || {pick(_TRAITS)}", "state": "'completed'",
         "visibility": f"CASE WHEN {is_public} THEN 'public' ELSE 'private' END",
         "created_at": _when(num_shootouts), "published_at": _when(num_shootouts)},
    )  # fmt: skip
    this = "{} + 1 + (n - 1) / {}"
    tables.fill(
        ShootoutDI, num_shootouts,
        {"shootout": f"{shootouts} + n", "position": "0", "di_track": f"{tracks} + n"},
    )  # fmt: skip
    tables.fill(
        Contender, num_shootouts * 4,
        {"shootout": this.format(shootouts, 4), "position": "(n - 1) %% 4",
         "chain": "NULL", "label": f"{pick(_MODELS)} || ' + ' || {pick(_MODELS)}"},
    )  # fmt: skip
    renders = tables.fill(
        Render, num_shootouts,
        {"shootout": f"{shootouts} + n", "version": "1", "info": "'{}'::jsonb"},
    )  # fmt: skip
    manifest = {"segments": [], "title": "bench"}
    tables.fill(
        Manifest, num_shootouts,
        {"render": f"{renders} + n", "schema_version": "1",
         "data": f"'{json.dumps(manifest)}'::jsonb"},
    )  # fmt: skip
    segments = tables.fill(
        Segment, num_shootouts * 4,
        {"render": this.format(renders, 4), "di_index": "0", "contender_index": "(n - 1) %% 4",
         "state": "'completed'", "recipe": "'{}'::jsonb", "sources": "'{}'::jsonb",
         "render_key": "md5(n::text)"},
    )  # fmt: skip
    tables.fill(
        RenderedFile, num_shootouts * 4,
        {"render": this.format(renders, 4), "kind": "'segment'", "segment": f"{segments} + n",
         "file": "'bench/x.flac'", "name": "'x.flac'", "content_type": "'audio/flac'",
         "size_bytes": "1000000", "sha256": "md5(n::text) || md5(n::text)"},
    )  # fmt: skip
    tables.fill(
        Comment, num_shootouts * 5,
        {"shootout": this.format(shootouts, 5), "author": owner, "text": "'Loud and clear'",
         "created_at": _when(num_shootouts * 5)},
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE shootouts_shootout s SET latest_render_id = r.id, published_render_id = r.id, "
            "contender_labels = c.labels FROM shootouts_render r, (SELECT shootout_id, "
            "string_agg(label, E'\\n' ORDER BY position) AS labels FROM shootouts_contender "
            "GROUP BY shootout_id) c WHERE r.shootout_id = s.id AND c.shootout_id = s.id"
        )


def _when(num_rows: int) -> str:
    """SQL: the rows are as old as they are numbered."""
    return f"now() - ({num_rows} - n) * interval '{_DAYS * 86_400 / max(num_rows, 1):.6f} seconds'"


class _Tables:
    """Fills tables with ``INSERT … SELECT``; what is not given gets the default of its field."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say

    def fill(
        self, model: type[models.Model], num: int, values: Mapping[str, str], *, join: str = ""
    ) -> int:
        """``num`` rows of SQL expressions over ``n`` = 1, 2, …; the answer is the id before."""
        table = model._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")
            base = int(cursor.fetchone()[0])
            given = {"id": f"{base} + n", **values}
            columns: list[str] = []
            expressions: list[str] = []
            params: list[Any] = []
            for field in model._meta.concrete_fields:
                if field.generated:
                    continue
                columns.append(f'"{field.column}"')
                if field.name in given:
                    expressions.append(given[field.name])
                elif isinstance(field, models.UUIDField) and not field.null:
                    expressions.append("gen_random_uuid()")
                elif getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
                    expressions.append("now()")
                else:
                    expressions.append("%s")
                    params.append(field.get_db_prep_save(field.get_default(), connection))
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(expressions)} "
                f"FROM generate_series(1, {num}) AS n {join}",
                params,
            )
            # The sequence does not know of ids that are given.
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {base + max(num, 1)})"
            )
        self.say(f"{num:>9,} {model._meta.verbose_name_plural}")
        return base


class Command(BaseCommand):
    help = "Fill a PostgreSQL database with rows for measuring. Not for one that people use."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--gear", type=int, default=300_000)
        parser.add_argument("--shootouts", type=int, default=10_000)
        parser.add_argument("--jobs", type=int, default=1_000_000)
        parser.add_argument("--force", action="store_true", help="although someone is in there")

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("This is for PostgreSQL: set DATABASE_URL and REDIS_URL.")
        numbers = [options[name] for name in ("gear", "shootouts", "jobs")]
        if min(numbers) < 1:
            raise CommandError("At least one of each is needed.")
        if User.objects.filter(username__startswith=PREFIX).exists():
            raise CommandError("This database has been filled already.")
        if User.objects.exists() and not options["force"]:
            raise CommandError("Someone uses this database. --force fills it nevertheless.")
        num_gear, num_shootouts, num_jobs = numbers
        with transaction.atomic():
            seed_rows(
                num_gear=num_gear,
                num_shootouts=num_shootouts,
                num_jobs=num_jobs,
                say=self.stdout.write if options["verbosity"] else lambda _: None,
            )
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
