module example.com/opencensus-worker

go 1.24

require go.opencensus.io v0.22.0
