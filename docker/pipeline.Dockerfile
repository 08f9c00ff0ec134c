# Passerby's images, for the processor and for NVIDIA's cards. From the repository's root:
#   docker build -f docker/pipeline.Dockerfile -t passerby:0.1.0 .
#   docker build -f docker/pipeline.Dockerfile -t passerby-gpu:0.1.0 --target pipeline-gpu .
# --build-arg NETWORKS="yolox-nano osnet-x0-25-msmt17" fetches networks into the image; by default there are none in it.
ARG BASE=debian:12.12-slim

FROM ${BASE} AS python
# Debian deletes a version when it mends it, so a pinned one cannot be installed for long; the base pins the release.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3 \
    && rm -rf /var/lib/apt/lists/*

FROM python AS source
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && python3 -m venv /opt/passerby
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY clients/python clients/python
COPY passerby passerby
COPY configs configs
COPY detectors detectors
COPY export export
COPY reid_learning reid_learning
COPY pipeline pipeline
COPY reid_models reid_models
COPY reid_runtime reid_runtime
COPY reid_simulation reid_simulation
COPY trackers trackers

FROM source AS build
RUN /opt/passerby/bin/pip install --no-cache-dir -c constraints.txt ./clients/python '.[cpu,mqtt,webhook]'

FROM source AS build-gpu
# Not the extra `gpu`: TensorRT's wheels lie on NVIDIA's own index, and `provider: cuda` does without.
RUN /opt/passerby/bin/pip install --no-cache-dir -c constraints.txt ./clients/python . 'onnxruntime-gpu[cuda,cudnn]'

FROM python AS runtime
# What OpenCV's wheel links to.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 passerby \
    && useradd --uid 10001 --gid 10001 --home-dir /data --shell /usr/sbin/nologin passerby \
    && install -d -o passerby -g passerby /data /models
ENV PATH=/opt/passerby/bin:$PATH \
    PASSERBY_MODELS=/models \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /data
USER 10001:10001
EXPOSE 9464
# For `worker`, `match` and `run` with `http: {port: 9464}`. http.client, unlike urllib, heeds no proxy.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python3", "-c", "import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', 9464, timeout=4); c.request('GET', '/livez'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["reid-pipeline"]
CMD ["--help"]

FROM runtime AS pipeline-gpu
COPY --from=build-gpu /opt/passerby /opt/passerby
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility,video
ARG NETWORKS=""
RUN for name in ${NETWORKS}; do reid-pipeline fetch "${name}" || exit 1; done

FROM runtime AS pipeline
COPY --from=build /opt/passerby /opt/passerby
ARG NETWORKS=""
RUN for name in ${NETWORKS}; do reid-pipeline fetch "${name}" || exit 1; done
