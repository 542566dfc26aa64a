# The image of shardferry: docs/reference/image.md.
#
#   docker build --tag shardferry:latest .
#
# Builds with BuildKit and with the classic builder, on amd64 and on arm64 alike: it names no platform, so what
# `docker buildx build --platform linux/amd64,linux/arm64` asks for is what it makes.

FROM rust:1-bookworm AS build
WORKDIR /build

# The dependencies: a layer of their own, built again only when a manifest or the lock file changes. The sources are
# stand-ins; the members of the workspace that only tests and benchmarks need are that for good.
COPY Cargo.toml Cargo.lock ./
COPY benches/Cargo.toml benches/
COPY tests/Cargo.toml tests/
COPY tests/mssim/Cargo.toml tests/mssim/
RUN for member in . benches tests/mssim; do \
        mkdir -p "$member/src" && echo 'fn main() {}' >"$member/src/main.rs" && touch "$member/src/lib.rs" || exit 1; \
    done \
 && cargo build --locked --profile dist --package shardferry --bin shardferry

# The program. COPY keeps the time of change of a file, which may lie before the stand-in was built: hence touch. libgcc, of
# which the unwinding of panics is made, is linked in: where the linker looks for the library, it finds the archives.
COPY src src
RUN mkdir link && echo 'GROUP ( -lgcc_eh -lgcc )' >link/libgcc_s.so \
 && touch src/main.rs src/lib.rs \
 && cargo rustc --locked --profile dist --package shardferry --bin shardferry -- -L native=/build/link

FROM gcr.io/distroless/base-nossl-debian12:nonroot
COPY --from=build /build/target/dist/shardferry /usr/local/bin/shardferry

# The user that distroless calls nonroot; by number, so that Kubernetes can see that it is not root (runAsNonRoot).
USER 65532:65532
# The process is PID 1 and handles the signal itself: it stops claiming, ends its chunks, releases its claims, exits 143.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/shardferry"]
CMD ["run"]

# Last, so that another revision of the same program costs no layer. `make image` fills them in.
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="shardferry" \
      org.opencontainers.image.description="Copies shards of SQL Server tables into PostgreSQL, with checkpoints as JSON in S3" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/shardferry/shardferry" \
      org.opencontainers.image.documentation="https://github.com/shardferry/shardferry/blob/main/docs/reference/image.md" \
      org.opencontainers.image.base.name="gcr.io/distroless/base-nossl-debian12:nonroot" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
