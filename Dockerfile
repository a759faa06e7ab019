# The server in a container. Built in the open: packed as it is published, installed as users install it.
#
#   docker build --tag countinghouse:0.1.0 .
#   docker run --read-only --publish 7420:7420 --volume countinghouse:/data \
#     --volume ./catalogue.yaml:/etc/countinghouse/catalogue.yaml:ro \
#     --env COUNTINGHOUSE_CATALOG=/etc/countinghouse/catalogue.yaml countinghouse:0.1.0

FROM node:24.21.0-bookworm-slim AS pack
WORKDIR /source
COPY . .
RUN node scripts/install.mjs
RUN mkdir /packed && npm pack --workspace packages/protocol --workspace packages/server --pack-destination /packed

FROM node:24.21.0-bookworm-slim AS install
WORKDIR /app
COPY --from=pack /packed /packed
# The driver of PostgreSQL is optional; in an image it is there.
RUN npm install --omit=dev --no-audit --no-fund /packed/*.tgz pg@8.23.1
# What is mounted here is written to by the user below.
RUN mkdir -m 0700 /data && chown 1000:1000 /data

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
COPY --from=install /app /app
COPY --from=install --chown=1000:1000 /data /data
USER 1000:1000
WORKDIR /data
VOLUME ["/data"]
EXPOSE 7420
# It answers 503 with the reason while nothing can be committed. Behind TLS, give a check of your own.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "--eval", "fetch('http://127.0.0.1:7420/readyz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/node_modules/countinghouse/bin/countinghouse.mjs"]
CMD ["serve", "--host", "0.0.0.0", "--store", "sqlite:/data"]
