# One image for every process of Zonewire; docker-compose.yml says which command each of them runs.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /app

# The lock first: this layer is built again only when a version changes.
COPY requirements/runtime.txt requirements/runtime.txt
RUN pip install --no-cache-dir --require-hashes -r requirements/runtime.txt

COPY . .
# `--build-arg OTEL=1` adds what traces need (docs/operators/tracing.md).
ARG OTEL=
RUN if [ -n "$OTEL" ]; then pip install --no-cache-dir --require-hashes -r requirements/otel.txt; fi
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e . \
    && python -m compileall -q zonewire tasks workers web cli config \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin zonewire \
    && install -d -o zonewire -g zonewire -m 0700 /data

# Its root is read-only where docker-compose.yml runs it: what is to be compiled was, and a home is /tmp.
ENV PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
USER 10001
VOLUME /data
EXPOSE 8080

CMD ["zonewire", "web", "--host", "0.0.0.0", "--port", "8080"]
