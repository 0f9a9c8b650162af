# An image of a program that make builds, with probes: the layer of the dependencies stays as long as go.mod does, and make runs as it always did.
#
#     docker build -f deploy/overlay.Dockerfile -t server .
FROM golang:1.26 AS build
RUN go install github.com/awaittrace/awaittrace/cmd/awaittrace@latest
WORKDIR /src
COPY go.mod ./
RUN go mod download
COPY . .
RUN awaittrace instrument -overlay /tmp/probes.json ./...
ENV GOFLAGS=-overlay=/tmp/probes.json
RUN make server

FROM gcr.io/distroless/static:nonroot
COPY --from=build /src/server /server
ENTRYPOINT ["/server"]
