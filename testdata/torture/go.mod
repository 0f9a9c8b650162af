module awaittrace.test/torture

go 1.26
