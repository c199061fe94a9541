FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No workspaces: theirs is a Node for machines that have an older one.
RUN npm ci --workspaces=false --ignore-scripts
COPY . .
RUN npm run build && npm prune --omit=dev --workspaces=false --ignore-scripts

FROM node:24-bookworm-slim
WORKDIR /app
# The service writes where it listens, so that the health check asks there, whatever flags it was started with.
ENV NODE_ENV=production LISTENPOST_HOST=0.0.0.0 LISTENPOST_PORT=8080 LISTENPOST_URL_FILE=/tmp/listenpost.url
COPY --from=build /app/package.json /app/LICENSE ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/openapi openapi
# For `--data /data`: a volume mounted there belongs to the user that the service runs as.
RUN mkdir /data && chown node:node /data
USER node
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=10s --start-period=10s \
  CMD ["node", "/app/dist/src/cli/main.js", "healthcheck"]
# The API is reachable from outside the container, so it asks for a token: docker run -e LISTENPOST_TOKEN=… …
ENTRYPOINT ["node", "/app/dist/src/cli/main.js"]
CMD ["serve"]
