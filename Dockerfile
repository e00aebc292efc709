FROM python:3.13-slim AS builder
WORKDIR /src
# Without pip of its own: what runs is the bridge and what it needs.
RUN python3 -m venv /build && python3 -m venv --without-pip /opt/venv
COPY requirements.lock requirements-build.lock ./
RUN /build/bin/pip install --no-cache-dir --require-hashes -r requirements-build.lock \
    && /build/bin/pip --python /opt/venv/bin/python install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY bridge bridge
RUN /build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /build/bin/pip --python /opt/venv/bin/python install --no-index --no-deps /wheels/*.whl

FROM python:3.13-slim
RUN useradd --create-home --uid 10001 bridge
COPY --from=builder /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1
USER bridge
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s CMD ["docker-event-bridge", "health"]
ENTRYPOINT ["docker-event-bridge"]
CMD ["run"]
