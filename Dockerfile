# The image of everything Emerald runs: docker build -t booking-system:v1.0.0 --build-arg VERSION=1.0.0 .
# A published image names its base by digest too: --build-arg BASE=python:3.13-slim@sha256:…
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
RUN python -m venv /opt/emerald
COPY requirements.lock /opt/
# The lock names every library there is, with its hash: nothing else may come along.
RUN /opt/emerald/bin/pip install --require-hashes --no-deps --only-binary :all: \
        --requirement /opt/requirements.lock \
    && /opt/emerald/bin/pip check
# Barman makes the backups. It is a program of its own, under the GPL: in an environment of its own, and never imported.
COPY requirements-backup.lock /opt/
RUN python -m venv /opt/emerald/barman \
    && /opt/emerald/barman/bin/pip install --require-hashes --no-deps --only-binary :all: \
        --requirement /opt/requirements-backup.lock \
    && /opt/emerald/barman/bin/pip uninstall --yes pip \
    && /opt/emerald/bin/pip uninstall --yes pip
# What is in the image, with its licences (CycloneDX): /opt/emerald/share/sbom, written by a program that stays out of it.
COPY requirements-sbom.lock /opt/
RUN python -m venv /opt/sbom \
    && /opt/sbom/bin/pip install --require-hashes --no-deps --only-binary :all: \
        --requirement /opt/requirements-sbom.lock \
    && mkdir -p /opt/emerald/share/sbom \
    && /opt/sbom/bin/cyclonedx-py environment --output-reproducible --gather-license-texts --no-validate \
        --output-file /opt/emerald/share/sbom/emerald.cdx.json /opt/emerald/bin/python \
    && /opt/sbom/bin/cyclonedx-py environment --output-reproducible --gather-license-texts --no-validate \
        --output-file /opt/emerald/share/sbom/barman.cdx.json /opt/emerald/barman/bin/python
WORKDIR /srv/emerald
COPY CHANGELOG.md LICENSE ./
COPY migrations/ migrations/
COPY locales/ locales/
COPY backend/ backend/
COPY bot/ bot/
COPY webapp/ webapp/
COPY emerald/ emerald/
COPY ops/container/emerald /opt/emerald/bin/emerald
COPY ops/container/beats.py ops/container/beats.py
# The file system is read-only where this runs, so what Python and Jinja would write later is written now.
RUN chmod 0755 /opt/emerald/bin/emerald \
    && /opt/emerald/bin/python -m compileall -q -j 0 /srv/emerald \
    && ENV='test' /opt/emerald/bin/python -c 'from webapp.rendering import load_templates; load_templates()'

FROM ${BASE}
ARG VERSION=development
LABEL org.opencontainers.image.title="Emerald" \
      org.opencontainers.image.description="Group event booking inside Telegram" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}"
# What Barman calls: to copy, to tell what is encrypted, to encrypt.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends rsync file gnupg \
    && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 emerald \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin emerald \
    # Volumes with the addresses of the database's roles begin as these: nobody else may read them.
    && for role in owner app archiver reader backup; do \
        install -d -m 0700 -o emerald -g emerald "/var/lib/emerald/roles/$role"; done \
    # The volume with the backups begins as this.
    && install -d -m 0700 -o emerald -g emerald /backups
# Owned by root: the process can read its own code and never change it.
COPY --from=build /opt/emerald /opt/emerald
COPY --from=build /srv/emerald /srv/emerald
ENV PATH=/opt/emerald/bin:$PATH \
    PYTHONPATH=/srv/emerald \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ENV=production \
    HOST=0.0.0.0 \
    EMERALD_HOME=/tmp/emerald
WORKDIR /srv/emerald
USER 10001:10001
EXPOSE 3000
# Liveness of the web server; the other processes are asked otherwise, see docker-compose.prod.yml.
HEALTHCHECK --interval=30s --timeout=10s --retries=3 --start-period=40s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ.get('PORT') or 3000}/health\", timeout=5)"]
ENTRYPOINT ["emerald"]
CMD ["serve"]
