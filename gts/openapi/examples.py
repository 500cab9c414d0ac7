"""What inputs and answers of the API look like, for readers of its schema.

By the names of the schema's components. A test holds each to its component.
"""

from __future__ import annotations

from typing import Any, Final

_DI = "0b6cfb4e-3d3c-4c2f-9d62-6f9d3b3a1c01"
_AMP = "5d0a0b5e-8f0e-4a55-9d1c-2f2f4a7be102"
_CAB = "c7f0fa64-15d2-4a87-8c53-9a1f0a3f4b03"
_CHAINS = ["1f8a6d0e-52b4-4f0b-a2a4-5c1f1de0c104", "86c1e6ab-77a5-4b63-b7a0-90f1a7c2d205"]
_ROOM = "3e0c6a5c-6a0d-4a38-9a5f-7b0b1c9f2a08"
_MEDIA = "e2b7f6b0-19a8-43d4-8a8e-71f4d0c5e306"
_JOB = "9a3c5f3d-6d0f-4d0b-8f68-3f3f6f0b7407"
_WHEN = "2026-11-26T20:15:00+00:00"

EXAMPLES: Final[dict[str, Any]] = {
    "ChainInputRequest": {
        "name": "Crunch with a Greenback",
        "description": "Boosted a little, and a room behind it.",
        "blocks": [
            {"slot": "pre", "processor": "gain", "parameters": {"gain_db": 3.0}},
            {"slot": "amp", "capture_id": _AMP},
            {"slot": "cab", "capture_id": _CAB},
            {"slot": "post", "processor": "reverb", "parameters": {"mix_pct": 12.0}},
        ],
    },
    "ChainGroupInputRequest": {
        "name": "Two boosts",
        "slots": [
            {
                "slot": "pre",
                "options": [None, {"processor": "gain", "parameters": {"gain_db": 6.0}}],
            },
            {"slot": "amp", "options": [{"capture_id": _AMP}]},
            {"slot": "cab", "options": [{"capture_id": _CAB}]},
        ],
    },
    "ShootoutCreateInputRequest": {
        "title": "Two crunch amps",
        "description": "The same riff, level-matched.",
        "visibility": "unlisted",
        "di_tracks": [{"di_track_id": _DI}],
        "contenders": [
            {"chain_id": _CHAINS[0], "label": "Tempest 50"},
            {"chain_id": _CHAINS[1], "label": "Halyard 22"},
        ],
        "playback_order": "alternating",
        "slice_s": 4.0,
        "target_loudness_lufs": -14.0,
        "has_video": True,
    },
    "DraftInputRequest": {
        "document": {
            "schema_version": 1,
            "title": "",
            "di_tracks": [_DI],
            "slots": [
                {
                    "id": "a",
                    "slot": "amp",
                    "options": [{"id": "a1", "block": {"capture_id": _AMP}}],
                },
                {
                    "id": "c",
                    "slot": "cab",
                    "options": [
                        {"id": "c1", "block": {"capture_id": _CAB}},
                        {
                            "id": "c2",
                            "block": {"capture_id": _CAB, "parameters": {"gain_db": -3.0}},
                        },
                    ],
                },
            ],
            "off": ["a1/c2"],
            "line_up": [{"cell": "a1/c1", "label": "As it is"}, {"chain_id": _CHAINS[0]}],
            "options": {"has_video": False},
        }
    },
    "PatchedShootoutUpdateInputRequest": {"title": "Two crunch amps, again", "slice_s": 8.0},
    "PatchedDITrackInputRequest": {"guitar": "Telecaster", "tuning": "drop D", "bpm": 120.0},
    "PatchedMeUpdateInputRequest": {"display_name": "Robin"},
    "PickInputRequest": {"choice": "nam", "tone_id": "40123"},
    "JobOutput": {
        "id": _JOB,
        "kind": "shootouts.render_shootout",
        "label": "Two crunch amps",
        "state": "running",
        "progress": 45.0,
        "message": "Rendering 2 of 4",
        "error": None,
        "result": {},
        "notes": [],
        "parent_id": None,
        "created_at": _WHEN,
        "started_at": _WHEN,
        "finished_at": None,
        "retry_at": None,
    },
    "ContenderOutput": {"chain_id": _CHAINS[0], "label": "Tempest 50"},
    "ChainErrorOutput": {
        "code": "IR_REQUIRED",
        "message": "An amp head needs a cabinet.",
        "position": 1,
    },
    "MediaOutput": {
        "id": _MEDIA,
        "kind": "segment",
        "name": "two-crunch-amps-1-tempest-50.flac",
        "content_type": "audio/flac",
        "size_bytes": 2841099,
        "sha256": "8e4b434cadb4e810c049777daf385bca173fd2ef3b36c3bdf13081c4d6ccc7f5",
        "url": f"/api/v1/media/{_MEDIA}/",
    },
    "Error": {
        "code": "INVALID",
        "message": "The chain has 1 mistake.",
        "details": [
            {
                "pointer": "/blocks/1",
                "code": "IR_REQUIRED",
                "message": "An amp head needs a cabinet.",
            }
        ],
        "request_id": "5f0c9a2e",
    },
}
