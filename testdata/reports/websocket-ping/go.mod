module example.com/websocket-ping

go 1.24

require nhooyr.io/websocket v1.8.7

require github.com/klauspost/compress v1.10.3 // indirect
