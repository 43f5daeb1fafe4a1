package rule_test

import (
	"testing"
)

// One rule of an ordinary size, by its tree and by CEL's interpreter.
func BenchmarkHolds(b *testing.B) {
	const text = `!known && order.amount >= account.available / 2 && count > 8 && order.scene in ["bill", "top_up"]`
	r, err := small.Compile(text)
	if err != nil {
		b.Fatal(err)
	}
	in := small.NewInput()
	in.Ints[0], in.Ints[1], in.Ints[2], in.Texts[0] = 500, 900, 9, "top_up"
	b.Run("tree", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if holds, ok := r.Holds(in); !ok || !holds {
				b.Fatal("it does not hold")
			}
		}
	})
	b.Run("CEL", func(b *testing.B) {
		env := interpreter(b)
		checked, _ := env.Compile(text)
		program, err := env.Program(checked)
		if err != nil {
			b.Fatal(err)
		}
		values := map[string]any{"known": false, "order.amount": int64(500), "account.available": int64(900), "count": int64(9), "order.scene": "top_up"}
		b.ReportAllocs()
		for b.Loop() {
			if out, _, err := program.Eval(values); err != nil || out.Value() != true {
				b.Fatal("it does not hold")
			}
		}
	})
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		r, err := small.Compile("has_income && income > count * 12 && (order.scene == 'bill' || !known)")
		if err != nil || r.Never() || r.Always() {
			b.Fatal(err)
		}
	}
}
