# docker build .                  the image of docker-compose.yml
# docker build --target dev .     with what tests and checks need
# `make image-check` performs these steps without an engine.
FROM python:3.11.14-slim-bookworm AS base
# An empty GTS_DATA_DIR means var, which leads to the same volume. A container logs to its console.
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 GTS_DATA_DIR=/data \
    GTS_LOG_LEVEL=INFO PATH=/app/bin:$PATH
WORKDIR /app
# pg_dump, pg_restore and psql, for `manage.py backup` and `restore`: not older than the server. And
# what the wheel of pedalboard leaves to the system.
RUN apt-get update && apt-get install --yes --no-install-recommends \
    'libatomic1=12.*' 'postgresql-client=15+*' && rm -rf /var/lib/apt/lists/*
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
# A number, so that Kubernetes and others see that it is not root.
RUN useradd --create-home --uid 1000 gts && mkdir /data && chown gts /data && ln -s /data var

FROM base AS dev
COPY requirements-dev.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements-dev.txt
# Tests keep data and notes beside the code.
COPY --chown=1000 . .
RUN chown gts .
USER 1000
CMD ["python", "-m", "pytest", "-n", "auto", "--maxprocesses", "4"]

FROM base
COPY . .
USER 1000
EXPOSE 8000
CMD ["python", "manage.py", "up", "--host", "0.0.0.0"]
