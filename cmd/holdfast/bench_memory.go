package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// memory is what a process has in memory, in bytes. The zero value is that nobody knows, which is so where the system
// is not Linux and for a server that is not bench's own.
//
// Pages of files are the state file and the journal, which are mapped: the system takes them back when it needs them.
// Anonymous pages are the process's own.
type memory struct {
	resident, peak, anonymous, file int64
}

// memoryOf is the memory of a process now, and the most that it ever had.
func memoryOf(p *process) memory {
	if p == nil {
		return memory{}
	}
	return readMemory("/proc/" + strconv.Itoa(p.pid()) + "/status")
}

// readMemory reads the status file of a process, which has lines such as "VmRSS:	  123 kB".
func readMemory(path string) (m memory) {
	text, err := os.ReadFile(path)
	if err != nil {
		return m
	}
	fields := map[string]*int64{"VmRSS": &m.resident, "VmHWM": &m.peak, "RssAnon": &m.anonymous, "RssFile": &m.file}
	for line := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(line, ":")
		to := fields[name]
		if to == nil {
			continue
		}
		kib, unit, _ := strings.Cut(strings.TrimSpace(rest), " ")
		n, err := strconv.ParseInt(kib, 10, 64)
		if err != nil || unit != "kB" {
			return memory{}
		}
		*to = n << 10
	}
	return m
}

// mebibytes writes a number of bytes for a table.
func mebibytes(bytes int64) string {
	return fmt.Sprintf("%.0f", float64(bytes)/(1<<20))
}

// head and row are the columns of a table; none when nobody knows.
func (m memory) head() []string {
	if m == (memory{}) {
		return nil
	}
	return []string{"resident MiB", "at most", "anonymous", "of files"}
}

func (m memory) row() []string {
	if m == (memory{}) {
		return nil
	}
	return []string{mebibytes(m.resident), mebibytes(m.peak), mebibytes(m.anonymous), mebibytes(m.file)}
}

// memoryObject is a memory in a row of --json; what nobody knows is left out.
type memoryObject struct {
	RSS       int64 `json:"rss_bytes,omitempty"`
	Peak      int64 `json:"rss_peak_bytes,omitempty"`
	Anonymous int64 `json:"rss_anon_bytes,omitempty"`
	File      int64 `json:"rss_file_bytes,omitempty"`
}

func (m memory) object() memoryObject {
	return memoryObject{RSS: m.resident, Peak: m.peak, Anonymous: m.anonymous, File: m.file}
}
