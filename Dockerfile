# A worker, or any other command of edgeward. The card's one adds the extra exllamav2:
#   docker build --build-arg EXTRA=exllamav2 --build-arg BASE=nvidia/cuda:12.8.1-devel-ubuntu24.04 .
ARG BASE=python:3.12-slim
FROM ${BASE}
ARG EXTRA=""
RUN if ! command -v python3 >/dev/null; then \
      apt-get update && apt-get install -y --no-install-recommends python3 python3-venv && \
      rm -rf /var/lib/apt/lists/*; fi
RUN python3 -m venv /opt/edgeward && useradd --create-home --uid 10001 edgeward
ENV PATH=/opt/edgeward/bin:$PATH EDGEWARD_HOME=/data
COPY requirements.lock /src/
RUN pip install --no-cache-dir --require-hashes -r /src/requirements.lock
COPY . /src
RUN pip install --no-cache-dir --no-deps /src && \
    if [ -n "$EXTRA" ]; then pip install --no-cache-dir "/src[$EXTRA]"; fi && \
    mkdir /data && chown edgeward /data
USER edgeward
ENTRYPOINT ["edgeward"]
CMD ["work"]
