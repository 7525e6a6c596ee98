package main

import "errors"

// revertDropin is --revert-dropin.
func revertDropin(*config) error { return errors.New("--revert-dropin: not built yet") }
