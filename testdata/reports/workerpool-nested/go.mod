module example.com/workerpool-nested

go 1.24

require github.com/gammazero/workerpool v1.1.3

require github.com/gammazero/deque v0.2.0 // indirect
