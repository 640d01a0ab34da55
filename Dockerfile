# syntax=docker/dockerfile:1
# Two stages: the first builds (the image has the C toolchain and perl that librdkafka and OpenSSL need), the second holds the program and
# its examples.

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin sluice

FROM debian:bookworm-slim
RUN useradd --system --home-dir /var/lib/sluice --create-home sluice \
    && install --directory --owner sluice /var/lib/sluice/data
COPY --from=build /src/target/release/sluice /usr/local/bin/sluice
COPY schemas /etc/sluice/schemas
USER sluice
WORKDIR /var/lib/sluice
ENV SLUICE_LISTEN=0.0.0.0:8181 \
    SLUICE_SCHEMAS=/etc/sluice/schemas \
    SLUICE_CHANNEL=sqlite:/var/lib/sluice/data/sluice.db
VOLUME /var/lib/sluice/data
EXPOSE 8181
STOPSIGNAL SIGTERM
ENTRYPOINT ["sluice"]
CMD ["serve"]
