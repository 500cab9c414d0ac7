"""Migrations one by one: also those that a squashed one replaces."""

from __future__ import annotations

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader


class StepLoader(MigrationLoader):
    """Never a squashed migration in place of its steps, whatever is applied."""

    def build_graph(self) -> None:
        super().build_graph()
        for key, migration in self.replacements.items():
            self.graph.remove_replacement_node(key, migration.replaces)


def executor_of_steps() -> MigrationExecutor:
    executor = MigrationExecutor(connection)
    executor.loader = StepLoader(connection, replace_migrations=False)
    return executor


def migrate_back(app_label: str, name: str) -> None:
    """Down to where ``name`` of ``app_label`` is the last that is applied.

    ``manage.py migrate`` knows no place within a squashed migration. Behind this it does: nothing
    squashed is applied, as in an installation from before there was any.
    """
    executor = executor_of_steps()
    executor.migrate([(app_label, name)])
    for squashed in executor.loader.replacements:
        executor.recorder.record_unapplied(*squashed)


def newest_step(app_label: str) -> tuple[str, str]:
    [(_, name)] = executor_of_steps().loader.graph.leaf_nodes(app_label)
    return app_label, name
