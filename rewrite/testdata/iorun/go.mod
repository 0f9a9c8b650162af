module example.com/iorun

go 1.21
