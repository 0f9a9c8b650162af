module example.com/weighted-nested

go 1.24

require golang.org/x/sync v0.15.0
