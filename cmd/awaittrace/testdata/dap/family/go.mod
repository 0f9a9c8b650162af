module family

go 1.24
