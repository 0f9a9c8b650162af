module github.com/awaittrace/awaittrace/scripts/formats

go 1.26.0

require (
	github.com/joshdk/go-junit v1.0.0
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
)

require golang.org/x/text v0.14.0 // indirect
