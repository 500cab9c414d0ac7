"""Performs Dockerfile and docker-compose.yml without a container engine: ``make image-check``.

Every step is read from those files and done in a root of its own, made of Debian's packages: the
image is built, every service runs as its user with its variables, in namespaces of its own, and is
asked by its health check. What an engine would do and this does not:

- images of others are stood in for by Debian's packages of the same major version (``root.py``):
  Python 3.11 in an environment of its own instead of the one compiled into ``python:3.11-slim``,
  PostgreSQL with an imitation of its image's entrypoint, Redis, Caddy;
- services share one network; each has an address of its own in it, so that one that listens on
  127.0.0.1 alone is not reached by the others, as in containers;
- no restarts, no limits of memory, no process 1 of Docker's.
"""
