package server

import (
	"crypto/sha256"
	"encoding/hex"
)

func testEdge(c EdgeConfig) *edge { return newEdge(c.withDefaults(), NewMetrics()) }

func digestOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
