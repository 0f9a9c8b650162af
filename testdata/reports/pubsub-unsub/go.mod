module example.com/pubsub-unsub

go 1.24

require github.com/cskr/pubsub v1.0.2
