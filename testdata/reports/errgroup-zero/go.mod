module example.com/errgroup-zero

go 1.24

require golang.org/x/sync v0.15.0
