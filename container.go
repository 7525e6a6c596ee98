package main

import "errors"

// prepareContainer asks the engines for the container of --container.
func (s *session) prepareContainer() error { return errors.New("--container: not built yet") }
