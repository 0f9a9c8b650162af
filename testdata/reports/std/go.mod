module example.com/reports

go 1.24

require example.com/hosts v1.0.0
