# syntax=docker/dockerfile:1
#
#   docker build -t fleetform .                            # the program and root certificates, nothing else
#   docker build -t fleetform:with-git --target with-git . # with a shell, git, curl and jq, for CI systems that need them
#
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" -e HOSTWAY_USERNAME -e HOSTWAY_PASSWORD fleetform plan
#
# The program keeps its ledger in .fleetform/ beside the fleet file: the mounted folder must be writable for the user
# that it runs as. `plan --base REF` calls git, which the small image does not have: --base FILE works there, and
# --base REF in with-git.

FROM rust:1.95-slim-bookworm AS build
# musl-tools: the C parts (allocator, cryptography) are compiled by musl-gcc. ca-certificates: copied below.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates musl-tools \
    && rm -rf /var/lib/apt/lists/*
RUN rustup target add x86_64-unknown-linux-musl
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY benches benches
COPY docs docs
COPY src src
RUN cargo build --release --locked --target x86_64-unknown-linux-musl --bin fleetform
# The folder to work in, and one that a volume for a ledger takes its owner from: scratch has no mkdir.
RUN install -d -o 65532 -g 65532 /out/work /out/ledger \
    && install -D -m 755 target/x86_64-unknown-linux-musl/release/fleetform /out/usr/bin/fleetform

FROM alpine:3 AS with-git
RUN apk add --no-cache ca-certificates curl git jq
COPY --from=build /out/usr/bin/fleetform /usr/bin/fleetform
COPY --from=build --chown=65532:65532 /out/work /work
COPY --from=build --chown=65532:65532 /out/ledger /ledger
LABEL org.opencontainers.image.title="fleetform" \
      org.opencontainers.image.description="Keeps servers that already exist in the state that a reviewed YAML file declares; with git and a shell" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
USER 65532:65532
WORKDIR /work
# No entrypoint: CI systems run their own shell here.
CMD ["fleetform", "--help"]

FROM scratch
# Without root certificates no connection can be opened, not even one over plain http to this machine.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/usr/bin/fleetform /usr/bin/fleetform
COPY --from=build --chown=65532:65532 /out/work /work
COPY --from=build --chown=65532:65532 /out/ledger /ledger
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
LABEL org.opencontainers.image.title="fleetform" \
      org.opencontainers.image.description="Keeps servers that already exist in the state that a reviewed YAML file declares" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["/usr/bin/fleetform"]
CMD ["--help"]
