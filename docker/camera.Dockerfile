# An RTSP server that plays videos over and over, in the place of cameras. From the repository's root:
#   docker build -f docker/camera.Dockerfile -t passerby-camera:0.1.0 .
FROM debian:12.12-slim
# Debian deletes a version when it mends it, so a pinned one cannot be installed for long; the base pins the release.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good \
        gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10002 --no-create-home --shell /usr/sbin/nologin camera
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    XDG_CACHE_HOME=/tmp
COPY docker/camera/looped_videos.py /opt/looped_videos.py
USER 10002:10002
EXPOSE 8554
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python3", "-c", "import socket; socket.create_connection(('127.0.0.1', 8554), 4).close()"]
ENTRYPOINT ["python3", "/opt/looped_videos.py"]
CMD ["--help"]
