from __future__ import annotations

from celery.schedules import crontab

from gts.celery import app


def test_every_periodic_task_is_there_and_has_a_queue() -> None:
    app.loader.import_default_modules()
    for entry in app.conf.beat_schedule.values():
        assert entry["task"] in app.tasks
        schedule, expires_s = entry["schedule"], entry["options"]["expires"]
        if isinstance(schedule, crontab):  # at a time of the day
            assert 0 < expires_s < 24 * 60 * 60
        else:
            assert expires_s == schedule
    assert app.conf.task_default_queue in {queue.name for queue in app.conf.task_queues}
