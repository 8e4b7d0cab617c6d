# syntax=docker/dockerfile:1
# The local host as a container, for those who are not on Azure. docs/containers.md says how to run it.

# The page's libraries come from npm when the program is built. The image has no Node.
FROM --platform=$BUILDPLATFORM node:22-bookworm-slim AS page
WORKDIR /source/ui
COPY ui/package.json ui/package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM --platform=$BUILDPLATFORM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY .editorconfig BannedSymbols.txt CHANGELOG.md Directory.Build.props Directory.Packages.props global.json host.json streams.policy ./
COPY src src
COPY client/src client/src
COPY demo demo
COPY queries queries
COPY ui ui
COPY --from=page /source/ui/node_modules ui/node_modules
COPY ChunkStream.LocalHost ChunkStream.LocalHost
# The build asks npm again unless what was installed is newer than the lock file.
RUN touch ui/node_modules/.package-lock.json
RUN dotnet publish ChunkStream.LocalHost --configuration Release --output /app -p:UseAppHost=false

# It has no shell, no package manager and no root user. ICU and time zones are not needed.
FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled
WORKDIR /app
COPY --from=build /app .

# Others can reach a container, so it does not start without ChunkStream__LocalHost__FunctionKey. The demo's queries
# read tables that only the embedded Postgres has. Nothing is written anywhere, so diagnostics are off, too.
ENV ChunkStream__LocalHost__Address=0.0.0.0 \
    ChunkStream__QueriesPath=/app/queries \
    DOTNET_EnableDiagnostics=0

USER $APP_UID
EXPOSE 7071
HEALTHCHECK --interval=30s --timeout=15s --start-period=20s CMD ["dotnet", "ChunkStream.LocalHost.dll", "--health"]
ENTRYPOINT ["dotnet", "ChunkStream.LocalHost.dll"]
