module example.com/yamux-window

go 1.24

require github.com/hashicorp/yamux v0.1.1
