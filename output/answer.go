package output

// Differs is the exit status where a policy is not met or something came.
const Differs = 3

// Answer is an answer with an exit status of its own, and no failure of ours.
type Answer struct {
	Status int
	Text   string // "" where there is nothing to say
}

func (a *Answer) Error() string { return a.Text }
