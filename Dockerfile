# For processors:  docker build -t reparam .
# For CUDA 12.8:   docker build -t reparam:cuda --build-arg TORCH=cu128 .
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" reparam train vae --out runs/vae
#   docker run --rm --gpus all -v "$PWD:/work" reparam:cuda train gan --out runs/gan
FROM python:3.13-slim AS built
WORKDIR /source
COPY . .
# what `make` installs, but for torch: the index that it comes from has releases of its own, of what torch needs, too
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . \
    && grep -v '^torch==' constraints.txt > /wheels/constraints.txt

FROM python:3.13-slim
# cpu, or the CUDA version of torch's own index: cu126, cu128, ...
ARG TORCH=cpu
# which extras: tables,cluster,search,...
ARG EXTRAS=tables
COPY --from=built /wheels /wheels
RUN pip install --no-cache-dir torch --index-url "https://download.pytorch.org/whl/${TORCH}" \
    && pip install --no-cache-dir --constraint /wheels/constraints.txt "$(ls /wheels/*.whl)[${EXTRAS}]" \
    && rm -rf /wheels
# whoever runs it may have no home folder: caches lie where anybody may write
ENV REPARAM_CACHE=/tmp/reparam MPLCONFIGDIR=/tmp/matplotlib
WORKDIR /work
ENTRYPOINT ["reparam"]
CMD ["--help"]
