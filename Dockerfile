# The images of Glovebox, each an empty root with only the files it needs: no shell, no package manager, no build tools.
#   control  bot, gateway and every command:  docker build --target control -t glovebox/control .
#   runner   brought into each sandbox pod:    docker build --target runner -t glovebox/runner .
#   demo     no part of the product: plays GitHub and the model for `npm run demo -- --kubernetes`
# Build arguments: NODE_IMAGE, a mirror of the same image; NPM_REGISTRY, a mirror of the registry. Behind a proxy that signs
# with its own authority: --secret id=ca,src=FILE (PEM); it is used for the build and is in no layer.
ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
ARG NPM_REGISTRY=https://registry.npmjs.org/
RUN --mount=type=secret,id=ca,required=false,target=/run/secrets/ca.pem \
  [ ! -e /run/secrets/ca.pem ] || export NODE_EXTRA_CA_CERTS=/run/secrets/ca.pem; \
  npm ci --ignore-scripts --no-audit --no-fund --registry="$NPM_REGISTRY"
COPY tsconfig.json ./
COPY build ./build
COPY src ./src
RUN node build/bundle.ts dist/control/glovebox.mjs

FROM ${NODE_IMAGE} AS files
RUN command -v git >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends git; }
COPY build/image-root.sh /
# git finds its own parts under /usr/lib/git-core; it needs the HTTP helper there and is itself every other command.
RUN /image-root.sh /control /usr/local/bin/node \
  && echo 'glovebox:x:65532:65532::/tmp:/nonexistent' >/control/etc/passwd \
  && mkdir -p /control/usr/local/bin && ln -s /opt/glovebox/glovebox.mjs /control/usr/local/bin/glovebox \
  && /image-root.sh /runner /usr/local/bin/node /usr/bin/git /usr/lib/git-core/git-remote-http \
  && printf 'fetch:x:1000:1000::/tmp:/nonexistent\ndeliver:x:1001:1000::/tmp:/nonexistent\n' >/runner/etc/passwd \
  && mkdir -p /runner/opt/glovebox /runner/usr/share/git-core/templates \
  && mv /runner/usr/local/bin/node /runner/opt/glovebox/node

FROM build AS demo-build
COPY test/fixtures/holding-proxy.ts ./test/fixtures/
COPY test/github-host ./test/github-host
COPY demo ./demo
RUN node demo/cluster/bundle-pod.ts /demo

FROM files AS demo-files
RUN /image-root.sh /demo /usr/local/bin/node /usr/bin/git /usr/lib/git-core/git-http-backend \
  && echo 'demo:x:65532:65532::/tmp:/nonexistent' >/demo/etc/passwd

FROM scratch AS demo
COPY --from=demo-files /demo /
COPY --from=demo-build /demo /opt/demo
ENV PATH=/usr/local/bin:/usr/bin
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "/opt/demo/pod.mjs"]

FROM scratch AS control
LABEL org.opencontainers.image.title="Glovebox control" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=files /control /
COPY --from=build /build/dist/control/glovebox.mjs /opt/glovebox/glovebox.mjs
ENV PATH=/usr/local/bin NODE_ENV=production GLOVEBOX_HOME=/tmp/glovebox
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/glovebox"]

FROM scratch AS runner
LABEL org.opencontainers.image.title="Glovebox runner" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=files /runner /
COPY --from=build /build/dist/runner.mjs /opt/glovebox/runner.mjs
ENV PATH=/opt/glovebox:/usr/bin
USER 1000:1000
ENTRYPOINT ["/opt/glovebox/node", "/opt/glovebox/runner.mjs"]
