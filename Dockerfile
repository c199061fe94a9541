# syntax=docker/dockerfile:1
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.json ./
COPY tools tools
RUN npm ci
COPY . .
RUN npm run build && npm ci --omit=dev --workspaces=false

FROM node:24-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production LISTENPOST_HOST=0.0.0.0 LISTENPOST_PORT=8080
COPY --from=build /app/package.json /app/LICENSE ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/openapi openapi
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "/app/dist/src/cli/main.js", "healthcheck"]
# The API is reachable from outside the container, so it asks for a token: docker run -e LISTENPOST_TOKEN=… …
ENTRYPOINT ["node", "/app/dist/src/cli/main.js"]
CMD ["serve"]
