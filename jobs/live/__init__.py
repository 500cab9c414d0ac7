"""WebSockets: progress of a job, notifications, who may listen."""
