# make help says what there is.

.DEFAULT_GOAL := help
.PHONY: help build test race lint generate fuzz bench ci clean

help: ## what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## the binary, in bin/
	go build -o bin/holdfast ./cmd/holdfast

test: ## every test
	go test ./...

race: ## tests of concurrent code under the race detector
	.ci/run race

lint: ## gofmt, vet, buf and golangci-lint
	.ci/run format vet proto lint

generate: ## Go from the .proto files
	go run github.com/bufbuild/buf/cmd/buf@v1.75.0 generate

fuzz: ## every fuzz target for FUZZ_TIME (10s)
	.ci/run fuzz

bench: build ## the usual figures, about three minutes
	bin/holdfast bench

ci: ## everything that must hold before a change goes in
	.ci/run

clean: ## remove what was built
	rm -rf bin
