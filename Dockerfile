# cap-audit in a container:
#     docker build -t cap-audit .          (or podman build)
#     docker run --rm --cap-drop=ALL --cap-add=BPF --cap-add=PERFMON --security-opt seccomp=packaging/container/seccomp.json cap-audit --probe
# What it takes to audit something is under Containers in the manual's PRIVILEGES.

# Any Debian from 12 on, as `docker build --build-arg BASE=...`.
ARG BASE=docker.io/library/debian:trixie-slim

FROM ${BASE} AS build
# Where Go modules come from, if not from where Go itself looks.
ARG GOPROXY
ARG GOSUMDB
WORKDIR /src
# Apart from the sources, so that a change of those does not install it all again.
COPY go.mod go.sum scripts/install-build-deps ./
RUN mkdir scripts && mv install-build-deps scripts && scripts/install-build-deps build
COPY . .
# libbpf goes into the program, so that what runs it needs none; nobody wants symbols there.
RUN make STATIC=1 cap-audit cap-audit-cri && strip cap-audit cap-audit-cri

FROM ${BASE}
RUN apt-get -qq update && \
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install libcap-ng0 libelf1 zlib1g && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/*
COPY --from=build /src/cap-audit /usr/bin/cap-audit
COPY --from=build /src/cap-audit-cri /usr/libexec/cap-audit/cap-audit-cri
ENTRYPOINT ["cap-audit"]
