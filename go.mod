module github.com/awaittrace/awaittrace

go 1.26
