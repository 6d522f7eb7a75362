# syntax=docker/dockerfile:1
# One image for web, workers and beat; the command says which.

FROM node:24-slim AS web-app
WORKDIR /build/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci
COPY frontend/ ./
RUN npm run build

# The Python that the tests run on.
FROM python:3.11-slim AS packages
COPY backend/requirements/base.txt /build/base.txt
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --no-deps --require-hashes --only-binary=:all: \
        -r /build/base.txt \
    && /opt/venv/bin/pip check

FROM python:3.11-slim
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    MANGAKG_DATA=/srv/mangakg/data \
    LOG_JSON=1
RUN groupadd --gid 10001 mangakg \
    && useradd --uid 10001 --gid mangakg --no-create-home --home-dir /nonexistent mangakg
COPY --from=packages /opt/venv /opt/venv
COPY --from=web-app /build/frontend/build /srv/mangakg/frontend/build
COPY frontend/src/lib/ui/fonts/ /srv/mangakg/frontend/src/lib/ui/fonts/
COPY backend/ /srv/mangakg/backend/
WORKDIR /srv/mangakg/backend
# Static files belong to the image. The keys that settings make on the way do not.
RUN python -m compileall -q . \
    && python -m common.messages \
    && python manage.py collectstatic --no-input -v 0 \
    && rm -rf /srv/mangakg/data/keys \
    && mkdir -p /srv/mangakg/data/run /srv/mangakg/data/incoming \
    && chown -R mangakg:mangakg /srv/mangakg/data
USER mangakg
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ.get('PORT', '8000')}/healthz\", timeout=4)"]
CMD ["python", "manage.py", "web"]
