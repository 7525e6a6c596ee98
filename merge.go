package main

import "errors"

// mergeReports is --merge.
func mergeReports(*config) error { return errors.New("--merge: not built yet") }

// diffReports is --diff.
func diffReports(*config) error { return errors.New("--diff: not built yet") }
