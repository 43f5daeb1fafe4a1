//go:build !linux

package state

import bolt "go.etcd.io/bbolt"

func unmap(*bolt.Tx) {}
