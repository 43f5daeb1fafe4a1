package server

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc"
)

// edgeStream is a stream whose context knows the caller and whose messages are counted.
type edgeStream struct {
	grpc.ServerStream
	ctx            callContext
	method         *method
	received, sent atomic.Int64
}

func (s *edgeStream) Context() context.Context { return &s.ctx }

func (s *edgeStream) RecvMsg(m any) error {
	err := s.ServerStream.RecvMsg(m)
	if err == nil {
		s.received.Add(1)
		s.method.received.Inc()
	}
	return err
}

func (s *edgeStream) SendMsg(m any) error {
	err := s.ServerStream.SendMsg(m)
	if err == nil {
		s.sent.Add(1)
		s.method.sent.Inc()
	}
	return err
}
