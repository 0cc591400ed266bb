# Two images from one file:
#   docker build --target serve -t aisle .            the service
#   docker build --target train -t aisle-train .      training and batch picks
# Versions live in the volume /var/lib/aisle, which both share.

# uv, where pip would not, takes versions and hashes from constraints, and refuses what does not match them.
FROM python:3.11-slim AS serve-packages
WORKDIR /app
COPY pyproject.toml requirements.lock ./
RUN python -m venv /opt/uv \
    && awk '/^[a-z]/ { keep = /^uv==/ } keep' requirements.lock > /opt/uv/uv.lock \
    && /opt/uv/bin/pip install --no-cache-dir --no-deps --require-hashes -r /opt/uv/uv.lock
RUN python -m venv --without-pip /opt/aisle
RUN /opt/uv/bin/uv pip install --no-cache --python /opt/aisle -c requirements.lock -r pyproject.toml

FROM serve-packages AS train-packages
RUN /opt/uv/bin/uv pip install --no-cache --python /opt/aisle -c requirements.lock -r pyproject.toml --extra train --extra excel

# Compiled for every level of processor, not for the one that builds the image.
FROM serve-packages AS core
RUN /opt/uv/bin/uv pip install --no-cache --python /opt/aisle -c requirements.lock -r pyproject.toml --extra compile
COPY artifacts artifacts
RUN /opt/aisle/bin/python -m artifacts compile

FROM python:3.11-slim AS base
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin aisle \
    && install -d -o aisle -g aisle /var/lib/aisle
WORKDIR /app
ENV PATH=/opt/aisle/bin:$PATH PYTHONUNBUFFERED=1 ARTIFACTS_DIR=/var/lib/aisle
VOLUME /var/lib/aisle
COPY --from=core /app/artifacts artifacts
USER aisle

FROM base AS train
USER root
# LightGBM's wheel links the system's OpenMP runtime.
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
USER aisle
COPY --from=train-packages /opt/aisle /opt/aisle
COPY training training
ENTRYPOINT ["python", "-m", "training"]
CMD ["train"]

FROM base AS serve
COPY --from=serve-packages /opt/aisle /opt/aisle
COPY service service
# Beyond the container's own loopback the service asks for keys: mount a file and name it in API_KEYS_FILE.
ENV HOST=0.0.0.0 PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=2s --start-period=10s CMD ["python", "-c", \
    "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health/live')"]
CMD ["gunicorn", "-c", "service/gunicorn.conf.py", "service.wsgi:app"]
