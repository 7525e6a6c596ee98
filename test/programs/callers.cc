// callers.c in C++: callers apart FILE.
#include <string>
#include <unistd.h>

namespace shop {
struct Till {
	int failed = 0;

	template <class Owner> __attribute__((noinline)) void give(const std::string &file, Owner owner)
	{
		failed |= chown(file.c_str(), owner, -1);
	}
};
}

__attribute__((noinline)) void operator+=(shop::Till &till, const char *file)
{
	till.failed |= chown(file, 2, -1);
}

int main(int argc, char **argv)
{
	shop::Till till;

	if (argc != 3)
		return 2;
	till.give(argv[2], 1);
	till += argv[2];
	return till.failed ? 2 : 0;
}
