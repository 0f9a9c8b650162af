module example.com/pond-groups

go 1.24

require github.com/alitto/pond v1.9.1
