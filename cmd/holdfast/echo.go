package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/holdfast-credit/holdfast/server"
)

// EchoCmd serves what bench compares with: the same transport with nothing behind it. It ends when its standard input
// does, so that it never outlives the bench that started it.
type EchoCmd struct {
	Listen    string `default:"127.0.0.1:0" help:"Address to serve on."`
	ReadyFile string `help:"File to write the address to, once serving."`
}

const (
	echoUnary  = "/holdfast.bench.Echo/Unary"
	echoStream = "/holdfast.bench.Echo/Stream"
)

// Run serves until the context or standard input ends.
func (c *EchoCmd) Run(ctx context.Context) error {
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	s := grpc.NewServer(server.TransportOptions(server.EdgeConfig{})...)
	s.RegisterService(&echoService, nil)
	go func() {
		ended := make(chan struct{})
		go func() { _, _ = io.Copy(io.Discard, os.Stdin); close(ended) }()
		select {
		case <-ctx.Done():
		case <-ended:
		}
		s.Stop()
	}()
	if c.ReadyFile != "" {
		if err := writeReady(c.ReadyFile, listener.Addr().String()); err != nil {
			return err
		}
	}
	return s.Serve(listener)
}

// writeReady writes the file beside its place and moves it there, so that nobody reads half of it.
func writeReady(path, listen string) error {
	text, err := json.Marshal(map[string]any{"listen": listen, "ops": "", "pid": os.Getpid()})
	if err != nil {
		return err
	}
	draft := filepath.Join(filepath.Dir(path), fmt.Sprintf(".ready-%d", os.Getpid()))
	if err := os.WriteFile(draft, append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(draft, path)
}

// echoService answers an empty message to an empty message.
var echoService = grpc.ServiceDesc{
	ServiceName: "holdfast.bench.Echo",
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{
		MethodName: "Unary",
		Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			in := new(emptypb.Empty)
			if err := decode(in); err != nil {
				return nil, err
			}
			return new(emptypb.Empty), nil
		},
	}},
	Streams: []grpc.StreamDesc{{
		StreamName:    "Stream",
		ServerStreams: true,
		ClientStreams: true,
		Handler: func(_ any, stream grpc.ServerStream) error {
			in, out := new(emptypb.Empty), new(emptypb.Empty)
			for {
				if err := stream.RecvMsg(in); errors.Is(err, io.EOF) {
					return nil
				} else if err != nil {
					return err
				}
				if err := stream.SendMsg(out); err != nil {
					return err
				}
			}
		},
	}},
}
