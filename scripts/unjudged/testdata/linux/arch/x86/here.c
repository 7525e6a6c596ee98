int on_x86(void)
{
	return capable_noaudit(CAP_FOWNER);
}
