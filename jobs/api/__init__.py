"""The API of jobs and notifications."""
