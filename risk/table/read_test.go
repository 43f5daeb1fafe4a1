package table_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/risk/scorecard"
	"github.com/holdfast-credit/holdfast/risk/table"
)

var want = []table.Want{
	{Column: "income", Kind: scorecard.KindNumber, Missing: []string{"", "NA"}},
	{Column: "home", Kind: scorecard.KindCategory, Missing: []string{""}},
}

func TestRead(t *testing.T) {
	read, err := table.Read(strings.NewReader("\ufeffid,income,home,note\r\n1, 12.50,rent,\"two\nlines\"\r\n2,NA,,x\n3,-1e3,own,y\n4,0,rent,z"), want, table.Limits{})
	require.NoError(t, err)
	require.Equal(t, 4, read.Rows)
	require.Equal(t, []int{2, 4, 5, 6}, read.Lines)
	income, home := read.Column("income"), read.Column("home")
	require.Equal(t, []float64{12.5, -1000, 0}, append(income.Numbers[:1:1], income.Numbers[2:]...))
	require.True(t, math.IsNaN(income.Numbers[1]))
	require.Equal(t, []int32{0, -1, 1, 0}, home.Codes)
	require.Equal(t, []string{"rent", "own"}, home.Names)
	require.Nil(t, read.Column("note"), "nobody wanted it")

	require.Equal(t, scorecard.Number(12.5), income.Value(0))
	require.Equal(t, scorecard.Missing, income.Value(1))
	require.Equal(t, scorecard.Category("own"), home.Value(2))
	require.Equal(t, scorecard.Missing, home.Value(1))
	require.True(t, income.Missing(1) && home.Missing(1) && !home.Missing(0))

	some := read.Select([]int{3, 2})
	require.Equal(t, []int{6, 5}, some.Lines)
	require.Equal(t, []float64{0, -1000}, some.Column("income").Numbers)
	require.Equal(t, []int32{0, 1}, some.Column("home").Codes)
}

func TestColumnsThatMayNotBeThere(t *testing.T) {
	wants := append([]table.Want{{Column: "sex", Kind: scorecard.KindCategory, IfThere: true}, {Column: "note", Kind: scorecard.KindCategory, IfThere: true}}, want...)
	read, err := table.Read(strings.NewReader("income,home,note\n1,own,x\n"), wants, table.Limits{})
	require.NoError(t, err)
	require.Nil(t, read.Column("sex"))
	require.Equal(t, []string{"x"}, read.Column("note").Names)
	require.Equal(t, []float64{1}, read.Column("income").Numbers)
}

func TestDirtyFiles(t *testing.T) {
	const header = "id,income,home\n"
	for _, tc := range []struct{ name, text, fault string }{
		{"empty", "", "the file is empty"},
		{"only a header", header, "the file has a header and no rows"},
		{"ragged", header + "1,2,own\n2,3\n4,5,own,6\n", "line 3: has 2 fields, and the header has 3\nline 4: has 4 fields, and the header has 3"},
		{"a column twice", "id,income,home,income\n1,2,own,3\n", `line 1, column 4: is named "income", and so is column 2`},
		{"a column without a name", "id,income,home,\n1,2,own,3\n", "line 1, column 4: has no name"},
		{"no such column", "id,Income,home\n1,2,own\n", `line 1: there is no column "income"; there are id, Income, home`},
		{"not numeric", header + "1,much,own\n2,\"1,000\",own\n", "line 2, column income: \"much\" is no number\nline 3, column income: \"1,000\" is no number"},
		{"not finite", header + "1,NaN,own\n2,inf,own\n3,1e999,own\n4,0x10,own\n5,1_000,own\n",
			"line 2, column income: \"NaN\" is no number\nline 3, column income: \"inf\" is no number\n" +
				"line 4, column income: \"1e999\" is no number\nline 5, column income: \"0x10\" is no number\nline 6, column income: \"1_000\" is no number"},
		{"wide", "id,income,home,a,b,c,d\n1,2,own,1,1,1,1\n", "line 1: there are 7 columns, more than 6"},
		{"long", header + strings.Repeat("1,2,own\n", 9), "line 10: there are more than 8 rows\nand perhaps more"},
		{"huge", header + "1,2," + strings.Repeat("o", 10_000), "the file has more than 1000 bytes"},
		{"a field that is a novel", header + "1,2," + strings.Repeat("o", 60), "line 2, column home: has 60 bytes, more than 50"},
		{"names for categories", header + "1,2,a\n1,2,b\n1,2,c\n1,2,d\n", "line 5, column home: has more than 3 categories: is it a name, or a number?\nand perhaps more"},
		{"a quote that does not end", header + "1,2,\"own\n", "line 2: is no CSV at byte 10: extraneous or missing \" in quoted-field\nand perhaps more"},
		{"not text", header + "1,2,\xff\xfe\n", "line 2, column home: is not UTF-8 text"},
		{"all of it", header + strings.Repeat("1,x,own\n", 7) + "1\n", strings.Join(func() (lines []string) {
			for line := 2; line < 9; line++ {
				lines = append(lines, fmt.Sprintf("line %d, column income: \"x\" is no number", line))
			}
			return append(lines, "line 9: has 1 fields, and the header has 3")
		}(), "\n")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := table.Read(strings.NewReader(tc.text), want, table.Limits{Bytes: 1000, Rows: 8, Columns: 6, Categories: 3, Field: 50})
			require.EqualError(t, err, tc.fault)
		})
	}
}

func TestManyFaultsAreClipped(t *testing.T) {
	_, err := table.Read(strings.NewReader("id,income,home\n"+strings.Repeat("1,x,own\n", 100)), want, table.Limits{})
	require.ErrorAs(t, err, new(*table.Faults))
	require.Len(t, strings.Split(err.Error(), "\n"), table.FaultsMost+1)
}

func FuzzRead(f *testing.F) {
	f.Add("id,income,home\n1,2,own\n2,NA,\n")
	f.Add("income,home\n\"1\",\"a\nb\"\n")
	f.Add("\xef\xbb\xbfincome,home\r\n-1e3,\x00\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		read, err := table.Read(strings.NewReader(text), want, table.Limits{Bytes: 1 << 16, Categories: 5})
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		require.Positive(t, read.Rows)
		require.Len(t, read.Lines, read.Rows)
		require.Len(t, read.Column("income").Numbers, read.Rows)
		require.Len(t, read.Column("home").Codes, read.Rows)
	})
}
