package train

import "math"

// cell is what is known of a bin while bins are made one: its rows, and the score that they have, if they have one.
type cell struct {
	good, bad int
	score     float64
}

// count counts the rows of each bin.
func count(index []uint8, bad []bool, size int) []cell {
	cells := make([]cell, size)
	for row, bin := range index {
		if bad[row] {
			cells[bin].bad++
		} else {
			cells[bin].good++
		}
	}
	return cells
}

func (c cell) rows() int { return c.good + c.bad }

func (c cell) and(d cell) cell {
	n, m := float64(c.rows()), float64(d.rows())
	together := cell{good: c.good + d.good, bad: c.bad + d.bad, score: (c.score + d.score) / 2}
	if n+m > 0 {
		together.score = (n*c.score + m*d.score) / (n + m)
	}
	return together
}

// segment makes neighbours one so that the scores of the rows move as little as can be, by their squares: into as few groups
// as leave the rows' scores within tolerance, root mean square, but no more than most; and each group has the rows and the
// outcomes that are asked for, where there are that many. It says into which group each bin goes.
func segment(cells []cell, most int, tolerance float64, rules *Binning) []int {
	n, total := len(cells), 0
	for _, c := range cells {
		total += c.rows()
	}
	leastRows := int(math.Ceil(rules.MinShare * float64(total)))
	// cost[k][j] is the least cost of the first j bins in k groups, and from[k][j] where the last of them begins.
	cost, from := make([][]float64, most+1), make([][]int, most+1)
	for k := range cost {
		cost[k], from[k] = make([]float64, n+1), make([]int, n+1)
		for j := range cost[k] {
			cost[k][j] = math.Inf(1)
		}
	}
	cost[0][0] = 0
	for j := 1; j <= n; j++ {
		var sum, squares float64
		var all cell
		for i := j - 1; i >= 0; i-- {
			w, s := float64(cells[i].rows()), cells[i].score
			sum, squares, all = sum+w*s, squares+w*s*s, all.and(cells[i])
			if all.rows() < leastRows || all.bad < rules.MinBads || all.good < rules.MinBads {
				continue
			}
			within := max(0, squares-sum*sum/float64(all.rows()))
			for k := 1; k <= most; k++ {
				if c := cost[k-1][i] + within; c < cost[k][j] {
					cost[k][j], from[k][j] = c, i
				}
			}
		}
	}
	groups := make([]int, n)
	best := 0
	for k := 1; k <= most && (best == 0 || cost[best][n] > tolerance*tolerance*float64(total)); k++ {
		if !math.IsInf(cost[k][n], 1) && (best == 0 || cost[k][n] < cost[best][n]) {
			best = k
		}
	}
	for k, j := best, n; k > 0; k-- {
		i := from[k][j]
		for at := i; at < j; at++ {
			groups[at] = k - 1
		}
		j = i
	}
	return groups // all in one, when there are too few rows for anything else
}

// join is the cells of groups.
func join(cells []cell, groups []int) []cell {
	joined := make([]cell, groups[len(groups)-1]+1)
	seen := make([]bool, len(joined))
	for i, c := range cells {
		if g := groups[i]; seen[g] {
			joined[g] = joined[g].and(c)
		} else {
			joined[g], seen[g] = c, true
		}
	}
	return joined
}
