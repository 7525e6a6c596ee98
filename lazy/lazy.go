// Package lazy has what is made when it is first used: this program is started three times in an
// audit, and few of its regular expressions are used in any of these processes.
package lazy

import (
	"regexp"
	"sync"
)

// Regexp gives a regular expression to who asks for it.
func Regexp(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
