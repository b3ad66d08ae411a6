# The studio in a container: the page, workers that render, the command line. compose.yaml starts all of them.
# A GPU: docker build --build-arg TORCH=auto .
FROM python:3.12-slim

RUN pip install --no-cache-dir uv

WORKDIR /app
COPY pyproject.toml README.md LICENSE ./
COPY deploy/registry_readme.py deploy/
COPY hardware hardware
COPY renderer renderer
COPY specs specs

# torch for processors only is 200 MB; with CUDA it is several gigabytes
ARG TORCH=cpu
RUN uv pip install --system --no-cache --torch-backend=${TORCH} ".[postgres,pictures]"

RUN useradd --create-home --uid 1000 studio && mkdir /studio && chown studio /studio
USER studio
WORKDIR /studio
VOLUME /studio
ENV RENDER_CACHE=/studio/.cache

# compiles the kernels, so that the first render of each container need not
RUN render hatching --draft --set layers.0.steps=2 --out /tmp/warm && rm -r /tmp/warm

EXPOSE 8765
STOPSIGNAL SIGTERM
ENTRYPOINT ["render"]
CMD ["--help"]
