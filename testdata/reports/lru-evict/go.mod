module example.com/lru-evict

go 1.24

require github.com/hashicorp/golang-lru/v2 v2.0.7
