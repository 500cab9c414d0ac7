"""Running it: backups, health, metrics, logs, the work folder, maintenance."""
