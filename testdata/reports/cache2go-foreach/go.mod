module example.com/cache2go-foreach

go 1.24

require github.com/muesli/cache2go v0.0.0-20221011235721-518229cd8021
