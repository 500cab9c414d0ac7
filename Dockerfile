FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 GTS_DATA_DIR=/data
WORKDIR /app
# pg_dump, pg_restore and psql, for `manage.py backup` and `restore`: not older than the server.
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/*
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
RUN useradd --create-home gts && mkdir /data && chown gts /data
USER gts
EXPOSE 8000
CMD ["python", "manage.py", "up", "--host", "0.0.0.0"]
