module example.com/hostpool-decay

go 1.24

require github.com/bitly/go-hostpool v0.1.0
