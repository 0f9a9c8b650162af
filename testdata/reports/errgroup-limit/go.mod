module example.com/errgroup-limit

go 1.24

require golang.org/x/sync v0.15.0
