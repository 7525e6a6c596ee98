package main

import "errors"

// prepareService makes the target from the unit file of --service.
func (s *session) prepareService() error { return errors.New("--service: not built yet") }
