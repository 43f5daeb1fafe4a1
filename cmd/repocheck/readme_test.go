package repocheck

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"google.golang.org/protobuf/proto"
)

// readmeServer is where the README's server listens.
const readmeServer = "127.0.0.1:7600"

// TestREADME does what the README says, in its order: every command of its sh blocks is carried out, with a data
// directory and ports of the test's own, and where a json block follows, the answer must have all that it shows.
//
// Grpcurl is not built for it: its calls are made here, from what the server's reflection says, as grpcurl does.
func TestREADME(t *testing.T) {
	if ran := follow(t, "README.md", ""); ran < 8 {
		t.Errorf("only %d commands were found in the README", ran)
	}
}

// TestRiskGuide does what the guide to risk says from an application to the first top-up, as TestREADME does.
func TestRiskGuide(t *testing.T) {
	if ran := follow(t, "docs/RISK.md", "## From application to the first top-up"); ran < 10 {
		t.Errorf("only %d commands were found in the guide", ran)
	}
}

// follow carries out the commands of a document, or of the section under a heading, and says how many there were.
func follow(t *testing.T, path, heading string) (ran int) {
	r := &reader{t: t, dir: t.TempDir(), binary: holdfastBinary(t)}
	defer r.stop()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	from, to := section(strings.Split(string(text), "\n"), heading)
	var answer []byte
	for _, b := range fences(string(text)) {
		switch {
		case b.line < from || b.line >= to:
		case b.language == "sh":
			for _, line := range commands(b.text) {
				t.Logf("line %d: %s", b.line, strings.Join(line, " "))
				answer = r.run(line)
				ran++
			}
		case b.language == "json":
			checkShown(t, b, answer)
		}
	}
	return ran
}

// section is the lines from a heading to before the next of its rank; all of them without a heading.
func section(lines []string, heading string) (from, to int) {
	if heading == "" {
		return 0, len(lines) + 1
	}
	from = slices.Index(lines, heading) + 1
	if from == 0 {
		return 0, 0
	}
	to = slices.IndexFunc(lines[from:], func(line string) bool { return strings.HasPrefix(line, "## ") })
	if to < 0 {
		return from, len(lines) + 1
	}
	return from, from + to + 1
}

// reader is somebody who follows the README.
type reader struct {
	t      *testing.T
	dir    string
	binary string
	server *exec.Cmd
	addr   string // of the API
	ops    string // of the operations listener
}

// run carries out a command and answers with what it said.
func (r *reader) run(words []string) []byte {
	r.t.Helper()
	line := strings.Join(words, " ")
	if strings.HasPrefix(line, "go run ./cmd/holdfast ") {
		words = append([]string{"holdfast"}, words[3:]...)
	}
	switch {
	case line == "go test ./...":
		return nil // this is it
	case len(words) > 1 && words[0] == "holdfast" && words[1] == "serve":
		r.serve(words[2:])
		return nil
	case words[0] == "holdfast":
		return r.holdfast(words[1:])
	case words[0] == "grpcurl":
		return r.grpcurl(words[1:])
	}
	r.t.Fatalf("the README says %q, which this test cannot carry out", line)
	return nil
}

