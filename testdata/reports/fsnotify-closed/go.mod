module example.com/fsnotify-closed

go 1.24

require github.com/fsnotify/fsnotify v1.4.9

require golang.org/x/sys v0.0.0-20191005200804-aed5e4c7ecf9 // indirect
