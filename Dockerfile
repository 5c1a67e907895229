# The image of both agents, as `npm run image` assembles it without a container engine.

FROM node:24-bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends g++ libc6-dev libpcap-dev linux-libc-dev make python3 \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY agents/speaker/wire/cap.h agents/speaker/wire/pages.h agents/speaker/wire/
# Built otherwise, the packet library is refused by agents: see agents/speaker/wire/cap.h.
RUN CXXFLAGS="-DNDEBUG -include '/src/agents/speaker/wire/cap.h'" npm ci --no-fund --no-audit
COPY . .
RUN node tools/build.mjs && find build -name '*.map' -delete && rm -rf build/image

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends iproute2 libpcap0.8 libstdc++6 wget \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /usr/local/bin/node /usr/bin/node
COPY --from=build /src/package.json /src/LICENSE /usr/lib/arpeggio/
COPY --from=build /src/build /usr/lib/arpeggio/build
COPY --from=build /src/node_modules/cap/package.json /src/node_modules/cap/LICENSE /usr/lib/arpeggio/node_modules/cap/
COPY --from=build /src/node_modules/cap/lib /usr/lib/arpeggio/node_modules/cap/lib
COPY --from=build /src/node_modules/cap/build/Release/cap.node /usr/lib/arpeggio/node_modules/cap/build/Release/cap.node
RUN printf '#!/bin/sh\nexec /usr/bin/node /usr/lib/arpeggio/build/arpeggio.js "$@"\n' > /usr/bin/arpeggio && chmod 755 /usr/bin/arpeggio
ENTRYPOINT ["/usr/bin/node", "/usr/lib/arpeggio/build/arpeggio.js"]