// serve starts the server and waits until it answers.
func (r *reader) serve(flags []string) {
	r.t.Helper()
	ready := filepath.Join(r.dir, "ready.json")
	flags = append([]string{"serve", "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0", "--ready-file", ready}, flags...)
	var log bytes.Buffer
	r.server = exec.Command(r.binary, flags...)
	r.server.Dir, r.server.Stderr = r.dir, &log
	if err := r.server.Start(); err != nil {
		r.t.Fatal(err)
	}
	for range 200 {
		if b, err := os.ReadFile(ready); err == nil {
			var where struct{ Listen, Ops string }
			if err := json.Unmarshal(b, &where); err != nil {
				r.t.Fatal(err)
			}
			r.addr, r.ops = where.Listen, where.Ops
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	r.stop()
	r.t.Fatalf("the server does not start:\n%s", log.String())
}

func (r *reader) stop() {
	if r.server == nil {
		return
	}
	_ = r.server.Process.Signal(syscall.SIGTERM)
	if err := r.server.Wait(); err != nil {
		r.t.Errorf("the server does not stop well: %v", err)
	}
	r.server = nil
}

// holdfast runs another command of the binary. One that would go to the server by default goes to this test's.
func (r *reader) holdfast(args []string) []byte {
	r.t.Helper()
	if args[0] == "backup" && !slices.Contains(args, "--data") && !slices.Contains(args, "--target") {
		args = append(args, "--target", readmeServer)
	}
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], readmeServer, r.addr)
	}
	cmd := exec.Command(r.binary, args...)
	cmd.Dir = r.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("holdfast %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// grpcurl makes the call that grpcurl would.
func (r *reader) grpcurl(args []string) []byte {
	r.t.Helper()
	var data string
	var plain []string
	for len(args) > 0 {
		switch {
		case args[0] == "-plaintext":
			args = args[1:]
		case args[0] == "-d" && len(args) > 1:
			data, args = args[1], args[2:]
		case strings.HasPrefix(args[0], "-"):
			r.t.Fatalf("grpcurl %s: this test does not know that flag", args[0])
		default:
			plain, args = append(plain, args[0]), args[1:]
		}
	}
	if len(plain) != 2 || plain[0] != readmeServer {
		r.t.Fatalf("want %s and a method after grpcurl's flags, have %q", readmeServer, plain)
	}
	conn, err := grpc.NewClient(r.addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		r.t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	answer, err := invoke(ctx, conn, plain[1], data)
	if err != nil {
		r.t.Fatalf("grpcurl %s: %v", plain[1], err)
	}
	return answer
}

// invoke makes a call described by the server itself: JSON in, JSON out.
func invoke(ctx context.Context, conn *grpc.ClientConn, method, data string) ([]byte, error) {
	if method == "list" {
		return []byte("null"), nil
	}
	service, name, ok := strings.Cut(method, "/")
	if !ok {
		return nil, fmt.Errorf("want SERVICE/METHOD, have %q", method)
	}
	described, err := describe(ctx, conn, service)
	if err != nil {
		return nil, err
	}
	m := described.Methods().ByName(protoreflect.Name(name))
	if m == nil {
		return nil, fmt.Errorf("%s has no method %s", service, name)
	}
	req, resp := dynamicpb.NewMessage(m.Input()), dynamicpb.NewMessage(m.Output())
	if err := protojson.Unmarshal([]byte(data), req); err != nil {
		return nil, err
	}
	if m.IsStreamingServer() {
		return lastOf(ctx, conn, "/"+method, req, resp)
	}
	if err := conn.Invoke(ctx, "/"+method, req, resp); err != nil {
		return nil, err
	}
	return protojson.Marshal(resp)
}

// lastOf makes a call whose answer is a stream: the last message of it.
func lastOf(ctx context.Context, conn *grpc.ClientConn, path string, req, resp *dynamicpb.Message) (last []byte, err error) {
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, path)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(stream.SendMsg(req), stream.CloseSend()); err != nil {
		return nil, err
	}
	for {
		if err := stream.RecvMsg(resp); errors.Is(err, io.EOF) {
			return last, nil
		} else if err != nil {
			return nil, err
		}
		if last, err = protojson.Marshal(resp); err != nil {
			return nil, err
		}
	}
}

// describe asks the server's reflection about a service.
func describe(ctx context.Context, conn *grpc.ClientConn, service string) (protoreflect.ServiceDescriptor, error) {
	stream, err := reflectionv1.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
	if err != nil {
		return nil, err
	}
	ask := &reflectionv1.ServerReflectionRequest{
		MessageRequest: &reflectionv1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: service},
	}
	if err := errors.Join(stream.Send(ask), stream.CloseSend()); err != nil {
		return nil, err
	}
	answer, err := stream.Recv()
	if err != nil {
		return nil, err
	}
	if fault := answer.GetErrorResponse(); fault != nil {
		return nil, fmt.Errorf("reflection: %s", fault.GetErrorMessage())
	}
	set := &descriptorpb.FileDescriptorSet{}
	for _, raw := range answer.GetFileDescriptorResponse().GetFileDescriptorProto() {
		file := &descriptorpb.FileDescriptorProto{}
		if err := proto.Unmarshal(raw, file); err != nil {
			return nil, err
		}
		set.File = append(set.File, file)
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		return nil, err
	}
	found, err := files.FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		return nil, err
	}
	described, ok := found.(protoreflect.ServiceDescriptor)
	if !ok {
		return nil, fmt.Errorf("%s is not a service", service)
	}
	return described, nil
}

// checkShown holds an answer to what a document shows of it.
func checkShown(t *testing.T, b fence, answer []byte) {
	t.Helper()
	var shown, have any
	if err := json.Unmarshal([]byte(b.text), &shown); err != nil {
		t.Errorf("line %d: the answer shown is not JSON: %v", b.line, err)
		return
	}
	if err := json.Unmarshal(answer, &have); err != nil {
		t.Errorf("line %d: no answer to compare with: %v", b.line, err)
		return
	}
	for _, fault := range missing(shown, have, "answer") {
		t.Errorf("line %d: %s", b.line, fault)
	}
}

// missing says what of want is not in have. Objects may have more fields than want.
func missing(want, have any, at string) (faults []string) {
	fields, ok := want.(map[string]any)
	if !ok {
		if !reflect.DeepEqual(want, have) {
			faults = append(faults, fmt.Sprintf("%s is %v, not %v", at, have, want))
		}
		return faults
	}
	in, _ := have.(map[string]any)
	for name, value := range fields {
		faults = append(faults, missing(value, in[name], at+"."+name)...)
	}
	return faults
}

// holdfastBinary is the program, built once for all tests.
func holdfastBinary(t *testing.T) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var build = sync.OnceValues(func() (string, error) {
	path := filepath.Join(binaries, "holdfast")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", path, "./cmd/holdfast")
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build ./cmd/holdfast: %w\n%s", err, out)
	}
	return path, nil
})

// binaries is where programs are built for the time of the tests.
var binaries string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if binaries, err = os.MkdirTemp("", "holdfast-repocheck-"); err != nil {
			_, _ = io.WriteString(os.Stderr, err.Error()+"\n")
			return 1
		}
		defer os.RemoveAll(binaries)
		return m.Run()
	}())
}
