int elsewhere(void)
{
	return capable_noaudit(CAP_FOWNER);
}
