# docker build --target control-plane -t alien-control-plane .     serves `alien server` and `alien worker`
# docker build --target agent -t alien-agent .                     serves `alien agent start`

ARG NODE_IMAGE=node:22.23.3-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node scripts/build.js

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
COPY scripts/prune-image.js scripts/
RUN node scripts/prune-image.js

# tini reaps what handlers leave behind and hands signals on.
FROM ${NODE_IMAGE} AS run
RUN apt-get update && apt-get install --yes --no-install-recommends tini ca-certificates && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json LICENSE ./
COPY ops/ready.js ops/
RUN mkdir -p /state && chown 1000:1000 /state
ENV ALIEN_STATE_DIR=/state
# The user node, by number: Kubernetes' runAsNonRoot takes no name.
USER 1000:1000
ENTRYPOINT ["tini", "--", "node", "--enable-source-maps", "/app/dist/cli/main.js"]

# Idle agents leave garbage at a pace at which V8 would rather collect the whole heap several times a minute than let it
# grow a little: more than a quarter of what they cost. See docs/scaling.md.
FROM run AS control-plane
ENTRYPOINT ["tini", "--", "node", "--no-memory-reducer", "--max-semi-space-size=8", "/app/dist/cli/main.js"]
EXPOSE 7700
CMD ["server", "--host", "0.0.0.0"]

FROM run AS agent
CMD ["agent", "start", "/handlers/handlers.ts"]
