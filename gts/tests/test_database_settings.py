"""What DATABASE_URL says of encryption reaches the driver, and the programs of backups."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from gts.ops import database_dump
from gts.service_settings import database_from_url

URL = "postgresql://gts:secret@db.example/gts?sslmode=verify-full&sslrootcert=/etc/gts/ca%20of%20us.pem"


def test_the_driver_is_told_to_encrypt_and_to_verify() -> None:
    database = database_from_url(URL)
    assert database["NAME"] == "gts"
    assert database["OPTIONS"] == {
        "connect_timeout": 10,
        "sslmode": "verify-full",
        "sslrootcert": "/etc/gts/ca of us.pem",
    }
    assert database_from_url("postgresql://gts@db.example/gts")["OPTIONS"] == {
        "connect_timeout": 10
    }


@pytest.mark.parametrize("query", ["ssl=true", "sslmode=", "sslmode", "host=/run/postgresql"])
def test_a_parameter_that_would_count_for_nothing_is_refused(query: str) -> None:
    """``verify-full`` with a slip of the pen would be a connection that verifies nothing."""
    with pytest.raises(ImproperlyConfigured, match="sslmode, sslrootcert, sslcert, sslkey"):
        database_from_url(f"postgresql://gts:secret@db.example/gts?{query}")


def test_so_are_the_programs_of_backups(monkeypatch: pytest.MonkeyPatch) -> None:
    class Connection:
        settings_dict: Any = database_from_url(URL)

    monkeypatch.setattr(database_dump, "connection", Connection)
    words, variables = database_dump._place()
    assert "secret" not in " ".join(words)
    assert variables == {
        "PGPASSWORD": "secret",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "/etc/gts/ca of us.pem",
    }
