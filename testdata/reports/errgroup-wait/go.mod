module example.com/errgroup-wait

go 1.24

require github.com/neilotoole/errgroup v0.1.5
