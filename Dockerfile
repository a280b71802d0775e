# docker build -t peakstorm . ; docker run -v "$PWD:/here" -w /here peakstorm drill first-steps
# Every layer is a ./dev command: what it installs, builds and copies is said there once.
FROM debian:12
WORKDIR /peakstorm

# Packages change seldom; this layer is built again only when ./dev itself changed.
COPY dev ./
RUN ./dev setup

COPY . .
RUN ./dev install

# Mount a folder of your own and work there (-w), or runs end with the container.
WORKDIR /
ENTRYPOINT ["peakstorm"]
