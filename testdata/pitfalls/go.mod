module awaittrace.test/pitfalls

go 1.26
