module example.com/weighted-order

go 1.24

require golang.org/x/sync v0.15.0
