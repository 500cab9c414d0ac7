"""Background work: jobs as rows, workers, live progress, notifications."""
