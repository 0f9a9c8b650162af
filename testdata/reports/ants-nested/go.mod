module example.com/ants-nested

go 1.24

require github.com/panjf2000/ants/v2 v2.4.6
