package repocheck

import (
	"slices"
	"strings"
	"testing"
)

// fence is a fenced block of a document.
type fence struct {
	language string
	text     string
	line     int // of its first line of text
}

func fences(document string) (blocks []fence) {
	var open *fence
	for n, line := range strings.Split(document, "\n") {
		language, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && open == nil:
			blocks = append(blocks, fence{language: strings.TrimSpace(language), line: n + 2})
			open = &blocks[len(blocks)-1]
		case isFence:
			open = nil
		case open != nil:
			open.text += line + "\n"
		}
	}
	return blocks
}

// commands splits the text of a shell block into commands and their words: quotes, comments and lines that go on after
// a backslash are understood, and nothing else of a shell.
func commands(text string) (list [][]string) {
	var line []string
	var word strings.Builder
	inWord := false
	endWord := func() {
		if inWord {
			line = append(line, word.String())
			word.Reset()
			inWord = false
		}
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\'' || c == '"':
			end := i + 1 + strings.IndexByte(text[i+1:], c)
			word.WriteString(text[i+1 : end])
			i, inWord = end, true
		case c == '\\' && i+1 < len(text) && text[i+1] == '\n':
			i++
			endWord()
		case c == '#' && !inWord:
			i += strings.IndexByte(text[i:], '\n') - 1
		case c == '\n':
			endWord()
			if len(line) > 0 {
				list, line = append(list, line), nil
			}
		case c == ' ' || c == '\t':
			endWord()
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	return list
}

func TestCommands(t *testing.T) {
	got := commands("one 'two\n three' \\\n  four # five\n\n# six\nseven a\"b c\"\n")
	want := [][]string{{"one", "two\n three", "four"}, {"seven", "ab c"}}
	if !slices.EqualFunc(got, want, slices.Equal[[]string]) {
		t.Errorf("have %q, want %q", got, want)
	}
}
