# Three images: gateway, trainer, jobs. None holds data or models: releases are mounted.
#   docker build --target gateway --tag pairrec-gateway:0.1.0 .
# A tag can be moved to other bytes: where that matters, build with PYTHON=python:3.11.14-slim-bookworm@sha256:...
ARG PYTHON=python:3.11.14-slim-bookworm

# The environments are made by pip of the base image and hold none; each is locked, with hashes.
FROM ${PYTHON} AS environment
RUN python -m venv --without-pip /opt/pairrec

FROM environment AS gateway-environment
COPY deploy/images/gateway.lock /tmp/
RUN pip --python /opt/pairrec install --no-cache-dir --no-deps --require-hashes --requirement /tmp/gateway.lock

# Of TensorFlow the gateway needs the protobuf modules alone, under 1 of 1,800 MB.
FROM environment AS messages
COPY deploy/images/tensorflow.lock deploy/images/take_messages.py /tmp/
RUN pip install --no-cache-dir --no-deps --no-compile --require-hashes --requirement /tmp/tensorflow.lock \
      --target /tmp/whole \
    && python /tmp/take_messages.py /tmp/whole /messages \
    && rm -r /tmp/whole

FROM environment AS trainer-environment
COPY deploy/images/trainer.lock /tmp/
RUN pip --python /opt/pairrec install --no-cache-dir --no-deps --require-hashes --requirement /tmp/trainer.lock

FROM environment AS jobs-environment
COPY deploy/images/jobs.lock /tmp/
RUN pip --python /opt/pairrec install --no-cache-dir --no-deps --require-hashes --requirement /tmp/jobs.lock

# What the three have in common. HOME, as any user id may run them, and only /tmp need be writable.
FROM ${PYTHON} AS pairrec
ENV PATH=/opt/pairrec/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    TF_CPP_MIN_LOG_LEVEL=2 \
    TF_USE_LEGACY_KERAS=1
LABEL org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
WORKDIR /app
COPY LICENSE ./
COPY proto/pairrec pairrec
COPY server/*.py server/
COPY server/recommender server/recommender
COPY server/gateway server/gateway
USER 10001:10001
STOPSIGNAL SIGTERM

FROM pairrec AS gateway
LABEL org.opencontainers.image.title="pairrec gateway" \
      org.opencontainers.image.description="Movie recommendations for two people over gRPC, with TensorFlow Serving behind it"
COPY --from=gateway-environment /opt/pairrec /opt/pairrec
COPY --from=messages /messages /opt/pairrec/lib/python3.11/site-packages
COPY server/serve/__init__.py server/serve/readiness.py server/serve/
EXPOSE 50051 9090
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s CMD ["python", "-c", \
    "import sys; from server.serve.readiness import gateway_lacks; sys.exit(gateway_lacks('localhost:50051') or None)"]
ENTRYPOINT ["python", "-m", "server.gateway"]
CMD ["--host=0.0.0.0", "--releases=/releases", "--metrics_port=9090", "--log_format=json"]

FROM pairrec AS trainer
LABEL org.opencontainers.image.title="pairrec trainer" \
      org.opencontainers.image.description="Trains on ratings and publishes releases; also lists them, goes back, forgets people"
COPY --from=trainer-environment /opt/pairrec /opt/pairrec
COPY server/client server/client
COPY server/serve server/serve
COPY trainer trainer
ENTRYPOINT ["python", "-m"]
CMD ["trainer", "--help"]

FROM pairrec AS jobs
LABEL org.opencontainers.image.title="pairrec jobs" \
      org.opencontainers.image.description="Precomputes lists for many pairs with Apache Beam"
COPY --from=jobs-environment /opt/pairrec /opt/pairrec
COPY server/jobs server/jobs
# What stops a job at a terminal: the first process of a container does not end by SIGTERM unless it sees to it.
STOPSIGNAL SIGINT
ENTRYPOINT ["python", "-m", "server.jobs.precompute"]
CMD ["--help"]
