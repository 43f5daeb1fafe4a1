package server

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Callers are the callers that a server knows, as read from a callers file:
//
//	# who may call, and as what
//	- name: gateway-1
//	  role: gateway            # gateway, storefront, operator, admin or peer
//	  token_sha256: 9f86d08... # hex SHA-256 of the bearer token; a list while a token is being changed
//	- name: ops
//	  role: operator
//	  certificate: ops.example # CN or SAN (DNS, URI or e-mail) of the client certificate, or a list
//
// Tokens are to be random, of 128 bits or more: their digests lie in the file in clear.
type Callers struct {
	tokens       map[uint64]knownToken // by tokenPrefix
	certificates map[string]Caller     // by CN or SAN
	names        map[string]int        // line on which a name was given
}

type knownToken struct {
	digest [sha256.Size]byte
	caller Caller
}

// Len is the number of callers.
func (c *Callers) Len() int { return len(c.names) }

// LoadCallers reads a callers file. The error names every fault of the file with its line.
func LoadCallers(path string) (*Callers, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("callers file: %w", err)
	}
	c, faults := parseCallers(text)
	if len(faults) > 0 {
		return nil, fmt.Errorf("callers file %s has %d fault(s):\n  %s", path, len(faults), strings.Join(faults, "\n  "))
	}
	return c, nil
}

func parseCallers(text []byte) (*Callers, []string) {
	p := &callersParser{callers: &Callers{
		tokens: map[uint64]knownToken{}, certificates: map[string]Caller{}, names: map[string]int{},
	}}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, []string{strings.TrimPrefix(err.Error(), "yaml: ")}
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.SequenceNode || len(doc.Content[0].Content) == 0 {
		return nil, []string{"line 1: want a list of callers with at least one"}
	}
	for _, node := range doc.Content[0].Content {
		p.caller(node)
	}
	return p.callers, p.faults
}

// callersParser gathers callers and, so that a file is mended in one go, all its faults.
type callersParser struct {
	callers *Callers
	faults  []string
}

func (p *callersParser) fault(at *yaml.Node, format string, args ...any) {
	p.faults = append(p.faults, fmt.Sprintf("line %d: ", at.Line)+fmt.Sprintf(format, args...))
}

func (p *callersParser) caller(node *yaml.Node) {
	if node.Kind != yaml.MappingNode {
		p.fault(node, "want a caller with name, role, and token_sha256 or certificate")
		return
	}
	fields := map[string]*yaml.Node{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		switch _, twice := fields[key.Value]; {
		case twice:
			p.fault(key, "%s is given twice", key.Value)
		case key.Value == "name", key.Value == "role", key.Value == "token_sha256", key.Value == "certificate":
			fields[key.Value] = value
		default:
			p.fault(key, "unknown field %q: want name, role, token_sha256 or certificate", key.Value)
		}
	}
	caller := Caller{Name: p.name(node, fields["name"]), Role: p.role(node, fields["role"])}
	if fields["token_sha256"] == nil && fields["certificate"] == nil {
		p.fault(node, "the caller has neither token_sha256 nor certificate, so nobody could be it")
	}
	for _, value := range p.list(fields["token_sha256"]) {
		p.token(value, caller)
	}
	for _, value := range p.list(fields["certificate"]) {
		p.certificate(value, caller)
	}
}

func (p *callersParser) name(owner, value *yaml.Node) string {
	if value == nil {
		p.fault(owner, "the caller has no name")
		return ""
	}
	if value.Kind != yaml.ScalarNode || !validCallerName(value.Value) {
		p.fault(value, "want a name of 1 to 64 characters of A-Z a-z 0-9 . _ : -, have %q", value.Value)
		return ""
	}
	if line, taken := p.callers.names[value.Value]; taken {
		p.fault(value, "the name %s is taken on line %d", value.Value, line)
	} else {
		p.callers.names[value.Value] = value.Line
	}
	return value.Value
}

func (p *callersParser) role(owner, value *yaml.Node) Role {
	if value == nil {
		p.fault(owner, "the caller has no role")
		return NoRole
	}
	for r := RoleGateway; r <= RolePeer; r++ {
		if value.Kind == yaml.ScalarNode && value.Value == r.String() {
			return r
		}
	}
	p.fault(value, "want a role of gateway, storefront, operator, admin or peer, have %q", value.Value)
	return NoRole
}

// list is a scalar, or the scalars of a list.
func (p *callersParser) list(value *yaml.Node) []*yaml.Node {
	switch {
	case value == nil:
		return nil
	case value.Kind == yaml.ScalarNode:
		return []*yaml.Node{value}
	case value.Kind != yaml.SequenceNode || len(value.Content) == 0:
		p.fault(value, "want a text or a list of texts")
		return nil
	}
	for _, item := range value.Content {
		if item.Kind != yaml.ScalarNode {
			p.fault(item, "want a text")
			return nil
		}
	}
	return value.Content
}

func (p *callersParser) token(value *yaml.Node, caller Caller) {
	var digest [sha256.Size]byte
	if b, err := hex.DecodeString(value.Value); err != nil || len(b) != len(digest) {
		p.fault(value, "want token_sha256 as 64 hexadecimal digits, have %d characters", len(value.Value))
		return
	} else {
		copy(digest[:], b)
	}
	if digest == sha256.Sum256(nil) || digest == sha256.Sum256([]byte("\n")) {
		p.fault(value, "token_sha256 is the digest of an empty token")
		return
	}
	if other, taken := p.callers.tokens[tokenPrefix(digest)]; taken {
		p.fault(value, "the token is that of %s already", other.caller.Name)
		return
	}
	p.callers.tokens[tokenPrefix(digest)] = knownToken{digest, caller}
}

func (p *callersParser) certificate(value *yaml.Node, caller Caller) {
	if value.Value == "" || strings.TrimSpace(value.Value) != value.Value {
		p.fault(value, "want the CN or a SAN of the certificate, have %q", value.Value)
		return
	}
	if other, taken := p.callers.certificates[value.Value]; taken {
		p.fault(value, "the certificate %s is that of %s already", value.Value, other.Name)
		return
	}
	p.callers.certificates[value.Value] = caller
}
